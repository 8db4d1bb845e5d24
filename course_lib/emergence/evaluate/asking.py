"""Asking in a language, and judging what comes back: is it right, and in which language is it said?"""

import random
from collections.abc import Collection, Mapping, Sequence
from functools import cache

import numpy as np
import torch

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.emergence.languages import Language
from course_lib.emergence.texts import answer_of, described
from course_lib.llava.data.testsets import VqaExample, draw, vqa_examples
from course_lib.llava.model import MiniLlava
from course_lib.lm.chat import encode_prompt
from course_lib.lm.data.instructions import clean
from course_lib.lm.generate import generate_batch
from course_lib.world.questions import Question

NUM_QUESTIONS = 100  # of a kind
AT_ONCE = 100  # pictures
MAX_NEW_TOKENS = 12


@cache
def examples(kind: str, count: int = NUM_QUESTIONS, stream: str = "test") -> tuple[VqaExample, ...]:
    """Questions of a kind about as many scenes, in wordings that training never used; only "read" is about signs' texts.

    The second hundred of the stream: the first one had been looked at before the recipe was settled.
    """
    drawn = vqa_examples(kind, 3 * count, stream)
    return tuple([one for one in drawn if kind == "read" or '"' not in one.question.text][count : 2 * count])


def asked_in(language: Language, asked: Sequence[VqaExample]) -> list[str]:
    """The questions in this language, in its test wordings; the same ones at every call."""
    return [language.ask(one.question, random.Random(f"ask/{i}"), "test") for i, one in enumerate(asked)]


@torch.no_grad()
def picture_replies(
    model: MiniLlava, asked: Sequence[VqaExample], language: Language, images: np.ndarray | None = None
) -> list[str]:
    """What the model says of each example's picture, or of these in their place: uint8 [N, 64, 64, 3]."""
    images = draw([one.scene for one in asked]) if images is None else images
    texts, replies = asked_in(language, asked), []
    for start in range(0, len(asked), AT_ONCE):
        features = model.image_features(normalise(to_tensor(images[start : start + AT_ONCE])))  # [B, N, W]
        replies += model.answer(features, texts[start : start + AT_ONCE], max_new_tokens=MAX_NEW_TOKENS)
    return replies


def text_replies(model, tokenizer, asked: Sequence[VqaExample], told: Language, language: Language) -> list[str]:
    """What the language model says when the scene is described in `told` instead of shown."""
    conversations = [
        described(one.scene, [one.question], told, language, random.Random(f"tell/{i}"), "test")
        for i, one in enumerate(asked)
    ]
    prompts = [encode_prompt(tokenizer, turns[:1]) for turns in conversations]
    return [reply.strip() for reply in generate_batch(model, tokenizer, prompts, MAX_NEW_TOKENS)]


def accepted(language: Language, question: Question) -> set[str]:
    """What counts as right: the answer, a colour in each of its forms, and both genders of a number."""
    answers = {answer_of(language, question)}
    if question.kind == "colour":
        answers |= set(language.colours[question.answer])
    if question.kind == "count":
        answers.add(language.numbers[question.answer])
    return {clean(answer) for answer in answers}


def judge(reply: str, answers: Collection[str], vocabularies: Mapping[str, Collection[str]]) -> tuple[bool, list[str]]:
    """(is the content right, codes of the languages in which it is said). Capitals and a full stop don't count.

    answers: the right ones, in whichever languages. vocabularies: code → the language's words. A reply is said in a language that has
    all of its words: in two for "orange", which is French as well, and in none if it is empty or a mixture.
    """
    said = clean(reply)
    words = said.split()
    languages = [code for code, known in vocabularies.items() if words and all(word in known for word in words)]
    return said in {clean(answer) for answer in answers}, languages


def is_right(replies: Sequence[str], asked: Sequence[VqaExample], languages: Sequence[Language]) -> np.ndarray:
    """Is the content right, in whichever of these languages it is said? bool [N]."""
    answers = [set.union(*(accepted(language, one.question) for language in languages)) for one in asked]
    return np.array([judge(reply, right, {})[0] for reply, right in zip(replies, answers, strict=True)])


def is_in(replies: Sequence[str], language: Language) -> np.ndarray:
    """Is the reply said in the words of this language, right or wrong? bool [N]."""
    vocabulary = {language.code: language.vocabulary()}
    return np.array([language.code in judge(reply, (), vocabulary)[1] for reply in replies])


def letters_found(reply: str, text: str) -> np.ndarray:
    """Which of a sign's different letters stand in a reply that spells? "C A C" of "CAT": two of three. bool [L]."""
    return np.array([letter in reply.split() for letter in sorted(set(text))])
