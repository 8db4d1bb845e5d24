"""Captions are true, grammatical, and different in training and in tests."""

import itertools
import random
import re

import pytest

from course_lib.world.geometry import relation
from course_lib.world.language import (
    PLACES,
    RELATIONS,
    TEST_TEMPLATES,
    TRAIN_TEMPLATES,
    caption,
    captions,
    phrase,
    swapped_captions,
)
from course_lib.world.nouns import article, plural
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.splits import training_may_use_template
from course_lib.world.stickers import COLOURS, classes

SCENES = [make_scene(index) for index in range(1500)]
WAYS = {way: how for kind in RELATIONS.values() for how, ways in kind.items() for way in ways}
NOUNS = sorted({thing.name for scene in SCENES for thing in scene.things}, key=len, reverse=True)
PHRASE = re.compile(
    rf"(?:an?|some|the) (?:(small|big) )?(?:({'|'.join(COLOURS)}) )?({'|'.join(map(re.escape, NOUNS))})"
    r"(?: (?:that says|with the text|that reads) \"([^\"]+)\")?(?![a-z])"
)


def is_true(text: str, scene) -> bool:
    """Read the caption back, without the code that wrote it, and compare it with the scene."""
    place = next((kind for kind, words in PLACES.items() if text.endswith(words)), scene.backdrop)
    said = list(PHRASE.finditer(text))
    for match in said:
        size, colour, name, words = match.groups()
        fitting = [
            thing
            for thing in scene.things
            if thing.name == name
            and size in (None, thing.size)
            and colour in (None, thing.colour)
            and words in (None, thing.text)
        ]
        if not fitting:
            return False
    for first, second in itertools.pairwise(said):
        how = WAYS.get(text[first.end() : second.start()].strip())
        pairs = [(a, b) for a in scene.things for b in scene.things if (a.name, b.name) == (first[3], second[3])]
        if how and not any(relation(a, b) == how for a, b in pairs):
            return False
    named = {match[3] for match in said} | {t.name for t in scene.things if plural(t.name) in text}
    return place == scene.backdrop and named == {thing.name for thing in scene.things}


@pytest.mark.parametrize("templates", ["train", "test"])
@pytest.mark.parametrize("attributes", [1.0, 0.5])
def test_captions_are_true_and_name_everything(templates, attributes):
    rng = random.Random(f"{templates}{attributes}")
    for scene in SCENES:
        text = caption(scene, rng, templates, attributes=attributes, place=0.5)
        assert is_true(text, scene), (text, scene)


def test_the_check_above_notices_lies():
    scene = make_scene(5)  # a soccer ball, a croissant and a puzzle piece
    assert is_true("a soccer ball, a croissant and a puzzle piece", scene)
    for lie in (
        "a soccer ball and a croissant",
        "a soccer ball, a croissant and a big puzzle piece",
        "a soccer ball, a croissant and a red puzzle piece",
        "a croissant above a soccer ball and a puzzle piece",
        "a soccer ball, a croissant and a puzzle piece on the beach",
    ):
        assert not is_true(lie, scene), lie


def test_articles():
    for record in classes():
        said = article(record.name, record.name)
        if said in ("a", "an"):
            sounds_like_a_vowel = record.name[0] in "aeiouAEIO" and record.name not in ("unicorn", "UFO")
            assert (said == "an") == sounds_like_a_vowel, record.name
    assert article("orange bell", "bell") == "an" and article("sun", "sun") == "the"
    assert article("scissors", "scissors") == "some" and article("coffee", "coffee") == "some"


def test_plurals():
    expected = {"mouse": "mice", "box": "boxes", "butterfly": "butterflies", "scissors": "pairs of scissors"}
    expected |= {"maple leaf": "maple leaves", "coffee": "cups of coffee", "tomato": "tomatoes", "bus": "buses"}
    assert {noun: plural(noun) for noun in expected} == expected


def test_wordings_are_kept_apart():
    assert all(training_may_use_template(id) for id, _ in TRAIN_TEMPLATES)
    assert not any(training_may_use_template(id) for id, _ in TEST_TEMPLATES)
    assert not {wording for _, wording in TRAIN_TEMPLATES} & {wording for _, wording in TEST_TEMPLATES}


def test_five_captions_are_different_and_stay_the_same():
    for scene in SCENES[:200]:
        assert len(set(captions(scene))) == 5 and captions(scene) == captions(scene)


def test_a_sign_says_what_stands_on_it():
    scene = next(s for s in SCENES for t in s.things if t.kind == "sign")
    sign = next(t for t in scene.things if t.kind == "sign")
    assert f'"{sign.text}"' in phrase(sign) and sign.colour in phrase(sign)


def test_swapped_captions_have_the_same_words_and_only_one_is_true():
    found = 0
    for index in range(300):
        scene = make_scene(index, SceneSpec(count=(2, 2), kinds=(1, 0, 0)))
        pair = swapped_captions(scene)
        if pair:
            found += 1
            assert sorted(pair[0].split()) == sorted(pair[1].split())
            assert is_true(pair[0], scene) and not is_true(pair[1], scene)
    assert found > 100
