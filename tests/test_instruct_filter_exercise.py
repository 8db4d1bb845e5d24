"""The exercise on filters: right answers pass, known mistakes are called by their names."""

import pytest

from course_lib.exercises.checking import check
from course_lib.instruct.exercises_filter import TASKS
from course_lib.instruct.simple_filter import unsupported_nouns

(TASK,) = TASKS


@pytest.mark.parametrize("right", [TASK.reference, *TASK.alternatives], ids=lambda function: function.__name__)
def test_right_answers_pass(right):
    assert check(TASK, right).state == "solved"


@pytest.mark.parametrize("mistake", TASK.mistakes, ids=lambda mistake: mistake.name)
def test_known_mistakes_are_recognised(mistake):
    verdict = check(TASK, mistake.code)
    assert (verdict.state, verdict.mistake, verdict.what) == ("wrong", mistake.name, mistake.message)


def test_what_it_finds():
    known = {"boat": {"sailboat", "ship"}, "dog": {"dog"}, "cat": {"cat"}}
    assert unsupported_nouns("A boat, a dog and a cat. No dog! Cat?", known, {"ship", "dog"}) == ["cat", "cat"]
    assert unsupported_nouns("", known, set()) == []
