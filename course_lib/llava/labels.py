"""Conversations about a picture, as tokens and labels: only the assistant's words are learned from."""

from collections.abc import Sequence

from course_lib.lm.chat import Message, chat_segments
from course_lib.lm.tokenizer import IMAGE

Segments = list[tuple[bool, list[int]]]


def picture_segments(tokenizer, messages: Sequence[Message], patches: int) -> Segments:
    """A conversation in segments (learned?, token ids); the picture stands at the head of the user's first turn.

    Places of patches are never learned from: nobody could predict them, and they are no words.
    """
    mark = tokenizer.convert_tokens_to_ids(IMAGE)
    opening, *rest = chat_segments(tokenizer, messages)  # the beginning of a text; the first turn's role; its words; …
    role, *turns = rest
    return [opening, role, (False, [mark] * patches), *turns]


def caption_segments(tokenizer, caption: str, patches: int, instruction: str = "") -> Segments:
    """Stage 1: the picture, an instruction to describe it briefly, and its caption (Liu et al., 2023, section 4.2).

    LLaVA's later code leaves the instruction out (llava/train/train.py, `preprocess_plain`).
    """
    messages = [Message(role="user", content=instruction), Message(role="assistant", content=caption)]
    return picture_segments(tokenizer, messages, patches)
