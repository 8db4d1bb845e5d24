"""Measured figures that a lesson's text quotes: a comment behind the number says which one it is, and a test compares them.

`it names 81.8 %<!-- figure: clip.zero_shot_top1.base --> of them`: 81.8 must be the recorded value, rounded to its decimals. A
second word takes another field of the figure: `chance 50 %<!-- figure: llava.pope.random chance -->`. Readers don't see comments.
"""

import re
from collections.abc import Mapping

from course_lib.figures import Figure

MARK = re.compile(r"<!-- figure: (\S+)(?: (\w+))? -->")
NUMBER = re.compile(r"(?P<sign>[-−]?)(?P<digits>\d[\d,]*(?:\.(?P<decimals>\d+))?)(?: ?%| per cent)?$")


def wrong_quotes(text: str, figures: Mapping[str, Figure]) -> list[str]:
    """Every marked number of a text that is not what was recorded, as a sentence."""
    return [said for mark in MARK.finditer(text) if (said := problem(text[: mark.start()], *mark.groups(), figures))]


def problem(before: str, id: str, field: str | None, figures: Mapping[str, Figure]) -> str:
    """What is wrong with the number at the end of `before`; "" if nothing."""
    if id not in figures or (field and not hasattr(figures[id], field)):
        return f"`{id}`{f', {field},' if field else ''} is none of the recorded figures."
    quoted, recorded = NUMBER.search(before[-40:]), getattr(figures[id], field or "value")
    if not quoted or recorded is None:
        return f"No number stands before the mark of `{id}`, or none was recorded."
    number = float(quoted["digits"].replace(",", "")) * (-1 if quoted["sign"] else 1)
    half = 0.5 * 10.0 ** -len(quoted["decimals"] or "") + 1e-9  # what rounding may change
    as_shown = 100 * recorded if figures[id].unit is None else recorded
    if min(abs(number - as_shown), abs(number - recorded) if "%" not in quoted[0] else half + 1) <= half:
        return ""
    return f"{quoted[0]} is quoted for `{id}`, which is {as_shown:g}{' %' if figures[id].unit is None else ''}."
