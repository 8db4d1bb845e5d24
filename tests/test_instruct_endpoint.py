"""The teacher behind an endpoint: what each failure becomes, and that the key stays where it is."""

import json
import logging
import traceback
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from course_lib.common.errors import Problem
from course_lib.instruct.evaluate import faults
from course_lib.instruct.evaluate.faults import FAULTS, FaultyServer, FirstLine, small_jobs
from course_lib.instruct.run.budget import Budget
from course_lib.instruct.run.generate import generate
from course_lib.instruct.run.journal import Journal
from course_lib.instruct.teachers import endpoint
from course_lib.instruct.teachers.base import Completion, TeacherError, TryAgain
from course_lib.instruct.teachers.endpoint import EndpointTeacher

KEY = "sk-proj-very-secret-0123456789"
MESSAGES = small_jobs(2)[0].messages()
PATIENCE = 600  # seconds for an answer that comes, and those of one that does not: the computer may be busy


@contextmanager
def serving(monkeypatch, fault=None, answer=None, teacher=None, **options):
    """A server whose every request has this fault, or gets this (status, body); yields (it, a teacher that asks it)."""
    with FaultyServer(teacher or FirstLine(), **options) as server:
        if fault is not None:
            monkeypatch.setattr(server, "note", lambda messages: fault)
        if answer is not None:
            status, body = answer
            content = json.dumps(body).encode()
            monkeypatch.setattr(faults._Handler, "_answer", lambda self, request, fault: self._send(status, content))
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield server, EndpointTeacher("pocket", timeout=0.3 if fault == "timeout" else PATIENCE)


def test_a_reply_comes_with_its_tokens(monkeypatch):
    with serving(monkeypatch, share=0) as (server, teacher):
        assert teacher.ask(MESSAGES) == FirstLine().ask(MESSAGES)
        assert teacher.name == "endpoint:pocket" and len(server.requests) == 1


@pytest.mark.parametrize(
    ("fault", "message", "paid"),
    [
        ("429", "too many requests", False),
        ("500", "the server failed (500)", False),
        ("timeout", "no answer in time", True),
        ("cut-off body", "broke off", True),
        ("invalid json", "no chat completion", True),
    ],
)
def test_what_may_succeed_later_is_said_to(monkeypatch, fault, message, paid):
    with serving(monkeypatch, fault, slow=PATIENCE) as (_, teacher), pytest.raises(TryAgain) as failure:
        teacher.ask(MESSAGES)
    assert message in str(failure.value) and failure.value.paid == paid
    assert failure.value.after == (0.05 if fault == "429" else None)


def test_a_server_that_is_not_there(monkeypatch):
    with serving(monkeypatch, share=0) as (_, teacher):
        pass
    with pytest.raises(TryAgain, match="no connection to 127.0.0.1") as failure:
        teacher.ask(MESSAGES)
    assert not failure.value.paid


@pytest.mark.parametrize("body", [[], {}, {"choices": []}, {"choices": [{"message": None}], "usage": {}}, "hello"])
def test_answers_of_another_shape_are_damage(monkeypatch, body):
    with serving(monkeypatch, "", (200, body)) as (_, teacher), pytest.raises(TryAgain, match="no chat completion"):
        teacher.ask(MESSAGES)


def test_a_reply_that_ran_into_the_limit_says_so(monkeypatch):
    body = faults.completion(Completion("Question:\nWh", 5, 512), "m")
    body["choices"][0]["finish_reason"] = "length"
    with serving(monkeypatch, "", (200, body)) as (_, teacher):
        assert teacher.ask(MESSAGES) == Completion("Question:\nWh", 5, 512, cut_off=True)


@pytest.mark.parametrize(("status", "code"), [(401, "invalid_api_key"), (404, "no_model"), (429, "insufficient_quota")])
def test_what_will_not_pass_is_said_once_and_without_the_key(monkeypatch, status, code):
    body = {"error": {"message": f"Bad key {KEY}, my friend", "code": code}}
    with serving(monkeypatch, "", (status, body)) as (_, teacher), pytest.raises(TeacherError) as failure:
        teacher.ask(MESSAGES)
    assert str(status) in str(failure.value) and "Bad key [key], my friend" in str(failure.value)


def test_newer_models_know_the_limit_by_another_name(monkeypatch):
    seen = []

    def answer(self, request, fault):
        seen.append({"max_tokens", "max_completion_tokens"} & request.keys())
        refused = {"error": {"message": "Unsupported parameter: use 'max_completion_tokens' instead.", "code": "x"}}
        old = "max_tokens" in request
        self._send(
            400 if old else 200,
            json.dumps(refused if old else faults.completion(Completion("a", 1, 1), "m")).encode(),
        )

    monkeypatch.setattr(faults._Handler, "_answer", answer)
    with serving(monkeypatch, "") as (_, teacher):
        with pytest.raises(TryAgain):
            teacher.ask(MESSAGES)
        assert teacher.ask(MESSAGES).text == "a"
    assert seen == [{"max_tokens"}, {"max_completion_tokens"}]


class Echo(FirstLine):
    """A server that puts the key into its replies."""

    def ask(self, messages):
        reply = super().ask(messages)
        return Completion(reply.text.replace("crab", f"crab {KEY}"), reply.prompt_tokens, reply.completion_tokens)


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
def test_the_key_reaches_no_log_no_journal_no_output_and_no_exception(monkeypatch, tmp_path, caplog, capfd, status):
    caplog.set_level(logging.DEBUG)
    body = {"error": {"message": f"key {KEY}", "code": KEY, "param": KEY, "type": KEY}}
    answer = None if status == 200 else (status, body)
    told = ""
    with serving(monkeypatch, "", answer, Echo()) as (_, teacher), Journal(tmp_path / "a.jsonl") as journal:
        try:
            print(generate(small_jobs(6), teacher, journal, Budget(), max_attempts=2, first_wait=0.001))
        except TeacherError as error:
            told = everything_about(error)
        told += repr(teacher) + str(vars(teacher).keys())
    texts = [told, caplog.text, *capfd.readouterr(), (tmp_path / "a.jsonl").read_text(encoding="utf-8")]
    assert not any(KEY in text for text in texts)
    assert bool(told.count("TeacherError")) == (status != 200)


def everything_about(error: BaseException | None) -> str:
    """The traceback of an exception, and all that hangs on it."""
    text = "".join(traceback.format_exception(error))
    while error:
        text += f"{error!r} {vars(error)} "
        error = error.__cause__ or error.__context__
    return text


def test_each_fault_gets_its_share_of_the_requests():
    with FaultyServer(FirstLine(), share=0.05, seed=3) as server:
        drawn = [server.note(MESSAGES) for _ in range(4000)]
    for fault in FAULTS:
        assert 0.035 < drawn.count(fault) / 4000 < 0.065
    assert set(drawn) == {*FAULTS, ""} and len(server.requests) == 4000


def test_the_environment_names_the_server(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(Problem, match="OPENAI_BASE_URL"):
        EndpointTeacher("m")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    EndpointTeacher("m")  # a server of one's own needs no key


def test_without_a_key_no_word_is_struck_out():
    teacher = EndpointTeacher.__new__(EndpointTeacher)
    teacher._client = SimpleNamespace(api_key=endpoint.NO_KEY)
    assert teacher._strike_out("none of them") == "none of them"
    teacher._client.api_key = KEY
    assert teacher._strike_out(f"none of {KEY}") == "none of [key]"


@pytest.mark.parametrize(
    ("said", "seconds"), [("2", 2), ("inf", 600), ("1e9", 600), ("-5", 0), ("nan", 0), ("soon", None)]
)
def test_no_server_makes_us_wait_for_ever(said, seconds):
    assert endpoint._retry_after({"retry-after": said}) == seconds
