"""From a job through its reply to training data: LLaVA's json, and a card that says where it comes from."""

import contextlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.common.errors import Problem
from course_lib.common.files import write_atomically
from course_lib.instruct import prompts, reply
from course_lib.instruct.filters.form import check_refusal
from course_lib.instruct.formats import ImageContext, Sample
from course_lib.instruct.records import UNIQUE, record_problem
from course_lib.instruct.run.journal import Journal, Key
from course_lib.instruct.teachers.base import MAX_REPLY_TOKENS, Completion, Messages
from course_lib.instruct.unwrap import is_reasoning

IDENTITY = ("teacher", "prompts", "pictures")  # what makes a data set this one and no other, on its card
Check = Callable[[Sample, ImageContext], Sequence[str]]  # the names of a sample's defects


@dataclass(frozen=True)
class Job:
    """A reply to be had: this type, about this picture."""

    context: ImageContext
    type: str
    boxes_for_all: bool = False

    def key(self, teacher: str) -> Key:
        """Where the reply stands in a journal."""
        return Key(self.context.id, self.type, prompts.prompt_version(self.boxes_for_all), teacher)

    def messages(self) -> Messages:
        """What the teacher is asked."""
        return prompts.teacher_messages(self.context, self.type, self.boxes_for_all)


def journal_of(file: Path) -> Path:
    """Where the journal of a data set lies: beside it."""
    return file.with_suffix(".journal.jsonl")


def card_of(file: Path) -> Path:
    """Where the card of a data set lies: beside it."""
    return file.with_suffix(".card.json")


def check_out(file: Path, described: Mapping[str, str] | None = None) -> None:
    """`Problem`, before anything is asked and paid, unless a data set can be written to `file` and nothing else is lost by it.

    described: what its card will say of it; None for a merge, which takes it from the journals.
    """
    other = "Give another --out, such as data.json."
    if not file.name:
        raise Problem(f'--out is "{file}": a folder, as an empty name is, too. {other}')
    try:
        for each in (file, journal_of(file), card_of(file)):
            if each.exists() and not each.is_file():
                raise Problem(f"--out is {file}, but {each} is {'a folder' if each.is_dir() else 'no file'}. {other}")
        if file.exists() and file.stat().st_size and not journal_of(file).exists():
            raise Problem(
                f"{file} is there already, and no journal beside it says that `instruct write` wrote it. It is left as it is. {other}"
            )
        file.parent.mkdir(parents=True, exist_ok=True)
        trial = file.with_name(
            f"{journal_of(file).name}.{os.getpid()}.tmp"
        )  # as long as the longest name that is to come
        write_atomically(trial, b"")
        trial.unlink()
    except (OSError, ValueError) as error:
        raise Problem(
            f"--out is {file}, which can't be written: {getattr(error, 'strerror', '') or error}. {other}"
        ) from None
    card = _read_card(file)
    for name in IDENTITY if described else ():
        if name in card and card[name] != described[name]:
            raise Problem(
                f'{file} holds another data set: its {name} is "{card[name]}", not "{described[name]}". {other}'
            )


def _read_card(file: Path) -> dict:
    """The card of a data set; empty if there is none that can be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        card = json.loads(card_of(file).read_text(encoding="utf-8"))
        return card if isinstance(card, dict) and file.exists() else {}
    return {}


def find_problem(answer: Completion, job: Job) -> str:
    """What is malformed about a reply; "" if nothing is."""
    if answer.problem:
        return answer.problem
    if answer.cut_off:
        reasons = not answer.text.strip() or is_reasoning(answer.text)
        taken_up = ", all taken up by reasoning" if reasons else ""
        return f"the reply was cut off at {MAX_REPLY_TOKENS} tokens{taken_up}"
    try:
        rule = record_problem(make_sample(answer.text, job).to_llava())
    except reply.ReplyError as error:
        return str(error)
    return f"its record would break a rule of the format: {rule}" if rule else ""


def find_refusal(answer: Completion, job: Job) -> str:
    """How a well-formed reply says that it is no answer; "" if it is one. It is written down, and left to the filters."""
    defects = check_refusal(make_sample(answer.text, job), job.context)
    return f"the model refuses, {defects[0].message}" if defects else ""


def make_sample(text: str, job: Job) -> Sample:
    """The sample that a reply makes. ReplyError if it is malformed."""
    turns = reply.parse_turns(text, job.type, job.context.id)
    return Sample(job.context.id, job.context.image, job.type, turns)


def collect_samples(jobs: Sequence[Job], journal: Journal, teacher: str) -> list[tuple[Sample, ImageContext]]:
    """The samples of all jobs that have a reply, in the order of the jobs, with the contexts that they were written from.

    Left out is a reply that an older parser took, and today's refuses.
    """
    samples = []
    for job in jobs:
        entry = journal.replies.get(job.key(teacher))
        if entry:
            with contextlib.suppress(reply.ReplyError):
                samples.append((make_sample(entry.text, job), job.context))
    return samples


def filter_samples(samples: Sequence[tuple[Sample, ImageContext]], check: Check) -> tuple[list[Sample], Counter[str]]:
    """(the samples without a defect, how often each was found). What breaks the format of the records is a defect, too."""
    clean, defect_counts = [], Counter()
    for sample, context in samples:
        names = {*check(sample, context), *filter(None, [record_problem(sample.to_llava())])}
        defect_counts.update(names)
        if not names:
            clean.append(sample)
    return clean, defect_counts


def write_dataset(samples: Sequence[Sample], file: Path, card: dict) -> Path:
    """Write the data set, a list of LLaVA records, and its card beside it (`.card.json`); returns the card's path.

    Records that break the format's rules are left out, and counted on the card.
    """
    kept: dict[str, Sample] = {}  # by the record's id
    left_out: Counter[str] = Counter()  # by the rule
    for sample in samples:
        record = sample.to_llava()
        rule = record_problem(record) or (UNIQUE if record["id"] in kept else None)
        if rule:
            left_out[rule] += 1
        else:
            kept[record["id"]] = sample
    records = ",\n".join(json.dumps(sample.to_llava(), ensure_ascii=False) for sample in kept.values())
    write_atomically(file, f"[\n{records}\n]\n".encode())
    beside = card_of(file)
    card = {**card, "samples": len(kept), "types": Counter(sample.type for sample in kept.values())}
    if left_out:
        card["out_of_format"] = left_out
    write_atomically(beside, (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode())
    return beside
