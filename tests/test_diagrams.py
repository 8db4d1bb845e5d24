"""Diagrams: nothing is clipped, nothing overlaps, and what is drawn is also said."""

import pytest

from course_lib.show import Box, diagram, diagrams

BOXES = {
    "picture": Box(0, 0, "picture", "[B, 3, 64, 64]"),
    "vision": Box(1, 0, "vision tower", "[B, 64, 160]", "frozen"),
    "answer": Box(2.5, 1, "answer", kind="result", width=2),
}


@pytest.fixture
def figure(monkeypatch):
    shown = []
    monkeypatch.setattr(diagrams, "show_figure", lambda figure, alt: shown.append((figure, alt)))
    diagram(BOXES, [("picture", "vision"), ("vision", "answer", "64 patches")], alt="A picture becomes an answer.")
    return shown[0]


def test_all_words_and_shapes_are_drawn_and_the_description_goes_with_them(figure):
    drawn, alt = figure
    texts = [text.get_text() for text in drawn.axes[0].texts]
    assert {"picture", "[B, 3, 64, 64]", "vision tower", "answer", "64 patches"} <= set(texts)
    assert alt == "A picture becomes an answer."


def test_nothing_is_clipped(figure):
    drawn, _ = figure
    drawn.canvas.draw()
    axes = drawn.axes[0]
    inside = axes.get_window_extent()
    for artist in (*axes.patches, *(text for text in axes.texts if text.get_text())):
        box = artist.get_window_extent()
        assert inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1


def test_kinds_are_told_apart_without_colour(figure):
    drawn, _ = figure
    legend = [text.get_text() for text in drawn.axes[0].get_legend().get_texts()]
    assert legend == ["data", "frozen", "result"]
    dashes_and_fills = {(fill, dash) for fill, _, dash in diagrams.KINDS.values()}
    assert len(dashes_and_fills) == len(diagrams.KINDS)


def test_an_unknown_kind_or_box_is_an_error():
    with pytest.raises(KeyError):
        diagram({"a": Box(0, 0, "a", kind="magic")}, [], alt="")
    with pytest.raises(KeyError):
        diagram({"a": Box(0, 0, "a")}, [("a", "b")], alt="")


def test_a_legend_may_call_a_kind_by_another_name(monkeypatch):
    shown = []
    monkeypatch.setattr(diagrams, "show_figure", lambda figure, alt: shown.append(figure))
    diagram(BOXES, [], alt="A picture becomes an answer.", legend={"frozen": "not ours"})
    labels = [text.get_text() for text in shown[0].axes[0].get_legend().get_texts()]
    assert labels == ["data", "not ours", "result"]
