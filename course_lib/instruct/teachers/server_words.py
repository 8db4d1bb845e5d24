"""What a server says in its own words, whatever form it gives them, fit to be shown: short, plain, and without any key."""

import html
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from course_lib.common.text import readable

STRUCK_OUT = "[key]"
MAX_WORDS = 300  # characters
SECRET = 8  # a shorter key is a stopgap, such as EMPTY or x; its letters may be words of a reply
BEARER = re.compile(r"(Bearer(?:\s|%20|\+)+)[^\s\"'<>,;&]+", re.IGNORECASE)
NAMES = (
    "error",
    "errors",
    "message",
    "detail",
    "details",
    "error_message",
    "error_description",
    "msg",
    "reason",
    "title",
    "description",
)


def strike_out(text: str, *secrets: str) -> str:
    """The text without these secrets: as they are, as addresses, JSON and HTML write them, or cut off behind their first half."""
    for secret in filter(None, secrets):
        forms = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], html.escape(secret)}
        patterns = [re.escape(form) for form in sorted(forms, key=len, reverse=True)]
        if len(secret) < SECRET:
            patterns = [rf"(?<!\w){pattern}(?!\w)" for pattern in patterns]
        elif len(secret) >= 2 * SECRET:
            patterns.append(re.escape(secret[: len(secret) // 2]) + r"[\w-]*")
        text = re.sub("|".join(patterns), STRUCK_OUT, text, flags=re.IGNORECASE)
    return text


def server_words(content: bytes | str, *secrets: str) -> str:
    """The server's own words in the body of an answer; "" if it has none."""
    text = content.decode("utf-8-sig", "replace") if isinstance(content, bytes) else content
    try:
        words = _said(json.loads(text)) or text
    except (ValueError, RecursionError):
        words = text
    if re.search(r"<(?:!doctype|html|head|body|title|h1|p)\b", words, re.IGNORECASE):
        words = _text_of_page(words)
    words = BEARER.sub(rf"\1{STRUCK_OUT}", strike_out(readable(words), *secrets))
    words = " ".join("".join(sign if sign.isprintable() else " " for sign in words).split())
    return words if len(words) <= MAX_WORDS else f"{words[:MAX_WORDS]} …"


def _said(value: object) -> str:
    """The words in a JSON value: an error's message, FastAPI's list of details, or whatever text there is."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(_said, value)))
    if not isinstance(value, dict):
        return ""
    words = next((said for name in NAMES if (said := _said(value.get(name)))), "")
    where = value.get("loc")  # FastAPI: which field
    if words and isinstance(where, list):
        words = f"{'.'.join(map(str, where))}: {words}"
    return words


def error_codes(content: bytes) -> set[str]:
    """The codes and types in an error's JSON, such as "insufficient_quota", in small letters."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return set()
    error = body.get("error", body) if isinstance(body, dict) else None
    values: Iterable[object] = (
        (error.get(name) for name in ("code", "type", "status")) if isinstance(error, dict) else ()
    )
    return {value.lower() for value in values if isinstance(value, str)}


def _text_of_page(page: str) -> str:
    """The title and the text of a web page."""
    title = re.search(r"<title[^>]*>(.*?)</title>", page, re.IGNORECASE | re.DOTALL)
    body = re.sub(r"<(script|style|head|title)\b.*?(?:</\1>|\Z)|<[^>]*>", " ", page, flags=re.IGNORECASE | re.DOTALL)
    heading, text = (" ".join(html.unescape(part).split()) for part in (title[1] if title else "", body))
    return text if text.startswith(heading) else f"{heading}: {text}" if text else heading
