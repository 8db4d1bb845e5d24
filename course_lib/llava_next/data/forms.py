"""Forms of an answer: one word, the letter of an option, or a sentence. The last line of the question says which.

LLaVA-1.5 has "Answer the question using a single word or phrase." and "Answer with the option's letter from the given choices
directly." (haotian-liu/LLaVA, docs/Evaluation.md). Without such a line, a model that learned short answers and conversations
together can't know which is wanted (Liu et al., 2024, arXiv 2310.03744, section 3.2).
"""

import random
from collections.abc import Sequence

from course_lib.llava.chat_format import FORMAT_PROMPT
from course_lib.lm.chat import Message
from course_lib.world.backdrops import BACKDROPS
from course_lib.world.language import PLACES, RELATIONS
from course_lib.world.nouns import NUMBERS
from course_lib.world.questions import OPPOSITE, Question
from course_lib.world.stickers import COLOURS

LETTERS = "ABCD"
LETTER_PROMPT = "Answer with the letter."
OPTIONS = {
    "count": NUMBERS[1:],
    "colour": COLOURS,
    "relation": tuple(OPPOSITE),
    "place": BACKDROPS,
}  # kind → what may be right
NUM_OPTIONS = 4
Pair = tuple[str, str]  # what the user says, what the assistant says


def short_form(question: str, answer: str, line: bool = True) -> Pair:
    """One word is wanted, and said. Without the line nothing tells it from a question that wants a sentence."""
    return f"{question} {FORMAT_PROMPT}" if line else question, answer


def letter_form(question: str, answer: str, options: Sequence[str]) -> Pair:
    """The options, each behind its letter, and the line that asks for the letter; the answer is the right one's letter.

    ValueError where the answer is not among the options.
    """
    if answer not in options:
        raise ValueError(f"{answer!r} is none of the options: {', '.join(options)}.")
    listed = " ".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options, strict=False))
    return f"{question} {listed} {LETTER_PROMPT}", LETTERS[options.index(answer)]


def sentence_form(question: Question) -> Pair:
    """No line: a sentence is said. KeyError for reading, which has none."""
    words, answer = question.words, question.answer
    yes = answer == "yes"
    make = {
        "exist": lambda: f"Yes, the picture shows {words['any']}." if yes else f"No, the picture does not show {words['any']}.",
        "count": lambda: f"The number of {words['things']} is {answer}.",
        "colour": lambda: f"The {words['thing']} {words['is']} {answer}.",
        "relation": lambda: f"The {words['thing']} {words['is']} {RELATIONS['train'][answer][0]} the {words['other']}.",
        "related": lambda: f"{'Yes' if yes else 'No'}, the {words['thing']} {words['is']} {'' if yes else 'not '}{words['way']} "
        f"the {words['other']}.",
        "place": lambda: f"The things are {PLACES[answer]}.",
        "size": lambda: f"Of the two, the {answer} is bigger.",
    }  # fmt: skip
    return question.text, make[question.kind]()


def sample_options(question: Question, rng: random.Random) -> list[str]:
    """The right answer and others of its kind, in any order; [] for kinds whose answers can't be listed."""
    if question.kind == "size":
        options = [question.words["thing"], question.words["other"]]
    elif question.kind in OPTIONS:
        others = [one for one in OPTIONS[question.kind] if one != question.answer]
        options = [question.answer, *rng.sample(others, NUM_OPTIONS - 1)]
    else:
        return []
    return rng.sample(options, len(options))


def merge_pairs(pairs: Sequence[Pair]) -> list[Message]:
    """Questions and answers about one picture as one conversation, so that the picture is looked at once (appendix A of LLaVA-1.5).

    A question that was asked already is left out.
    """
    asked = dict(reversed(pairs))  # the first answer of each
    roles = ("user", "assistant")
    turns = [(text, asked[text]) for text in dict.fromkeys(text for text, _ in pairs)]
    return [Message(role=role, content=text) for turn in turns for role, text in zip(roles, turn, strict=True)]
