"""The progress page: by lesson what is solved and what is still to do. Plain text outside of a notebook."""

import html
from itertools import groupby

from . import progress
from .table import MARKS, in_order, progress_table
from .task import Task, dots

CELL = 'style="text-align:left;padding:.1em .8em"'


class ProgressPage:
    """Made anew whenever it is shown. Marks and words, not colours, say what is solved."""

    def __repr__(self) -> str:
        return progress_table()

    def _repr_html_(self) -> str:
        try:
            entries, note = progress.load()
        except OSError:
            return f"<pre>{html.escape(progress_table())}</pre>"  # it says why the file could not be read
        pairs = list(in_order())
        lessons = [(lesson, [task for _, task in mine]) for lesson, mine in groupby(pairs, key=lambda pair: pair[0])]
        tasks = [task for _, task in pairs]
        left = unsolved(tasks, entries)
        advice = f"Next: <code>{left[0].id}</code>, about {left[0].minutes} minutes." if left else "All is solved."
        head = f"<p><b>The course: {counts(tasks, entries)}</b> {bar(tasks, entries, 'the course')}<br>{advice}</p>"
        parts = [section(lesson, mine, entries, is_open=bool(left) and left[0] in mine) for lesson, mine in lessons]
        return head + "".join(parts) + (f"<p>{html.escape(note)}</p>" if note else "")


def section(lesson: str, tasks: list[Task], entries: dict[str, dict], is_open: bool) -> str:
    """One lesson: a line that opens, and its exercises in a table."""
    heads = ("exercise", "difficulty", "importance", "minutes", "state", "when")
    rows = ["".join(f'<th scope="col" {CELL}>{name}</th>' for name in heads)]
    for task in tasks:
        entry = entries.get(task.id, {})
        mark = MARKS.get(entry.get("state"), MARKS[None])
        cells = (dots(task.difficulty), dots(task.importance), task.minutes, mark, entry.get("when", ""))
        name = f'<th scope="row" {CELL}>{html.escape(task.title)} <code>{task.id}</code></th>'
        rows.append(name + "".join(f"<td {CELL}>{html.escape(str(cell))}</td>" for cell in cells))
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    summary = f"{html.escape(lesson)}: {counts(tasks, entries)} {bar(tasks, entries, lesson)}"
    return f"<details{' open' * is_open}><summary>{summary}</summary><table>{table}</table></details>"


def counts(tasks: list[Task], entries: dict[str, dict]) -> str:
    """ "3 of 7 exercises, 8 of 16 points"."""
    solved = [task for task in tasks if state(entries, task) == "solved"]
    points = f"{sum(task.difficulty for task in solved)} of {sum(task.difficulty for task in tasks)} points"
    return f"{len(solved)} of {len(tasks)} exercises, {points}"


def bar(tasks: list[Task], entries: dict[str, dict], of: str) -> str:
    """The share that is solved, as a bar that screen readers read out."""
    solved = len(tasks) - len(unsolved(tasks, entries))
    return f'<progress value="{solved}" max="{len(tasks)}" aria-label="{html.escape(of)}"></progress>'


def unsolved(tasks: list[Task], entries: dict[str, dict]) -> list[Task]:
    """Those still to do."""
    return [task for task in tasks if state(entries, task) != "solved"]


def state(entries: dict[str, dict], task: Task) -> str | None:
    """ "solved", "tried" or None."""
    return entries.get(task.id, {}).get("state")
