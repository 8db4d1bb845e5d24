"""Other plain text of the sticker world: little stories, and what everybody knows about its things."""

import random
from functools import cache

from course_lib.world.language import PLACES
from course_lib.world.nouns import NUMBERS, article, is_plural, plural
from course_lib.world.splits import held_out_colour
from course_lib.world.stickers import COLOURS, StickerClass, classes

BEINGS = ("mammal", "bird", "creature")
FRIENDLY = ("greeted", "followed", "looked for", "played with", "told a joke to", "waited for")
ENDINGS = ("In the end both went home.", "That was a good day.", "They laughed a lot.", "Then night came.")


@cache
def known_classes() -> tuple[StickerClass, ...]:
    """The classes whose names training may read."""
    return tuple(c for c in classes() if c.split == "base")


@cache
def group(supercategory: str) -> tuple[str, ...]:
    """The names of a group: "fruit" → grapes, watermelon, …"""
    return tuple(c.name for c in known_classes() if c.supercategory == supercategory)


@cache
def groups() -> tuple[str, ...]:
    """The names of the groups."""
    return tuple(dict.fromkeys(c.supercategory for c in known_classes()))


def with_article(name: str) -> str:
    """ "a cat", "some scissors", "the sun"."""
    return f"{article(name, name)} {name}"


def story(rng: random.Random) -> str:
    """Four or five sentences about two animals and a thing."""
    one, two = (rng.choice(group(rng.choice(BEINGS))) for _ in range(2))
    thing = rng.choice([c for c in known_classes() if c.recolourable]).name
    colour = rng.choice([c for c in COLOURS if not held_out_colour(thing, c)])
    verb = "were" if is_plural(thing) else "was"
    sentences = [
        f"One day {with_article(one)} met {with_article(two)} {PLACES[rng.choice(list(PLACES))]}.",
        f"The {one} {rng.choice(FRIENDLY)} the {two}.",
        f"They found {with_article(thing)}. The {thing} {verb} {colour}.",
        f"The {two} wanted {NUMBERS[rng.randint(2, 5)]} {plural(thing)}, but there {verb} only one.",
        rng.choice(ENDINGS),
    ]
    return " ".join(sentence for i, sentence in enumerate(sentences) if i < 2 or rng.random() < 0.7)


def knowledge(rng: random.Random) -> str:
    """Four facts about names: their group, their plural, what is and what isn't of a kind."""
    facts = (_membership, _not_a_member, _members, _plural, _numbers)
    return " ".join(rng.choice(facts)(rng) for _ in range(4))


def _membership(rng: random.Random) -> str:
    c = rng.choice(known_classes())
    return rng.choice(("The {} belongs to the group: {}.", "What group is the {} in? It is in the group: {}.")).format(
        c.name, c.supercategory
    )


def _not_a_member(rng: random.Random) -> str:
    c = rng.choice(known_classes())
    other = rng.choice([name for name in groups() if name != c.supercategory])
    return f"The {c.name} is not in the group {other}, but in the group {c.supercategory}."


def _members(rng: random.Random) -> str:
    name = rng.choice(groups())
    some = rng.sample(group(name), min(3, len(group(name))))
    return f"In the group {name} there are: {', '.join(some)}."


def _plural(rng: random.Random) -> str:
    name = rng.choice(known_classes()).name
    number = NUMBERS[rng.randint(2, 5)]
    return f"One {name}, {number} {plural(name)}." if not is_plural(name) else f"Many {plural(name)}."


def _numbers(rng: random.Random) -> str:
    first = rng.randint(1, 4)
    return f"Counting: {', '.join(NUMBERS[first : first + 3])}."
