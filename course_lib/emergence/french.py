"""French: genders, agreement, elision and contractions; its dictionary is data/emergence/french.json.

English has one name for two things three times, and so has this dictionary: a ring is "un anneau", worn or cut out of paper, a
diamond "un diamant" and a star "une étoile".
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from course_lib.emergence.grammar import Language, Noun, asked_for
from course_lib.world.questions import Question

DICTIONARY = Path(__file__).resolve().parents[2] / "data" / "emergence" / "french.json"
VOWELS = "aâàeéèêiîoôuûœ"
FEMININE_MEASURES = ("paires de ", "piles de ")
WORDINGS = {
    "exist": {
        "train": (
            "{is_there} dans l'image ?",
            "vois-tu {any} ?",
            "est-ce {that_there_is} ici ?",
            "l'image montre-t-elle {any} ?",
            "peux-tu voir {any} dans l'image ?",
            "est-ce que tu vois {any} ?",
            "est-ce qu'on voit {any} dans la scène ?",
            "trouves-tu {any} ici ?",
            "dis-moi, {is_there} ici ?",
            "est-il vrai que l'image contient {any} ?",
        ),
        "test": ("peux-tu trouver {any} ici ?", "dirais-tu que la scène contient {any} ?"),
    },
    "count": {
        "train": (
            "combien {of_things} y a-t-il ?",
            "combien {of_things} vois-tu ?",
            "compte {the_things}.",
            "quel est le nombre {of_things} ?",
            "il y a combien {of_things} ?",
            "combien {of_things} y a-t-il dans l'image ?",
            "donne le nombre {of_things}.",
            "dis-moi combien {of_things} il y a.",
            "peux-tu donner le nombre {of_things} dans l'image ?",
        ),
        "test": ("combien {of_things} peux-tu compter ?", "dis-moi combien {of_things} tu vois."),
    },
    "colour": {
        "train": (
            "de quelle couleur {is} {the} ?",
            "quelle couleur {has} {the} ?",
            "quelle est la couleur {of_the} ?",
            "nomme la couleur {of_the}.",
            "dis-moi de quelle couleur {is} {the}.",
            "{the} {is} de quelle couleur ?",
            "donne la couleur {of_the}.",
            "dis-moi quelle couleur {has} {the}.",
            "peux-tu dire de quelle couleur {is} {the} ?",
        ),
        "test": ("dis-moi la couleur {of_the}.", "peux-tu nommer la couleur {of_the} ?"),
    },
    "place": {
        "train": (
            "où sommes-nous ?",
            "quel est cet endroit ?",
            "quel endroit est-ce ?",
            "où se passe la scène ?",
            "dans quel décor sommes-nous ?",
            "nomme l'endroit.",
            "quel endroit vois-tu ?",
            "dis-moi quel est le décor.",
            "quel est l'endroit ?",
            "quel décor vois-tu ?",
            "dis-moi où se passe la scène.",
            "peux-tu nommer l'endroit ?",
            "sais-tu où nous sommes ?",
        ),
        "test": ("quel est le décor ?", "dis-moi où nous sommes."),
    },
    "read": {
        "train": (
            "que dit {the_sign} ?",
            "qu'est-ce qui est écrit sur {the_sign} ?",
            "que peux-tu lire sur {the_sign} ?",
            "quel texte y a-t-il sur {the_sign} ?",
            "lis ce que dit {the_sign}.",
            "que lis-tu sur {the_sign} ?",
        ),
        "test": ("lis {the_sign}.", "quel est le texte {of_the_sign} ?"),
    },
}


@dataclass(frozen=True)
class French(Language):
    """The language that is real, related to English, and never seen with a picture."""

    YES_NO: ClassVar = {"yes": "oui", "no": "non"}
    AND: ClassVar = "et"
    THING: ClassVar = Noun("chose", "choses", "f")
    DESCRIPTIONS: ClassVar = (
        "l'image montre {things} {place}.",
        "on voit {things} {place}.",
        "voici {things} {place}.",
        "tu peux voir {things} {place}.",
        "dans l'image, on voit {things} {place}.",
        "{place}, on voit {things}.",
    )
    WORDINGS: ClassVar = WORDINGS

    def phrase(self, name: str, colour: str | None, text: str | None = None) -> str:
        """ "une voiture rouge", "des ciseaux", "du pain", "le soleil", 'un panneau vert qui dit "STOP"'."""
        noun = self.names[name]
        words = _with_article(noun)
        if colour:
            words = f"{words} {self.agreeing(colour, noun)}"
        return f'{words} qui dit "{text}"' if text else words

    def counted(self, name: str, colour: str | None, number: str) -> str:
        """ "trois voitures rouges", "deux paires de ciseaux"."""
        noun = self.names[name]
        words = f"{self.numbers[number]} {noun.many}"
        return f"{words} {self.agreeing(colour, noun, many=True)}" if colour else words

    def agreeing(self, colour: str, noun: Noun, many: bool = False) -> str:
        """Masculine or feminine, singular or plural: "verte", "violets"."""
        return self.colours[colour][(noun.gender == "f") + 2 * (many or noun.kind == "plural")]

    def number_of(self, number: str, noun: Noun) -> str:
        """ "un" agrees with what is counted: une chose, une paire de ciseaux."""
        feminine = noun.gender == "f" or noun.many.startswith(FEMININE_MEASURES)
        return "une" if number == "one" and feminine else self.numbers[number]

    def slots(self, question: Question) -> dict[str, str]:
        """Whole phrases with their articles, because articles and prepositions melt together."""
        if question.kind == "exist":
            return self._exist_slots(question)
        if question.kind == "count":
            many = self.counted_noun(question).many
            return {"of_things": f"d'{many}" if _elides(many) else f"de {many}", "the_things": f"les {many}"}
        if question.kind == "colour":
            noun = self.names[question.words["thing"]]
            verbs = {"is": "sont", "has": "ont"} if noun.kind == "plural" else {"is": "est", "has": "a"}
            return {"the": _the(noun), "of_the": _of_the(noun), **verbs}
        sign = self.names["sign"]
        return {"the_sign": _the(sign), "of_the_sign": _of_the(sign)}

    def _exist_slots(self, question: Question) -> dict[str, str]:
        """There is *a* cat, but one sees *the* sun."""
        name, colour, text, _ = asked_for(question.words["any"])
        words = self.phrase(name, colour, text)
        if self.names[name].kind == "unique":
            return {"any": words, "is_there": f"voit-on {words}", "that_there_is": f"qu'on voit {words}"}
        return {"any": words, "is_there": f"y a-t-il {words}", "that_there_is": f"qu'il y a {words}"}

    def vocabulary(self) -> frozenset[str]:
        """Every word that an answer or a name is made of; "une" is an answer, too."""
        return super().vocabulary() | {"une"}

    def small_words(self) -> frozenset[str]:
        """Words within names that say nothing."""
        return frozenset(("de", "à", "au", "en"))


def _elides(word: str) -> bool:
    """True where "le" and "de" lose their vowel: before a vowel, and before an h that is not aspirated."""
    return word[0] in VOWELS or (word[0] == "h" and not word.startswith(_aspirated()))


def _the(noun: Noun) -> str:
    """ "la voiture", "l'étoile", "les ciseaux"."""
    if noun.kind == "plural":
        return f"les {noun.word}"
    if _elides(noun.word):
        return f"l'{noun.word}"
    return f"{'la' if noun.gender == 'f' else 'le'} {noun.word}"


def _of_the(noun: Noun) -> str:
    """ "de la voiture", "de l'étoile", but "du crayon" and "des ciseaux"."""
    the = _the(noun)
    melted = {"le": "du", "les": "des"}
    article, _, rest = the.partition(" ")
    return f"{melted[article]} {rest}" if article in melted else f"de {the}"


def _with_article(noun: Noun) -> str:
    """ "une voiture", "des ciseaux", "du pain", "le soleil"."""
    if noun.kind == "unique":
        return _the(noun)
    if noun.kind in ("mass", "plural"):
        return _of_the(noun)
    return f"{'une' if noun.gender == 'f' else 'un'} {noun.word}"


@cache
def _dictionary() -> dict:
    return json.loads(DICTIONARY.read_text(encoding="utf-8"))


@cache
def _aspirated() -> tuple[str, ...]:
    return tuple(_dictionary()["aspirated"])


@cache
def french() -> French:
    """French, with the dictionary of data/emergence/french.json."""
    found = _dictionary()
    names = {name: Noun(*entry) for name, entry in found["names"].items()}
    colours = {colour: tuple(forms) for colour, forms in found["colours"].items()}
    places = {place: tuple(words) for place, words in found["places"].items()}
    return French("fr", names, colours, found["numbers"], places)
