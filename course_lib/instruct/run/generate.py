"""Asks a teacher for all that a journal lacks: several questions at a time, within a budget, and safe to interrupt."""

import queue
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from course_lib import show
from course_lib.common.errors import Problem
from course_lib.common.processes import stop_request
from course_lib.instruct.run.budget import Budget
from course_lib.instruct.run.dataset import Job, find_problem, find_refusal
from course_lib.instruct.run.journal import Entry, Journal, fingerprint
from course_lib.instruct.run.patience import Patience
from course_lib.instruct.run.throttle import WAKE, Throttle
from course_lib.instruct.teachers.base import (
    MAX_REPLY_TOKENS,
    Completion,
    Messages,
    QuestionRefused,
    Teacher,
    TeacherError,
    TooSlow,
    TryAgain,
    estimate_tokens,
)
from course_lib.instruct.teachers.endpoint import Pace, backoff


@dataclass(frozen=True)
class Summary:
    """What a run of `generate` came to."""

    num_requested: int  # replies that were missing when it began
    num_missing: int  # and when it ended
    seconds: float
    failures: Counter[str]  # attempts that came to nothing, by reason
    stop_reason: str  # why it stopped before its end; "" if it didn't
    server_words: dict[str, str]  # what the server last said to it, by reason


def missing_jobs(jobs: Sequence[Job], teacher: Teacher, journal: Journal) -> list[Job]:
    """The jobs that have no reply yet. `Problem` if the journal answers another question under the name of one."""
    lacking = []
    for job in jobs:
        entry = journal.replies.get(job.key(teacher.name))
        if entry is None:
            lacking.append(job)
        elif entry.fingerprint != fingerprint(job.messages()):
            raise Problem(
                f"{journal.file.name} holds a reply about {job.context.id} to something else than is asked now: "
                "other pictures, or other prompts. Give this run another --out."
            )
    return lacking


def generate(
    jobs: Sequence[Job],
    teacher: Teacher,
    journal: Journal,
    budget: Budget | None = None,
    *,
    num_threads: int = 4,
    per_minute: float | None = None,
    max_attempts: int = 6,
    first_wait: float = 1.0,
) -> Summary:
    """Ask for every missing reply and write it into the journal; the budget counts what the journal holds already.

    Ctrl-C stops after the questions under way. Called again, it goes on, with what failed before at the end.
    Raises TeacherError when the teacher can't. A teacher that proves slow is asked less at once, and waited for longer.
    """
    budget = budget or Budget()
    for entry in journal.entries:
        budget.count(entry.prompt_tokens, entry.completion_tokens)
    to_ask, start = missing_jobs(jobs, teacher, journal), time.perf_counter()
    failed = Counter(entry.key for entry in journal.entries if entry.problem)
    to_ask.sort(key=lambda job: failed[job.key(teacher.name)])  # else what is too hard would soon end each run
    with stop_request() as stop:
        throttle = Throttle(teacher, num_threads)
        run = GenerationRun(teacher, journal, budget, Pace(per_minute), stop, throttle, max_attempts, first_wait)
        _ask_all(run, to_ask, num_threads)
        interrupted = stop.is_set() and not run.stop_reason
    if run.error:
        raise run.error
    stop_reason = "it was stopped" if interrupted else run.stop_reason
    num_missing = sum(job.key(teacher.name) not in journal.replies for job in to_ask)
    seconds = time.perf_counter() - start
    return Summary(len(to_ask), num_missing, seconds, run.failures, stop_reason, run.server_words)


@dataclass
class GenerationRun:
    """One run of `generate`: what its threads share, and how one of them gets a reply."""

    teacher: Teacher
    journal: Journal
    budget: Budget
    pace: Pace
    stop: threading.Event
    throttle: Throttle
    max_attempts: int = 6  # for one reply
    first_wait: float = 1.0  # seconds before the second attempt

    def __post_init__(self) -> None:
        self.failures: Counter[str] = Counter()  # what went wrong, and how often
        self.server_words: dict[str, str] = {}  # what the server said to it last
        self.stop_reason = ""  # why the run stopped before its end
        self.error: TeacherError | None = None
        self.patience = Patience()

    def answer(self, job: Job) -> bool:
        """Get the job's reply into the journal. False, without one, if the attempts, or the run, come to an end."""
        messages, reason, attempts = job.messages(), "", 0
        try:
            while attempts < self.max_attempts and not self.stop.is_set():
                try:
                    if self._attempt(job, messages):
                        return True
                    reason, attempts = "", attempts + 1
                except QuestionRefused as refusal:
                    reason, attempts = str(refusal), self.max_attempts
                    self.failures[reason.rstrip(".")] += 1
                except TryAgain as failure:
                    reason = f"{failure}{failure.words}"
                    self._wait(attempts, failure)
                    attempts += failure.counts
            if reason and attempts:
                self.patience.unanswered(reason)
        except TeacherError as error:
            self._give_up(error)
        return False

    def _attempt(self, job: Job, messages: Messages) -> bool:
        """Ask once, when it is one's turn, and write down what came. True for a good reply."""
        with self.throttle.turn(self.stop) as pace:
            reserved = (estimate_tokens(messages), MAX_REPLY_TOKENS)
            if pace is None:
                return False
            if not self.budget.reserve(*reserved):
                self._end("the next question could pass the budget")
                return False
            spent, began = (0, 0), time.perf_counter()
            try:
                if not self.pace.wait(self.stop):
                    return False
                began = time.perf_counter()
                answer = self.teacher.ask(messages)
                spent = (answer.prompt_tokens, answer.completion_tokens)
                problem = find_problem(answer, job)
            except TryAgain as failure:
                failure.counts = not (isinstance(failure, TooSlow) and self.throttle.slow_down(pace))
                if failure.paid and (failure.counts or self.budget.is_watched):
                    spent = reserved  # nobody tells us the bill, so the highest possible one is counted
                    self._write(job, messages, Completion("", *reserved, estimated=True), began, str(failure))
                raise
            finally:
                self.budget.settle(reserved, *spent)
        self._write(job, messages, answer, began, problem)
        self.failures.update([problem] if problem else [])
        self.patience.answered(problem or find_refusal(answer, job))
        return not problem

    def _write(self, job: Job, messages: Messages, answer: Completion, began: float, problem: str) -> None:
        tokens = (answer.prompt_tokens, answer.completion_tokens)
        seconds = round(time.perf_counter() - began, 3)
        key = job.key(self.teacher.name)
        self.journal.append(
            Entry(*key, fingerprint(messages), answer.text, *tokens, seconds, problem, answer.estimated)
        )

    def _wait(self, attempt: int, failure: TryAgain) -> None:
        """Leave the teacher in peace for a while. TeacherError if that helps no more."""
        self.failures[str(failure)] += 1
        if failure.words:
            self.server_words[str(failure)] = failure.words
        if not failure.counts:
            return  # it was slow, and the throttle has seen to it
        if isinstance(failure, TooSlow):
            self.patience.unanswered(
                f"{failure}, though it had {self.teacher.timeout:g} seconds (--timeout gives it more)"
            )
        elif failure.paid:
            self.patience.paid_for_nothing(f"{failure}{failure.words}")
        if failure.after:
            self.pace.pause(failure.after)
        self.stop.wait(backoff(attempt, self.first_wait, failure.after))

    def _give_up(self, error: TeacherError) -> None:
        self.error = self.error or error  # the first one says it; other threads may find more
        self._end("the teacher can't go on")

    def _end(self, reason: str) -> None:
        self.stop_reason = self.stop_reason or reason
        self.stop.set()


def _ask_all(run: GenerationRun, jobs: Sequence[Job], num_threads: int) -> None:
    """Keep all threads busy until the jobs are done or the run is to stop.

    They are daemons: a second Ctrl-C, which does not wait for the questions under way, ends the program without them.
    """
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    done: queue.SimpleQueue[bool | BaseException | None] = (
        queue.SimpleQueue()
    )  # got a reply?; an error of ours; None: a thread ended
    for job in jobs:
        waiting.put(job)

    def work() -> None:
        """Answer waiting jobs until none is left, or the run is stopped."""
        try:
            while not run.stop.is_set():
                done.put(run.answer(waiting.get_nowait()))
        except queue.Empty:
            pass
        except BaseException as error:  # raised in the main thread
            run.stop.set()
            done.put(error)
        finally:
            done.put(None)

    num_running = min(num_threads, len(jobs))
    for _ in range(num_running):
        threading.Thread(target=work, daemon=True).start()
    with _bar(len(jobs), run.budget) as advance:
        while num_running:
            try:
                result = done.get(timeout=WAKE)  # Ctrl-C is handled between two waits, on every system
            except queue.Empty:
                continue
            if isinstance(result, BaseException):
                raise result
            if result is None:
                num_running -= 1
            else:
                advance(result)


@contextmanager
def _bar(total: int, budget: Budget):
    """A progress bar with tokens and cost so far, silent where nobody watches."""
    from tqdm.auto import tqdm

    with tqdm(total=total, unit="reply", disable=not show.somebody_watches(), leave=False) as bar:

        def advance(replies: int) -> None:
            tokens = budget.prompt_tokens + budget.completion_tokens
            bar.set_postfix(tokens=f"{tokens:,}", cost=f"{budget.spent:.4f}", refresh=False)
            bar.update(replies)

        yield advance
