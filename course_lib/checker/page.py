"""The progress page: by lesson what is solved and what is still to do. Plain text outside of a notebook."""

import html
import re
import sys
from dataclasses import dataclass
from itertools import groupby

from course_lib.checker import progress
from course_lib.checker.table import MARKS, in_order, progress_table
from course_lib.checker.task import Task, dots

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
        lessons = [
            (lesson, [task for _, task in lesson_tasks])
            for lesson, lesson_tasks in groupby(pairs, key=lambda pair: pair[0])
        ]
        tasks = [task for _, task in pairs]
        remaining = unsolved(tasks, entries)
        advice = (
            f"Next: <code>{remaining[0].id}</code>, about {remaining[0].minutes} minutes."
            if remaining
            else "All is solved."
        )
        head = f"<p><b>The course: {counts(tasks, entries)}</b> {bar(tasks, entries, 'the course')}<br>{advice}</p>"
        parts = [
            section(lesson, lesson_tasks, entries, is_open=bool(remaining) and remaining[0] in lesson_tasks)
            for lesson, lesson_tasks in lessons
        ]
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


EDGES = {"✓": "#0072B2", "✗": "#D55E00", "○": "#888888"}  # Okabe and Ito's palette: safe for colour-blind readers


@dataclass(frozen=True)
class Card:
    """A headline with a mark, and lines under it. `code` in backticks, *emphasis* in asterisks."""

    mark: str  # ✓ right, ✗ wrong, ○ not started, or a note
    headline: str
    lines: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "\n".join([f"{self.mark} {self.headline}", *(f"  {line}" for line in self.lines)])

    def _repr_html_(self) -> str:
        style = f"border-left:4px solid {EDGES[self.mark]};padding:.3em .9em;margin:.3em 0;max-width:60em"
        lines = "".join(f"<br>{to_html(line)}" for line in self.lines)
        return f'<div style="{style}"><b>{self.mark} {to_html(self.headline)}</b>{lines}</div>'


@dataclass(frozen=True)
class Page:
    """Markdown: rendered in a notebook, as it stands elsewhere."""

    markdown: str

    def __repr__(self) -> str:
        return self.markdown

    def _repr_markdown_(self) -> str:
        return self.markdown


def show(message: object) -> None:
    """Display it in a notebook, print it elsewhere."""
    ipython = sys.modules.get("IPython")
    if ipython and ipython.get_ipython():
        from IPython.display import display

        display(message)
    else:
        print(message)


def to_html(text: str) -> str:
    """Escape, turn backticks into code and asterisks around words into emphasis, keep line breaks."""
    pieces = re.split(r"`([^`]+)`", html.escape(text, quote=False))  # every other one is code, where * means "times"
    pieces[::2] = [re.sub(r"\*(\w[\w ]*)\*", r"<em>\1</em>", piece) for piece in pieces[::2]]
    pieces[1::2] = [f"<code>{piece}</code>" for piece in pieces[1::2]]
    return "".join(pieces).replace("\n", "<br>")
