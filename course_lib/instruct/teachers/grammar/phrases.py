"""Phrases for things that are known in words only: "a small red car", "two cats and some cherries"."""

from collections.abc import Sequence
from typing import Protocol

from course_lib.world.language import join
from course_lib.world.nouns import NUMBERS, article, is_plural, plural


class Described(Protocol):
    """What a phrase needs to know of a thing."""

    name: str
    colour: str | None
    size: str | None
    text: str | None


def bare(thing: Described) -> str:
    """ "small red car": all that is known, without an article."""
    size = thing.size if thing.size in ("small", "big") else None
    return " ".join(word for word in (size, thing.colour, thing.name) if word)


def phrase(thing: Described) -> str:
    """ "a small red car", 'a green sign with the text "STOP"'."""
    words = f"{article(bare(thing), thing.name)} {bare(thing)}"
    return f'{words} with the text "{thing.text}"' if thing.text else words


def listed(things: Sequence[Described]) -> str:
    """All of them, with those of one name together: "two cats and a dog". Nothing is ""."""
    if not things:
        return ""
    names = [thing.name for thing in things]
    parts = [phrase(t) if names.count(t.name) == 1 else several(t.name, names.count(t.name)) for t in things]
    return join(list(dict.fromkeys(parts)))


def several(name: str, count: int) -> str:
    """ "three cats"."""
    return f"{number(count)} {plural_of(name)}"


def plural_of(name: str) -> str:
    """The plural, also of COCO's names."""
    return {"person": "people"}.get(name) or plural(name)


def number(count: int) -> str:
    """In words as far as the world's numbers go."""
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def verbs(name: str) -> dict[str, str]:
    """ "is", "does" and "it is", or "are", "do" and "they are"."""
    if is_plural(name):
        return {"is": "are", "does": "do", "it_is": "they are"}
    return {"is": "is", "does": "does", "it_is": "it is"}


def capital(sentence: str) -> str:
    """With a capital letter at its beginning."""
    return sentence[:1].upper() + sentence[1:]


def existence(name: str) -> dict[str, str]:
    """How to say of a name that it is there, or not, and how to ask."""
    some = f"{article(name, name)} {name}"
    verb = "are" if is_plural(name) else "is"
    if some.startswith("the "):
        not_there = {"there_is": f"{some} is there", "there_is_no": f"{some} is not there", "none": f"no {name}"}
        return {"any": some, "some": some, **not_there}
    any_ = f"any {name}" if some.startswith("some ") else some
    return {
        "any": any_,
        "some": some,
        "there_is": f"there {verb} {some}",
        "there_is_no": f"there {verb} no {name}",
        "none": f"no {name}",
    }
