"""What every language of Lesson 09 can do: name a thing, describe a scene, ask a question, answer it.

A language is a dictionary (data) and a grammar (code). The dictionary goes from the English word to the word of the language, with
what its grammar must know of it. So it can be permuted, and the grammar stays right.
"""

import random
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, NamedTuple

from course_lib.world.nouns import plural
from course_lib.world.questions import Question
from course_lib.world.scenes import Scene
from course_lib.world.shapes import SHAPES
from course_lib.world.stickers import COLOURS, classes

KINDS = ("exist", "count", "colour", "place")  # what pictures are asked about
ASKED = (*KINDS, "read")  # what has wordings in every language


@dataclass(frozen=True)
class Noun:
    """A word for things, with what a grammar must know of it."""

    word: str
    many: str  # as it follows a number: "voitures", "paires de ciseaux"
    gender: str = ""  # "m" or "f" where the language has genders
    kind: str = "count"  # or "mass" (du pain), "plural" (des ciseaux), "unique" (le soleil)


class Asked(NamedTuple):
    """What a question of the kind "exist" asks for."""

    name: str
    colour: str | None
    text: str | None
    says: str | None  # the English words before a sign's text


@dataclass(frozen=True)
class Language:
    """A dictionary from English, and the grammar that its subclass adds."""

    code: str
    names: dict[str, Noun]
    colours: dict[str, tuple[str, ...]]  # every form: ("vert", "verte", "verts", "vertes")
    numbers: dict[str, str]  # "one" to "nine"
    places: dict[str, tuple[str, str]]  # ("plage", "sur la plage")

    YES_NO: ClassVar[dict[str, str]] = {}
    AND: ClassVar[str] = ""
    THING: ClassVar[Noun] = Noun("", "")  # of everything together: "how many things are there?"
    DESCRIPTIONS: ClassVar[tuple[str, ...]] = ()
    WORDINGS: ClassVar[dict[str, dict[str, tuple[str, ...]]]] = {}  # kind → "train" or "test" → wordings

    def phrase(self, name: str, colour: str | None, text: str | None = None) -> str:
        """A thing with its article: "a red car", "une voiture rouge"; names and colours are given in English."""
        raise NotImplementedError

    def counted(self, name: str, colour: str | None, number: str) -> str:
        """Several things alike: "three red cars", "trois voitures rouges"; the number is an English word."""
        raise NotImplementedError

    def agreeing(self, colour: str, noun: Noun, many: bool = False) -> str:
        """The form of a colour that its noun asks for."""
        return self.colours[colour][0]

    def slots(self, question: Question) -> dict[str, str]:
        """What is put into this language's wordings of the question."""
        raise NotImplementedError

    def describe(self, scene: Scene, rng: random.Random) -> str:
        """A perfect description: everything in the scene with its colour, and the place; things alike are counted, or told one by one."""
        things = [(thing.name, thing.colour, thing.text) for thing in scene.things]
        alike = list(Counter(things).items()) if rng.random() < 0.5 else [(thing, 1) for thing in things]
        rng.shuffle(alike)
        parts = [part for (name, colour, text), n in alike for part in self._together(name, colour, text, n)]
        return rng.choice(self.DESCRIPTIONS).format(things=self._join(parts), place=self.places[scene.backdrop][1])

    def keywords(self, scene: Scene, rng: random.Random, repeated: bool = False) -> str:
        """A list of words in no order: "car beach red dog." Whose colour it is can't be told; a sign's text stays together, spelled.

        repeated: each word up to six times, a sign's text in one row or two, each letter up to three times, as patches see them.
        """
        words = [self.places[scene.backdrop][0]]
        for thing in scene.things:
            words.append(self.names[thing.name].word)
            words += [self.colours[thing.colour][0]] if thing.colour else []
            words += [" ".join(thing.text)] if thing.text else []
        if repeated:
            signs = {" ".join(thing.text) for thing in scene.things if thing.text}
            words = [one for word in words for one in (_rows(word, rng) if word in signs else _again(word, rng))]
        return f"{' '.join(rng.sample(words, len(words)))}."

    def _together(self, name: str, colour: str | None, text: str | None, n: int) -> list[str]:
        if n == 1 or text:
            return [self.phrase(name, colour, text)] * n
        return [self.counted(name, colour, tuple(self.numbers)[n - 1])]

    def _join(self, parts: list[str]) -> str:
        return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {self.AND} {parts[-1]}"

    def ask(self, question: Question, rng: random.Random, templates: str = "train") -> str:
        """The question in this language's words, worded for "train" or "test". ValueError for a kind it has no words for."""
        if question.kind not in self.WORDINGS:
            raise ValueError(f"{question.kind!r} has no wordings in {self.code!r}; these have: {', '.join(ASKED)}")
        return rng.choice(self.WORDINGS[question.kind][templates]).format(**self.slots(question))

    def answer(self, question: Question) -> str:
        """The answer in this language: "oui", "trois", "rouge", "plage"; a sign's text as it is."""
        said = question.answer
        if question.kind == "exist":
            return self.YES_NO[said]
        if question.kind == "count":
            return self.number_of(said, self.counted_noun(question))
        if question.kind == "colour":
            return self.agreeing(said, self.names[question.words["thing"]])
        return self.places[said][0] if question.kind == "place" else said

    def number_of(self, number: str, noun: Noun) -> str:
        """The number as it is said of this noun."""
        return self.numbers[number]

    def counted_noun(self, question: Question) -> Noun:
        """The noun that a question of the kind "count" is about."""
        things = question.words["things"]
        return self.THING if things == "things" else self.names[_singular()[things]]

    def vocabulary(self) -> frozenset[str]:
        """Every word that an answer or a name is made of, to judge in which language a reply is."""
        said = [*self.YES_NO.values(), *self.numbers.values(), *(word for word, _ in self.places.values())]
        said += [form for forms in self.colours.values() for form in forms]
        said += [word for noun in self.names.values() for word in (noun.word, noun.many)]
        return frozenset(" ".join(said).split()) - self.small_words()

    def small_words(self) -> frozenset[str]:
        """Words within names that say nothing: "of", "de"."""
        return frozenset()


def _again(word: str, rng: random.Random) -> list[str]:
    """ "car": ["car car", "car", "car car"]."""
    return [" ".join([word] * rng.randint(1, 2)) for _ in range(rng.randint(1, 3))]


def _rows(text: str, rng: random.Random) -> list[str]:
    """ "G O": ["G G O O G G O O"]."""
    times = rng.randint(1, 3)
    row = " ".join(" ".join([letter] * times) for letter in text.split())
    return [" ".join([row] * rng.randint(1, 2))]


@cache
def english_names() -> tuple[str, ...]:
    """English names of all that a scene of the base split can hold."""
    return tuple(dict.fromkeys([*(c.name for c in classes() if c.split == "base"), *SHAPES, "sign"]))


@cache
def _singular() -> dict[str, str]:
    return {plural(name): name for name in english_names()}


@cache
def _pattern() -> re.Pattern:
    known = "|".join(re.escape(name) for name in english_names())
    return re.compile(rf'(?:an?|any|some|the) (?:({"|".join(COLOURS)}) )?({known})(?: ([a-z ]+) "([^"]+)")?')


def asked_for(words: str) -> Asked:
    """The inverse of a phrase: "a red car" → car, red. ValueError where that names nothing of the base classes.

    "an orange" is a fruit, "an orange car" is a colour and a thing: a colour counts only where a name is left after it.
    """
    match = _pattern().fullmatch(words)
    if not match:
        raise ValueError(f"{words!r} is no phrase about a base class, a shape or a sign")
    colour, name, says, text = match.groups()
    return Asked(name, colour, text, says)
