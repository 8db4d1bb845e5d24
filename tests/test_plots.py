"""Plots: small pictures stay sharp, shares are in per cent, and the chart of figures shows all that is known of one."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from course_lib import figures, show
from course_lib.show import dot_chart, plots

SMALL, LARGE = np.zeros((64, 64, 3), np.uint8), np.zeros((256, 256, 3), np.uint8)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were shown, and how the chart of figures looked before it became a picture."""
    shown = []
    monkeypatch.setattr(plots, "show_figure", lambda figure, alt: shown.append(figure))
    monkeypatch.setattr(dot_chart, "html_picture", lambda figure, alt: shown.append(figure))
    return shown


def test_small_pictures_show_their_pixels_and_fill_the_page(drawn):
    show.pictures([SMALL] * 8, columns=4, titles=["a very long title " * 3] * 8, alt="eight")
    show.pictures([LARGE], alt="one")
    many, one = drawn
    assert many.axes[0].images[0].get_interpolation() == "nearest"
    assert one.axes[0].images[0].get_interpolation() != "nearest"
    assert len(many.axes) == 8 and len(one.axes) == 1 and many.get_figwidth() == pytest.approx(9.6)
    assert max(map(len, many.axes[0].get_title().splitlines())) <= 12 * 2.4


def test_masks_are_told_apart_by_colour(drawn):
    instances = np.zeros((64, 64), int)
    instances[:8], instances[-8:] = 1, 2
    show.annotated(SMALL, np.array([[0, 0, 64, 8], [0, 56, 64, 64]]), instances, ["a", "b"], alt="two")
    shown = drawn[0].axes[1].images[0].get_array()
    for row, colour in ((0, plots.MASKS[1]), (32, plots.MASKS[0]), (63, plots.MASKS[2])):
        assert tuple(shown[row, 0]) == pytest.approx(to_rgb(colour))


def test_bars_of_shares_are_in_per_cent_and_may_have_intervals(drawn):
    show.bars({"a": 0.5, "b": 1.0}, chance=0.1, intervals={"a": (0.4, 0.6), "b": (0.9, 1.0)}, alt="two")
    show.bars({"a": 3.0}, limit=3.0, unit="nats", alt="one")
    shares, nats = (figure.axes[0] for figure in drawn)
    assert [bar.get_width() for bar in shares.patches] == [50, 100] and shares.get_xlabel() == "%"
    assert list(shares.lines[0].get_xdata()) == [40, 60]
    assert nats.patches[0].get_width() == 3 and nats.get_xlabel() == "nats"


def test_the_chart_of_figures_has_a_panel_for_each_unit_and_every_mark(drawn):
    marks = dict.fromkeys(dot_chart.MARKS, 5.0)
    rows = [
        show.Dot("first", 50, "50 %", "%", (40, 60), marks),
        show.Dot("time", 3, "3", "s"),
        show.Dot("second (bar missed)", 20, "20 %", "%"),
    ]
    show.dots(rows, alt="three")
    shares, seconds = drawn[0].axes
    assert [label.get_text() for label in shares.get_yticklabels()] == ["first", "second (bar missed)"]
    assert [label.get_weight() == "bold" for label in shares.get_yticklabels()] == [False, True]
    assert {"95 % interval", "measured", *dot_chart.MARKS} == set(shares.get_legend_handles_labels()[1])
    assert seconds.get_xlabel() == "s" and shares.get_xlim()[1] > 100


def test_slow_figures_are_measured_only_where_budgets_are_full(monkeypatch, capsys):
    measured = []

    def figure():
        measured.append(True)
        yield figures.Figure("clip.top1", 0.5)

    figures.show(figure(), slow=True)
    assert not measured and not capsys.readouterr().out
    monkeypatch.delenv("COURSE_QUICK")
    figures.show(figure(), slow=True)
    assert measured and "50.0 %" in capsys.readouterr().out
