"""How large must the instruction set be? The curve's parts, with tiny budgets."""

from dataclasses import replace

import pytest

from course_lib.llava import set_size
from course_lib.llava.batches import PATCHES, set_batch
from course_lib.lm.loss import IGNORE
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.world.splits import training_may_see


@pytest.fixture(scope="module")
def told():
    return set_size.conversations(12)


def test_conversations_are_the_sets_own_beside_their_scenes(told):
    assert len(told) == 12 and all(training_may_see(scene) for scene, _ in told)
    made = set_size.instruction_set(12)
    for (scene, messages), sample in zip(told, made.samples, strict=True):
        assert [message["content"] for message in messages[::2]] == [turn.question for turn in sample.turns]
        assert made.scenes[sample.id] == scene


def test_a_batch_reads_nothing_but_the_set(told):
    tokenizer = get_tokenizer()
    batch = set_batch(tokenizer, told[:2], step=0, size=5)
    assert batch.pixels.shape == (5, 3, 64, 64) and (batch.labels != IGNORE).any(dim=1).all()
    said = {"".join(message["content"] for message in messages[1::2]) for _, messages in told[:2]}
    for ids, labels in zip(batch.ids, batch.labels, strict=True):
        learned = tokenizer.decode(ids[labels != IGNORE], skip_special_tokens=True)
        assert any(learned.replace(" ", "") == text.replace(" ", "") for text in said)
        assert (ids == tokenizer.convert_tokens_to_ids("<image>")).sum() == PATCHES
    assert set_batch(tokenizer, told, 1, 3).ids.tolist() != set_batch(tokenizer, told, 2, 3).ids.tolist()


def test_a_size_is_chosen_on_scenes_and_wordings_that_measure_nothing():
    about = set_size.in_one_word(2)
    assert {one.question.kind for one in about} == set(set_size.KINDS)
    assert {one.scene.stream for one in about} == {"val"}
    assert all(one.question.text.endswith(set_size.BRIEFLY) for one in about)


def test_each_size_has_a_figure_and_leaves_nothing_behind(monkeypatch, told, tmp_path):
    monkeypatch.setattr(set_size, "conversations", lambda count: told[:count])
    recipe = replace(set_size.RECIPE, steps=1, batch_size=2)
    figures = list(set_size.set_sizes((1, 2), recipe, each=1, folder=tmp_path))
    assert [figure.id for figure in figures] == ["llava.set_size.n1", "llava.set_size.n2"]
    assert all(figure.n == len(set_size.KINDS) and "2 samples read" in figure.note for figure in figures)
    assert not list(tmp_path.iterdir())
