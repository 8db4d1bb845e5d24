"""Plain text that is dense with what answers need: to look back, and to keep apart what belongs to whom.

Ordinary descriptions ask for it once in a sentence at most. Here nearly every sentence does, so that it is learned early.
"""

import random

from course_lib.lm.stories import known_classes
from course_lib.world.language import RELATIONS
from course_lib.world.nouns import is_plural
from course_lib.world.questions import OPPOSITE
from course_lib.world.splits import held_out_colour, held_out_relation
from course_lib.world.stickers import COLOURS

Fact = tuple[str, str, str]  # (a, b, how): thing a is left, right, above or below of thing b
ALONE = ("The {a}: {how}.", "Where {is_} the {a}? {how}.")
SEEN_FROM = (
    "The {a}, seen from the {b}: {how}.",
    "Where {is_} the {a}, seen from the {b}? {how}.",
    "On which side of the {b} {is_} the {a}? {how}.",
    "The direction from the {b} to the {a} is {how}.",
)


def practice(rng: random.Random) -> str:
    """A list, colours of things, or sides of things."""
    return rng.choice((listing, colours, sides, sides))(rng)


def listing(rng: random.Random) -> str:
    """A list of words, and what can be said of it."""
    words = rng.sample([c.name for c in known_classes()] + list(COLOURS), rng.randint(3, 6))
    i = rng.randrange(len(words) - 1)
    said = [
        f"Again: {', '.join(words)}.",
        f"Backwards: {', '.join(reversed(words))}.",
        f"The first is {words[0]}, the last is {words[-1]}.",
        f"After {words[i]} comes {words[i + 1]}.",
        f"Before {words[i + 1]} comes {words[i]}.",
    ]
    return " ".join([f"A list: {', '.join(words)}.", *rng.sample(said, 4)])


def colours(rng: random.Random) -> str:
    """Two or three things with their colours, and these again and again."""
    names = rng.sample([c.name for c in known_classes() if c.recolourable], rng.randint(2, 3))
    told = []
    for name in names:
        colour = rng.choice([colour for colour in COLOURS if not held_out_colour(name, colour)])
        told.append(rng.choice((f"The {name} {_be(name)} {colour}.", f"There is a {colour} {name}.")))
        told.append(f"The {name} {_be(name)} {colour}.")
    first, again = told[::2], told[1::2]
    return " ".join([*first, *(rng.choice(again) for _ in range(6))])


def sides(rng: random.Random) -> str:
    """Where two or three things are, told from both sides, and this again and again.

    Of two things it is also said without naming the other ("The cat: left."). A model learns this first, and needs it:
    asked about both at once, it would have to find out two things at the same time, and finds neither.
    """
    names = rng.sample([c.name for c in known_classes()], rng.choice((2, 2, 3)))
    facts = [_fact(rng, a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    facts += [(b, a, OPPOSITE[how]) for a, b, how in facts]
    told = [_sentence(rng, fact) for fact in rng.sample(facts, len(facts))]
    return " ".join([*told, *(_again(rng, rng.choice(facts), len(names) == 2) for _ in range(6))])


def _fact(rng: random.Random, a: str, b: str) -> Fact:
    return a, b, rng.choice([how for how in OPPOSITE if not _held_out(a, how, b)])


def _held_out(a: str, how: str, b: str) -> bool:
    return held_out_relation(a, how, b) or held_out_relation(b, OPPOSITE[how], a)


def _sentence(rng: random.Random, fact: Fact) -> str:
    a, b, how = fact
    return f"The {a} {_be(a)} {rng.choice(RELATIONS['train'][how])} the {b}."


def _again(rng: random.Random, fact: Fact, two: bool) -> str:
    """The fact in other words; of two things, half the time without the other's name."""
    if rng.random() < 0.25:
        return _sentence(rng, fact)
    a, b, how = fact
    wordings = ALONE if two and rng.random() < 0.6 else SEEN_FROM
    return rng.choice(wordings).format(a=a, b=b, how=how, is_=_be(a))


def _be(name: str) -> str:
    return "are" if is_plural(name) else "is"
