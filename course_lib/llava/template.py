"""Conversations about a picture in the chat template of any language model, as tokens and labels."""

from collections.abc import Sequence

from course_lib.llava.labels import Segments
from course_lib.lm.tokenizer import IMAGE

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
