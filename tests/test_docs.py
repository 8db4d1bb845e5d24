"""The pages beside the lessons: their links lead somewhere, their generated parts are of today, their words are the lessons'."""

import json
import re
from argparse import Namespace

import nbformat
import pytest

from course_lib.authoring import build, execute, guide
from course_lib.authoring.master import masters, read_lesson
from course_lib.checker.registry import all_tasks
from course_lib.session import REPO

PAGES = sorted((REPO / "docs").glob("*.md"))
GUIDE = (REPO / "docs" / "INSTRUCTORS.md").read_text(encoding="utf-8")
TERM = re.compile(r"^## (.+)\n\n(.+) \(\[(\d\d)\]\(\.\./notebooks/(\w+)\.ipynb\)\)$", re.MULTILINE)
TERMS = TERM.findall((REPO / "docs" / "GLOSSARY.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_the_guides_tables_are_those_of_the_lessons_and_their_tasks():
    lessons = [read_lesson(master) for master in masters(REPO / "solutions")]
    tasks, times = all_tasks(), execute.measured(REPO)
    assert guide.fill(GUIDE, lessons, tasks, times) == GUIDE
    one = {**times, "02_clip": {"minutes": 99.0, "peak_mb": 1000, "cores": 2}}
    assert "99.0 min on 2 cores | 1.0 GB" in guide.fill(GUIDE, lessons, tasks, one)
    for lesson in lessons:
        assert f"| {lesson.number} {lesson.title} |" in GUIDE


def test_every_exercise_stands_in_the_guide_with_each_message():
    for notebook in (REPO / "notebooks").glob("*.ipynb"):
        source = "\n".join(cell["source"] for cell in nbformat.read(notebook, 4).cells)
        for name in re.findall(r'^points\("([\w.]+)"\)', source, re.MULTILINE):
            assert f"| `{name}` |" in GUIDE
            assert all(mistake.message in GUIDE for mistake in all_tasks()[name].mistakes)


def test_an_old_guide_is_noticed_and_mended(tmp_path, capsys):
    (tmp_path / "docs").mkdir()
    (tmp_path / "solutions").mkdir()
    file = tmp_path / "docs" / "INSTRUCTORS.md"
    file.write_text("a\n<!-- lessons:begin -->\nold\n<!-- lessons:end -->\nb\n", encoding="utf-8")
    assert build.main(Namespace(lessons=[], check=True, execute=False), tmp_path) == 1
    assert "docs/INSTRUCTORS.md has parts that are old" in capsys.readouterr().out
    assert build.main(Namespace(lessons=[], check=False, execute=False), tmp_path) == 0
    assert "old" not in file.read_text(encoding="utf-8")


def test_the_plans_have_every_lesson_and_no_other():
    there = {master.stem[:2] for master in masters(REPO / "solutions")}
    plans = re.split(r"^## A plan for .*$", GUIDE, flags=re.MULTILINE)[1:]
    assert len(plans) == 3
    for plan in plans:
        body = re.sub(r"^\| \d+ \|", "|", plan.partition("\n## ")[0], flags=re.MULTILINE)  # but for the weeks' numbers
        assert set(re.findall(r"(?<![\d.])\b(0\d|1[0-5])\b", body)) == there


def test_the_glossary_is_in_order_and_its_words_are_the_lessons():
    terms = [term for term, *_ in TERMS]
    assert len(terms) > 40 and terms == sorted(terms, key=str.lower)
    for term, _, number, slug in TERMS:
        assert slug.startswith(number)
        cells = json.loads((REPO / "solutions" / f"{slug}.ipynb").read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells).lower()
        words = [word for part in term.split(", ") for word in re.findall(r"[\w-]{3,}", part.lower())]
        assert any(word[:6] in text for word in words), f"{term} does not occur in {slug}"
