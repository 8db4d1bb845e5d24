"""POPE in miniature: what is denied is absent, yes and no are balanced, and garbage is no yes."""

import random
from collections import Counter

import pytest

from course_lib.llava.evaluate import pope
from course_lib.world.nouns import could_be


@pytest.mark.parametrize("negatives", pope.NEGATIVES)
def test_what_is_asked_is_certain_and_balanced(negatives):
    probes = pope.probes(negatives, scenes=40)
    assert probes == pope.probes(negatives, scenes=40)
    assert Counter(probe.answer for probe in probes) == {"yes": 120, "no": 120}
    for probe in probes:
        there = [name for name in {thing.name for thing in probe.scene.things} if f" {name}" in probe.text]
        assert bool(there) == (probe.answer == "yes"), probe
    assert all(probe.scene.stream == "test" and len(probe.scene.things) >= 3 for probe in probes)


@pytest.mark.parametrize("negatives", pope.NEGATIVES)
def test_absent_names_could_not_be_meant_by_anything_in_the_scene(negatives):
    for probe in pope.probes(negatives, scenes=30):
        there = {name for thing in probe.scene.things for name in could_be(thing.name)}
        absent = pope.absent_names(probe.scene, negatives, random.Random(0))
        assert not there & set(absent) and len(absent) >= pope.PER_SCENE


def test_adversarial_names_are_of_a_group_that_is_there_and_popular_ones_are_frequent():
    for probe in pope.probes("adversarial", scenes=30):
        groups = {pope.group_of(thing.name) for thing in probe.scene.things}
        assert all(pope.group_of(n) in groups for n in pope.absent_names(probe.scene, "adversarial", random.Random(1)))
    scene = pope.probes("popular", scenes=1)[0].scene
    assert set(pope.absent_names(scene, "popular", random.Random(2))) <= set(pope.popular())
    assert {"circle", "star"} <= set(pope.popular())


def test_other_negatives_are_refused():
    with pytest.raises(ValueError, match="random, popular, adversarial"):
        pope.absent_names(pope.probes("random", 1)[0].scene, "rare", random.Random(0))


@pytest.mark.parametrize(
    ("said", "ours", "theirs"),
    [
        ("yes", "yes", "yes"),
        ("No.", "no", "no"),
        ("No, there is none", "no", "no"),
        ("a cat a cat a cat", None, "yes"),  # garbage counts as yes in POPE's own parser
        ("", None, "yes"),
        ("there is not. yes", None, "no"),
    ],
)
def test_parsers(said, ours, theirs):
    assert (pope.parse(said), pope.parse_as_pope(said)) == (ours, theirs)


def test_scores_of_extremes():
    truth = ["yes", "no"] * 50
    always = pope.scores(truth, ["yes"] * 100)
    assert always["accuracy"] == 0.5 and always["yes_ratio"] == 1 and always["f1"] == pytest.approx(2 / 3)
    assert pope.scores(truth, truth)["f1"] == 1.0
    garbage = pope.scores(truth, [None] * 100)
    assert garbage == {"accuracy": 0, "f1": 0, "yes_ratio": 0, "unparsed": 1}
