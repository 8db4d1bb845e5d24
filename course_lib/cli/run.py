"""`run`: lessons from first to last cell, without a browser."""

import argparse
from dataclasses import dataclass, field
from pathlib import Path

from course_lib import session
from course_lib.common.errors import Problem
from course_lib.figures import MIME, Figure, table


@dataclass
class Result:
    """What running a lesson took, and what it measured."""

    slug: str
    minutes: float
    peak_mb: float  # of the kernel and its children
    figures: list[Figure] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """LESSON…, --unsolved, --record."""
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help='such as 02 or "02_clip" (default: all)')
    parser.add_argument("--unsolved", action="store_true", help="run notebooks/ (the blanks) instead of solutions/")
    parser.add_argument("--record", action="store_true", help="keep minutes and memory in data/lesson_times.json")


def main(args: argparse.Namespace) -> int:
    """Run the lessons in order; stop at the first error, naming notebook and cell."""
    folder = session.REPO / ("notebooks" if args.unsolved else "solutions")
    if args.record and (args.unsolved or session.quick()):
        raise Problem("--record is for solutions in full length: without --unsolved, and without COURSE_QUICK=1.")
    results = []
    for file in choose(folder, args.lessons):
        results.append(run_lesson(file, args.record))
        report(results[-1])
    total = sum(result.minutes for result in results)
    print(f"✓ {len(results)} lesson{'s' * (len(results) != 1)} in {total:.1f} minutes.")
    return 0


def choose(folder: Path, names: list[str]) -> list[Path]:
    """The notebooks of these lessons ("02" or "02_clip"); all if none is named."""
    files = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    for name in names:
        if not any(name in (file.stem, file.stem[:2]) for file in files):
            there = ", ".join(file.stem for file in files) or "none yet"
            raise Problem(f'There is no lesson "{name}" in {folder.name}/. There are: {there}.')
    return [file for file in files if not names or file.stem in names or file.stem[:2] in names]


def run_lesson(file: Path, keep: bool = False) -> Result:
    """Execute one notebook, which stays as it is; `keep`: record what it took. `Problem` at the first failing cell."""
    from course_lib.authoring import execute
    from course_lib.authoring.execute import FAILURES, Watch

    notebook = read(file)
    watch = Watch(file.stem, notebook)
    try:
        watch.execute(file.parent, session.home() / "run")  # not the learner's own: nothing here is their progress
    except FAILURES as error:
        raise Problem(f"{file.parent.name}/{file.name}, cell {watch.cell + 1}: {in_short(error)}") from None
    if keep:
        execute.record(session.REPO, file.stem, notebook.cells, watch.minutes, watch.peak_mb)
    return Result(file.stem, watch.minutes, watch.peak_mb, found_in(notebook))


def read(file: Path):
    """A notebook. `Problem` if the file is none, as after a crash while it was saved."""
    from course_lib.authoring.execute import stored

    if (notebook := stored(file)) is None:
        here = f"{file.parent.name}/{file.name}"
        raise Problem(f"{here} is damaged: it is no notebook. Get it again: git checkout -- {here}")
    return notebook


def in_short(error: Exception) -> str:
    """The error's name and words, and where in the cell it happened."""
    if not hasattr(error, "ename"):
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    arrows = [line.strip() for line in str(error).splitlines() if line.lstrip().startswith("---->")]
    return f"{error.ename}: {error.evalue}" + "".join(f"\n  {line}" for line in arrows[:1])


def found_in(notebook) -> list[Figure]:
    """The figures that `figures.show` left in a notebook's outputs."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [Figure(**one) for output in outputs for one in output.get("data", {}).get(MIME, [])]


def report(result: Result) -> None:
    """A lesson's minutes and figures."""
    print(
        f"✓ {result.slug}: {result.minutes:.1f} minutes, {result.peak_mb / 1000:.1f} GB of memory at most", flush=True
    )
    if result.figures:
        print(table(result.figures), flush=True)
