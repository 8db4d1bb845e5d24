"""Every lesson is drawn: at least one diagram, and bars are at most half of its pictures."""

import re

import pytest

from course_lib.session import REPO

MASTERS = sorted((REPO / "solutions").glob("*.py"))
PICTURE = re.compile(
    r"^[^#]*?\b(?:\w+\.)?(show_\w+|\w*diagram|pictures|annotated|boxed|heat|matrix|curves|clouds|history|bars)\(", re.M
)


def drawn(code: str) -> list[str]:
    """The names of the functions that draw, in order."""
    return PICTURE.findall(code)


@pytest.mark.parametrize("master", MASTERS, ids=lambda file: file.stem)
def test_a_lesson_has_a_diagram_and_more_than_bars(master):
    names = drawn(master.read_text(encoding="utf-8"))
    assert any(name.endswith("diagram") for name in names), "no diagram"
    assert 2 * names.count("bars") <= len(names), f"{names.count('bars')} of {len(names)} pictures are bars"


def test_what_draws_is_recognised():
    code = "show.bars(x)\n# show.bars(no)\nui.gate_diagram(y)\nif a:\n    show_figures(z)\nshow.annotated(\n"
    assert drawn(code) == ["bars", "gate_diagram", "show_figures", "annotated"]
