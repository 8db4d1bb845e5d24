"""How large must the instruction set be? The curve's parts, with tiny budgets."""

import random
from dataclasses import replace

from course_lib.llava.data.batches import fixed_set_batch, sample_instruction, short_conversations
from course_lib.llava.data.packing import NUM_PATCHES
from course_lib.llava.data.pictures import training_scene
from course_lib.llava.evaluate import set_size
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.world.splits import training_may_see

SCENES = [training_scene(random.Random(number)) for number in range(2)]


def batch_of_set(step: int, batch_size: int):
    recipe = replace(set_size.RECIPE, batch_size=batch_size)
    return fixed_set_batch(get_tokenizer(), SCENES, step, recipe)


def test_a_batch_reads_nothing_but_the_set_and_always_the_same_about_a_scene():
    tokenizer, batch = get_tokenizer(), batch_of_set(step=0, batch_size=5)
    assert all(training_may_see(scene) for scene in SCENES)
    assert batch.pixel_values.shape == (5, 3, 64, 64) and (batch.labels != IGNORE_INDEX).any(dim=1).all()
    taught = []
    for scene in SCENES:
        rng = random.Random(f"a set's/{scene.seed}/{scene.index}")
        conversations = [*short_conversations(scene, rng, set_size.RECIPE), sample_instruction(scene, rng)]
        taught.append("".join(message["content"] for messages in conversations for message in messages[1::2]))
    for ids, labels in zip(batch.input_ids, batch.labels, strict=True):
        learned = tokenizer.decode(ids[labels != IGNORE_INDEX], skip_special_tokens=True)
        assert learned.replace(" ", "") in [text.replace(" ", "") for text in taught]
        assert (ids == tokenizer.convert_tokens_to_ids("<image>")).sum() == NUM_PATCHES
    assert batch_of_set(1, 3).input_ids.tolist() != batch_of_set(2, 3).input_ids.tolist()


def test_each_size_has_a_figure_and_leaves_nothing_behind(tmp_path):
    recipe = replace(set_size.RECIPE, steps=1, batch_size=2)
    figures = list(set_size.set_size_figures((1, 2), recipe, num_per_kind=1, folder=tmp_path))
    assert [figure.id for figure in figures] == ["llava.set_size.n1", "llava.set_size.n2"]
    assert all(figure.n == len(set_size.KINDS) and "2 pictures looked at" in figure.note for figure in figures)
    assert not list(tmp_path.iterdir())
