"""What the papers report for their own models, beside our figures. Other data, other models: the sizes can't be compared."""

import json
from dataclasses import dataclass
from functools import cache

from course_lib.session import REPO


@dataclass(frozen=True)
class Paper:
    """A figure of a paper: its value as printed, on which data, and where it stands."""

    value: str
    on: str
    source: str


@cache
def papers() -> dict[str, Paper]:
    """Figure id → what the paper has in its place, from data/papers.json."""
    entries = json.loads((REPO / "data" / "papers.json").read_text(encoding="utf-8"))
    return {id: Paper(**entry) for id, entry in entries.items()}
