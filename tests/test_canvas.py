"""The prompt canvas from its Python side: whatever the browser sends, either marks or one sentence."""

import builtins
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.canvas import Answer, Mark, MarkError, PromptCanvas, marks_from_json
from course_lib.canvas.marks import POINTS, covered
from course_lib.canvas.still import overlay

ALL = ("click", "scribble", "box", "polygon", "text", "reference")
share = st.floats(0, 1)
point = st.tuples(share, share).map(list)


@st.composite
def good_marks(draw) -> dict:
    """The JSON of a mark that means something."""
    kind = draw(st.sampled_from(sorted(POINTS)))
    least, most = POINTS[kind]
    points = draw(st.lists(point, min_size=least, max_size=min(most, 8)))
    if kind in ("box", "reference"):
        xs, ys = (sorted(draw(st.lists(share, min_size=2, max_size=2, unique=True))) for _ in range(2))
        points = [[xs[0], ys[0]], [xs[1], ys[1]]]
    words = st.text(min_size=1, max_size=200).filter(str.strip)
    text = draw(words if kind == "text" else st.text(max_size=20) if kind == "box" else st.just(""))
    return {"kind": kind, "points": points, "positive": draw(st.booleans()), "text": text}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
nearly = st.builds(
    lambda mark, key, value: mark | {key: value},
    good_marks(),
    st.sampled_from(("kind", "points", "positive", "text", "x")),
    anything,
)


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


@given(st.lists(good_marks(), max_size=5))
def test_what_means_something_comes_through_with_nothing_lost(marks):
    read = marks_from_json(json.loads(json.dumps(marks)))
    assert [mark.to_json() for mark in read] == marks
    assert all(str(mark) for mark in read)


@given(anything | st.lists(anything | nearly, max_size=3))
def test_anything_else_is_one_sentence_or_comes_through(value):
    try:
        read = marks_from_json(value)
    except MarkError as error:
        assert len(str(error)) < 250 and str(error).endswith(".") and "\n" not in str(error)
        return
    assert len(read) == len(value)
    for mark, entry in zip(read, value, strict=True):
        known = {key: entry[key] for key in entry}
        assert known == {key: value for key, value in mark.to_json().items() if key in entry}
        assert all(0 <= part <= 1 for xy in mark.points for part in xy)


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        ({"kind": "click", "points": [[1.2, 0.5]]}, "outside the picture"),
        ({"kind": "click", "points": [[float("nan"), 0.5]]}, "outside the picture"),
        ({"kind": "click", "points": [[True, 0.5]]}, "two numbers"),
        ({"kind": "scribble", "points": []}, "1 to 500 point"),
        ({"kind": "box", "points": [[0.5, 0.1], [0.2, 0.9]]}, "left top"),
        ({"kind": "reference", "points": [[0.5, 0.5], [0.5, 0.5]]}, "has an area"),
        ({"kind": "text", "text": "  "}, "empty text"),
        ({"kind": "text", "text": "x" * 201}, "up to 200 letters"),
        ({"kind": "click", "points": [[0, 0]], "text": "a"}, "no text"),
        ({"kind": "lasso"}, "none of click"),
        ({"kind": "click", "points": [[0, 0]], "positive": "no"}, "true or false"),
        ({"kind": "click", "points": [[0, 0]], "at": 3}, "none of kind"),
        (7, "should have a kind"),
    ],
)
def test_bad_marks_say_what_is_wrong(mark, says):
    with pytest.raises(MarkError, match=says):
        marks_from_json([mark])
    assert marks_from_json([]) == []


def test_too_many_marks():
    with pytest.raises(MarkError, match="65 marks are too many"):
        marks_from_json([{"kind": "click", "points": [[0, 0]]}] * 65)


def test_a_canvas_asks_after_each_change_and_keeps_the_marks_when_a_message_is_bad(picture):
    asked = []

    def ask(marks):
        asked.append(marks)
        return Answer(np.eye(40, 60, dtype=bool), "a line", 0.5) if marks else None

    canvas = PromptCanvas(picture, ask=ask)
    assert asked == [[]] and canvas.answer is None
    canvas.take([{"kind": "click", "points": [[0.25, 0.5]], "positive": False}])
    assert asked[-1] == canvas.marks == [Mark("click", ((0.25, 0.5),), False)]
    assert str(canvas.answer) == "a line, 50 % sure, 2 % of the picture"
    canvas.take("nonsense")
    assert len(asked) == 2 and len(canvas.marks) == 1 and "list" in canvas.problem
    canvas.take([{"kind": "reference", "points": [[0, 0], [1, 1]]}])
    assert "takes click, scribble, box, text, and no reference" in canvas.problem
    canvas.take([])
    assert canvas.problem == "" and canvas.answer is None


def test_what_the_model_refuses_is_said(picture):
    def ask(marks):
        raise ValueError("there is no such word.")

    canvas = PromptCanvas(picture, ask=ask)
    assert canvas.problem == "there is no such word." and canvas.answer is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"tools": ("lasso",)}, "lasso is none of"),
        ({"tools": ("click", "reference")}, "need each other"),
        ({"reference": np.zeros((4, 4, 3), np.uint8)}, "need each other"),
    ],
)
def test_a_canvas_that_makes_no_sense(picture, options, says):
    with pytest.raises(ValueError, match=says):
        PromptCanvas(picture, **options)
    with pytest.raises(ValueError, match="uint8"):
        PromptCanvas(picture / 255)


def test_the_widget_shows_what_the_canvas_holds(picture):
    pytest.importorskip("anywidget")
    canvas = PromptCanvas(
        picture, tools=ALL, reference=picture, ask=lambda marks: Answer(picture[..., 0] > 128, "x", 1.0)
    )
    widget = canvas.widget
    assert (
        widget is canvas.widget
        and widget.mask.startswith("data:image/png;base64,")
        and widget.says.startswith("x, 100 %")
    )
    widget.marks = [{"kind": "click", "points": [[0.5, 0.5]], "positive": True, "text": ""}]  # as the browser sets it
    assert canvas.marks == [Mark("click", ((0.5, 0.5),))] and widget.problem == ""
    widget.marks = [{"kind": "click", "points": [[5, 5]]}]
    assert "outside" in widget.problem and widget.marks == [canvas.marks[0].to_json()]
    canvas.draw([Mark("text", text="a cat")])
    assert widget.marks == [{"kind": "text", "points": [], "positive": True, "text": "a cat"}] and widget.problem == ""
    before = widget.picture
    canvas.show(255 - picture, "another")
    assert widget.marks == [] and widget.picture != before and widget.alt == "another"


def test_without_anywidget_there_are_fields(picture, monkeypatch):
    pytest.importorskip("ipywidgets")
    real = builtins.__import__

    def without(name, *rest, **options):
        if name == "anywidget" or name == "course_lib.canvas.widget":
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    canvas = PromptCanvas(picture, tools=ALL, reference=picture, ask=lambda marks: Answer(note=f"{len(marks)} marks"))
    assert type(canvas.widget).__name__ == "HBox"
    fields = canvas._front
    fields.add.click()
    assert canvas.marks == [Mark("click", ((0.4, 0.4),))] and "1 marks" in fields.page.value
    fields.kind.value, fields.exclude.value = "box", True
    fields.start[0].value, fields.end[0].value = 0.9, 0.2
    fields.add.click()
    assert canvas.marks[1] == Mark("box", ((0.2, 0.4), (0.9, 0.6)), False)
    fields.words.value = "a <b>"
    assert canvas.marks[2].text == "a <b>" and "a &lt;b&gt;" in fields.page.value
    fields.undo.click()
    fields.kind.value = "reference"
    fields.add.click()
    assert [mark.kind for mark in canvas.marks] == ["click", "box", "reference"]
    fields.clear.click()
    assert canvas.marks == []


def test_phrases_of_boxes_in_fields(picture):
    from course_lib.canvas.fields import CanvasFields

    canvas = PromptCanvas(picture, tools=("box",), phrases=True)
    fields = CanvasFields(canvas)
    fields.words.value = "a red car"
    fields.add.click()
    assert canvas.marks[0].text == "a red car" and canvas.marks[0].xyxy == (0.4, 0.4, 0.6, 0.6)


def test_on_a_page_that_is_only_read_it_is_a_picture_with_words(picture, capsys):
    canvas = PromptCanvas(picture, tools=ALL, reference=picture, alt="noise")
    empty = np.asarray(canvas.still())
    canvas.draw([Mark("click", ((0.5, 0.5),), False), Mark("reference", ((0.1, 0.1), (0.9, 0.9)))])
    drawn = np.asarray(canvas.still())
    changed = (empty != drawn).any(axis=(0, 2)).nonzero()[0]
    assert empty.shape == drawn.shape and changed.min() < 384 < changed.max()  # on both pictures
    canvas._ipython_display_()
    assert "noise, with excluding click at 50 %, 50 %; region of the reference" in capsys.readouterr().out


def test_the_mask_has_an_outline_that_needs_no_colours():
    mask = np.zeros((8, 8), bool)
    mask[2:6, 2:6] = True
    layer = np.asarray(overlay(mask))
    assert layer.shape == (320, 320, 4)
    row = layer[160]
    assert (row[79] == (0, 0, 0, 255)).all() and (row[80] == (255, 255, 255, 255)).all()  # black outside, white inside
    assert 0 < row[160][3] < 255 and row[10][3] == 0  # see-through in it, nothing outside


def test_marks_cover_the_pixels_that_one_sees_under_them():
    click = covered(Mark("click", ((0.9, 0.1),)), 10, 20)
    assert click.shape == (10, 20) and np.argwhere(click).tolist() == [[1, 18]]  # row from y, column from x
    assert covered(Mark("click", ((1.0, 1.0),)), 10, 20)[9, 19]
    box = covered(Mark("box", ((0.25, 0.5), (0.5, 1.0))), 8, 8)
    assert box.sum() == 8 and box[4:, 2:4].all()
    assert covered(Mark("box", ((0.51, 0.51), (0.52, 0.52))), 8, 8).sum() == 1  # smaller than a pixel, yet not nothing
    stroke = covered(Mark("scribble", ((0.0, 0.0), (1.0, 1.0))), 8, 8)
    assert (stroke == np.eye(8, dtype=bool)).all()
    triangle = covered(Mark("polygon", ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))), 8, 8)
    assert triangle[0].all() and triangle[:, 0].all() and not triangle[7, 7]
    assert not covered(Mark("text", text="a cat"), 8, 8).any()


@given(good_marks(), st.integers(1, 40), st.integers(1, 40))
def test_whatever_is_drawn_covers_something(mark, height, width):
    (read,) = marks_from_json([mark])
    assert covered(read, height, width).any() == (read.kind != "text")
