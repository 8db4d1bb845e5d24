"""`figures`: what was measured, into README.md (the headlines, and which bars were missed) and docs/FIGURES.md (all of it).

python -m course_lib evaluate llava --json > new.jsonl   # one room, several, or none for all
python -m course_lib figures new.jsonl                   # takes them in
"""

import argparse
import json
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from course_lib.cli.registry import ROOMS
from course_lib.common.errors import Problem
from course_lib.common.files import write_atomically
from course_lib.figures import Figure, bar, from_json, missed, name, number, table
from course_lib.session import REPO

FIGURES = REPO / "data" / "figures.jsonl"
BEGIN, END = "<!-- figures:begin -->", "<!-- figures:end -->"
IN_README = ("figure", "value", "interval", "chance", "control", "baseline", "bar")
HEADINGS = {key: one.heading for key, one in ROOMS.items()} | {"course": "The lessons, from first to last cell"}
ORDER = sorted(ROOMS, key=lambda key: ROOMS[key].lessons) + ["course"]
BEGIN_OTHERWISE = {"next": "llava_next"}  # first part of an id → the room, where the two differ


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


def new_figures(file: Path) -> list[Figure]:
    """The figures of a file that `evaluate --json` wrote; `Problem` where it is missing or anything else stands in it."""
    try:
        new = read(file.read_text(encoding="utf-8"))
        if strangers := [figure.id for figure in new if room(figure) not in ORDER]:
            raise ValueError(f"no room of the course measures {strangers[0]}")
    except (FileNotFoundError, ValueError, TypeError) as error:
        raise Problem(
            f"{file} can't be taken in: {error}. Write it by `python -m course_lib evaluate ROOM --json`."
        ) from None
    return new


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


def by_room(figures: Iterable[Figure]) -> list[tuple[str, list[Figure]]]:
    """(heading, figures) of each room that has some, in the order of the lessons."""
    figures = sorted(figures, key=lambda figure: ORDER.index(room(figure)))
    return [(HEADINGS[key], list(its)) for key, its in groupby(figures, room)]


def headlines(figures: Iterable[Figure]) -> str:
    """One table of all rooms' headlines, a row in bold above each room's."""
    shown = {"course.minutes.total", *(id for one in ROOMS.values() for id in one.headlines)}
    groups = by_room(figure for figure in figures if figure.id in shown)
    head, rule, *rows = table([one for _, its in groups for one in its], IN_README, padded=False).splitlines()
    lines = [head, rule]
    for heading, its in groups:
        lines += [f"| **{heading}** {'|' * head.count(' | ')}|", *rows[: len(its)]]
        rows = rows[len(its) :]
    return "\n".join(lines)


def missed_bars(figures: Iterable[Figure]) -> str:
    """A line for each room that missed a bar: which ones, and by how much."""
    return "\n".join(
        f"- {heading}: " + "; ".join(f"{name(one.id)} {number(one.value, one.unit)} ({bar(one)})" for one in its)
        for heading, its in by_room(filter(missed, figures))
    )


def with_figures(readme: str, lines: str) -> str:
    """README's text, with the headlines and the missed bars between its marks."""
    head, _, rest = readme.partition(BEGIN)
    _, _, tail = rest.partition(END)
    figures = [*read(lines), *lessons()]
    text = f"{headlines(figures)}\n\n**Bars that were missed**\n\n{missed_bars(figures)}"
    return f"{head}{BEGIN}\n{text}\n{END}{tail}"


def all_figures(lines: str) -> str:
    """The text of docs/FIGURES.md: a table a room, each below its heading."""
    groups = by_room([*read(lines), *lessons()])
    tables = [f"## {heading}\n\n{table(its, padded=False)}" for heading, its in groups]
    return (
        "# All measured figures\n\n"
        "Written by `python -m course_lib figures` from [data/figures.jsonl](../data/figures.jsonl). Some stand in\n"
        "[README](../README.md#measured), too, which says how to read them.\n\n" + "\n\n".join(tables) + "\n"
    )


def main(args: argparse.Namespace) -> int:
    """Take the figures of these files into data/figures.jsonl, and write both pages."""
    known = read(FIGURES.read_text(encoding="utf-8"))
    for file in args.files:
        new = new_figures(file)
        for key in dict.fromkeys(map(room, new)):
            ids = {figure.id for figure in new}
            if kept := [figure.id for figure in known if room(figure) == key and figure.id not in ids]:
                print(f"{key}: kept as they were, since {file} has them not: {', '.join(kept)}")
        known = merged(known, new)
    lines = "".join(f"{figure.to_json()}\n" for figure in known)
    write_atomically(FIGURES, lines.encode())
    readme = REPO / "README.md"
    write_atomically(readme, with_figures(readme.read_text(encoding="utf-8"), lines).encode())
    write_atomically(REPO / "docs" / "FIGURES.md", all_figures(lines).encode())
    return 0
