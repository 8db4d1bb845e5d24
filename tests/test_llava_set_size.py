"""How large must the instruction set be? The curve's parts, with tiny budgets."""

import random
from dataclasses import replace

from course_lib.llava.data.batches import PATCHES, everything, set_batch, training_scene
from course_lib.llava.evaluate import set_size
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.world.splits import training_may_see

SCENES = [training_scene(random.Random(number)) for number in range(2)]


def test_what_a_set_holds_about_a_scene_never_changes():
    assert everything(SCENES[0]) == everything(SCENES[0]) != everything(SCENES[1])
    assert all(training_may_see(scene) for scene in SCENES)


def test_a_batch_reads_nothing_but_the_set():
    tokenizer = get_tokenizer()
    batch = set_batch(tokenizer, SCENES, step=0, size=5)
    assert batch.pixel_values.shape == (5, 3, 64, 64) and (batch.labels != IGNORE_INDEX).any(dim=1).all()
    said = [
        " ".join(message["content"] for messages in everything(scene) for message in messages[1::2]) for scene in SCENES
    ]
    for ids, labels in zip(batch.input_ids, batch.labels, strict=True):
        learned = tokenizer.decode(ids[labels != IGNORE_INDEX], skip_special_tokens=True)
        assert any(learned.replace(" ", "") == text.replace(" ", "") for text in said)
        assert (ids == tokenizer.convert_tokens_to_ids("<image>")).sum() == PATCHES
    assert set_batch(tokenizer, SCENES, 1, 3).ids.tolist() != set_batch(tokenizer, SCENES, 2, 3).ids.tolist()


def test_each_size_has_a_figure_and_leaves_nothing_behind(tmp_path):
    recipe = replace(set_size.RECIPE, steps=1, batch_size=2)
    figures = list(set_size.set_sizes((1, 2), recipe, each=1, folder=tmp_path))
    assert [figure.id for figure in figures] == ["llava.set_size.n1", "llava.set_size.n2"]
    assert all(figure.n == len(set_size.KINDS) and "2 pictures looked at" in figure.note for figure in figures)
    assert not list(tmp_path.iterdir())
