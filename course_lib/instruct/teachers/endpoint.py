"""A teacher behind any endpoint that speaks OpenAI's protocol: OpenAI, vLLM, Ollama, llama.cpp, `transformers serve` …

The key is read from the environment, handed to the client, and kept nowhere else. Servers may echo it, in errors or in
replies, so whatever a server says has the key struck out before anybody sees it.
"""

import os
import random
import re
import threading
import time
import urllib.request
from contextlib import suppress
from dataclasses import replace
from email.utils import parsedate_to_datetime

from course_lib.common.errors import Problem
from course_lib.instruct.teachers.base import (
    MAX_REPLY_TOKENS,
    Completion,
    Messages,
    QuestionRefused,
    TeacherError,
    TooSlow,
    TryAgain,
)
from course_lib.instruct.teachers.chat_completion import parse_body, read_completion
from course_lib.instruct.teachers.server_words import SECRET, error_codes, server_words, strike_out
from course_lib.instruct.teachers.settings import BASE_URL, KEY, LOCAL, NO_KEY, Settings, read_settings

TIMEOUT = 60.0  # seconds
MAX_RETRY_AFTER = 600.0  # seconds: a server that asks for more is asked again after these
MAX_BACKOFF = 60.0  # seconds
NO_CREDIT = re.compile(
    r"insufficient\w*[_ ](?:quota|balance|credits?|funds)|\b(?:credits?|balance|billing|payment|recharge)\b"
)
QUOTA = "insufficient_quota"
ABOUT_QUESTION = (
    400,
    413,
    422,
)  # one question may be too long, or offend a filter; if it is all of them, the run gives up


class EndpointTeacher:
    """Asks the model of this name at OPENAI_BASE_URL (default: OpenAI's own) with OPENAI_API_KEY.

    `timeout`: seconds that a reply may take; may be changed between questions. `Problem` if a setting is wrong.
    """

    timeout = TIMEOUT

    def __init__(self, model: str, timeout: float = TIMEOUT) -> None:
        self.name = f"endpoint:{model}"
        self.timeout = timeout
        self._model = model
        self._limit = "max_tokens"
        self._client = _client(read_settings())

    def ask(self, messages: Messages) -> Completion:
        """One request, not repeated."""
        answer, failure = self._request(messages)
        if failure:  # raised out here, so that no library's exception, with its request and key, hangs on it
            raise failure
        return answer

    def _request(self, messages: Messages) -> tuple[Completion | None, Exception | None]:
        import openai

        response, limit = None, self._limit
        try:
            answer = self._client.chat.completions.with_raw_response.create(
                model=self._model,
                messages=messages,
                stream=False,  # said aloud, as some servers stream unless they are told not to
                timeout=self.timeout,
                **{limit: MAX_REPLY_TOKENS},
            )
            response = answer.http_response
            return self._read(response.content, messages), None
        except openai.APITimeoutError as error:
            return None, self._too_late(error)
        except openai.APIConnectionError as error:
            return None, self._unreachable(error)
        except openai.APIStatusError as error:
            return None, self._refused(error, limit)
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
            return None, self._no_completion(response)

    def _read(self, content: bytes, messages: Messages) -> Completion:
        """The completion in an answer, without the key that a server may have put into it."""
        answer = read_completion(parse_body(content), messages)
        if len(self._client.api_key) < SECRET:
            return answer
        return replace(answer, text=self._strike_out(answer.text), problem=self._strike_out(answer.problem))

    def _no_completion(self, response) -> Exception:
        """The server answered with status 200, but not with a chat completion."""
        content = getattr(response, "content", b"")
        words = self._words(response) if content else ""
        if re.match(rb"\s*<(!doctype|html|head|body)", content, re.IGNORECASE):
            return TeacherError(f"The endpoint answers with a web page{words}. {self._look_at_address()}")
        if re.match(
            rb'\s*(data:\s*)?\{.{0,200}?"error"\s*:(?!\s*null)', content, re.DOTALL
        ):  # no request that failed is billed
            if _no_credit(words, error_codes(content)):
                return TeacherError(f"The account of {KEY} has no credit left{words}.")
            return TryAgain("the answer is an error", words=words)
        # who bills for a reply has begun to write it
        paid = b'"choices"' in content or not content.rstrip().endswith(b"}")
        return TryAgain("the answer is no chat completion", paid=paid, words=words)

    def _too_late(self, error: Exception) -> Exception:
        """The time was up: before a connection was there, or while the teacher was writing."""
        if type(error.__cause__).__name__ in ("ConnectTimeout", "PoolTimeout"):
            return TryAgain(f"no connection to {self._client.base_url.host} in time{_by_proxy(self._client.base_url)}")
        return TooSlow("no answer in time", paid=True)

    def _unreachable(self, error: Exception) -> Exception:
        """The connection failed: before the request was sent, or, if it was sent, within the answer."""
        kind, url = type(error.__cause__).__name__, self._client.base_url
        reason = self._strike_out(str(error.__cause__))[:200]
        if "CERTIFICATE_VERIFY_FAILED" in reason:
            return TeacherError(
                f"The certificate of {url.host} can't be trusted ({reason}). If your network, or the server, has certificates of "
                "its own, name their file (PEM) in SSL_CERT_FILE."
            )
        if "SSL" in reason:
            return TeacherError(f"{url.host} speaks no https ({reason}). Should {BASE_URL} begin with http://?")
        if kind == "TooManyRedirects":
            return TeacherError(f"{url.host} redirects in a circle. {self._look_at_address()}")
        if kind in ("ConnectError", "ProxyError", "UnsupportedProtocol", "LocalProtocolError"):
            return TryAgain(
                f"no connection to {url.host}{_by_proxy(url)} ({reason}): look whether the server runs, and whether {BASE_URL} is right"
            )
        if kind == "DecodingError":
            return TryAgain("the answer can't be unpacked (is its Content-Encoding right?)", paid=True)
        return TryAgain("the connection broke off", paid=True)

    def _refused(self, error, limit: str) -> Exception:
        """The server answered with an error status. `limit`: what the request called the limit of tokens."""
        status, content = error.status_code, error.response.content
        words, after = self._words(error.response), _retry_after(error.response.headers)
        codes = error_codes(content)
        if status == 402 or (status in (403, 429) and _no_credit(words, codes) and (after is None or QUOTA in codes)):
            return TeacherError(f"The account of {KEY} has no credit left ({status}){words}.")
        if status == 429:
            return TryAgain("too many requests (429)", after, words=words)
        if status in (408, 504, 524):  # somebody between us and the teacher has waited long enough
            return TooSlow(f"the server failed ({status})", after, words=words)
        if status >= 500 or status in (409, 425):
            return TryAgain(f"the server failed ({status})", after, words=words)
        if status in (400, 422) and limit == "max_tokens" and "max_completion_tokens" in words:
            self._limit = "max_completion_tokens"  # OpenAI's newer models know the limit under this name alone
            return TryAgain("the limit of tokens has another name here")
        if status == 401 and self._client.api_key == NO_KEY:
            return TeacherError(f"The endpoint wants a key, but {KEY} is not set ({status}){words}.")
        if status in (401, 403):
            return TeacherError(f"The endpoint refuses the key in {KEY} ({status}){words}.")
        refusal = f"The endpoint refuses the request ({status}){words}."
        if status in ABOUT_QUESTION:
            return QuestionRefused(refusal)
        if "model" in words.lower():
            return TeacherError(f'{refusal} Is "{self._model}" the model\'s name there?')
        return TeacherError(f"{refusal} {self._look_at_address()}" if status in (404, 405) else refusal)

    def _words(self, response) -> str:
        """The server's own words, as the end of a sentence; before them, where a redirect has led."""
        words = server_words(response.content, *self._secrets()).rstrip(".")
        led = ""
        if response.history:
            led = self._strike_out(
                f" after a redirect to {response.url.scheme}://{response.url.host}{response.url.path}"
            )
        return f'{led}: "{words}"' if words else led

    def _look_at_address(self) -> str:
        path = self._client.base_url.path.rstrip("/")
        without = "" if re.search(r"/v\d", path) else ", or is /v1 missing at its end"
        return f"Is {BASE_URL} right{without}?"

    def _strike_out(self, text: str) -> str:
        return strike_out(text, *self._secrets())

    def _secrets(self) -> list[str]:
        key, url = self._client.api_key, getattr(self._client, "base_url", None)
        return [secret for secret in (key, getattr(url, "password", "")) if secret and secret != NO_KEY]


def _client(settings: Settings):
    """OpenAI's client for these settings. `Problem` if it can't be made, which NO_PROXY may still cause."""
    import openai

    try:
        http_client = openai.DefaultHttpxClient(verify=settings.certificates, trust_env=not settings.is_local)
        return openai.OpenAI(  # `run.generate` tries again, and counts the cost
            api_key=settings.key, base_url=settings.base_url, max_retries=0, http_client=http_client
        )
    except Exception as error:
        reason = strike_out(str(error), settings.key)
    raise Problem(
        f"The connection can't be set up ({reason}). Look at {BASE_URL}, HTTP_PROXY, HTTPS_PROXY and NO_PROXY."
    )


def _by_proxy(url) -> str:
    """Which proxy stands between, if any: its variable."""
    if url.host in LOCAL or urllib.request.proxy_bypass(url.host):
        return ""
    names = [name for name in os.environ if name.upper() in (f"{url.scheme}_PROXY".upper(), "ALL_PROXY")]
    return f" through the proxy in {names[0]}" if names else ""


def _no_credit(words: str, codes: set[str]) -> bool:
    """Is it money that lacks? A limit of requests a minute may speak of billing, too, but says when to try again."""
    said = " ".join([words, *codes]).lower()
    return QUOTA in codes or bool(NO_CREDIT.search(said) and not re.search(r"\bretry|try again|per minute", said))


def _retry_after(headers) -> float | None:
    """The seconds that a server asks us to wait, given as such or as a date; None if it doesn't say."""
    said = headers.get("retry-after", "")
    with suppress(ValueError, OverflowError):
        return min(max(0.0, float(said)), MAX_RETRY_AFTER)
    with suppress(ValueError, TypeError, OverflowError):
        return min(max(0.0, parsedate_to_datetime(said).timestamp() - time.time()), MAX_RETRY_AFTER)
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
