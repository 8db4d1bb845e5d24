"""From what a teacher wrote to turns of a conversation. What is out of form is refused, with the reason."""

import hashlib
import re

from course_lib.instruct.formats import Turn

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
)
HEADS = re.compile(r"^[ \t]*(Question|Answer):[ \t]*", re.MULTILINE)
LINE = re.compile(r"^[ \t]*===+[ \t]*$", re.MULTILINE)


class ReplyError(ValueError):
    """A reply that is out of form. The message says how."""


def parse(text: str, type: str, context_id: str) -> tuple[Turn, ...]:
    """The turns of a reply of this type. ReplyError says what is malformed."""
    if not text.strip():
        raise ReplyError("the reply is empty")
    if type == "detail":
        return (Turn(detail_question(context_id), description(text)),)
    turns = questions_and_answers(text)
    if type == "complex" and len(turns) > 1:
        raise ReplyError(f"{len(turns)} questions where there should be one")
    return turns


def questions_and_answers(text: str) -> tuple[Turn, ...]:
    """Parts `Question: …` and `Answer: …` in turn, with a line === after each (after the last one it may be missing)."""
    parts = [part.strip() for part in LINE.split(text)]
    parts = parts[:-1] if not parts[-1] else parts
    if len(parts) % 2:
        raise ReplyError(
            f"an odd number of parts between the lines === ({len(parts)}), so a question or an answer is missing"
        )
    heads = ("Question", "Answer") * (len(parts) // 2)
    bodies = [body(part, head, number) for number, (part, head) in enumerate(zip(parts, heads, strict=True), start=1)]
    return tuple(Turn(question, answer) for question, answer in zip(bodies[::2], bodies[1::2], strict=True))


def body(part: str, head: str, number: int) -> str:
    """What stands under the one head of a part."""
    before, *rest = HEADS.split(part)  # text before the first head, then head and text in turn
    if before or rest[:1] != [head]:
        raise ReplyError(f'part {number} should begin with "{head}:", but begins with "{part[:20]}"')
    if len(rest) > 2:
        raise ReplyError(f'part {number} has a second "{rest[2]}:", with no line === before it')
    if not rest[1].strip():
        raise ReplyError(f"the {head.lower()} in part {number} is empty")
    return rest[1].strip()


def description(text: str) -> str:
    """A detailed description: prose alone."""
    if HEADS.search(text) or LINE.search(text):
        raise ReplyError("a description was asked for, but the reply has the form of questions and answers")
    return text.strip()


def detail_question(context_id: str) -> str:
    """One of DETAIL_QUESTIONS, always the same one for a picture."""
    digest = hashlib.sha256(context_id.encode()).digest()
    return DETAIL_QUESTIONS[int.from_bytes(digest[:4], "big") % len(DETAIL_QUESTIONS)]
