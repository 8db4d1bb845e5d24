"""English, as the rest of the course speaks it: the wordings are those of `world.questions`."""

import random
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from course_lib.emergence.grammar import ASKED, Language, Noun, english_names
from course_lib.emergence.grammar import asked_for as parse
from course_lib.world.language import PLACES
from course_lib.world.nouns import NUMBERS, article, is_plural, plural
from course_lib.world.questions import Question, wordings
from course_lib.world.stickers import COLOURS


@dataclass(frozen=True)
class English(Language):
    """The language of all visual data."""

    YES_NO: ClassVar = {"yes": "yes", "no": "no"}
    AND: ClassVar = "and"
    THING: ClassVar = Noun("thing", "things")
    DESCRIPTIONS: ClassVar = (
        "the picture shows {things} {place}.",
        "we see {things} {place}.",
        "you can see {things} {place}.",
        "in this picture we see {things} {place}.",
        "{place}, we see {things}.",
        "look, {things} {place}.",
    )
    WORDINGS: ClassVar = {kind: {which: tuple(wordings(kind, which)) for which in ("train", "test")} for kind in ASKED}

    def phrase(self, name: str, colour: str | None, text: str | None = None, says: str = "that says") -> str:
        """ "a red car", "some cherries", 'a green sign that says "STOP"'."""
        noun = self.names[name].word
        words = f"{self.colours[colour][0]} {noun}" if colour else noun
        words = f"{article(words, noun)} {words}"
        return f'{words} {says} "{text}"' if text else words

    def counted(self, name: str, colour: str | None, number: str) -> str:
        """ "three red cars", "two pairs of red jeans"."""
        many = self.names[name].many
        if colour:
            measure, of, noun = many.rpartition(" of ")
            many = f"{measure}{of}{self.colours[colour][0]} {noun}"
        return f"{self.numbers[number]} {many}"

    def ask(self, question: Question, rng: random.Random, templates: str = "train") -> str:
        """The question's own text where its wording is one of these, else another wording of it."""
        if question.kind not in ASKED:
            return super().ask(question, rng, templates)
        slots, sign = self.slots(question), self.names["sign"].word
        texts = [
            text.replace("the sign", f"the {sign}").format(**slots) for text in self.WORDINGS[question.kind][templates]
        ]
        return question.text if question.text in texts else rng.choice(texts)

    def slots(self, question: Question) -> dict[str, str]:
        """The words of `world.questions`, by this dictionary."""
        if question.kind == "exist":
            return self._exist_slots(question.words["any"])
        if question.kind == "count":
            return {"things": self.counted_noun(question).many}
        if question.kind == "colour":
            noun = self.names[question.words["thing"]].word
            many = is_plural(noun)
            return {"thing": noun, "is": "are" if many else "is", "does": "do" if many else "does"}
        return {}

    def _exist_slots(self, words: str) -> dict[str, str]:
        name, colour, text, says = parse(words)
        words = self.phrase(name, colour, text, says or "that says")
        if words.startswith("the "):
            return {"is_there": f"is {words}", "any": words}
        if words.startswith("some "):
            words = f"any {words.removeprefix('some ')}"
        many = words.startswith("any ") and is_plural(self.names[name].word)
        return {"is_there": f"{'are' if many else 'is'} there {words}", "any": words}

    def small_words(self) -> frozenset[str]:
        """Words within names that say nothing."""
        return frozenset(("of", "and"))


@cache
def english() -> English:
    """English, every word of which stands for itself."""
    names = {name: Noun(name, plural(name), kind="plural" if is_plural(name) else "count") for name in english_names()}
    colours = {colour: (colour,) for colour in COLOURS}
    return English(
        "en", names, colours, {n: n for n in NUMBERS[1:]}, {place: (place, at) for place, at in PLACES.items()}
    )
