"""Conversations about a picture, as tokens and labels: only the assistant's words are learned from.

A conversation is a list of segments (learned?, token ids). `<image>` stands in it once, at the head of the user's first turn;
`picture_labels` gives it as many places as the picture has patches, and none of them a label.
"""

from collections.abc import Sequence

from course_lib.lm.chat import Message, chat_segments
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.lm.tokenizer import IMAGE

Segments = list[tuple[bool, list[int]]]
MAX_LENGTH = 2048  # tokens of a conversation with its picture (LLaVA-1.5's `model_max_length`)
FORMAT_PROMPT = "Use one word only."  # LLaVA-1.5's: "Answer the question using a single word or phrase."
CONTENT_PLACEHOLDER = "\N{OBJECT REPLACEMENT CHARACTER}"  # stands for the words of a turn while a template is filled in


def in_one_word(question: str) -> str:
    """The question with the line that asks for a short answer: "what colour is the cat? Use one word only."

    Without it, a question is answered in a sentence, as in a conversation (Liu et al., 2024, "Improved Baselines", section 3.2).
    """
    return f"{question} {FORMAT_PROMPT}"


def picture_labels(
    segments: Segments, image_token: int, num_patches: int, max_length: int
) -> tuple[list[int], list[int]]:
    """Input ids and labels of segments in which `image_token` stands once for a picture; at most `max_length` of each.

    The mark becomes `num_patches` places, from which nothing is learned; then what is too long is cut off, as LLaVA does
    (llava/model/llava_arch.py, `prepare_inputs_labels_for_multimodal`). ValueError if no label is left.
    """
    ids: list[int] = []
    labels: list[int] = []
    for learned, tokens in segments:
        for token in tokens:
            times = num_patches if token == image_token else 1
            ids += [token] * times
            labels += [token if learned and token != image_token else IGNORE_INDEX] * times
    if all(label == IGNORE_INDEX for label in labels[:max_length]):
        raise ValueError(f"Nothing is left to learn within {max_length} tokens, {num_patches} of them the picture's.")
    return ids[:max_length], labels[:max_length]


def expand_image_tokens(ids: Sequence[int], image_token: int, num_patches: int) -> list[int]:
    """The same ids with `num_patches` places for every picture: a prompt, from which nothing is learned."""
    return [i for i in ids for _ in range(num_patches if i == image_token else 1)]


def picture_segments(tokenizer, messages: Sequence[Message]) -> Segments:
    """A conversation in segments (learned?, token ids); the picture stands at the head of the user's first turn."""
    image_token = tokenizer.convert_tokens_to_ids(IMAGE)
    opening, *rest = chat_segments(tokenizer, messages)  # the beginning of a text; the first turn's role; its words; …
    role, *turns = rest
    return [opening, role, (False, [image_token]), *turns]


def caption_segments(tokenizer, caption: str, instruction: str = "") -> Segments:
    """Stage 1: the picture, an instruction to describe it briefly, and its caption (Liu et al., 2023, section 4.2).

    LLaVA's later code leaves the instruction out (llava/train/train.py, `preprocess_plain`).
    """
    messages = [Message(role="user", content=instruction), Message(role="assistant", content=caption)]
    return picture_segments(tokenizer, messages)


def ocr_segments(tokenizer, question: str, word: str) -> Segments:
    """A question about a sign, answered letter by letter."""
    messages = [Message(role="user", content=question), Message(role="assistant", content=word)]
    *before, (learned, answer) = picture_segments(tokenizer, messages)
    return [*before, (learned, [*spell_out(tokenizer, word), answer[-1]])]  # the last token ends the turn


def spell_out(tokenizer, word: str) -> list[int]:
    """The tokens of a word letter by letter, as an answer: what is read is written down in the order in which it stands.

    The usual tokens of a word (`STOP` is three) are cut by how often they come, and say nothing of what its letters look like.
    """
    letters = [f" {word[0]}", *word[1:]]
    return [token for letter in letters for token in tokenizer(letter, add_special_tokens=False)["input_ids"]]


def template_segments(tokenizer, turns: Sequence[tuple[str, str]]) -> Segments:
    """Questions and answers in segments of the tokenizer's own chat template, the picture at the head of the first question.

    The first three segments are what conversations about one picture share (`data.packing.collate`). Learned are the answers,
    each with the token that ends it. ValueError for a tokenizer that has no chat template.
    """
    if not tokenizer.chat_template:
        raise ValueError("This tokenizer has no chat template. Take an instruction-tuned model, or set chat_template.")
    # The template, filled with placeholders and cut at them, gives what stands between the words of two turns.
    roles = ("user", "assistant")
    messages = [{"role": role, "content": CONTENT_PLACEHOLDER} for _ in turns for role in roles]
    opening, *between = tokenizer.apply_chat_template(messages, tokenize=False).split(CONTENT_PLACEHOLDER)
    segments = [(False, _ids(tokenizer, opening)), (False, []), (False, [tokenizer.convert_tokens_to_ids(IMAGE)])]
    for number, (question, answer) in enumerate(turns):
        to_answer, closing = (_ids(tokenizer, text) for text in between[2 * number : 2 * number + 2])
        segments += [
            (False, _ids(tokenizer, question, split_special_tokens=True)),  # nobody ends a turn by writing "<|im_end|>"
            (False, to_answer),
            (True, [*_ids(tokenizer, answer, split_special_tokens=True), *closing[:1]]),
            (False, closing[1:]),
        ]
    return segments[:-1]  # after the last answer nothing is of use


def without_picture(segments: Segments) -> Segments:
    """The segments of `template_segments` for a conversation about no picture: without the third, its mark."""
    return segments[:2] + segments[3:]


def _ids(tokenizer, text: str, **options) -> list[int]:
    return tokenizer(text, add_special_tokens=False, **options)["input_ids"]
