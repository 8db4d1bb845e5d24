"""The instruction set of Lessons 06 and 07, the wordings it is written in, and what is measured about it."""

import pytest

from course_lib.instruct.evaluate import teachers
from course_lib.instruct.evaluate.teachers import teacher_figures
from course_lib.instruct.filters import across_samples, check_sample
from course_lib.instruct.resources import complex_wordings, conversation_wordings
from course_lib.instruct.run.instruction_set import instruction_set
from course_lib.instruct.run.plan import mixed_types
from course_lib.instruct.teachers.base import Completion
from course_lib.instruct.teachers.grammar import detail
from course_lib.world.language import RELATIONS, SAYS
from course_lib.world.questions import WORDINGS, wordings
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.splits import held_out_colour, held_out_relation
from course_lib.world.stickers import COLOURS, classes


@pytest.fixture(scope="module")
def made():
    return instruction_set(600)


def test_the_same_seed_gives_the_same_set_and_another_one_another(made):
    assert instruction_set(60).samples == instruction_set(60).samples
    assert instruction_set(60, seed=1).samples != instruction_set(60).samples


def test_only_training_scenes(made):
    assert all(sample.id.startswith("train_") for sample in made.samples)
    with pytest.raises(ValueError, match="stream"):
        instruction_set(1, spec=SceneSpec(stream="test"))


def test_no_filter_fires_on_what_is_kept(made):
    assert not [d for sample in made.samples for d in check_sample(sample, made.contexts[sample.id])]
    assert not across_samples.check_near_duplicates(made.samples) and not across_samples.check_yes_bias(made.samples)
    assert set(made.dropped) <= {"near_duplicate"}  # which the teacher's few wordings make unavoidable


def test_what_repeats_itself_is_replaced():
    narrow = instruction_set(120, spec=SceneSpec(names=("dog",), colour=None, backdrop="plain"))
    assert narrow.dropped["near_duplicate"] > 20 and not across_samples.check_near_duplicates(narrow.samples)
    assert [sample.type for sample in narrow.samples] == mixed_types(120)


def test_types_and_short_answers(made):
    assert [sample.type for sample in made.samples] == mixed_types(600), "as many as asked for, in LLaVA's proportions"
    turns = [turn for sample in made.samples for turn in sample.turns]
    brief = [turn for turn in turns if any(turn.question.endswith(way) for way in conversation_wordings().briefly)]
    assert 0.15 < len(brief) / len(turns) < 0.5
    assert all(len(turn.answer.split()) == 1 for turn in brief)


def test_nothing_held_out_is_named(made):
    texts = [f" {turn.question} {turn.answer} ".lower() for sample in made.samples for turn in sample.turns]
    pairs = [
        (c.name, colour) for c in classes() if c.recolourable for colour in COLOURS if held_out_colour(c.name, colour)
    ]
    assert not [pair for pair in pairs for text in texts if f"{pair[1]} {pair[0]}" in text]
    for a, how, b in ((a, how, b) for text in texts for a, how, b in _relations(text)):
        assert not held_out_relation(a, how, b), (a, how, b)


def _relations(text: str):
    """ "the cat is above the dog", wherever it stands in a text."""
    ways = [(way, how) for how, found in RELATIONS["train"].items() for way in found]
    for way, how in ways:
        before, found, after = text.partition(f" {way} the ")
        if found and " the " in before:
            first = before.rsplit(" the ", 1)[1].removesuffix(" is").removesuffix(" are")
            second = after.split(".")[0].split("?")[0]
            names = {c.name for c in classes()}
            if first in names and second in names:
                yield first, how, second


def test_wordings_are_many_and_none_is_kept_for_tests():
    for kinds in (conversation_wordings().questions, complex_wordings().questions):
        assert all(len(set(wordings)) >= 6 for wordings in kinds.values())
    for name in ("SETTINGS", "CONTENTS", "POSITIONS", "RELATED", "LARGEST"):
        assert len(set(getattr(detail, name))) >= 6
    mine = {text.lower() for kinds in conversation_wordings().questions.values() for text in kinds}
    assert not mine & {text.lower() for kind in WORDINGS for text in wordings(kind, "test")}
    answers = " ".join(text for texts in conversation_wordings().answers.values() for text in texts)
    assert not [way for ways in RELATIONS["test"].values() for way in ways if way in answers]
    assert not [way for way in SAYS["test"] if way in answers]


def test_numbers_can_only_be_guessed_without_boxes():
    pictures = teachers.counted_contexts("val", 60)
    assert len({picture.number for picture in pictures}) == 3
    assert all(teachers.grammar_count_hits(pictures, boxes=True))
    assert set(teachers.grammar_count_hits(pictures, boxes=False)) == {None}
    assert sum(teachers.majority_hits(pictures, pictures)) < 40


class Echo:
    """A teacher who has a defect of its own for every type."""

    name = "local:echo"

    def ask(self, messages) -> Completion:
        return Completion("Question:\nWhat is here?\n===\nAnswer:\nThe caption tells.\n===", 1, 1)


def test_a_teacher_of_no_use_has_a_table_too():
    from course_lib.instruct.formats import from_scene

    table = {figure.id: figure for figure in teacher_figures(Echo(), [from_scene(make_scene(i)) for i in range(10)])}
    assert table["instruct.valid.local_echo"].value == 0 and table["instruct.valid.local_echo"].n == 10
    assert table["instruct.hallucinated.local_echo"].value == 0
    assert table["instruct.distinct_questions.local_echo"].value < 0.2
    assert table["instruct.tokens_per_thousand.local_echo"].value == 0.002
