"""Patterns of texts and lists: what is missing, too many, or in another order."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from course_lib.checker.diagnose.words import Diagnosis, diagnosis

TEXTS: dict[str, Callable[[str, str], bool]] = {
    "letters": lambda got, wanted: got.lower() == wanted.lower(),
    "white space": lambda got, wanted: "".join(got.split()) == "".join(wanted.split()),
    "punctuation": lambda got, wanted: any(map(str.isalnum, got)) and letters(got) == letters(wanted),
    "order": lambda got, wanted: sorted(got.splitlines()) == sorted(wanted.splitlines()),
}
BOTH: dict[str, Callable[[Any, Any], bool]] = {  # for texts and lists
    "end missing": lambda got, wanted: len(got) > 0 and got == wanted[: len(got)],
    "beginning missing": lambda got, wanted: len(got) > 0 and got == wanted[-len(got) :],
    "too much at the end": lambda got, wanted: len(wanted) > 0 and wanted == got[: len(wanted)],
    "too much at the beginning": lambda got, wanted: len(wanted) > 0 and wanted == got[-len(wanted) :],
}
LISTS: dict[str, Callable[[list, list], bool]] = {
    "order": lambda got, wanted: Counter(got) == Counter(wanted),
    "repeated items": lambda got, wanted: set(got) == set(wanted),
    "items missing": lambda got, wanted: is_part(got, wanted),
    "items too many": lambda got, wanted: is_part(wanted, got),
}


def sequences_diagnosis(pairs: list[tuple[Any, Any]]) -> Diagnosis | None:
    """The first pattern that explains all pairs of (wrong, right) texts or lists."""
    if all(isinstance(value, str) for pair in pairs for value in pair):
        patterns = {**TEXTS, **BOTH}
    elif all(isinstance(value, list | tuple) for pair in pairs for value in pair):
        pairs = [(list(map(repr, got)), list(map(repr, wanted))) for got, wanted in pairs]
        patterns = {**BOTH, **LISTS}
    else:
        return None
    name = next((name for name, fits in patterns.items() if all(fits(*pair) for pair in pairs)), "")
    return diagnosis(name) if name else None


def letters(text: str) -> str:
    """Letters and digits alone."""
    return "".join(filter(str.isalnum, text))


def is_part(some: list[str], whole: list[str]) -> bool:
    """Are these the items of `whole` in their order, some left out?"""
    rest = iter(whole)
    return all(item in rest for item in some)
