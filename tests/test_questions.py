"""Questions have true answers, balanced ones, and wordings that are kept apart."""

import random
import re
from collections import Counter, defaultdict

import pytest

from course_lib.world.nouns import NUMBERS
from course_lib.world.questions import KINDS, WORDINGS, questions
from course_lib.world.render import render
from course_lib.world.scenes import Recipe, make_scene
from course_lib.world.splits import training_may_use_template

SCENES = [make_scene(index, Recipe(kinds=(0.6, 0.3, 0.1))) for index in range(1500)]


def asked(templates: str = "train"):
    """Every (scene, question)."""
    rng = random.Random("questions")
    return [(scene, question) for scene in SCENES for question in questions(scene, rng, templates)]


@pytest.mark.parametrize("templates", ["train", "test"])
def test_all_kinds_are_asked_and_the_right_wordings_used(templates):
    texts = defaultdict(set)
    for _, question in asked(templates):
        texts[question.kind].add(question.text)
    assert set(texts) == set(KINDS) and all("{" not in text for kind in texts.values() for text in kind)


def test_wordings_of_training_and_test_differ():
    for wordings in WORDINGS.values():
        train = {text for id, text in wordings if training_may_use_template(id)}
        test = {text for id, text in wordings if not training_may_use_template(id)}
        assert train and test and not train & test


def test_yes_and_no_are_as_frequent():
    answers = Counter(question.answer for _, question in asked() if question.kind == "exist")
    assert 0.45 < answers["yes"] / answers.total() < 0.55 and set(answers) == {"yes", "no"}


COLOUR = "red|orange|yellow|green|blue|purple|pink|brown"
ASKED = re.compile(rf"(?:an?|some|the) (?:({COLOUR}) (?=[a-zA-Z]))?(.+?)(?: that says .+)?(?: here)?[?]$")


def test_what_exists_is_there_and_what_does_not_is_not():
    for scene, question in asked():
        if question.kind == "exist":
            colour, name = ASKED.search(question.text).groups()
            there = any(thing.name == name and colour in (None, thing.colour) for thing in scene.things)
            assert (question.answer == "yes") == there, (question, scene.things)


def test_counts_agree_with_the_instance_map():
    for scene, question in asked()[:3000]:
        if question.kind == "count" and question.things:
            visible = set(render(scene).instances.flat)
            assert NUMBERS.index(question.answer) == len(question.things)
            assert sum(number + 1 in visible for number in question.things) <= len(question.things)


def test_relations_sizes_colours_and_signs_agree_with_the_scene():
    for scene, question in asked():
        things = [scene.things[number] for number in question.things]
        if question.kind == "relation":
            a, b = things
            truth = {"left": a.x < b.x, "right": a.x > b.x, "above": a.y < b.y, "below": a.y > b.y}
            assert truth[question.answer] and question.text.index(a.name) >= 0 and b.name in question.text
        elif question.kind == "size":
            assert things[0].name == question.answer and things[0].width > things[1].width
        elif question.kind == "colour":
            assert question.answer == things[0].colour
        elif question.kind == "read":
            assert question.answer == things[0].text
        elif question.kind == "place":
            assert question.answer == scene.backdrop
