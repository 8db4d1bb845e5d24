"""A chat completion as the servers of this world write it: what it says, and how many tokens it took."""

import json
from collections.abc import Mapping

from course_lib.common.text import readable
from course_lib.instruct.teachers.base import PIECES, Completion, Messages, estimate_tokens

MAX_PLAUSIBLE = 10_000_000  # tokens in one request: more is no count
REASONING = ("reasoning_content", "reasoning", "thinking")  # fields that servers keep it in
FILTERED = ("content_filter", "safety")
CLOSED = {
    **dict.fromkeys(FILTERED, "the server's content filter stopped the reply"),
    "tool_calls": "the model calls a tool instead of answering",
    "function_call": "the model calls a tool instead of answering",
}


def parse_body(content: bytes) -> dict:
    """The JSON of an answer; a stream's pieces (`data: …`), which some servers send unasked, are put together. ValueError."""
    text = content.decode("utf-8-sig", "replace").strip()
    if text.startswith(("data:", "event:", ":")):
        return _join_stream([line[5:].strip() for line in text.splitlines() if line.startswith("data:")])
    body = json.loads(text)
    if not isinstance(body, dict):
        raise ValueError("no object")
    return body


def _join_stream(pieces: list[str]) -> dict:
    """One completion out of the chunks of a stream."""
    chunks = [json.loads(piece) for piece in pieces if piece != "[DONE]"]
    failed = next((chunk for chunk in chunks if "error" in chunk), None)
    if failed:
        return failed
    choices = [choice for chunk in chunks for choice in chunk.get("choices") or []]
    if not choices:
        raise ValueError("an empty stream")
    message = {
        name: "".join(content_text((choice.get("delta") or {}).get(name)) for choice in choices)
        for name in ("content", *REASONING)
    }
    reason = next((choice["finish_reason"] for choice in choices if choice.get("finish_reason")), None)
    usage = next((chunk["usage"] for chunk in reversed(chunks) if chunk.get("usage")), None)
    return {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}


def read_completion(body: dict, messages: Messages) -> Completion:
    """The reply to `messages`. What is no chat completion raises LookupError, TypeError, ValueError or AttributeError."""
    choices = [choice for choice in body["choices"] if isinstance(choice.get("message"), dict)]
    choice = next((one for one in choices if content_text(one["message"].get("content")).strip()), choices[0])
    message, finish = choice["message"], str(choice.get("finish_reason")).lower()
    text = readable(content_text(message.get("content")))
    thoughts = readable("".join(content_text(message.get(name)) for name in REASONING))
    refusal = content_text(message.get("refusal"))
    problem = CLOSED.get(finish, "") if not text.strip() or finish in FILTERED else ""
    if not text.strip():
        calls = message.get("tool_calls") or message.get("function_call")
        problem = problem or (
            f"the model refuses: {refusal[:200]}" if refusal else CLOSED["tool_calls"] if calls else ""
        )
        text = (
            f"<think>{thoughts}" if thoughts else ""
        )  # as a server writes it that keeps reasoning and answer together
    prompt, completion, estimated = _usage(body.get("usage"), messages, text + thoughts)
    return Completion(text, prompt, completion, finish in ("length", "max_tokens"), estimated, readable(problem))


def content_text(content: object) -> str:
    """The text of a message's content: a text, or a list of parts, of which only those that hold an answer's text count."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        answers = content.get("type", "text") in ("text", "output_text")
        return content_text(content.get("text", content.get("value"))) if answers else ""
    return "".join(map(content_text, content)) if isinstance(content, list) else ""


def _usage(usage: object, messages: Messages, written: str) -> tuple[int, int, bool]:
    """(prompt tokens, completion tokens, is one of them an estimate?). Servers may leave them out, or write nonsense."""
    usage = usage if isinstance(usage, Mapping) else {}
    prompt = _count(usage.get("prompt_tokens", usage.get("input_tokens")))
    completion = _count(usage.get("completion_tokens", usage.get("output_tokens")))
    estimated = not prompt or (completion is None or (written != "" and completion == 0))
    prompt = prompt or estimate_tokens(messages)
    return prompt, completion or len(PIECES.findall(written)), estimated


def _count(value: object) -> int | None:
    """A number of tokens; None if that can't be one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
        return int(number) if 0 <= number <= MAX_PLAUSIBLE else None
    except (ValueError, OverflowError):
        return None
