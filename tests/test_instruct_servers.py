"""Servers as they are: counts that lack, contents of other shapes, errors in any form. Each is read, or said in its own words."""

import gzip
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from course_lib.instruct.evaluate.faults import small_jobs
from course_lib.instruct.run.generate import find_problem
from course_lib.instruct.teachers.base import QuestionRefused, TeacherError, TooSlow, TryAgain, estimate_tokens
from course_lib.instruct.teachers.endpoint import EndpointTeacher
from course_lib.instruct.teachers.server_words import MAX_WORDS, server_words, strike_out
from course_lib.instruct.teachers.settings import NO_KEY

KEY = "sk-very+secret/0123456789=="
JOBS = small_jobs(2)
MESSAGES = JOBS[0].messages()
TEXT = "A crab stands on the sand."
USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}


@contextmanager
def answering(monkeypatch, status, content, headers=None, path="/v1"):
    """A teacher whose server answers everything so; yields it and the list of the paths that were asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.reply()

        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Sign in</title><body>Your network wants to know you.</body>")

        def reply(self):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *ignored):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}{path}")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        try:
            yield EndpointTeacher("pocket", timeout=600), asked
        finally:
            server.shutdown()


def asked(monkeypatch, status, body, **options):
    """What becomes of an answer: a completion, or what was raised."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with answering(monkeypatch, status, content, **options) as (teacher, _):
        try:
            return teacher.ask(MESSAGES)
        except (TeacherError, TryAgain) as error:
            return error


def completion(content=TEXT, usage=USAGE, finish="stop", **message):
    return {
        "choices": [{"message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}],
        "usage": usage,
    }


@pytest.mark.parametrize(
    ("usage", "prompt", "written"),
    [
        (USAGE, 5, 7),
        ({"prompt_tokens": "5", "completion_tokens": 7.0}, 5, 7),
        ({"input_tokens": 5, "output_tokens": 7}, 5, 7),
        ({"prompt_tokens": 5, "completion_tokens": None}, 5, None),
        ({"prompt_tokens": -1, "completion_tokens": 7}, None, 7),
        ({"prompt_tokens": True, "completion_tokens": [7]}, None, None),
        ({"prompt_tokens": 1e300, "completion_tokens": "many"}, None, None),
        ({"prompt_tokens": float("nan"), "completion_tokens": float("inf")}, None, None),
        ({"prompt_tokens": 0, "completion_tokens": 0}, None, None),
        ({}, None, None),
        (None, None, None),
        ("none", None, None),
    ],
)
def test_tokens_that_the_server_did_not_count_are_estimated_and_marked(monkeypatch, usage, prompt, written):
    reply = asked(monkeypatch, 200, completion(usage=usage))
    assert reply.text == TEXT
    assert reply.prompt_tokens == (prompt or estimate_tokens(MESSAGES))
    assert reply.completion_tokens == written if written else 5 < reply.completion_tokens < 20
    assert reply.estimated == (None in (prompt, written))


def test_usage_may_be_left_out_altogether(monkeypatch):
    body = completion()
    del body["usage"]
    assert asked(monkeypatch, 200, body).estimated


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "text", "text": TEXT}],
        [{"type": "output_text", "text": TEXT[:7]}, {"type": "text", "text": TEXT[7:]}],
        [
            {"type": "reasoning", "text": "Hm."},
            {"type": "text", "text": TEXT},
            {"type": "image_url", "image_url": {"url": "x"}},
        ],
        [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": {"value": TEXT}}],
        [TEXT],
        {"type": "text", "text": TEXT},
    ],
)
def test_a_content_of_parts_is_the_text_of_its_parts(monkeypatch, content):
    assert asked(monkeypatch, 200, completion(content)).text == TEXT


def test_reasoning_in_a_field_of_its_own_stays_there(monkeypatch):
    reply = asked(monkeypatch, 200, completion(reasoning_content="There is a crab."))
    assert reply.text == TEXT and not find_problem(reply, JOBS[1].__class__(JOBS[1].context, "detail"))


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (completion(None, reasoning_content="Hm, a crab", finish="length"), "all taken up by reasoning"),
        (completion("", reasoning="Hm, a crab", finish="length"), "all taken up by reasoning"),
        (completion("<think>Hm, a crab", finish="length"), "all taken up by reasoning"),
        (completion("", finish="length"), "all taken up by reasoning"),
        (completion(TEXT, finish="length"), "cut off"),
        (completion(None, reasoning_content="Hm, a crab"), "reasoning"),
        (completion(None, refusal="I can't look at that."), "I can't look at that"),
        (completion("", finish="content_filter"), "content filter"),
        (completion("A crab st", finish="content_filter"), "content filter"),
        (completion(None, tool_calls=[{"id": "1"}], finish="tool_calls"), "calls a tool"),
        (completion(None, function_call={"name": "f"}), "calls a tool"),
        (completion(None), "empty"),
        (completion({"a": 1}), "empty"),
        ({"choices": [{"message": {"role": "assistant"}, "finish_reason": None}]}, "empty"),
    ],
)
@pytest.mark.parametrize("type", ["detail", "conversation"])
def test_a_reply_without_an_answer_says_why(monkeypatch, answer, problem, type):
    reply = asked(monkeypatch, 200, answer)
    assert problem in find_problem(reply, JOBS[0].__class__(JOBS[0].context, type))


def test_of_several_choices_the_first_that_says_something_counts(monkeypatch):
    body = completion(None)
    body["choices"] += completion("A dog.")["choices"] + completion("A cat.")["choices"]
    assert asked(monkeypatch, 200, body).text == "A dog."


def test_a_stream_that_nobody_asked_for_is_put_together(monkeypatch):
    chunks = [{"choices": [{"delta": {"role": "assistant", "content": part}}]} for part in (TEXT[:5], None, TEXT[5:])]
    chunks += [{"choices": [{"delta": {}, "finish_reason": "stop"}]}, {"choices": [], "usage": USAGE}]
    stream = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    reply = asked(monkeypatch, 200, stream.encode(), headers={"Content-Type": "text/event-stream"})
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens, reply.estimated) == (TEXT, 5, 7, False)


def test_signs_that_are_no_utf_8_stop_nothing(monkeypatch):
    assert asked(monkeypatch, 200, json.dumps(completion("A cr?b.")).encode().replace(b"?", b"\xff")).text == "A cr�b."


def test_a_packed_answer_is_unpacked(monkeypatch):
    packed = gzip.compress(json.dumps(completion()).encode())
    assert asked(monkeypatch, 200, packed, headers={"Content-Encoding": "gzip"}).text == TEXT
    broken = asked(monkeypatch, 200, b"no gzip", headers={"Content-Encoding": "gzip"})
    assert isinstance(broken, TryAgain) and "unpacked" in str(broken)


WORDS = "The moon is full"
FORMS = [
    {"error": WORDS},
    {"error": {"message": WORDS, "code": None}},
    {"error": {"error": {"message": WORDS}}},
    {"errors": [{"message": WORDS}]},
    [{"error": {"message": WORDS, "status": "X"}}],
    {"detail": WORDS},
    {"detail": {"error": WORDS}},
    {"detail": [{"loc": ["body", "messages"], "msg": WORDS, "type": "value_error"}]},
    {"message": WORDS},
    {"object": "error", "message": WORDS, "type": "x"},
    {"something": "else", "moon": WORDS},
    WORDS,
    WORDS.encode(),
    f"<html><head><title>{WORDS}</title><style>p {{}}</style></head><body><h1>Sorry</h1></body></html>".encode(),
    f"<!DOCTYPE html><body><script>var a = 1;</script><p>{WORDS}</p></body>".encode(),
    f"<p>The moon&#32;is\n full{'</p>'}".encode(),
    b"\xff" + WORDS.encode(),
]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503])
@pytest.mark.parametrize("body", FORMS)
def test_the_server_is_quoted_whatever_form_its_error_has(status, body, monkeypatch):
    failure = asked(monkeypatch, status, body)
    said = str(failure) + getattr(failure, "words", "")
    assert WORDS in said and str(status) in said and "<" not in said and "var a" not in said
    assert isinstance(failure, TryAgain) == (status >= 429)
    assert isinstance(failure, QuestionRefused) == (status in (400, 422))


@pytest.mark.parametrize(
    "body", [{"error": WORDS}, {"error": {"message": WORDS, "code": 502}}, {"choices": [], "error": {"message": WORDS}}]
)
def test_an_error_with_status_200_is_one(monkeypatch, body):
    failure = asked(monkeypatch, 200, body)
    assert isinstance(failure, TryAgain) and WORDS in failure.words and not failure.paid
    stream = b"data: " + json.dumps(body).encode() + b"\n\n"
    assert WORDS in asked(monkeypatch, 200, stream).words


def test_an_error_without_a_word_still_has_its_number(monkeypatch):
    for body in (b"", b"{}", b"null", b"   "):
        assert "(418)" in str(asked(monkeypatch, 418, body))


def test_a_page_of_another_server_is_named(monkeypatch):
    failure = asked(monkeypatch, 302, b"", headers={"Location": "/login"})
    assert isinstance(failure, TeacherError)
    assert (
        "web page after a redirect" in str(failure) and "Sign in" in str(failure) and "OPENAI_BASE_URL" in str(failure)
    )


def test_the_other_name_of_the_limit_is_learned_by_questions_under_way_too(monkeypatch):
    refused = json.dumps({"error": {"message": "Use 'max_completion_tokens' instead."}}).encode()
    with answering(monkeypatch, 400, refused) as (teacher, _):
        sent = teacher._client.chat.completions.with_raw_response.create

        def another_one_was_quicker(**options):
            teacher._limit = "max_completion_tokens"
            return sent(**options)

        monkeypatch.setattr(teacher._client.chat.completions.with_raw_response, "create", another_one_was_quicker)
        with pytest.raises(TryAgain, match="another name"):
            teacher.ask(MESSAGES)


def test_a_reply_that_was_cut_may_speak_of_an_error_that_is_none(monkeypatch):
    cut = asked(monkeypatch, 200, b'{"id": "1", "error": null, "choices": [{"mess')
    assert cut.paid and "no chat completion" in str(cut)


def test_a_server_that_wants_a_key_says_so(monkeypatch):
    with answering(monkeypatch, 401, b"") as (teacher, _):
        teacher._client.api_key = NO_KEY
        with pytest.raises(TeacherError, match="OPENAI_API_KEY is not set"):
            teacher.ask(MESSAGES)


def test_a_redirect_that_loses_the_question_is_named(monkeypatch):
    failure = asked(monkeypatch, 301, b"", headers={"Location": "/secure/v1"})
    assert "after a redirect to http://127.0.0.1/secure/v1" in str(failure)


def test_an_answer_that_no_model_has_written_is_not_booked(monkeypatch):
    for body in ({}, {"detail": WORDS}, {"message": WORDS}):
        assert not asked(monkeypatch, 200, body).paid
    for body in ({"choices": []}, b'{"id": 3, "object": "chat.comp', b""):
        assert asked(monkeypatch, 200, body).paid


@pytest.mark.parametrize("status", [408, 504, 524])
def test_a_gateway_that_waits_no_longer_slows_the_run_down(monkeypatch, status):
    assert isinstance(asked(monkeypatch, status, b"<title>Gateway time-out</title>"), TooSlow)


@pytest.mark.parametrize("finish", ["MAX_TOKENS", "length"])
def test_the_end_of_a_reply_may_be_spelt_otherwise(monkeypatch, finish):
    assert asked(monkeypatch, 200, completion(finish=finish)).cut_off
    assert not asked(monkeypatch, 200, completion(finish={"a": 1})).cut_off


def test_a_byte_order_mark_stops_nothing(monkeypatch):
    assert asked(monkeypatch, 200, b"\xef\xbb\xbf" + json.dumps(completion()).encode()).text == TEXT


def test_a_forgotten_v1_is_guessed_and_a_wrong_model_named(monkeypatch):
    assert "/v1 missing" in str(asked(monkeypatch, 404, b"404 page not found", path=""))
    assert "/v1 missing" in str(asked(monkeypatch, 405, {"detail": "Method Not Allowed"}, path="/"))
    assert "/v1 missing" not in str(asked(monkeypatch, 404, b"404 page not found"))
    wrong = str(asked(monkeypatch, 404, {"error": {"message": 'model "pocket" not found, try pulling it first'}}))
    assert 'Is "pocket" the model\'s name' in wrong and "/v1 missing" not in wrong


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (402, b""),
        (402, {"error": {"message": "Payment Required"}}),
        (429, {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}),
        (429, {"error": {"message": "x", "type": "insufficient_quota", "code": None}}),
        (429, {"error": "Your credit balance is too low"}),
        (403, {"error": {"message": "Insufficient Balance"}}),
        (200, {"error": {"message": "Insufficient credits", "code": 402}}),
    ],
)
def test_without_credit_nothing_is_asked_again(monkeypatch, status, body):
    failure = asked(monkeypatch, status, body)
    assert isinstance(failure, TeacherError) and "no credit" in str(failure) and "OPENAI_API_KEY" in str(failure)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "Rate limit reached for requests", "code": "rate_limit_exceeded"}},
        {
            "error": {
                "message": "You exceeded your current quota, please check your plan and billing details. Please retry in 3s."
            }
        },
        {"error": "The load balancer is busy, try again"},
        b"",
    ],
)
def test_too_many_requests_may_pass(monkeypatch, body):
    assert isinstance(asked(monkeypatch, 429, body), TryAgain)
    assert asked(monkeypatch, 429, body, headers={"Retry-After": "7"}).after == 7
    assert asked(monkeypatch, 429, body, headers={"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}).after == 600


@pytest.mark.parametrize(
    "echo",
    [
        KEY,
        f"Authorization: Bearer {KEY}",
        f"https://example.org/?key={KEY}".replace("+", "%2B").replace("/0", "%2F0").replace("=", "%3D"),
        "sk-very%2bsecret%2f0123456789%3d%3d",
        KEY.upper(),
        KEY[:18] + "…",
        "x" * (MAX_WORDS - 10) + KEY,
    ],
)
@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_the_key_is_struck_out_in_every_spelling(monkeypatch, echo, status):
    for body in ({"error": echo}, echo.encode(), f"<title>{echo}</title><p>{echo}</p>".encode()):
        failure = asked(monkeypatch, status, body)
        said = (str(failure) + getattr(failure, "words", "")).lower()
        assert "secret" not in said and len(said) < MAX_WORDS + 200


def test_a_stopgap_of_a_key_leaves_words_alone():
    assert strike_out("exactly one x", "x") == "exactly one [key]"
    assert server_words(b"the test of tests", "test") == "the [key] of tests"
