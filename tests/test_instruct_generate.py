"""Asking for replies: everything that can go wrong on the way, and what it may cost."""

import signal
import threading
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from course_lib.common import processes
from course_lib.common.errors import Problem
from course_lib.instruct.evaluate.faults import FirstLine, small_jobs
from course_lib.instruct.run import generate as generate_module
from course_lib.instruct.run.budget import Budget, Prices, estimate
from course_lib.instruct.run.generate import generate
from course_lib.instruct.run.journal import Journal, fingerprint
from course_lib.instruct.run.patience import MAX_UNANSWERED
from course_lib.instruct.teachers.base import MAX_REPLY_TOKENS, Completion, TeacherError, TryAgain, estimate_tokens
from course_lib.instruct.teachers.endpoint import MAX_BACKOFF, Pace, backoff

JOBS = small_jobs(30)
PATIENCE = 600  # seconds for what must come: the computer may be busy


class Scripted(FirstLine):
    """Fails as the script says, for each question anew; after it, answers as FirstLine does."""

    def __init__(self, *script: Exception | Completion) -> None:
        self.script, self.asked, self.lock = script, Counter(), threading.Lock()

    def ask(self, messages):
        with self.lock:
            turn = self.asked[fingerprint(messages)]
            self.asked[fingerprint(messages)] += 1
        if turn >= len(self.script):
            return super().ask(messages)
        step = self.script[turn]
        if isinstance(step, Exception):
            raise step
        return step


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "a.journal.jsonl") as opened:
        yield opened


def run(teacher, journal, budget=None, jobs=JOBS, **options):
    return generate(jobs, teacher, journal, budget, **{"first_wait": 0.001, **options})


def test_asks_each_question_once_and_only_what_is_missing(journal):
    teacher = Scripted()
    assert run(teacher, journal, jobs=JOBS[:12]).num_missing == 0
    summary = run(teacher, journal)
    assert (summary.num_requested, summary.num_missing, summary.stop_reason) == (18, 0, "")
    assert set(teacher.asked.values()) == {1} and len(teacher.asked) == len(JOBS) == len(journal.replies)


def test_a_journal_about_other_pictures_is_refused(journal):
    run(FirstLine(), journal)
    other = [job.__class__(job.context.__class__(job.context.id, "p.png", ("a cat",), ()), job.type) for job in JOBS]
    with pytest.raises(Problem, match="to something else than is asked now"):
        run(FirstLine(), journal, jobs=other)


def test_failures_and_malformed_replies_are_asked_again(journal):
    cut = Completion("Question:\nWhat", 100, MAX_REPLY_TOKENS, cut_off=True)
    teacher = Scripted(
        TryAgain("too many requests (429)"), Completion("Question:\nWhat?", 100, 9), TryAgain("late", paid=True), cut
    )
    summary = run(teacher, journal)
    assert summary.num_missing == 0 and set(teacher.asked.values()) == {5}
    assert summary.failures["too many requests (429)"] == summary.failures["late"] == len(JOBS)
    assert summary.failures[f"the reply was cut off at {MAX_REPLY_TOKENS} tokens"] == len(JOBS)
    problems = Counter(entry.problem for entry in journal.entries)
    assert problems[""] == problems["late"] == len(JOBS), "what was paid for stands in the journal"
    assert "too many requests (429)" not in problems


def test_a_question_is_given_up_after_its_attempts_and_asked_again_in_the_next_run(journal):
    teacher = Scripted(*[Completion("", 100, 1)] * 4)
    assert run(teacher, journal, jobs=JOBS[:3], max_attempts=3).num_missing == 3
    assert run(teacher, journal, jobs=JOBS[:3], max_attempts=3).num_missing == 0


def test_a_teacher_that_is_gone_is_not_asked_for_ever(journal):
    teacher = Scripted(*[TryAgain("no connection to nowhere")] * 100)
    with pytest.raises(TeacherError, match="no connection to nowhere"):
        run(teacher, journal, num_threads=1, max_attempts=2)
    assert sum(teacher.asked.values()) == 2 * MAX_UNANSWERED


def test_an_error_that_will_not_pass_ends_the_run_at_once(journal):
    teacher = Scripted(TeacherError("refused"))
    with pytest.raises(TeacherError, match="refused"):
        run(teacher, journal, num_threads=2)
    assert sum(teacher.asked.values()) <= 2


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize("tokens", [0, 2_000, 5_000, 9_999])
def test_the_budget_is_never_passed(journal, threads, tokens):
    costly = [Completion("", 600, MAX_REPLY_TOKENS)]  # an attempt that comes to nothing costs as well
    summary = run(Scripted(*costly), journal, Budget(tokens), num_threads=threads)
    spent = sum(entry.prompt_tokens + entry.completion_tokens for entry in journal.entries)
    assert spent <= tokens and summary.num_missing and "budget" in summary.stop_reason


def test_the_budget_counts_earlier_runs_and_attempts_that_may_have_been_billed(journal):
    run(Scripted(TryAgain("late", paid=True)), journal, jobs=JOBS[:5])
    spent = sum(entry.prompt_tokens + entry.completion_tokens for entry in journal.entries)
    assert spent >= 5 * (MAX_REPLY_TOKENS + 120)
    again = run(FirstLine(), journal, Budget(spent + 100))
    assert again.num_missing == again.num_requested == len(JOBS) - 5


def test_a_budget_of_money(journal):
    budget = Budget(max_cost=0.02, prices=Prices(2.0, 10.0))
    run(FirstLine(), journal, budget)
    assert 0 < budget.spent <= 0.02 and budget.spent == pytest.approx(len(journal.replies) * (200 + 200) / 1e6)


def test_a_budget_that_suffices_waits_for_the_bills_instead_of_giving_up(journal):
    most = max(sum(estimate([job.messages()])) for job in JOBS)
    summary = run(FirstLine(), journal, Budget(120 * len(JOBS) + most), num_threads=8)
    assert summary.num_missing == 0


def test_the_estimate_is_rather_high():
    messages = JOBS[0].messages()
    words = sum(len(message["content"].split()) for message in messages)
    assert 1.2 * words < estimate_tokens(messages) < sum(len(message["content"]) for message in messages)
    assert estimate([messages] * 3) == (3 * estimate_tokens(messages), 3 * MAX_REPLY_TOKENS)


def test_backoff_doubles_with_chance_and_respects_the_server():
    for attempt in range(12):
        waits = {backoff(attempt, 1.0) for _ in range(50)}
        most = min(2.0**attempt, MAX_BACKOFF)
        assert len(waits) > 10 and most / 2 <= min(waits) <= max(waits) <= most
    assert backoff(0, 1.0, after=30.0) == 30.0


def test_retry_after_makes_everybody_wait(journal):
    began = time.perf_counter()
    run(Scripted(TryAgain("429", after=0.3)), journal, jobs=JOBS[:3], num_threads=3)
    assert time.perf_counter() - began >= 0.3


def test_requests_keep_their_pace():
    pace, began = Pace(per_minute=1200), time.monotonic()
    for number in range(7):  # each may be late, on a busy computer, and none may be early
        assert pace.wait(threading.Event())
        assert time.monotonic() - began >= 0.99 * number * 60 / 1200
    stopped = threading.Event()
    stopped.set()
    assert not pace.wait(stopped)


def test_no_more_than_threads_at_once(journal):
    class Counting(FirstLine):
        now = most = 0
        lock, three = threading.Lock(), threading.Event()

        def ask(self, messages):
            with self.lock:
                self.now += 1
                self.most = max(self.most, self.now)
                if self.most == 3:
                    self.three.set()
            assert self.three.wait(PATIENCE), "the first ones wait until three are there"
            with self.lock:
                self.now -= 1
            return super().ask(messages)

    teacher = Counting()
    run(teacher, journal, num_threads=3)
    assert teacher.most == 3


def test_ctrl_c_keeps_what_is_under_way_and_the_next_run_goes_on(journal, monkeypatch):
    class Interrupted(Scripted):
        def ask(self, messages):
            reply = super().ask(messages)
            if len(self.asked) >= 6 and not handled.is_set():
                if first.acquire(
                    blocking=False
                ):  # both threads may come here, and a second Ctrl-C would stop pytest, too
                    signal.raise_signal(signal.SIGINT)
                assert handled.wait(PATIENCE), "the main thread handles it"
            return reply

    handled, first = threading.Event(), threading.Lock()

    @contextmanager
    def stop_request():
        with processes.stop_request() as stop:
            monkeypatch.setattr(stop, "set", lambda real=stop.set: (real(), handled.set()))
            yield stop

    monkeypatch.setattr(generate_module, "stop_request", stop_request)
    teacher = Interrupted()
    summary = run(teacher, journal, num_threads=2)
    assert summary.stop_reason == "it was stopped" and 6 <= len(journal.replies) <= 7
    assert len(journal.replies) == len(teacher.asked), "every answer was written down"
    assert run(teacher, journal).num_missing == 0 and set(teacher.asked.values()) == {1}


def test_an_error_of_our_own_is_not_swallowed(journal, monkeypatch):
    monkeypatch.setattr(generate_module, "find_problem", lambda answer, job: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(FirstLine(), journal)
