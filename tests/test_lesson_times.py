"""The minutes and the memory in a lesson's header are the measured ones."""

import json

import pytest

from course_lib.authoring.master import masters
from course_lib.commands import run
from course_lib.session import REPO

TIMES = json.loads(run.TIMES.read_text(encoding="utf-8"))
SOLUTIONS = REPO / "solutions"


def test_no_lesson_is_recorded_that_there_is_not():
    assert set(TIMES) <= {master.stem for master in masters(SOLUTIONS)}


def test_all_lessons_together_take_at_most_40_minutes():
    assert sum(lesson["minutes"] for lesson in TIMES.values()) <= 40


@pytest.mark.slow
@pytest.mark.parametrize("slug", ["00_welcome", "05_instruction_data"])  # the others' own length is minutes
def test_a_lesson_takes_what_its_header_says(slug, monkeypatch):
    """Off by more than half, allowing for this computer's speed before and after, it must be recorded anew."""
    monkeypatch.setenv("COURSE_QUICK", "0")
    recorded, again = TIMES[slug], f"python -m course_lib run {slug[:2]} --record"
    if "yardstick" not in recorded:
        pytest.skip(f"recorded before there was a yardstick: {again}")
    before = run.yardstick()
    result = run.run_lesson(SOLUTIONS / f"{slug}.ipynb")
    speed = recorded["yardstick"] / ((before + run.yardstick()) / 2)
    assert result.minutes * speed == pytest.approx(recorded["minutes"], rel=0.5), again
    assert result.peak_mb == pytest.approx(recorded["peak_mb"], rel=0.5), again
