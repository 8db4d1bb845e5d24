"""README says what was measured, and names what exists."""

import json
import re
import sys

import pytest

from course_lib.figures import papers
from course_lib.session import REPO

sys.path.insert(0, str(REPO / "tools"))
from readme_figures import with_figures

README = (REPO / "README.md").read_text(encoding="utf-8")
FIGURES = REPO / "data" / "figures.jsonl"


def test_the_table_is_the_one_that_was_measured():
    lines = FIGURES.read_text(encoding="utf-8")
    assert with_figures(README, lines) == README
    assert with_figures(README, lines.replace('"value": 0.9', '"value": 0.1', 1)) != README


CARDS = sorted(
    file for file in (REPO / "data" / "checkpoints").glob("*.json") if file.with_suffix(".safetensors").exists()
)


@pytest.mark.parametrize("card", CARDS, ids=lambda file: file.stem)
def test_figures_were_measured_on_the_shipped_checkpoints(card):
    assert json.loads(card.read_text(encoding="utf-8"))["sha256"] in FIGURES.with_suffix(".sha256").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_links_lead_somewhere(target):
    assert (REPO / target).exists()


def test_papers_figures_belong_to_measured_ones_and_name_their_source():
    measured = {json.loads(line)["id"] for line in FIGURES.read_text(encoding="utf-8").splitlines()}
    assert set(papers()) <= measured
    for id, paper in papers().items():
        assert set(paper) == {"value", "of", "source"} and re.search(r"arXiv \d{4}\.\d{5}", paper["source"]), id
        assert paper["value"] in README
