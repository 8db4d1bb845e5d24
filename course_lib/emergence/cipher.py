"""The cipher: an invented language in Greek letters, so that it shares no piece of a word with English or French.

Its words are made from hashes of the English ones, two or three syllables each. Its grammar is its own: a colour follows its noun,
a number follows both, nothing has an article or a plural, the verb comes first and a question ends with a particle. The wordings
below are glosses, word for word: "much {things} q" becomes three invented words.
"""

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property

from course_lib.emergence.grammar import Language, Noun, asked_for, english_names
from course_lib.world.language import PLACES
from course_lib.world.nouns import NUMBERS
from course_lib.world.questions import Question
from course_lib.world.stickers import COLOURS

CONSONANTS, VOWELS = "βγδζθκλμνπρστφχ", "αεηιουω"
COMMON_GREEK = (  # what an invented word must not be
    "αγορα αρα βαζο γαμο γατα δωρο ζωα ζωη θελω καλα καλη καλο καφε κακα κακο κανω κατω κοτα κυμα λαδι λεω λιγο λογο μαμα μελι"
    " μερα μεσα μηλο μητερα μονο μωρο νερο νησι νομο νυφη ξερω παγο πανω παπα παρα πατε πατερα παω περα ποδι πολη πολυ ποσο ποτε"
    " ριζα ροδα ρυζι σημα σοφα σωμα τιμη τοπο τυρι τωρα φιλη φιλι φιλο φορα φωνη φυλη χαρα χερι χωμα χωρα"
)
GLOSSES = {
    "exist": {
        "train": (
            "is {any} q",
            "see you {any} q",
            "show picture {any} q",
            "find you {any} here q",
            "is {any} picture in q",
            "hold scene {any} q",
            "true is {any} here q",
            "tell is {any} q",
        ),
        "test": ("find you {any} picture in q", "show scene {any} here q"),
    },
    "count": {
        "train": (
            "much {things} q",
            "number {things} what q",
            "count {things} q",
            "much is {things} q",
            "see you {things} much q",
            "give {things} number q",
            "much {things} here q",
        ),
        "test": ("much {things} picture in q", "count {things} number q"),
    },
    "colour": {
        "train": (
            "colour {thing} what q",
            "what colour {thing} q",
            "which colour has {thing} q",
            "colour name {thing} q",
            "has {thing} colour which q",
            "tell colour {thing} q",
        ),
        "test": ("colour tell {thing} q", "which {thing} colour q"),
    },
    "place": {
        "train": (
            "where this q",
            "place what q",
            "place name q",
            "where picture q",
            "place this what q",
            "setting what q",
            "name setting q",
            "where scene q",
        ),
        "test": ("setting this what q", "place scene what q"),
    },
    "read": {
        "train": (
            "say {sign} what q",
            "{sign} say what q",
            "write {sign} what q",
            "read {sign} q",
            "text {sign} what q",
            "read text {sign} q",
        ),
        "test": ("text write {sign} what q", "read {sign} what q"),
    },
}
DESCRIPTIONS = (
    "see you {things} {place}",
    "show picture {things} {place}",
    "is {things} {place}",
    "hold scene {things} {place}",
    "is {place} {things}",
)


@cache
def invented(kind: str, english: str) -> str:
    """The invented word for an English one; the same at every call, and no two alike.

    kind: "noun", "colour", "number", "place" or "small", so that an orange and the colour orange are two words.
    """
    return _lexicon()[kind, english]


@cache
def _lexicon() -> dict[tuple[str, str], str]:
    """Every invented word. Where two hashes fall on one word, the later one is hashed again."""
    keys = [("noun", name) for name in (*english_names(), "thing")]
    keys += [("colour", colour) for colour in COLOURS] + [("number", number) for number in NUMBERS[1:]]
    keys += [("place", place) for place in PLACES] + [("small", gloss) for gloss in _small_glosses()]
    found, taken = {}, set(COMMON_GREEK.split())
    for key in keys:
        salt = 0
        while (word := _syllables("/".join(key), salt)) in taken:
            salt += 1
        found[key] = word
        taken.add(word)
    return found


def _small_glosses() -> list[str]:
    """The function words: all of the wordings and descriptions, and three that no wording holds."""
    texts = [text for kind in GLOSSES.values() for which in kind.values() for text in which] + list(DESCRIPTIONS)
    return sorted({gloss for text in texts for gloss in text.split() if "{" not in gloss} | {"yes", "no", "and"})


def _syllables(seed: str, salt: int) -> str:
    """Two or three syllables of a consonant and a vowel; function words have two."""
    digest = hashlib.sha256(f"{seed}/{salt}".encode()).digest()
    count = 2 if seed.startswith("small") else 2 + digest[0] % 2
    pairs = zip(digest[1::2], digest[2::2], strict=False)
    syllables = [CONSONANTS[a % len(CONSONANTS)] + VOWELS[b % len(VOWELS)] for a, b in pairs]
    return "".join(syllables[:count])


def _spelled(glosses: str) -> str:
    """A gloss in invented words; its slots stay."""
    return " ".join(word if "{" in word else invented("small", word) for word in glosses.split())


@dataclass(frozen=True)
class Cipher(Language):
    """The language that nobody's text holds: whatever a model knows of it, it has learned here."""

    # Properties, since the dictionary is made from the data's names: an import reads no file.
    @cached_property
    def YES_NO(self) -> dict[str, str]:
        return {answer: invented("small", answer) for answer in ("yes", "no")}

    @cached_property
    def AND(self) -> str:
        return invented("small", "and")

    @cached_property
    def THING(self) -> Noun:
        return Noun(invented("noun", "thing"), invented("noun", "thing"))

    @cached_property
    def DESCRIPTIONS(self) -> tuple[str, ...]:
        return tuple(f"{_spelled(text)}." for text in DESCRIPTIONS)

    @cached_property
    def WORDINGS(self) -> dict[str, dict[str, tuple[str, ...]]]:
        return {
            kind: {which: tuple(_spelled(text) for text in texts) for which, texts in both.items()}
            for kind, both in GLOSSES.items()
        }

    def phrase(self, name: str, colour: str | None, text: str | None = None) -> str:
        """Noun, colour, and the verb before a sign's text."""
        words = [self.names[name].word]
        if colour:
            words.append(self.colours[colour][0])
        if text:
            words += [invented("small", "say"), f'"{text}"']
        return " ".join(words)

    def counted(self, name: str, colour: str | None, number: str) -> str:
        """Noun, colour, number."""
        return f"{self.phrase(name, colour)} {self.numbers[number]}"

    def slots(self, question: Question) -> dict[str, str]:
        """Bare words: there is no agreement."""
        if question.kind == "exist":
            name, colour, text, _ = asked_for(question.words["any"])
            return {"any": self.phrase(name, colour, text)}
        if question.kind == "count":
            return {"things": self.counted_noun(question).many}
        if question.kind == "colour":
            return {"thing": self.names[question.words["thing"]].word}
        return {"sign": self.names["sign"].word}


@cache
def cipher() -> Cipher:
    """The cipher with its whole dictionary."""
    names = {name: Noun(invented("noun", name), invented("noun", name)) for name in english_names()}
    colours = {colour: (invented("colour", colour),) for colour in COLOURS}
    numbers = {number: invented("number", number) for number in NUMBERS[1:]}
    places = {place: invented("place", place) for place in PLACES}
    at = invented("small", "in")
    return Cipher("ci", names, colours, numbers, {place: (word, f"{word} {at}") for place, word in places.items()})
