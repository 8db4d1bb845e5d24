"""Asks a teacher for all that a journal lacks: several questions at a time, within a budget, and safe to interrupt."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from course_lib import show
from course_lib.commands.problem import Problem
from course_lib.instruct.asking import Asking, Job
from course_lib.instruct.budget import Budget
from course_lib.instruct.journal import Journal, fingerprint
from course_lib.instruct.pace import Pace
from course_lib.instruct.teachers import Teacher
from course_lib.interrupts import stop_request


@dataclass(frozen=True)
class Summary:
    """What a run of `generate` came to."""

    asked_for: int  # replies that were missing when it began
    missing: int  # and when it ended
    seconds: float
    failures: Counter[str]  # attempts that came to nothing, by reason
    ended: str  # why it stopped before its end; "" if it didn't


def missing(jobs: Sequence[Job], teacher: Teacher, journal: Journal) -> list[Job]:
    """The jobs that have no reply yet. `Problem` if the journal answers another question under the name of one."""
    found = []
    for job in jobs:
        entry = journal.replies.get(job.key(teacher.name))
        if entry is None:
            found.append(job)
        elif entry.asked != fingerprint(job.messages()):
            raise Problem(
                f"{journal.file.name} holds a reply about {job.context.id} to something else than is asked now: "
                "other pictures, or other prompts. Give this run another --out."
            )
    return found


def generate(
    jobs: Sequence[Job],
    teacher: Teacher,
    journal: Journal,
    budget: Budget | None = None,
    *,
    threads: int = 4,
    per_minute: float | None = None,
    attempts: int = 6,
    first_wait: float = 1.0,
) -> Summary:
    """Ask for every missing reply and write it into the journal; the budget counts what the journal holds already.

    Ctrl-C stops after the questions under way. Called again, it goes on. Raises TeacherError when the teacher can't.
    """
    budget = budget or Budget()
    for entry in journal.entries:
        budget.count(entry.prompt_tokens, entry.completion_tokens)
    wanted, began = missing(jobs, teacher, journal), perf_counter()
    with stop_request() as stop:
        asking = Asking(teacher, journal, budget, Pace(per_minute), stop, attempts, first_wait)
        _ask_all(asking, wanted, threads)
        interrupted = stop.is_set() and not asking.ended
    if asking.error:
        raise asking.error
    ended = "it was stopped" if interrupted else asking.ended
    left = sum(job.key(teacher.name) not in journal.replies for job in wanted)
    return Summary(len(wanted), left, perf_counter() - began, asking.failures, ended)


def _ask_all(asking: Asking, wanted: Sequence[Job], threads: int) -> None:
    """Keep all threads busy until the jobs are done or the run is to stop."""
    with ThreadPoolExecutor(threads) as pool, _bar(len(wanted), asking.budget) as advance:
        running = set()
        for job in wanted:
            if asking.stop.is_set():
                break
            running.add(pool.submit(asking.answer, job))
            if len(running) == threads:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                advance(done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            advance(done)


@contextmanager
def _bar(total: int, budget: Budget):
    """A progress bar with tokens and cost so far, silent where nobody watches."""
    from tqdm.auto import tqdm

    with tqdm(total=total, unit="reply", disable=not show.somebody_watches(), leave=False) as bar:

        def advance(done: set) -> None:
            replies = sum(future.result() for future in done)  # raises what went wrong in our own code
            tokens = budget.prompt_tokens + budget.completion_tokens
            bar.set_postfix(tokens=f"{tokens:,}", cost=f"{budget.spent:.4f}", refresh=False)
            bar.update(replies)

        yield advance
