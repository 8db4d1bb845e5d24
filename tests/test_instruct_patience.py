"""A run in trouble: it gives up early and says why, slows down for a slow teacher, and goes on where it was."""

import json
import threading

import pytest

from course_lib.__main__ import main
from course_lib.instruct.evaluate import faults
from course_lib.instruct.evaluate.faults import FaultyServer, FirstLine, small_jobs
from course_lib.instruct.run import command
from course_lib.instruct.run.budget import Budget, Prices
from course_lib.instruct.run.generate import generate
from course_lib.instruct.run.journal import Journal
from course_lib.instruct.run.patience import MAX_UNANSWERED, MAX_USELESS, Patience
from course_lib.instruct.run.throttle import Throttle
from course_lib.instruct.teachers.base import (
    MAX_REPLY_TOKENS,
    Completion,
    QuestionRefused,
    TeacherError,
    TooSlow,
    TryAgain,
)
from course_lib.instruct.teachers.endpoint import EndpointTeacher

JOBS = small_jobs(40)
THREADS = 4


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "a.journal.jsonl") as opened:
        yield opened


def run(teacher, journal, budget=None, jobs=JOBS, **options):
    return generate(jobs, teacher, journal, budget, **{"first_wait": 0.0001, "num_threads": THREADS, **options})


class Same(FirstLine):
    """Always says, or raises, the same."""

    def __init__(self, step):
        self.step, self.asked, self.lock = step, 0, threading.Lock()

    def ask(self, messages):
        with self.lock:
            self.asked += 1
        if isinstance(self.step, Exception):
            raise self.step
        return self.step


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (Completion("<think>Well, a crab", 9, 512, cut_off=True), "the model reasons"),
        (Completion("", 9, 512, cut_off=True), "the model reasons"),
        (Completion("<think>Well, a crab", 9, 30), "the model reasons"),
        (Completion("A crab and a crab", 9, 512, cut_off=True), "finds no end"),
        (Completion("", 9, 0), "sends nothing"),
        (Completion("A <b>crab</b>.", 9, 9), "leaves marks"),
        (Completion("Question:\nWhat?", 9, 9), "keep to the form"),
        (Completion("", 9, 9, problem="the model refuses: no"), "declines"),
        (Completion("", 9, 9, problem="the model calls a tool instead of answering"), "tools"),
        (TryAgain("the answer is no chat completion", paid=True), "another protocol"),
    ],
)
def test_replies_that_fail_alike_end_the_run_early_with_the_likely_cause(journal, reply, cause):
    teacher = Same(reply)
    with pytest.raises(TeacherError, match=cause) as failure:
        run(teacher, journal)
    assert MAX_USELESS <= teacher.asked <= MAX_USELESS + THREADS, "far fewer than six for each of 40 questions"
    assert f"{MAX_USELESS} replies in a row" in str(failure.value)
    assert len(journal.entries) == teacher.asked, "what was paid for stands in the journal"
    assert run(FirstLine(), journal).num_missing == 0, "and the run can go on"


def test_refusals_in_the_right_form_are_kept_but_not_paid_for_on_and_on(journal):
    text = "Question:\nWhat is there?\n===\nAnswer:\nI'm sorry, but I can't see any image.\n==="
    jobs = [job for job in JOBS if job.type != "detail"]
    with pytest.raises(TeacherError, match="declines"):
        run(Same(Completion(text, 9, 9)), journal, jobs=jobs)
    assert MAX_USELESS <= len(journal.replies) <= MAX_USELESS + THREADS


def test_a_teacher_that_fails_often_is_not_given_up():
    patience = Patience()
    for _ in range(200):
        for problem in ["out of form"] * 4 + [""]:  # one good reply in five
            patience.answered(problem)
    with pytest.raises(TeacherError, match="50 replies in a row"):
        for _ in range(50):
            patience.answered("out of form")


def test_one_question_that_is_refused_stops_no_other(journal):
    class Prude(FirstLine):
        def ask(self, messages):
            if messages[-1]["content"].startswith("a crab number 7\n"):
                raise QuestionRefused("The endpoint refuses the request (400): I blush.")
            return super().ask(messages)

    summary = run(Prude(), journal)
    assert summary.num_missing == 1 and summary.failures == {"The endpoint refuses the request (400): I blush": 1}


def test_if_all_questions_are_refused_the_server_is_quoted(journal):
    teacher = Same(QuestionRefused("The endpoint refuses the request (400): I blush."))
    with pytest.raises(TeacherError, match="I blush"):
        run(teacher, journal)
    assert teacher.asked <= MAX_UNANSWERED + THREADS and not journal.entries


def test_the_servers_last_words_are_kept_beside_the_count(journal):
    class Moody(FirstLine):
        left = 3

        def ask(self, messages):
            if self.left:
                self.left -= 1
                raise TryAgain("the server failed (500)", words=f': "request {self.left}"')
            return super().ask(messages)

    summary = run(Moody(), journal, num_threads=1)
    assert summary.failures == {"the server failed (500)": 3}
    assert summary.server_words == {"the server failed (500)": ': "request 0"'}


def test_what_failed_before_is_asked_last(journal):
    hard = JOBS[0].messages()[-1]["content"]
    order = []

    class Picky(FirstLine):
        def ask(self, messages):
            order.append(messages[-1]["content"])
            return Completion("", 1, 1) if messages[-1]["content"] == hard else super().ask(messages)

    run(Picky(), journal, jobs=JOBS[:2], max_attempts=2)
    order.clear()
    run(FirstLine.__new__(Picky), journal, max_attempts=1, num_threads=1)
    assert order[-1] == hard and len(order) == len(JOBS) - 1


class Slow(FirstLine):
    """Answers only if it has `needed` seconds, and no more than `most` questions at a time. Time does not pass."""

    def __init__(self, needed=200.0, most=2):
        self.timeout, self.needed, self.most = 60.0, needed, most
        self.lock, self.now, self.asked = threading.Lock(), 0, 0

    def ask(self, messages):
        with self.lock:
            self.now += 1
            self.asked += 1
            too_slow = self.timeout < self.needed or self.now > self.most
        try:
            if too_slow:
                raise TooSlow("no answer in time", paid=True)
            return super().ask(messages)
        finally:
            with self.lock:
                self.now -= 1


@pytest.mark.parametrize("max_attempts", [1, 6])
def test_a_slow_teacher_is_asked_less_at_once_and_waited_for_and_nothing_is_booked(journal, capsys, max_attempts):
    teacher = Slow()
    summary = run(teacher, journal, max_attempts=max_attempts)
    said = capsys.readouterr().out
    assert summary.num_missing == 0 and not [entry for entry in journal.entries if entry.problem]
    assert teacher.timeout == 240 and said.count("The teacher is slow") == said.count("\n") == 2
    assert (
        "2 questions at a time, each with 120 seconds" in said and "1 question at a time, each with 240 seconds" in said
    )
    assert teacher.asked <= len(JOBS) + 2 * THREADS


@pytest.mark.parametrize("budget", [{"prices": Prices(1.0, 1.0)}, {"max_tokens": 10**6}])
def test_where_somebody_watches_the_bill_a_time_out_is_booked_as_it_may_be_billed(journal, budget):
    run(Slow(), journal, Budget(**budget))
    late = [entry for entry in journal.entries if entry.problem]
    assert late and all(entry.estimated and entry.completion_tokens == MAX_REPLY_TOKENS for entry in late)


def test_a_server_that_never_answers_is_given_up_in_the_end(journal):
    teacher = Slow(needed=float("inf"))
    with pytest.raises(TeacherError, match="480 seconds.*--timeout"):
        run(teacher, journal)
    assert teacher.asked <= 3 * THREADS + 2 * MAX_UNANSWERED


def test_time_outs_of_an_earlier_pace_slow_nothing_down_again(capsys):
    teacher, stop = Slow(), threading.Event()
    gate = Throttle(teacher, 4)
    with gate.turn(stop) as first, gate.turn(stop) as second:
        assert gate.slow_down(first) and gate.slow_down(second)
    assert (gate.parallel, teacher.timeout) == (2, 120)
    with gate.turn(stop) as third:
        assert gate.slow_down(third)
    assert (gate.parallel, teacher.timeout) == (1, 240)
    stop.set()
    with gate.turn(stop) as pace:
        assert pace is None


@pytest.mark.parametrize(("timeout", "longest"), [(1, 8), (60, 480), (300, 600), (2000, 2000)])
def test_the_wait_has_a_limit(timeout, longest):
    teacher = Slow()
    teacher.timeout = timeout
    gate = Throttle(teacher, 1)
    pace = 0
    while gate.slow_down(pace):
        pace += 1
    assert teacher.timeout == longest


def test_a_slow_server_of_a_real_run(monkeypatch, tmp_path, capsys):
    """Over loopback: the first answer comes only when the client has given up on it once."""
    given_up, answer, slow_down = threading.Event(), faults._Handler._answer, Throttle.slow_down

    def slow_down_at_once(self, pace):
        slower = slow_down(self, pace)
        self.teacher.timeout = 600.0
        given_up.set()
        return slower

    monkeypatch.setattr(Throttle, "slow_down", slow_down_at_once)
    monkeypatch.setattr(faults._Handler, "_answer", lambda *args: (given_up.wait(600), answer(*args)))
    with FaultyServer(FirstLine(), share=0) as server, Journal(tmp_path / "a.jsonl") as journal:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        teacher = EndpointTeacher("m", timeout=0.2)
        summary = run(teacher, journal, jobs=JOBS[:6])
        assert summary.num_missing == 0 and len(journal.entries) == 6 and given_up.is_set()
    assert "The teacher is slow" in capsys.readouterr().out


def write(out, *options):
    return main(["instruct", "write", "--count", "6", "--out", str(out), *options])


@pytest.fixture
def server(monkeypatch):
    with FaultyServer(command.make_teacher(type("Args", (), {"teacher": "grammar"})), share=0) as started:
        monkeypatch.setenv("OPENAI_BASE_URL", started.url)
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        yield started


ENDPOINT = ("--teacher", "endpoint", "--model", "m", "--timeout", "600", "--parallel", "2")


def test_the_command_gives_up_says_why_and_goes_on_afterwards(server, tmp_path, monkeypatch, capsys):
    out = tmp_path / "data.json"
    good = server.teacher
    server.teacher = Same(Completion("<think>Well", 9, 9))
    assert write(out, *ENDPOINT, "--prices", "1", "1") == 1
    said = capsys.readouterr()
    assert "the model reasons" in said.err and "data.journal.jsonl" in said.err and said.err.count("\n") == 1
    assert "Spent in all" in said.out
    server.teacher = good
    assert write(out, *ENDPOINT) == 0
    assert len(json.loads(out.read_text(encoding="utf-8"))) == 6


def test_estimates_are_called_so(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        faults, "completion", lambda reply, model, full=faults.completion: full(reply, model) | {"usage": None}
    )
    assert write(tmp_path / "data.json", *ENDPOINT, "--prices", "1", "1") == 0
    said = capsys.readouterr().out
    assert "of them estimated" in said and "cost about" in said and "partly an estimate" in said


def test_a_reasoning_model_behind_a_careless_server_makes_the_same_data_set(server, tmp_path, monkeypatch):
    def careless(reply, model, full=faults.completion):
        body = full(reply, model)
        thinking = f"There is a crab.\n</think>\n\n```\n{reply.text}\n```<|im_end|>"
        body["choices"][0]["message"]["content"] = [{"type": "text", "text": thinking}]
        return {"choices": body["choices"], "usage": {"prompt_tokens": None}}

    assert write(tmp_path / "clean.json", *ENDPOINT) == 0
    monkeypatch.setattr(faults, "completion", careless)
    assert write(tmp_path / "careless.json", *ENDPOINT) == 0
    clean, same = ((tmp_path / name).read_bytes() for name in ("clean.json", "careless.json"))
    assert clean == same and b"think" not in same
