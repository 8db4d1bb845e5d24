"""`figures`: what was measured, into README.md (the figures with a bar) and docs/FIGURES.md (all of them).

python -m course_lib evaluate llava --json > new.jsonl   # one room, several, or none for all
python -m course_lib figures new.jsonl                   # takes them in
"""

import argparse
import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from course_lib.cli.registry import ROOMS
from course_lib.common.files import write_atomically
from course_lib.figures import COLUMNS, WORDED_BARS, Figure, from_json, table
from course_lib.session import REPO

FIGURES = REPO / "data" / "figures.jsonl"
BEGIN, END = "<!-- figures:begin -->", "<!-- figures:end -->"
IN_README = ("figure", "value", "interval", "chance", "control", "baseline", "ceiling", "bar", "paper")
HEADINGS = {name: room.heading for name, room in ROOMS.items()} | {"course": "The lessons, from first to last cell"}
BEGIN_OTHERWISE = {"next": "llava_next"}  # first part of an id → the room, where the two differ
LOWEST_ONLY = ("instruct.filter_recall", "instruct.filter_precision")  # of thirteen kinds of fault each


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """FILE…"""
    parser.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="written by `evaluate --json`; without any, only the pages are written anew",
    )


def read(lines: str) -> list[Figure]:
    """The figures of a file: JSON, one a line."""
    return [from_json(line) for line in lines.splitlines() if line.strip()]


def lessons() -> list[Figure]:
    """The minutes of each lesson and of all, as they were recorded (`course_lib/authoring/execute.py`)."""
    times = json.loads((REPO / "data" / "lesson_times.json").read_text(encoding="utf-8"))
    notes = {slug: f"on {one['cores']} core{'s' * (one['cores'] > 1)}" for slug, one in times.items()}
    per_lesson = [
        Figure(f"course.minutes.{slug}", one["minutes"], unit="min", note=notes[slug]) for slug, one in times.items()
    ]
    total = round(sum(figure.value for figure in per_lesson), 2)
    return [*per_lesson, Figure("course.minutes.total", total, n=len(per_lesson), bar=70, unit="min")]


def room(figure: Figure) -> str:
    """The room that measured it: the first part of its id."""
    first = figure.id.partition(".")[0]
    return BEGIN_OTHERWISE.get(first, first)


def merged(old: Iterable[Figure], new: Iterable[Figure]) -> list[Figure]:
    """The old figures, each replaced by the new one of its id; ids that are new stand at the end."""
    return list(({figure.id: figure for figure in old} | {figure.id: figure for figure in new}).values())


def chapters(figures: Iterable[Figure], level: str, columns: Iterable[str] = COLUMNS) -> str:
    """A table a room, each below its heading, in the order of the lessons."""
    figures = sorted(figures, key=lambda figure: list(HEADINGS).index(room(figure)))
    tables = [
        f"{level} {HEADINGS[name]}\n\n{table(list(its), columns, padded=False)}" for name, its in groupby(figures, room)
    ]
    return "\n\n".join(tables)


def aims(figures: Iterable[Figure]) -> list[Figure]:
    """Those with a bar. Of each measure that has one bar for many faults only the lowest, or README would drown in them."""
    aimed = [figure for figure in figures if figure.bar is not None or figure.id in WORDED_BARS]
    for measure in LOWEST_ONLY:
        if family := [figure for figure in aimed if figure.id.startswith(f"{measure}.")]:
            lowest = min(family, key=lambda figure: figure.value)
            aimed[aimed.index(family[0])] = replace(lowest, id=f"{lowest.id} (the lowest of {len(family)})")
            aimed = [figure for figure in aimed if figure not in family]
    return aimed


def with_figures(readme: str, lines: str) -> str:
    """README's text, with the figures that have a bar between its marks."""
    head, _, rest = readme.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{chapters(aims([*read(lines), *lessons()]), '###', IN_README)}\n{END}{tail}"


def all_figures(lines: str) -> str:
    """The text of docs/FIGURES.md."""
    return (
        "# All measured figures\n\n"
        "Written by `python -m course_lib figures` from [data/figures.jsonl](../data/figures.jsonl); the ones with a bar stand in\n"
        "[README](../README.md#measured), too, which says how to read them.\n\n"
        f"{chapters([*read(lines), *lessons()], '##')}\n"
    )


def main(args: argparse.Namespace) -> int:
    """Take the figures of these files into data/figures.jsonl, and write both pages."""
    known = read(FIGURES.read_text(encoding="utf-8"))
    for file in args.files:
        new = read(file.read_text(encoding="utf-8"))
        for name in dict.fromkeys(map(room, new)):
            ids = {figure.id for figure in new}
            if kept := [figure.id for figure in known if room(figure) == name and figure.id not in ids]:
                print(f"{name}: kept as they were, since {file} has them not: {', '.join(kept)}")
        known = merged(known, new)
    lines = "".join(f"{figure.to_json()}\n" for figure in known)
    write_atomically(FIGURES, lines.encode())
    readme = REPO / "README.md"
    write_atomically(readme, with_figures(readme.read_text(encoding="utf-8"), lines).encode())
    write_atomically(REPO / "docs" / "FIGURES.md", all_figures(lines).encode())
    return 0
