"""MiniSeem with a person: marks become prompts, rounds remember, bad input is one sentence (how long an answer takes: benchmarks/seem_clicks.py)."""

import numpy as np
import pytest
import torch

from course_lib.canvas import Mark, PromptCanvas
from course_lib.seem.train import stages
from course_lib.seem.ui import Interactive, known
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

MIDDLE, AWAY = Mark("click", ((0.5, 0.5),)), Mark("click", ((0.1, 0.9),), False)


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    return [render(make_scene(index, SceneSpec(stream="val", count=(2, 3)))).image for index in (3, 4)]


@pytest.fixture
def person(pictures) -> Interactive:
    model = stages.new_model(seed=1)
    torch.nn.init.constant_(model.objectness_head.bias, 5.0)  # untrained, but it finds something
    return Interactive(model).look(*pictures)


def test_every_kind_of_mark_and_all_at_once_are_answered(person):
    words, region = Mark("text", text="the left cat"), Mark("reference", ((0.2, 0.2), (0.8, 0.8)))
    box, stroke = Mark("box", ((0.2, 0.2), (0.8, 0.8))), Mark("scribble", ((0.2, 0.2), (0.8, 0.8)))
    area = Mark("polygon", ((0.2, 0.2), (0.8, 0.2), (0.5, 0.8)))
    for marks in (
        [MIDDLE],
        [box],
        [stroke],
        [area],
        [words],
        [region],
        [words, MIDDLE, AWAY, box, stroke, area, region],
    ):
        answer = person.ask(marks)
        assert answer.mask is None or answer.mask.shape == (64, 64)
        assert str(answer)
    assert person.ask([]).note.startswith("Asked nothing, it sees")


def test_the_picture_is_encoded_once(person, monkeypatch):
    monkeypatch.setattr(person.model, "encode", lambda pixels: pytest.fail("encoded again"))
    person.ask([MIDDLE])
    person.ask([MIDDLE, AWAY])


def test_a_round_remembers_and_taking_back_plays_none(person, monkeypatch):
    prev_masks, segment = [], person.model.segment
    monkeypatch.setattr(
        person.model, "segment", lambda f, p, prev_mask=None: prev_masks.append(prev_mask) or segment(f, p, prev_mask)
    )
    first = person.ask([MIDDLE])
    person.ask([MIDDLE, AWAY])
    assert person.ask([MIDDLE]) is first and len(prev_masks) == 2
    assert prev_masks[0] is None and prev_masks[1].any()


def test_a_mark_lands_where_it_was_drawn_and_the_later_one_counts(person):
    prompt = person.prompt([Mark("click", ((0.9, 0.1),)), AWAY])
    assert np.argwhere(prompt.positive).tolist() == [[6, 57]] and np.argwhere(prompt.negative).tolist() == [[57, 6]]
    contradictory = person.prompt([MIDDLE, Mark("click", ((0.5, 0.5),), False)])
    assert not contradictory.positive.any() and contradictory.negative.sum() == 1
    assert person.ask([MIDDLE, Mark("click", ((0.5, 0.5),), False)]) is not None


def test_unknown_words_are_one_sentence(person, pictures):
    assert known('a big green sign that says "XYZZY"')
    canvas = PromptCanvas(pictures[0], ask=person.ask)
    canvas.take([{"kind": "text", "text": "the zeppelin"}])
    assert canvas.problem.startswith("I never read “zeppelin”") and canvas.answer is None
    canvas.take([{"kind": "text", "text": "the cat"}])
    assert canvas.problem == "" and canvas.answer is not None
