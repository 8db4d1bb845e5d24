"""The site's gallery: the claim cards of `data/capstone/`, accepted ones with their figures, refused ones with the reasons.

Cards come from learners, so nothing that they wrote is taken for Markdown or HTML.
"""

import re
from pathlib import Path

from course_lib.capstone.card import Card, load
from course_lib.capstone.checks import refusals
from course_lib.common.errors import Problem
from course_lib.figures import number

FOLDER = Path("data") / "capstone"  # in the course's folder
HEAD = """\
# Gallery of claims

What people claimed, measured and wrote down in [Lesson 15](notebooks/15_capstone.ipynb). Each figure stands beside a control, a baseline and a
ceiling, or it isn't shown. A checker has seen the form; whether a claim is wider than what was measured, judge for yourself.
"""
ADD = """
## Add yours

Save your card as JSON (Lesson 15 does), put the file into `data/capstone/`, and run `python -m course_lib build --site`.
"""


def page(folder: Path) -> str:
    """The page, in Markdown, of all cards in a folder, in the order of their file names."""
    accepted, refused = [], []
    for file in sorted(folder.glob("*.json")):
        try:
            card = load(file)
            reasons = refusals(card)
        except Problem as problem:
            card, reasons = None, [str(problem).replace(str(file), file.name)]
        if reasons:
            refused += [f"\n**{plain(file.name)}**\n", *(f"- {plain(reason)}" for reason in reasons)]
        else:
            accepted.append(_section(card))
    rest = ["\n## Not accepted yet", *refused] if refused else []
    return "\n".join([HEAD, *accepted, *rest, ADD])


def plain(text: str) -> str:
    """The text as Markdown that means just this text: all punctuation escaped, in one line."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def _section(card: Card) -> str:
    """An accepted card: its claim, and a table of what stands beside the figure."""
    figure = card.figure
    interval = f"{number(figure.low, figure.unit)} to {number(figure.high, figure.unit)}, n = {figure.n:,}"
    rows = [("a null result" if card.null else "figure", number(figure.value, figure.unit), interval)]
    rows += [
        (field, number(getattr(figure, field), figure.unit), getattr(card, field))
        for field in ("control", "baseline", "ceiling")
    ]
    rows += [("chosen", choice["split"], choice["what"]) for choice in card.tried]
    rows += [
        ("measured on", card.split, ""),
        ("seeds", str(card.num_seeds), ", ".join(number(value, figure.unit) for value in card.by_seed)),
        ("cost", f"{card.minutes:g} min", card.machine),
        ("again", "", card.command),
    ]
    table = ["| | | |", "|---|---|---|", *("| " + " | ".join(map(plain, row)) + " |" for row in rows)]
    return "\n".join([f"## {plain(card.claim)}\n", *table, ""])
