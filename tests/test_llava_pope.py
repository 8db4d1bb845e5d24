"""POPE in miniature: what is denied is absent, yes and no are balanced, and garbage is no yes."""

import random
from collections import Counter

import pytest

from course_lib.llava.evaluate import pope
from course_lib.world.nouns import could_be


@pytest.mark.parametrize("negatives", pope.NEGATIVES)
def test_what_is_asked_is_certain_and_balanced(negatives):
    asked = pope.pope_questions(negatives, num_scenes=40)
    assert asked == pope.pope_questions(negatives, num_scenes=40)
    assert Counter(question.answer for question in asked) == {"yes": 120, "no": 120}
    for question in asked:
        there = [name for name in {thing.name for thing in question.scene.things} if f" {name}" in question.text]
        assert bool(there) == (question.answer == "yes"), question
    assert all(question.scene.stream == "test" and len(question.scene.things) >= 3 for question in asked)


@pytest.mark.parametrize("negatives", pope.NEGATIVES)
def test_absent_names_could_not_be_meant_by_anything_in_the_scene(negatives):
    for question in pope.pope_questions(negatives, num_scenes=30):
        there = {name for thing in question.scene.things for name in could_be(thing.name)}
        absent = pope.absent_names(question.scene, negatives, random.Random(0))
        assert not there & set(absent) and len(absent) >= pope.PER_ANSWER


def test_adversarial_names_are_of_a_group_that_is_there_and_popular_ones_are_frequent():
    for question in pope.pope_questions("adversarial", num_scenes=30):
        groups = {pope.group_of(thing.name) for thing in question.scene.things}
        assert all(
            pope.group_of(n) in groups for n in pope.absent_names(question.scene, "adversarial", random.Random(1))
        )
    scene = pope.pope_questions("popular", num_scenes=1)[0].scene
    assert set(pope.absent_names(scene, "popular", random.Random(2))) <= set(pope.popular_names())
    assert {"circle", "star"} <= set(pope.popular_names())


def test_other_negatives_are_refused():
    with pytest.raises(ValueError, match="random, popular, adversarial"):
        pope.absent_names(pope.pope_questions("random", 1)[0].scene, "rare", random.Random(0))


@pytest.mark.parametrize(
    ("reply", "ours", "theirs"),
    [
        ("yes", "yes", "yes"),
        ("No.", "no", "no"),
        ("No, there is none", "no", "no"),
        ("a cat a cat a cat", None, "yes"),  # garbage counts as yes in POPE's own parser
        ("", None, "yes"),
        ("there is not. yes", None, "no"),
    ],
)
def test_parsers(reply, ours, theirs):
    assert (pope.parse(reply), pope.parse_as_pope(reply)) == (ours, theirs)


def test_scores_of_extremes():
    truth = ["yes", "no"] * 50
    always = pope.scores(truth, ["yes"] * 100)
    assert always["accuracy"] == 0.5 and always["yes_ratio"] == 1 and always["f1"] == pytest.approx(2 / 3)
    assert pope.scores(truth, truth)["f1"] == 1.0
    garbage = pope.scores(truth, [None] * 100)
    assert garbage == {"accuracy": 0, "f1": 0, "yes_ratio": 0, "unparsed": 1}
