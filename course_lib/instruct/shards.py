"""A large job in parts: journals joined, and time and cost at LLaVA's scale."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from json import dumps
from pathlib import Path

from course_lib.commands.problem import Problem
from course_lib.files import write_atomically
from course_lib.instruct import journal
from course_lib.instruct.budget import Prices
from course_lib.instruct.journal import Entry

LLAVA_INSTRUCT = 158_000  # replies


@dataclass(frozen=True)
class Merged:
    """What came together."""

    replies: int  # different ones
    doubles: int  # replies that were there already, word for word
    conflicts: int  # replies to the same question that say something else; the first one counts
    teacher: str


def merge(files: Sequence[Path], out: Path) -> Merged:
    """Join journals of one teacher into the journal `out`; failed attempts come along, as they were paid for."""
    absent = [str(file) for file in files if not file.exists()]
    if absent:
        raise Problem(f"There is no {' and no '.join(absent)}.")
    entries = [entry for file in files for entry in journal.read(file)]
    teachers = sorted({entry.teacher for entry in entries})
    if len(teachers) != 1:
        raise Problem(f"These journals hold replies of {len(teachers)} teachers, not of one: {', '.join(teachers)}.")
    kept: dict[journal.Key, Entry] = {}
    repeated: Counter[bool] = Counter()  # by whether the text is the same
    lines = []
    for entry in entries:
        first = entry if entry.problem else kept.setdefault(entry.key, entry)
        if first is entry:
            lines.append(dumps(asdict(entry), ensure_ascii=False) + "\n")
        else:
            repeated[first.text == entry.text] += 1
    write_atomically(out, "".join(lines).encode())
    return Merged(len(kept), repeated[True], repeated[False], teachers[0])


def at_scale(
    entries: Sequence[Entry], answered: int, seconds: float, prices: Prices, replies: int = LLAVA_INSTRUCT
) -> str:
    """A sentence: what that many replies take at the measured rate, `answered` replies in so many `seconds`.

    Tokens and money are per good reply, with all that failed attempts cost on the way.
    """
    good = sum(not entry.problem for entry in entries)
    factor = replies / good
    prompt = sum(entry.prompt_tokens for entry in entries) * factor
    completion = sum(entry.completion_tokens for entry in entries) * factor
    money = f", for {prices.cost(prompt, completion):,.2f}" if any(prices) else ""
    took = seconds / answered * replies
    return (
        f"At this rate, {replies:,} replies take {duration(took)} in one process, {duration(took / 8)} in eight, "
        f"and {(prompt + completion) / 1e6:,.1f} million tokens{money}."
    )


def duration(seconds: float) -> str:
    """4000 → "1.1 hours"."""
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size or (size == 3600 and seconds >= size):
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.0f} seconds"
