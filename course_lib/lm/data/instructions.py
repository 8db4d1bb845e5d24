"""Instructions whose answers can be checked: what the language model is tuned to follow, and tested on.

Every instruction has wordings for training and others for tests only (their ids begin with "test."), as the questions of
the world do. An exchange knows which answers are right, since often more than one is.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from course_lib.lm.data.documents import describe, group, groups, known_classes, with_article
from course_lib.lm.data.wordings import wordings
from course_lib.world.language import PLACES, join
from course_lib.world.nouns import NUMBERS, plural
from course_lib.world.questions import questions
from course_lib.world.scenes import SceneSpec, make_scene

OPPOSITES = {"left": "right", "above": "below", "big": "small", "yes": "no", "first": "last", "many": "few"}


@dataclass(frozen=True)
class Exchange:
    """An instruction, one right answer, and what else would be right."""

    task: str
    instruction: str
    answer: str
    accepts: Callable[[str], bool]


def clean(text: str) -> str:
    """An answer as it is compared: no white space or full stop around it, no capitals."""
    return text.strip().rstrip(".").strip().lower()


def exactly(answer: str) -> Callable[[str], bool]:
    """Accepts this answer only."""
    return lambda reply: clean(reply) == clean(answer)


def mentions(words: list[str]) -> Callable[[str], bool]:
    """Accepts a text with all of these in it and not much more, unless it only says the instruction again."""
    max_words = 3 * sum(len(word.split()) + 1 for word in words)

    def accepts(reply: str) -> bool:
        text = clean(reply)
        repeats_instruction = any(mark in text for mark in (":", "caption", "words"))
        return all(word in text for word in words) and len(reply.split()) <= max_words and not repeats_instruction

    return accepts


def _scene(rng: random.Random, templates: str) -> Exchange:
    stream = "train" if templates == "train" else "test"
    scene = make_scene(rng.randrange(1_000_000), SceneSpec(stream=stream), seed=11)
    question = rng.choice(questions(scene, rng, templates))
    return Exchange("scene", f"{describe(scene, rng)} {question.text}", question.answer, exactly(question.answer))


def _caption(rng: random.Random, templates: str) -> Exchange:
    names = rng.sample([c.name for c in known_classes()], rng.randint(1, 3))
    place = PLACES[rng.choice(list(PLACES))]
    answer = f"a picture of {join([with_article(name) for name in names])} {place}"
    return _made("caption", templates, rng, answer, mentions([*names, place]), things=", ".join([*names, place]))


def _group(rng: random.Random, templates: str) -> Exchange:
    c = rng.choice(known_classes())
    return _made("group", templates, rng, c.supercategory, exactly(c.supercategory), thing=c.name)


def _members(rng: random.Random, templates: str) -> Exchange:
    name = rng.choice([name for name in groups() if len(group(name)) >= 5])
    number = rng.randint(2, 3)

    def accepts(reply: str) -> bool:
        named = [part.strip() for part in clean(reply).split(",")]
        return len(named) == number == len(set(named)) and all(part in group(name) for part in named)

    answer = ", ".join(rng.sample(group(name), number))
    return _made("members", templates, rng, answer, accepts, number=NUMBERS[number], group=name)


def _odd(rng: random.Random, templates: str) -> Exchange:
    """Which of three names belongs to a group?"""
    right, *others = rng.sample(groups(), 3)
    answer = rng.choice(group(right))
    listed = [answer, *(rng.choice(group(name)) for name in others)]
    rng.shuffle(listed)
    return _made("odd", templates, rng, answer, exactly(answer), listed=", ".join(listed), group=right)


def _plural(rng: random.Random, templates: str) -> Exchange:
    name = rng.choice(known_classes()).name
    number = NUMBERS[rng.randint(2, 5)]
    answer = f"{number} {plural(name)}"
    return _made("plural", templates, rng, answer, exactly(answer), number=number, thing=name)


def _count_up(rng: random.Random, templates: str) -> Exchange:
    first = rng.randint(1, 3)
    last = rng.randint(first + 1, 6)
    answer = ", ".join(NUMBERS[first : last + 1])
    return _made("count up", templates, rng, answer, exactly(answer), first=NUMBERS[first], last=NUMBERS[last])


def _repeat(rng: random.Random, templates: str) -> Exchange:
    words = " ".join(rng.sample([c.name for c in known_classes()], rng.randint(1, 4)))
    return _made("repeat", templates, rng, words, exactly(words), words=words)


def _which_word(rng: random.Random, templates: str) -> Exchange:
    """The first or the last of a list."""
    names = rng.sample([c.name for c in known_classes()], rng.randint(2, 4))
    end = rng.choice(("first", "last"))
    answer = names[0] if end == "first" else names[-1]
    return _made("which word", templates, rng, answer, exactly(answer), end=end, listed=", ".join(names))


def _opposite(rng: random.Random, templates: str) -> Exchange:
    pairs = list(OPPOSITES.items()) + [(b, a) for a, b in OPPOSITES.items()]
    word, answer = rng.choice(pairs)
    return _made("opposite", templates, rng, answer, exactly(answer), word=word)


def _made(task: str, templates: str, rng: random.Random, answer: str, accepts: Callable, **words: str) -> Exchange:
    text = rng.choice(wordings(task, templates)).format(**words)
    return Exchange(task, text, answer, accepts)


MAKERS: dict[str, Callable[[random.Random, str], Exchange]] = {
    "scene": _scene,
    "caption": _caption,
    "group": _group,
    "members": _members,
    "odd": _odd,
    "plural": _plural,
    "count up": _count_up,
    "repeat": _repeat,
    "which word": _which_word,
    "opposite": _opposite,
}


def exchange(rng: random.Random, templates: str = "train", task: str | None = None) -> Exchange:
    """One instruction with its answer, of the task given or of any."""
    return MAKERS[task or rng.choice(list(MAKERS))](rng, templates)
