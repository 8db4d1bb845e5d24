"""Colours that mean something stay apart for the colour-blind: simulated, and measured as CIEDE2000 differences."""

import re
from itertools import combinations

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from skimage.color import deltaE_ciede2000, rgb2lab

from course_lib.canvas.still import EXCLUDE, INCLUDE
from course_lib.checker.page import EDGES
from course_lib.session import REPO
from course_lib.show import plots

# Machado, Oliveira and Fernandes 2009, full severity; for linear RGB.
SEEN_BY = {
    "everybody": np.eye(3),
    "protanopes": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopes": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopes": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
APART = 15.0  # about 1 can just be noticed side by side; lines and dots are thin, and not side by side
PALETTES = {
    "bars and lines": (plots.INK, plots.SOFT, plots.WARN),
    "masks": plots.MASKS,
    "lines": tuple(colour for _, _, colour in plots.LINE_STYLES),
    "the loss curve": ("C0", "C3", "0.8"),
    "cards": tuple(EDGES.values()),
    "the canvas": tuple(np.array(colour) / 255 for colour in (INCLUDE, EXCLUDE)),
}


def seen(colours: np.ndarray, by: str) -> np.ndarray:
    """sRGB colours [N, 3], 0–1, as these people see them."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    shown = np.clip(linear @ np.asarray(SEEN_BY[by]).T, 0, 1)
    return np.where(shown <= 0.0031308, 12.92 * shown, 1.055 * shown ** (1 / 2.4) - 0.055)


def nearest(colours: tuple, by: str) -> float:
    """The difference between the two colours of a palette that are hardest to tell apart."""
    lab = rgb2lab(seen(np.array([to_rgb(colour) for colour in colours]), by)[None])[0]
    return min(float(deltaE_ciede2000(a, b)) for a, b in combinations(lab, 2))


@pytest.mark.parametrize("by", SEEN_BY)
@pytest.mark.parametrize("palette", PALETTES)
def test_colours_stay_apart(palette, by):
    assert nearest(PALETTES[palette], by) > APART


def test_the_simulation_finds_what_is_known_to_fail():
    assert nearest(("#a9373b", "#5f7a1f"), "everybody") > 3 * APART  # a red and a green
    assert min(nearest(("#a9373b", "#5f7a1f"), by) for by in ("protanopes", "deuteranopes")) < APART


@pytest.mark.parametrize("by", SEEN_BY)
@pytest.mark.parametrize("name", ["cividis", "Blues", "gray_r"])  # those that plots uses
def test_shades_of_a_map_rise_or_fall_for_everybody(name, by):
    shades = colormaps[name](np.linspace(0, 1, 33))[:, :3]
    steps = np.diff(rgb2lab(seen(shades, by)[None])[0, :, 0])
    assert (steps > 0).all() or (steps < 0).all()


def test_no_other_colour_map_is_used_and_the_canvas_page_has_the_same_colours():
    used = set()
    for file in (REPO / "course_lib").rglob("*.py"):
        used |= set(re.findall(r"cmap=\"(\w+)\"", file.read_text(encoding="utf-8")))
    assert used <= {"cividis", "Blues", "gray_r", "gray"}
    css = (REPO / "course_lib" / "canvas" / "canvas.css").read_text(encoding="utf-8")
    for name, colour in (("include", INCLUDE), ("exclude", EXCLUDE)):
        assert f".{name} {{ stroke: #{bytes(colour).hex()}" in css


def test_lines_differ_without_their_colours():
    assert len({(dash, marker) for dash, marker, _ in plots.LINE_STYLES}) == len(plots.LINE_STYLES) >= 3
