"""Instructions whose answers can be checked: what the language model is tuned to follow, and tested on.

Every instruction has wordings for training and others for tests only (their ids begin with "test."), as the questions of
the world do. An exchange knows which answers are right, since often more than one is.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from course_lib.lm.data.descriptions import describe
from course_lib.lm.data.documents import group, groups, known_classes, with_article
from course_lib.world.language import PLACES, join
from course_lib.world.nouns import NUMBERS, plural
from course_lib.world.questions import questions
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.splits import training_may_use_template

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
    return lambda said: clean(said) == clean(answer)


def mentions(words: list[str]) -> Callable[[str], bool]:
    """Accepts a text with all of these in it and not much more, unless it only says the instruction again."""
    longest = 3 * sum(len(word.split()) + 1 for word in words)

    def accepts(said: str) -> bool:
        text = clean(said)
        again = any(mark in text for mark in (":", "caption", "words"))
        return all(word in text for word in words) and len(said.split()) <= longest and not again

    return accepts


def _scene(rng: random.Random, templates: str) -> Exchange:
    stream = "train" if templates == "train" else "test"
    scene = make_scene(rng.randrange(1_000_000), SceneSpec(stream=stream), seed=11)
    asked = rng.choice(questions(scene, rng, templates))
    return Exchange("scene", f"{describe(scene, rng)} {asked.text}", asked.answer, exactly(asked.answer))


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

    def accepts(said: str) -> bool:
        named = [part.strip() for part in clean(said).split(",")]
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


WORDINGS = {
    "caption": (
        ("train.write", "write a caption for: {things}."),
        ("train.make", "make a caption of these: {things}."),
        ("train.sentence", "describe a picture with these: {things}."),
        ("train.caption", "caption: {things}"),
        ("train.please", "please write a caption with {things}."),
        ("train.give", "give me a caption for a picture of {things}."),
        ("train.say", "here are some words: {things}. make a caption."),
        ("test.use", "use these words to write a caption: {things}."),
        ("test.need", "I need a caption for {things}."),
    ),
    "group": (
        ("train.what", "what group is the {thing} in?"),
        ("train.which", "which group does {thing} belong to?"),
        ("train.name", "name the group of the word {thing}."),
        ("train.tell", "tell me the group that {thing} is in."),
        ("train.thing", "{thing}: which group?"),
        ("train.kind", "what kind of thing is a {thing}? name its group."),
        ("train.put", "put the {thing} into its group."),
        ("test.find", "find the group for {thing}."),
        ("test.say", "say which group the {thing} belongs to."),
    ),
    "members": (
        ("train.name", "name {number} things of the group {group}."),
        ("train.list", "list {number} words of the group {group}."),
        ("train.give", "give me {number} examples of the group {group}."),
        ("train.which", "which things are in the group {group}? name {number}."),
        ("train.write", "write down {number} of the group {group}."),
        ("train.tell", "tell me {number} names from the group {group}."),
        ("train.group", "group: {group}. name {number} of it."),
        ("test.can", "can you list {number} things from the group {group}?"),
        ("test.examples", "name {number} examples of {group}."),
    ),
    "odd": (
        ("train.which", "which of these is in the group {group}: {listed}?"),
        ("train.find", "{listed}: find the one of the group {group}."),
        ("train.choose", "choose the {group}: {listed}."),
        ("train.one", "one of these is in the group {group}. which one? {listed}."),
        ("train.pick", "pick the one that belongs to the group {group}: {listed}."),
        ("train.tell", "tell me which one belongs to {group}: {listed}."),
        ("train.words", "here are three words: {listed}. which is in the group {group}?"),
        ("test.name", "name the word of the group {group}: {listed}."),
        ("test.belongs", "which word belongs to the group {group}: {listed}?"),
    ),
    "plural": (
        ("train.one", "one {thing}, {number} what?"),
        ("train.plural", "write the plural: one {thing}, {number} ..."),
        ("train.say", "how do you say {number} of the word {thing}?"),
        ("train.turn", "turn one {thing} into {number}."),
        ("train.make", "make {number} out of one {thing}."),
        ("train.more", "here is one {thing}. how do you call {number}?"),
        ("train.there", "there is one {thing}. now there are {number} ..."),
        ("test.count", "now it is not one {thing}, but {number}: write it."),
        ("test.if", "how do you write {number} of one {thing}?"),
    ),
    "count up": (
        ("train.count", "count from {first} to {last}."),
        ("train.numbers", "write the numbers from {first} to {last}."),
        ("train.list", "list all numbers from {first} up to {last}."),
        ("train.begin", "begin with {first} and count to {last}."),
        ("train.start", "start at {first} and go on until {last}."),
        ("train.please", "please count up: {first} to {last}."),
        ("train.say", "say the numbers {first} to {last}."),
        ("test.can", "can you count up from {first} to {last}?"),
        ("test.name", "name the numbers from {first} to {last}."),
    ),
    "repeat": (
        ("train.repeat", "repeat: {words}"),
        ("train.say", "say this again: {words}"),
        ("train.copy", "copy these words: {words}"),
        ("train.write", "write exactly this: {words}"),
        ("train.after", "repeat after me: {words}"),
        ("train.same", "give me the same words back: {words}"),
        ("train.now", "now say: {words}"),
        ("test.please", "please repeat these words: {words}"),
        ("test.again", "write this again: {words}"),
    ),
    "which word": (
        ("train.what", "what is the {end} of these: {listed}?"),
        ("train.name", "name the {end} one: {listed}."),
        ("train.word", "{listed}: which is the {end}?"),
        ("train.tell", "tell me the {end} word of the list {listed}."),
        ("train.comes", "which word comes {end} here: {listed}?"),
        ("train.list", "here is a list: {listed}. what is {end}?"),
        ("train.only", "write only the {end} of {listed}."),
        ("test.give", "give me the {end} word: {listed}."),
        ("test.which", "which one is {end} in the list {listed}?"),
    ),
    "opposite": (
        ("train.what", "what is the opposite of {word}?"),
        ("train.name", "name the opposite of {word}."),
        ("train.not", "not {word}, but the opposite:"),
        ("train.tell", "tell me the opposite: {word}."),
        ("train.word", "{word}: what is its opposite?"),
        ("train.say", "say the opposite of the word {word}."),
        ("train.which", "which word is the opposite of {word}?"),
        ("test.give", "give me the opposite of {word}."),
        ("test.find", "find the word that is the opposite of {word}."),
    ),
}


def wordings(task: str, templates: str) -> list[str]:
    """The wordings of a task for "train" or for "test"."""
    return [text for id, text in WORDINGS[task] if training_may_use_template(id) == (templates == "train")]
