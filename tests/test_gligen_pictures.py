"""Lesson 10's pictures show what they were given, and its layers are compared with open gates."""

import pytest
import torch

from course_lib import show
from course_lib.exercise import stand_in
from course_lib.figures import Figure
from course_lib.gligen.evaluate.published import differences
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.ui import pictures


@pytest.fixture
def drawn(monkeypatch):
    """What is handed to course_lib.show, by the function's name."""
    calls = {}
    for name in ("bars", "boxed", "history"):
        monkeypatch.setattr(show, name, lambda *given, name=name, **named: calls.update({name: (given, named)}))
    return calls


def test_a_row_has_its_name_and_its_boxes(drawn):
    rows = {"without": torch.zeros(2, 3, 8, 8), "with": torch.ones(2, 3, 8, 8)}
    box = (0.1, 0.2, 0.5, 0.6)
    pictures.rows(rows, {"with": [GroundedPhrase("a frog", box)]}, alt="Two rows.")
    (images, boxes), named = drawn["boxed"]
    assert images.max(axis=(1, 2, 3)).tolist() == [0, 0, 255, 255]
    assert boxes == [[], [], [("a frog", box)], [("a frog", box)]]
    assert named["titles"] == ["without", "without", "with", "with"] and named["columns"] == 2


def test_charts_say_their_numbers(drawn):
    pictures.share_bars({"alone": 0.25, "boxes": 1.0}, 8, "Frogs on the left")
    _, named = drawn["bars"]
    assert named["alt"] == "Frogs on the left: alone 0.25, boxes 1.00." and named["intervals"]["boxes"][0] < 1
    swept = [Figure("gligen.ap50.on_0", 0.1), Figure("gligen.distance.on_0", 8.0), Figure("gligen.ap50.on_0.25", 0.9)]
    pictures.obedience_curve(swept)
    assert drawn["history"][0] == ([0.0, 0.25], {"AP50": [0.1, 0.9]})


def test_a_reference_is_marked_where_it_lies():
    image, mark = pictures.reference("frog")
    x0, y0, x1, y1 = mark.xyxy
    assert image.shape == (64, 64, 3) and 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1 and mark.kind == "reference"


def test_layers_agree_with_diffusers_and_a_wrong_one_does_not():
    assert max(differences(0).values()) < 1e-6

    def always_shut(visual, tokens, attention, norm, alpha, beta=1.0):
        return visual

    with stand_in("gligen.gated_self_attention", always_shut):
        assert differences(0)["layer"] > 1e-3
