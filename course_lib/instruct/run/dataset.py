"""From replies to training data: LLaVA's json, and a card that says where it comes from."""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from course_lib.common.files import write_atomically
from course_lib.instruct import reply
from course_lib.instruct.formats import ImageContext, Sample, record_problem
from course_lib.instruct.run.generate import Job
from course_lib.instruct.run.journal import Journal

Check = Callable[[Sample, ImageContext], Sequence[str]]  # the names of a sample's defects


def to_sample(job: Job, text: str) -> Sample:
    """The sample that a reply makes. ReplyError if it is malformed."""
    context = job.context
    return Sample(context.id, context.image, job.type, reply.parse_turns(text, job.type, context.id))


def collect_samples(jobs: Sequence[Job], journal: Journal, teacher: str) -> list[tuple[Sample, ImageContext]]:
    """The samples of all jobs that have a reply, in the order of the jobs, with the contexts that they were written from.

    Left out is a reply that an older parser took, and today's refuses.
    """
    samples = []
    for job in jobs:
        entry = journal.replies.get(job.key(teacher))
        if entry:
            with contextlib.suppress(reply.ReplyError):
                samples.append((to_sample(job, entry.text), job.context))
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
    problems = [record_problem(sample.to_llava()) for sample in samples]
    kept = [sample for sample, problem in zip(samples, problems, strict=True) if problem is None]
    records = ",\n".join(json.dumps(sample.to_llava(), ensure_ascii=False) for sample in kept)
    write_atomically(file, f"[\n{records}\n]\n".encode())
    beside = file.with_suffix(".card.json")
    card = {**card, "samples": len(kept), "types": Counter(sample.type for sample in kept)}
    if len(kept) < len(samples):
        card["out_of_format"] = Counter(filter(None, problems))
    write_atomically(beside, (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode())
    return beside
