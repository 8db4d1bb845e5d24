"""Two runs agree, or not: the tool that says so notices every kind of difference."""

import sys
from dataclasses import replace

import pytest

from course_lib.figures import Figure, share
from course_lib.session import REPO

sys.path.insert(0, str(REPO / "tools"))
import compare_figures

TOLD = share("a.told", [True] * 80 + [False] * 20, control=0.1)  # 80 %, 71–87
UNTOLD = Figure("a.untold", 0.5, n=100)
LOSS = Figure("a.loss", 2.0, n=10, unit="nats")
SPEED = Figure("a.speed", 100.0, unit="scenes/s")


def verdict(a: Figure, **changed) -> str:
    there = compare_figures.verdict(a, replace(a, **changed))
    assert there == compare_figures.verdict(replace(a, **changed), a)
    return there


@pytest.mark.parametrize("figure", [TOLD, UNTOLD, LOSS])
def test_the_same_is_equal(figure):
    assert verdict(figure) == "equal"


def test_intervals_that_are_told_decide():
    assert verdict(TOLD, value=0.79, low=0.70, high=0.86) == "within"
    assert verdict(TOLD, value=0.69, low=0.59, high=0.77) == "apart"  # the first one's interval does not reach it
    assert verdict(TOLD, value=0.79, low=0.785, high=0.795) == "apart"  # the second one's does not reach back


def test_shares_without_an_interval_get_that_of_so_many_things():
    assert verdict(UNTOLD, value=0.55) == "within" and verdict(UNTOLD, value=0.65) == "apart"
    assert verdict(replace(UNTOLD, n=10_000), value=0.55) == "apart"


def test_other_numbers_may_differ_by_a_twentieth():
    assert verdict(LOSS, value=2.05) == "within" and verdict(LOSS, value=2.2) == "apart"


def test_company_counts_and_may_not_go_missing():
    assert verdict(TOLD, control=0.12) == "within"
    assert verdict(TOLD, control=0.5) == verdict(TOLD, control=None) == verdict(TOLD, baseline=0.1) == "apart"


def test_speed_is_of_the_machine():
    assert verdict(SPEED, value=1.0) == "speed"


def run(monkeypatch, tmp_path, first: list[Figure], second: list[Figure], *options: str) -> int:
    files = []
    for name, figures in (("first", first), ("second", second)):
        (file := tmp_path / name).write_text("".join(f"{one.to_json()}\n" for one in figures), encoding="utf-8")
        files.append(str(file))
    monkeypatch.setattr(sys, "argv", ["compare_figures.py", *files, *options])
    return compare_figures.main()


def test_rooms_that_both_have_must_have_the_same_figures(monkeypatch, tmp_path, capsys):
    other = replace(LOSS, id="b.loss")
    assert run(monkeypatch, tmp_path, [TOLD, LOSS, other], [TOLD, LOSS]) == 0
    assert capsys.readouterr().out == "2 equal, 0 within, 0 speed, 0 apart, 0 missing\n"
    assert run(monkeypatch, tmp_path, [TOLD, LOSS], [TOLD]) == 1
    assert "missing a.loss: only in the first run" in capsys.readouterr().out
    assert run(monkeypatch, tmp_path, [TOLD, LOSS], [TOLD], "--part") == 0
    capsys.readouterr()
    assert run(monkeypatch, tmp_path, [TOLD], [replace(TOLD, value=0.5)], "--part") == 1
    assert "apart   a.told: 0.8 [0.7112–0.8666] (control 0.1) and 0.5" in capsys.readouterr().out


def test_the_shipped_table_agrees_with_itself(capsys):
    shipped = compare_figures.read(REPO / "data" / "figures.jsonl")
    found = compare_figures.compare(shipped, shipped)
    assert not (found["apart"] or found["missing"] or found["within"]) and len(found["equal"]) > 200
