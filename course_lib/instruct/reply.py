"""The reply parser: from what a teacher wrote to the turns of a sample. What is out of form is refused, with the reason."""

import hashlib
import re

from course_lib.instruct.formats import Turn
from course_lib.instruct.unwrap import ReplyError, unwrap, without_preamble

__all__ = ["ReplyError", "parse_reply", "parse_turns"]

DETAIL_QUESTIONS = (  # a description answers any of them; which one is drawn by the picture's id
    "Describe this picture in detail.",
    "What can be seen in this picture? Leave nothing out.",
    "Tell me everything that the picture shows.",
    "Please give a thorough description of the picture.",
    "Can you describe the whole picture for me?",
    "What does this picture look like, in full?",
    "Walk me through the picture.",
    "Write down all that you see here.",
    "How would you describe this picture to somebody who can't see it?",
    "Explain in detail what is in the picture and where.",
    "Describe everything here.",
    "Tell me about the whole picture.",
    "Give me all the details of this picture.",
    "What is in this picture, and where is it?",
    "Say all that there is to say about this picture.",
    "I can't see the picture. What is in it, and where?",
    "Please describe all of the scene.",
    "Go through all things in the picture, one by one.",
    "Paint the picture for me in words.",
    "What do you see here? Take your time, and tell me all of it.",
)
HEAD = re.compile(r"^[ \t]*(Question|Answer):[ \t]*", re.MULTILINE)
SEPARATOR = re.compile(r"^[ \t]*===+[ \t]*$", re.MULTILINE)


def parse_turns(text: str, type: str, context_id: str) -> tuple[Turn, ...]:
    """The turns of a reply of this type about the picture with this id. ReplyError says what is malformed."""
    text = unwrap(text)
    if not text:
        raise ReplyError("the reply is empty")
    if type == "detail":
        return (Turn(detail_question(context_id), description(text)),)
    turns = questions_and_answers(text)
    if type == "complex" and len(turns) > 1:
        raise ReplyError(f"{len(turns)} questions where there should be one")
    return turns


def parse_reply(text: str) -> list[tuple[str, str]] | None:
    """The (question, answer) pairs of a reply, or None if anything about its form is wrong.

    Parts end with a line that is `===`, the last one may do without; they begin with `Question:` and `Answer:` in turn,
    and hold more than that.
    """
    parts = [part.strip() for part in re.split(r"^===$", text, flags=re.MULTILINE)]
    if not parts[-1]:
        parts.pop()
    if not parts or len(parts) % 2:
        return None
    pairs = []
    for question, answer in zip(parts[::2], parts[1::2], strict=True):
        if not (question.startswith("Question:") and answer.startswith("Answer:")):
            return None
        pairs.append((question.removeprefix("Question:").strip(), answer.removeprefix("Answer:").strip()))
    return pairs if all(question and answer for question, answer in pairs) else None


def questions_and_answers(text: str) -> tuple[Turn, ...]:
    """The turns of a reply in parts, where separators may be longer or indented. ReplyError says which part is wrong."""
    pairs = parse_reply(SEPARATOR.sub("===", text))
    problem = malformed_part(text)  # also a second head in one part, where a separator was forgotten
    if problem or not pairs:
        raise ReplyError(problem or "the reply is no list of questions and answers")
    return tuple(Turn(question, answer) for question, answer in pairs)


def malformed_part(text: str) -> str:
    """What is wrong with the first part that is out of form; "" if each is one question or answer, in turn."""
    parts = [part.strip() for part in SEPARATOR.split(text)]
    parts = parts if parts[-1] else parts[:-1]
    if len(parts) % 2:
        count = f"an odd number of parts between the lines === ({len(parts)})"
        return f"{count}, so a question or an answer is missing"
    for number, part in enumerate(parts):
        head = ("Question", "Answer")[number % 2]
        before, *rest = HEAD.split(part)  # text before the first head, then head and body in turn
        if before or rest[:1] != [head]:
            return f'part {number + 1} should begin with "{head}:", but begins with "{part[:20]}"'
        if len(rest) > 2:
            return f'part {number + 1} has a second "{rest[2]}:", with no line === before it'
        if not rest[1].strip():
            return f"the {head.lower()} in part {number + 1} is empty"
    return ""


def description(text: str) -> str:
    """A detailed description: prose alone."""
    if HEAD.search(text) or SEPARATOR.search(text):
        raise ReplyError("a description was asked for, but the reply has the form of questions and answers")
    text = without_preamble(text)
    if not text:
        raise ReplyError("the description is empty")
    return text


def detail_question(context_id: str) -> str:
    """One of DETAIL_QUESTIONS, always the same one for a picture."""
    digest = hashlib.sha256(context_id.encode()).digest()
    return DETAIL_QUESTIONS[int.from_bytes(digest[:4], "big") % len(DETAIL_QUESTIONS)]
