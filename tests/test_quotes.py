"""Figures that lessons quote are those of data/figures.jsonl; a comment behind the number says which."""

import pytest

from course_lib.authoring.quotes import MARK, wrong_quotes
from course_lib.figures import RECORDED, Figure, from_json
from course_lib.session import REPO

FIGURES = {figure.id: figure for figure in map(from_json, RECORDED.read_text(encoding="utf-8").splitlines())}
MASTERS = sorted((REPO / "solutions").glob("*.py"))
TOY = {
    "a.share": Figure("a.share", 0.7426, chance=0.5),
    "a.nats": Figure("a.nats", 1.6543, unit="nats"),
    "a.less": Figure("a.less", -0.031),
    "a.many": Figure("a.many", 1234.0, unit="scenes"),
}


@pytest.mark.parametrize("master", MASTERS, ids=lambda master: master.stem)
def test_quoted_figures_are_the_recorded_ones(master):
    text = master.read_text(encoding="utf-8")
    assert wrong_quotes(text, FIGURES) == []
    assert text.count("<!-- figure") == len(MARK.findall(text)), "a mark that is not written as CONTRIBUTING.md says"


@pytest.mark.parametrize(
    "text",
    [
        "74 %<!-- figure: a.share -->",
        "74.3 %<!-- figure: a.share --> of them",
        "from 74<!-- figure: a.share --> to",
        "0.743<!-- figure: a.share -->",
        "chance 50 %<!-- figure: a.share chance -->",
        "1.65<!-- figure: a.nats --> nats",
        "−3.1 %<!-- figure: a.less -->",
        "1,234<!-- figure: a.many --> scenes",
    ],
)
def test_rounded_as_they_are_written(text):
    assert wrong_quotes(text, TOY) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("75 %<!-- figure: a.share -->", "75 % is quoted for `a.share`, which is 74.26 %."),
        ("74.2 %<!-- figure: a.share -->", "which is 74.26 %"),
        ("0.74 %<!-- figure: a.share -->", "which is 74.26 %"),
        ("1.66<!-- figure: a.nats -->", "which is 1.6543."),
        ("3.1 %<!-- figure: a.less -->", "which is -3.1 %"),
        ("74 %<!-- figure: a.shore -->", "none of the recorded"),
        ("74 %<!-- figure: a.share charm -->", "none of the recorded"),
        ("many<!-- figure: a.share -->", "No number stands before"),
        ("1<!-- figure: a.nats chance -->", "or none was recorded"),
    ],
)
def test_what_is_wrong_is_said(text, said):
    assert said in wrong_quotes(text, TOY)[0]
