"""The rules of LLaVA's training json (docs/Finetune_Custom_Data.md and its training code), one by one."""

from collections import Counter
from collections.abc import Callable

MARK = "<image>"
SPEAKERS = ("human", "gpt")


def turns(record: dict) -> list[dict]:
    """The turns of a record, as far as there are any."""
    found = record.get("conversations")
    return [turn for turn in found if isinstance(turn, dict)] if isinstance(found, list) else []


def values(record: dict) -> list[str]:
    """What is said in each turn."""
    return [str(turn.get("value", "")) for turn in turns(record)]


def starts_with_mark(record: dict) -> bool:
    """Does the first human turn begin with the mark and a line break?"""
    return values(record)[:1] != [] and values(record)[0].startswith(MARK + "\n")


RULES: dict[str, Callable[[dict], bool]] = {
    "it has an id, a text": lambda r: isinstance(r.get("id"), str) and r["id"] != "",
    "it names one picture by its file, relative to the picture folder": lambda r: (
        isinstance(r.get("image"), str) and r["image"] != "" and not r["image"].startswith(("/", "\\"))
    ),
    "its conversations are a list of turns": lambda r: bool(turns(r)) and len(turns(r)) == len(r["conversations"]),
    "each turn is from human or gpt": lambda r: all(turn.get("from") in SPEAKERS for turn in turns(r)),
    "human begins, and the two take turns": lambda r: all(
        turn.get("from") == SPEAKERS[number % 2] for number, turn in enumerate(turns(r))
    ),
    "gpt has the last word": lambda r: len(turns(r)) % 2 == 0,
    "nobody says nothing": lambda r: all(
        isinstance(turn.get("value"), str) and turn["value"].replace(MARK, "").strip() for turn in turns(r)
    ),
    "it holds <image> once": lambda r: sum(value.count(MARK) for value in values(r)) == 1,
    "<image> begins the first human turn, on a line of its own": starts_with_mark,
}
UNIQUE = "no two records have the same id"


def check_llava_format(records: object) -> list[str]:
    """Every breach of a rule, as "record 3: the rule". An empty list says that the file can be trained on."""
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return ["the file should be a list of records"]
    found = [
        f"record {number}: {rule}"
        for number, record in enumerate(records)
        for rule, holds in RULES.items()
        if not holds(record)
    ]
    ids = Counter(str(record.get("id")) for record in records)
    return found + [f"id {name}: {UNIQUE}" for name, times in ids.items() if times > 1]
