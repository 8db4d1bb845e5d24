"""A large job in parts: journals joined, and time and cost at LLaVA's scale."""

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from course_lib.common.errors import Problem
from course_lib.instruct.run import journal
from course_lib.instruct.run.budget import Prices
from course_lib.instruct.run.journal import Entry, Journal

LLAVA_INSTRUCT = 158_000  # replies


@dataclass(frozen=True)
class Merged:
    """What came together."""

    replies: int  # different ones, with those that the journal held before
    doubles: int  # replies that came again in the files, word for word
    conflicts: int  # replies to the same question that say something else; the first one counts
    teacher: str


def merge(files: Sequence[Path], out: Path) -> Merged:
    """Join journals of one teacher into the journal `out`, behind what it holds already, which counts first.

    Failed attempts come along, as they were paid for. `Problem`, and nothing merged, if a file is missing or damaged, if
    there are several teachers, or if another process holds `out`. After a kill, the same merge goes on.
    """
    absent = [str(file) for file in files if not file.exists()]
    if absent:
        raise Problem(f"There is no {' and no '.join(absent)}.")
    parts = [journal.read(file) for file in files if not (out.exists() and file.samefile(out))]
    if not out.exists():
        _only_teacher(parts, out)  # here too, so that a merge that is refused makes no file
    with Journal(out) as opened:
        teacher = _only_teacher([opened.entries, *parts], out)
        lacking, repeated = _compare(opened.entries, parts)
        opened.extend(lacking)  # never a new file in its place: the lock would stay with the old one
        return Merged(len(opened.replies), repeated[True], repeated[False], teacher)


def _only_teacher(parts: Sequence[Sequence[Entry]], out: Path) -> str:
    """Whose replies these are; `Problem` if they are not all one teacher's."""
    teachers = sorted({entry.teacher for entries in parts for entry in entries})
    if len(teachers) != 1:
        raise Problem(
            f"{out.name} would hold replies of {len(teachers)} teachers, not of one: {', '.join(teachers) or 'none'}."
        )
    return teachers[0]


def _compare(held: Sequence[Entry], parts: Sequence[Sequence[Entry]]) -> tuple[list[Entry], Counter[bool]]:
    """(what `held` lacks, in order; how many replies of the parts came again, by whether in the same words)."""
    earliest = dict(reversed([*_identified(held)]))
    lacking, repeated, met = [], Counter(), set()
    for same, entry in chain.from_iterable(map(_identified, parts)):
        earlier = earliest.setdefault(same, entry)
        if earlier is entry:
            lacking.append(entry)
        elif not entry.problem and (earlier.text != entry.text or same in met):  # else it came in an earlier merge
            repeated[earlier.text == entry.text] += 1
        met.add(same)
    return lacking, repeated


def _identified(entries: Sequence[Entry]) -> Iterator[tuple[Hashable, Entry]]:
    """Each entry of a journal, behind what makes it the same in another one.

    A reply is known by its key. Attempts may fail twice in the same way and both cost, so those are counted.
    """
    failed: Counter[Entry] = Counter()
    for entry in entries:
        if entry.problem:
            failed[entry] += 1
            yield (entry, failed[entry]), entry
        else:
            yield entry.key, entry


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
    estimated = " (partly an estimate)" if any(entry.estimated for entry in entries) else ""
    total_seconds = seconds / answered * replies
    return (
        f"At this rate, {replies:,} replies take {duration(total_seconds)} in one process, {duration(total_seconds / 8)} in eight, "
        f"and {(prompt + completion) / 1e6:,.1f} million tokens{money}{estimated}."
    )


def duration(seconds: float) -> str:
    """4000 → "1.1 hours"."""
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size or (size == 3600 and seconds >= size):
            return f"{seconds / size:.1f} {name}"
    return f"{seconds:.0f} seconds"
