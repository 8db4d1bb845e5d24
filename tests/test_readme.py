"""README says what was measured, and names what exists."""

import importlib
import json
import re
from argparse import Namespace

import nbformat
import pytest

from course_lib.authoring import guide
from course_lib.cli import figures as pages
from course_lib.cli.registry import ROOMS
from course_lib.common.errors import Problem
from course_lib.figures import AT_MOST, MIME, Figure, bar, missed, name, number, papers
from course_lib.session import REPO

README = (REPO / "README.md").read_text(encoding="utf-8")
PAGE = (REPO / "docs" / "FIGURES.md").read_text(encoding="utf-8")
FIGURES = REPO / "data" / "figures.jsonl"


def changed(*, headline: bool) -> str:
    """data/figures.jsonl with one value that nobody measured, of one of README's headlines or of another figure."""
    lines = FIGURES.read_text(encoding="utf-8").splitlines()
    known = {id for room in ROOMS.values() for id in room.headlines}
    at = next(i for i, line in enumerate(lines) if (json.loads(line)["id"] in known) == headline)
    lines[at] = json.dumps(json.loads(lines[at]) | {"value": 0.123})
    return "\n".join(lines)


def test_both_pages_are_those_of_the_measured_figures():
    again = "`python -m course_lib figures` writes it anew"
    lines = FIGURES.read_text(encoding="utf-8")
    assert pages.with_figures(README, lines) == README, again
    assert pages.all_figures(lines) == PAGE, again


def test_a_figure_that_changes_is_noticed():
    assert pages.with_figures(README, changed(headline=True)) != README
    assert pages.all_figures(changed(headline=True)) != PAGE
    assert pages.all_figures(changed(headline=False)) != PAGE


def test_the_lessons_minutes_stand_there_too():
    figures = pages.lessons()
    assert figures[-1].value == pytest.approx(sum(figure.value for figure in figures[:-1]), abs=0.01)
    assert f"| {name('course.minutes.total')} | {figures[-1].value:,.4g} min |" in README
    assert all(f"| {name(figure.id)} | {figure.value:,.4g} min |" in PAGE for figure in figures)


def test_readme_has_headlines_and_every_missed_bar_and_stays_readable():
    figures = pages.read(FIGURES.read_text(encoding="utf-8"))
    headlines = {id for room in ROOMS.values() for id in room.headlines}
    _, _, below = README.partition("**Bars that were missed**")
    for figure in figures:
        assert (f"\n| {name(figure.id)} |" in README) == (figure.id in headlines)
        assert (f" {name(figure.id)} {number(figure.value, figure.unit)} ({bar(figure)})" in below) == missed(figure)
        assert f"| {figure.id} |" in PAGE
    assert all(1 <= len(room.headlines) <= 3 for room in ROOMS.values())
    assert any(map(missed, figures)) and len(README.encode()) < 20_000


def test_a_bar_that_is_missed_comes_into_the_list():
    reached, short = Figure("clip.a", 0.8, bar=0.7), Figure("clip.b", 0.6, bar=0.7)
    assert pages.missed_bars([reached, short]) == f"- {ROOMS['clip'].heading}: clip.b 60.0 % (≥ 70.0 %)"


def test_every_figure_has_a_name_for_people_and_no_two_of_a_room_the_same():
    ids = [figure.id for figure in pages.read(FIGURES.read_text(encoding="utf-8"))]
    assert not [id for id in ids if name(id) == id], "data/figure_names.json names them, or the beginnings of their ids"
    called = [(pages.room(Figure(id, 0)), name(id)) for id in ids]
    assert not [one for one in called if called.count(one) > 1]
    assert {id for id in AT_MOST if not id.startswith("course.")} <= set(ids)


def test_every_figure_that_a_lesson_shows_has_a_name_for_people():
    notebooks = [nbformat.read(file, 4) for file in sorted((REPO / "solutions").glob("*.ipynb"))]
    outputs = [output for notebook in notebooks for cell in notebook.cells for output in cell.get("outputs", [])]
    ids = {figure["id"] for output in outputs for figure in output.get("data", {}).get(MIME, [])}
    assert ids and not [id for id in ids if name(id) == id]


def test_one_room_measured_again_leaves_the_others_alone(tmp_path, monkeypatch, capsys):
    old, new = Figure("clip.zero_shot_top1.trained", 0.1), Figure("seem.a", 0.2)
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("a <!-- figures:begin --><!-- figures:end --> b", encoding="utf-8")
    monkeypatch.setattr(pages, "REPO", tmp_path)
    monkeypatch.setattr(pages, "lessons", list)
    monkeypatch.setattr(pages, "FIGURES", tmp_path / "figures.jsonl")
    pages.FIGURES.write_text(f"{new.to_json()}\n{old.to_json()}\n", encoding="utf-8")
    measured = tmp_path / "new.jsonl"
    measured.write_text(
        "".join(f"{Figure(*one).to_json()}\n" for one in (("clip.b", 3), ("seem.a", 4))), encoding="utf-8"
    )
    pages.main(Namespace(files=[measured]))
    kept = pages.read(pages.FIGURES.read_text(encoding="utf-8"))
    assert [(one.id, one.value) for one in kept] == [("seem.a", 4), ("clip.zero_shot_top1.trained", 0.1), ("clip.b", 3)]
    assert "clip: kept as they were" in capsys.readouterr().out
    assert "| seem.a | 400.0 % |" in (tmp_path / "docs" / "FIGURES.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text", ("Going on from step 12.\n", "[1]\n", '{"id": "clip.a"}\n', Figure("pottery.a", 1).to_json() + "\n", None)
)
def test_what_is_no_figure_is_named_and_nothing_is_taken_in(text, tmp_path, monkeypatch):
    monkeypatch.setattr(pages, "FIGURES", tmp_path / "figures.jsonl")
    pages.FIGURES.write_text("", encoding="utf-8")
    measured = tmp_path / "new.jsonl"
    if text is not None:
        measured.write_text(text, encoding="utf-8")
    with pytest.raises(Problem, match=r"new\.jsonl can't be taken in: .+ Write it by"):
        pages.main(Namespace(files=[measured]))
    assert not pages.FIGURES.read_text(encoding="utf-8")


UNMEASURED = {"llava_smollm2"}  # it needs a package that the course does not install, and no figure tells of it
CARDS = sorted(
    file.with_suffix(".json")
    for file in (REPO / "data" / "checkpoints").glob("*.safetensors")
    if file.stem not in UNMEASURED
)


@pytest.mark.parametrize("card", CARDS, ids=lambda file: file.stem)
def test_figures_were_measured_on_the_shipped_checkpoints(card):
    """`evaluate` ends each room with a row that names the weights it has loaded."""
    digest = json.loads(card.read_text(encoding="utf-8"))["sha256"][:12]
    rows = [json.loads(line) for line in FIGURES.read_text(encoding="utf-8").splitlines()]
    assert f"{card.stem} {digest}" in ", ".join(row["note"] for row in rows if row["id"].endswith(".weights"))


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_links_lead_somewhere(target):
    assert (REPO / target).exists()


MAP = re.findall(r"^\| [^|]+ \| `(\w+)` \| \[[^]]+\]\((course_lib/[^)]+)\) \|$", README, re.MULTILINE)


@pytest.mark.parametrize("name, file", MAP, ids=[name for name, _ in MAP])
def test_the_map_names_functions_that_exist(name, file):
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    assert callable(getattr(module, name)) and getattr(module, name).__module__ == module.__name__


def test_the_map_leads_to_what_people_look_for_and_is_of_today():
    assert len(MAP) >= 12
    assert guide.fill(README, [], {}, {}) == README, "run: python -m course_lib build"


def test_papers_figures_belong_to_measured_ones_and_name_their_source():
    measured = {json.loads(line)["id"] for line in FIGURES.read_text(encoding="utf-8").splitlines()}
    assert set(papers()) <= measured
    for id, paper in papers().items():
        assert set(paper) == {"value", "of", "source"} and re.search(r"arXiv \d{4}\.\d{5}", paper["source"]), id
        assert f"| {paper['value']} ({paper['of']}) |" in PAGE
