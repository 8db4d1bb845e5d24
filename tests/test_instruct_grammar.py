"""The grammar teacher keeps to the form, to the truth, and to what training may name."""

import re

import pytest

from course_lib.instruct import prompts, reply
from course_lib.instruct.formats import TYPES, Box, ImageContext, Turn, from_scene
from course_lib.instruct.teachers.base import Completion
from course_lib.instruct.teachers.grammar import GrammarTeacher
from course_lib.world.nouns import NUMBERS
from course_lib.world.scenes import Scene, make_scene
from course_lib.world.splits import held_out_colour
from course_lib.world.stickers import COLOURS, classes

TEACHER = GrammarTeacher()
COUNT = 150
EXISTS = re.compile(
    r"(?:Is there|Do you notice|Does this picture have|Can|Looking at the picture, do you find|Is) an? ([a-z -]+?)"
    r"(?: (?:in|be|among|part)\b.*?)?\?"
)
NAMES = {c.name for c in classes()}


@pytest.fixture(scope="module")
def written() -> list[tuple[Scene, str, tuple[Turn, ...]]]:
    """(scene, type, turns) of many training scenes, boxes shown for all types."""
    found = []
    for index in range(COUNT):
        scene = make_scene(index)
        context = from_scene(scene)
        for type in TYPES:
            text = TEACHER.ask(prompts.teacher_messages(context, type, boxes_for_all=True)).text
            found.append((scene, type, reply.parse_turns(text, type, context.id)))
    return found


def test_it_answers_like_any_teacher_and_always_the_same():
    messages = prompts.teacher_messages(from_scene(make_scene(4)), "conversation")
    assert TEACHER.ask(messages) == TEACHER.ask(messages)
    assert isinstance(TEACHER.ask(messages), Completion) and TEACHER.name == "grammar"


def test_no_novel_name_and_no_held_out_colour_is_named(written):
    text = " ".join(f" {turn.question} {turn.answer} " for _, _, turns in written for turn in turns).lower()
    words = re.sub(r"[^\w ]", " ", text)
    novel = [c.name for c in classes() if c.split == "novel" and c.name not in ("tree", "mouse", "owl")]
    assert not [name for name in novel if f" {name} " in words]
    painted = [(c.name, colour) for c in classes() if c.recolourable for colour in COLOURS]
    assert not [pair for pair in painted if held_out_colour(*pair) and f" {pair[1]} {pair[0]} " in words]


def test_yes_and_no_about_what_is_there_are_true(written):
    asked = 0
    for scene, _, turns in written:
        for turn in turns:
            match = EXISTS.match(turn.question)
            if match and match[1] in NAMES:
                asked += 1
                there = match[1] in [thing.name for thing in scene.things]
                assert turn.answer.lower().startswith("yes") == there, (scene, turn)
    assert asked > 10


def test_counts_of_everything_are_true(written):
    counted = 0
    for scene, _, turns in written:
        for turn in turns:
            if re.search(r"how many things", turn.question, re.IGNORECASE) and "left" not in turn.question:
                counted += 1
                said = [word for word in re.findall(r"\w+", turn.answer.lower()) if word in NUMBERS]
                assert NUMBERS[len(scene.things)] in said, (scene, turn)
    assert counted > 10


def test_it_reads_a_photograph_of_coco():
    captions = ("Two dogs play on a couch.", "A pair of dogs on a sofa.", "Dogs biting each other on a couch.")
    boxes = (Box("dog", 0.1, 0.3, 0.4, 0.8), Box("dog", 0.5, 0.3, 0.8, 0.8), Box("couch", 0, 0.5, 1, 1))
    context = ImageContext("139", "139.jpg", captions, boxes)
    for type in TYPES:
        turns = reply.parse_turns(
            TEACHER.ask(prompts.teacher_messages(context, type, boxes_for_all=True)).text, type, context.id
        )
        said = " ".join(f"{turn.question} {turn.answer}" for turn in turns)
        assert turns and "None" not in said and "{" not in said
