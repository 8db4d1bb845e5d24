"""A teacher behind any endpoint that speaks OpenAI's protocol: OpenAI, vLLM, Ollama, llama.cpp, `transformers serve` …

The key is read from the environment, handed to the client, and kept nowhere else. Servers may echo it, in errors or in
replies, so whatever a server says has the key struck out before anybody sees it.
"""

import os
import random
import threading
import time

from course_lib.common.errors import Problem
from course_lib.common.text import readable
from course_lib.instruct.teachers.base import MAX_REPLY_TOKENS, Completion, Messages, TeacherError, TryAgain

STRUCK_OUT = "[key]"
NO_KEY = "none"
MAX_RETRY_AFTER = 600.0  # seconds: a server that asks for more is asked again after these
MAX_BACKOFF = 60.0  # seconds


class EndpointTeacher:
    """Asks the model of this name at OPENAI_BASE_URL (default: OpenAI's own) with OPENAI_API_KEY."""

    def __init__(self, model: str, timeout: float = 60.0) -> None:
        from openai import OpenAI

        self.name = f"endpoint:{model}"
        self._model = model
        self._limit = "max_tokens"
        self._client = OpenAI(
            api_key=_key(), timeout=timeout, max_retries=0
        )  # `run.generate` tries again, and counts the cost

    def ask(self, messages: Messages) -> Completion:
        """One request, not repeated."""
        answer, failure = self._request(messages)
        if failure:  # raised out here, so that no library's exception, with its request and key, hangs on it
            raise failure
        return answer

    def _request(self, messages: Messages) -> tuple[Completion | None, Exception | None]:
        import openai

        try:
            answer = self._client.chat.completions.with_raw_response.create(
                model=self._model, messages=messages, **{self._limit: MAX_REPLY_TOKENS}
            )
            return self._read(answer.http_response.json()), None
        except openai.APITimeoutError:
            return None, TryAgain("no answer in time", paid=True)
        except openai.APIConnectionError as error:
            return None, self._unreachable(error)
        except openai.APIStatusError as error:
            return None, self._refused(error)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
            return None, TryAgain("the answer is no chat completion", paid=True)

    def _read(self, body: dict) -> Completion:
        """The first choice of a chat completion, and what it took."""
        choice, usage = body["choices"][0], body["usage"]
        text = self._strike_out(readable(choice["message"]["content"] or ""))
        tokens = max(0, int(usage["prompt_tokens"])), max(0, int(usage["completion_tokens"]))
        return Completion(text, *tokens, cut_off=choice.get("finish_reason") == "length")

    def _unreachable(self, error: Exception) -> Exception:
        """The connection failed: before the request was sent, or, if it was sent, within the answer."""
        if type(error.__cause__).__name__ == "ConnectError":
            return TryAgain(f"no connection to {self._client.base_url.host}")
        return TryAgain("the connection broke off", paid=True)

    def _refused(self, error) -> Exception:
        """The server answered with an error status."""
        message = self._strike_out(str(error.message))[:200]
        if error.status_code == 429 and error.code != "insufficient_quota":
            return TryAgain("too many requests (429)", after=_retry_after(error.response.headers))
        if error.status_code >= 500 or error.status_code in (408, 409):
            return TryAgain(f"the server failed ({error.status_code})", after=_retry_after(error.response.headers))
        if error.status_code == 400 and self._limit == "max_tokens" and "max_completion_tokens" in message:
            self._limit = "max_completion_tokens"  # OpenAI's newer models know the limit under this name alone
            return TryAgain("the limit of tokens has another name here")
        if error.status_code in (401, 403):
            return TeacherError(f"The endpoint refuses the key in OPENAI_API_KEY ({error.status_code}): {message}")
        return TeacherError(f"The endpoint refuses the request ({error.status_code}): {message}")

    def _strike_out(self, text: str) -> str:
        key = self._client.api_key
        return text if key == NO_KEY else text.replace(key, STRUCK_OUT)


def _key() -> str:
    """The key. A server of one's own mostly wants none, but the client insists on a word."""
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not key and not os.environ.get("OPENAI_BASE_URL"):
        raise Problem(
            "The endpoint teacher needs a server: put its address into OPENAI_BASE_URL (such as "
            "http://127.0.0.1:8000/v1) and, if it wants one, a key into OPENAI_API_KEY."
        )
    return key or NO_KEY


def _retry_after(headers) -> float | None:
    """The seconds that a server asks us to wait. (The other form of this header, a date, is left to the backoff.)"""
    try:
        return min(max(0.0, float(headers["retry-after"])), MAX_RETRY_AFTER)
    except (KeyError, ValueError):
        return None


def backoff(attempt: int, first: float, after: float | None = None) -> float:
    """Seconds to wait after failure number `attempt` (from 0): first·2^attempt, times a random half to whole.

    Chance keeps many clients from coming back together. A server's own Retry-After is never undercut.
    """
    wait = min(first * 2**attempt, MAX_BACKOFF) * random.uniform(0.5, 1.0)
    return max(wait, after or 0.0)


class Pace:
    """At most so many requests a minute, evenly spaced; all of them pause when the server asks for it."""

    def __init__(self, per_minute: float | None = None) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0  # on time.monotonic's clock
        self._lock = threading.Lock()

    def pause(self, seconds: float) -> None:
        """Let no request begin for that long."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

    def wait(self, stop: threading.Event) -> bool:
        """Wait for the next free moment. False if `stop` came first."""
        with self._lock:
            now = time.monotonic()
            mine = max(self._next, now)
            self._next = mine + self._gap
        return not stop.wait(mine - now)
