"""Questions have true answers that their words don't give away, and wordings that are kept apart."""

import random
import re
from collections import Counter, defaultdict

import pytest

from course_lib.world.language import RELATIONS
from course_lib.world.nouns import GROUPS, NUMBERS, could_be
from course_lib.world.questions import KINDS, WORDINGS, questions, wordings
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.shapes import SHAPES
from course_lib.world.splits import held_out_colour, held_out_relation
from course_lib.world.stickers import COLOURS, classes

SCENES = [make_scene(index, SceneSpec(kinds=(0.6, 0.3, 0.1))) for index in range(3000)]
SCENES += [make_scene(index, SceneSpec(names=("cat", "cat", "fox"))) for index in range(100)]
NOUNS = sorted([c.name for c in classes()] + list(SHAPES) + ["sign"], key=len, reverse=True)
EXISTS = re.compile(
    rf"(?:an?|any|the) (?:({'|'.join(COLOURS)}) )?({'|'.join(map(re.escape, NOUNS))})"
    r'(?: (?:that says|with the text|that reads) "([^"]+)")?(?: in the picture| here)?\?$'
)
WAYS = {way: how for kind in RELATIONS.values() for how, ways in kind.items() for way in ways}
RELATED = re.compile(rf"the (.+?) (?:is |are )?({'|'.join(sorted(WAYS, key=len, reverse=True))}) the (.+)\?$")


def asked(templates: str = "train", scenes=SCENES, seed: int = 0) -> list:
    """Every (scene, question)."""
    rng = random.Random(f"questions/{seed}")
    return [(scene, question) for scene in scenes for question in questions(scene, rng, templates)]


BOTH = asked("train") + asked("test")


def of_kind(kind: str) -> list:
    found = [(scene, question) for scene, question in BOTH if question.kind == kind]
    assert len(found) > 300, kind
    return found


def test_all_kinds_are_asked_and_every_word_is_filled_in():
    assert {question.kind for _, question in BOTH} == set(KINDS)
    assert not any("{" in question.text for _, question in BOTH)


def test_wordings_of_training_and_test_differ():
    for kind, pairs in WORDINGS.items():
        train, test = set(wordings(kind, "train")), set(wordings(kind, "test"))
        assert len(train) >= 2 and test and not train & test and len(train | test) == len(pairs)
    assert not {q.text for _, q in asked("train")} & {q.text for _, q in asked("test")}


def test_what_exists_is_there_and_what_does_not_is_not():
    for scene, question in of_kind("exist"):
        colour, name, text = EXISTS.search(question.text).groups()
        there = [
            thing
            for thing in scene.things
            if thing.name == name and colour in (None, thing.colour) and text in (None, thing.text)
        ]
        assert (question.answer == "yes") == bool(there), (question, scene.things)
        if question.answer == "no":  # nor anything that could be called so
            doubtful = [t for t in scene.things if t.name in could_be(name) and t.colour in (None, colour)]
            assert name == "sign" or not doubtful, (question, scene.things)


def test_counts_agree_with_the_picture():
    for scene, question in of_kind("count")[::7]:
        instances = render(scene).instances
        visible = sum((instances == number + 1).any() for number in question.things)
        assert NUMBERS.index(question.answer) == visible, question
        said_all = " things" in question.text
        assert len(question.things) == (len(scene.things) if said_all else visible)
        assert said_all or len({scene.things[number].name for number in question.things}) == 1


def test_relations_agree_with_where_things_are_in_the_picture():
    for scene, question in of_kind("relation")[::7]:
        (ax, ay), (bx, by) = ((scene.things[n].x, scene.things[n].y) for n in question.things)
        truth = {"left": ax < bx, "right": ax > bx, "above": ay < by, "below": ay > by}
        assert truth[question.answer], question


def test_yes_and_no_about_relations_are_right():
    for scene, question in of_kind("related"):
        name, way, other = RELATED.search(question.text).groups()
        (a,), (b,) = ([t for t in scene.things if t.name == n] for n in (name, other))
        truth = {"left": a.x < b.x, "right": a.x > b.x, "above": a.y < b.y, "below": a.y > b.y}[WAYS[way]]
        assert (question.answer == "yes") == truth, question


def test_the_bigger_one_is_bigger_in_the_picture():
    right = []
    for scene, question in of_kind("size")[::5]:
        boxes = render(scene).boxes
        big, small = ((boxes[n, 2:] - boxes[n, :2]).max() for n in question.things)
        assert question.answer == scene.things[question.things[0]].name
        right.append(big > small)
    assert sum(right) / len(right) > 0.99  # one may hide a part of the other


def test_colours_signs_and_places_agree_with_the_scene():
    for kind, field in (("colour", "colour"), ("read", "text")):
        for scene, question in of_kind(kind):
            assert question.answer == getattr(scene.things[question.things[0]], field)
    assert all(question.answer == scene.backdrop for scene, question in of_kind("place"))


@pytest.mark.parametrize("kind", ["exist", "related"])
def test_yes_and_no_are_as_frequent(kind):
    answers = Counter(question.answer for _, question in of_kind(kind))
    assert set(answers) == {"yes", "no"} and 0.45 < answers["yes"] / answers.total() < 0.55


def blind_accuracy(kind: str, key) -> float:
    """How often one is right by heart: the most frequent answer to `key(question)` in one set, tried on another one."""
    heard = defaultdict(Counter)
    for index, (_, question) in enumerate(of_kind(kind)):
        if index % 2:
            heard[key(question)][question.answer] += 1
    rest = [question for index, (_, question) in enumerate(of_kind(kind)) if index % 2 == 0]
    known = [q for q in rest if heard[key(q)]]
    return sum(heard[key(q)].most_common(1)[0][0] == q.answer for q in known) / len(known)


def told_by(question) -> tuple:
    """What the words tell: is a colour, a sign, a shape spoken of?"""
    colour, name, text = EXISTS.search(question.text).groups()
    return colour is not None, text is not None, name in SHAPES


def test_the_words_of_a_question_do_not_give_the_answer_away():
    assert blind_accuracy("exist", told_by) < 0.55
    assert blind_accuracy("exist", lambda q: EXISTS.search(q.text)[2]) < 0.60
    assert blind_accuracy("related", lambda q: RELATED.search(q.text)[2]) < 0.60
    assert blind_accuracy("relation", lambda q: "") < 0.35
    assert blind_accuracy("count", lambda q: " things" in q.text) < 0.50


def test_training_questions_name_nothing_that_is_held_out():
    for _, question in asked("train"):
        if question.kind == "exist":
            colour, name, _ = EXISTS.search(question.text).groups()
            assert not (colour and held_out_colour(name, colour)), question
        elif question.kind == "related":
            name, way, other = RELATED.search(question.text).groups()
            assert not held_out_relation(name, WAYS[way], other), question
    novel = {c.name for c in classes() if c.split == "novel"}
    named = {EXISTS.search(q.text)[2] for _, q in asked("train") if q.kind == "exist"}
    assert not named & novel


@pytest.mark.parametrize(
    "recipe", [SceneSpec("test", split="novel"), SceneSpec("test", (1, 1), names=("fox",), colour="held out")]
)
def test_what_is_held_out_is_asked_for_with_both_answers(recipe):
    """Else a learner could tell yes from no by what was never in training."""
    scenes = [make_scene(index, recipe) for index in range(400)]
    heard = {}
    for _, question in asked("test", scenes):
        if question.kind == "exist":
            colour, name, text = EXISTS.search(question.text).groups()
            if text is None and name not in SHAPES:
                novel = next(c.split for c in classes() if c.name == name) == "novel"
                unseen = novel, bool(colour and held_out_colour(name, colour))
                heard.setdefault(unseen, Counter())[question.answer] += 1
    for answers in heard.values():
        assert answers.total() < 20 or 0.35 < answers["yes"] / answers.total() < 0.65, heard


def test_lookalikes_are_names_of_the_world():
    assert all(name in NOUNS for group in GROUPS for name in group)
    assert could_be("taxi") == {"car", "taxi", "police car"} and could_be("cat") == {"cat"}


def test_grammar():
    texts = " ".join(question.text for _, question in BOTH)
    for wrong in ("is there the", "is there some", "are there a ", "does the scissors", "is the socks", "any sun"):
        assert wrong not in texts
    for right in ("are there any scissors", "is there any coffee", "is the sun in", "are the scissors"):
        assert right in texts, right
