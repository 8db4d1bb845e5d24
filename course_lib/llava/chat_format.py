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


def spelled(tokenizer, word: str) -> list[int]:
    """The tokens of a word letter by letter, as an answer: what is read is written down in the order in which it stands.

    The usual tokens of a word (`STOP` is three) are cut by how often they come, and say nothing of what its letters look like.
    """
    letters = [f" {word[0]}", *word[1:]]
    return [token for letter in letters for token in tokenizer(letter, add_special_tokens=False)["input_ids"]]


def ocr_segments(tokenizer, question: str, word: str, patches: int) -> Segments:
    """A question about a sign, answered letter by letter."""
    messages = [Message(role="user", content=question), Message(role="assistant", content=word)]
    *before, (learned, answer) = picture_segments(tokenizer, messages, patches)
    return [*before, (learned, [*spelled(tokenizer, word), answer[-1]])]  # the last token ends the turn


def caption_segments(tokenizer, caption: str, patches: int, instruction: str = "") -> Segments:
    """Stage 1: the picture, an instruction to describe it briefly, and its caption (Liu et al., 2023, section 4.2).

    LLaVA's later code leaves the instruction out (llava/train/train.py, `preprocess_plain`).
    """
    messages = [Message(role="user", content=instruction), Message(role="assistant", content=caption)]
    return picture_segments(tokenizer, messages, patches)


STAND_IN = "\N{OBJECT REPLACEMENT CHARACTER}"  # stands for the words of a turn while the template is filled in


def template_segments(tokenizer, turns: Sequence[tuple[str, str]], patches: int) -> Segments:
    """Questions and answers in segments (learned?, token ids), with the picture at the head of the first question.

    The first three segments are what conversations about one picture share (`batches.collate`). Learned are the answers,
    each with the token that ends it. ValueError for a tokenizer that has no chat template.
    """
    if not tokenizer.chat_template:
        raise ValueError("This tokenizer has no chat template. Take an instruction-tuned model, or set chat_template.")
    roles = ("user", "assistant")
    messages = [{"role": role, "content": STAND_IN} for _ in turns for role in roles]
    opening, *between = tokenizer.apply_chat_template(messages, tokenize=False).split(STAND_IN)
    mark = tokenizer.convert_tokens_to_ids(IMAGE)
    segments = [(False, _ids(tokenizer, opening)), (False, []), (False, [mark] * patches)]
    for number, (question, answer) in enumerate(turns):
        to_answer, closing = (_ids(tokenizer, text) for text in between[2 * number : 2 * number + 2])
        segments += [
            (False, _ids(tokenizer, question, split_special_tokens=True)),  # nobody ends a turn by writing "<|im_end|>"
            (False, to_answer),
            (True, [*_ids(tokenizer, answer, split_special_tokens=True), *closing[:1]]),
            (False, closing[1:]),
        ]
    return segments[:-1]  # after the last answer nothing is of use


def _ids(tokenizer, text: str, **options) -> list[int]:
    return tokenizer(text, add_special_tokens=False, **options)["input_ids"]
