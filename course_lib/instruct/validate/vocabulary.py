"""Every word that can name a thing of the world: "bunnies" → rabbit, "boat" → sailboat or ship, "bird" → any bird.

So that a made-up sofa is noticed, some things are in it that the world doesn't have (`outside_nouns`).
"""

from functools import cache

from course_lib.instruct.resources import outside_nouns, synonyms
from course_lib.instruct.vocabulary import plurals, world_names
from course_lib.world.lookalikes import could_be
from course_lib.world.nouns import is_plural
from course_lib.world.stickers import classes

PLURAL_ONLY = ("fries", "skis")  # and those of `nouns.is_plural`
NOT_THINGS = (  # fixed expressions in which a noun names nothing that could be seen
    *("piece of cake", "pieces of cake", "raining cats and dogs", "rain cats and dogs", "same boat", "ring a bell"),
    *("rings a bell", "star of the show", "cherry on top", "cherry on the cake", "fish out of water", "bear in mind"),
    *("bears in mind", "elephant in the room", "over the moon", "blue moon", "apple of", "black sheep", "icing on the cake"),
    *("cat out of the bag", "hold your horses", "heart of", "heart and soul", "by heart", "at heart", "key to", "sign of"),
    *("signs of", "place in the sun", "under the sun", "bed of", "book by its cover", "top of", "light of", "train of thought"),
    *("bounding box", "bounding boxes", "bus stop", "bus station", "train station", "fire station", "dog house", "bird house", "car park", "fish tank"),
    *("fire brigade", "police station", "hot air", "bee line", "catch fire", "on fire", "circle of", "ring of", "star sign"),
)  # fmt: skip


@cache
def singulars() -> dict[str, frozenset[str]]:
    """Word → the names that it may stand for: of the world, or of what is outside it."""
    found: dict[str, set[str]] = {}
    known = synonyms()
    for name in sorted(world_names()):
        for word in (name, *known.words.get(name, ())):
            found.setdefault(word.lower(), set()).update(could_be(name))
    for word, groups in known.groups.items():
        found.setdefault(word, set()).update(c.name for c in classes() if c.supercategory in groups)
    for word, names in known.members.items():
        found.setdefault(word, set()).update(names)
    for name, others in outside_nouns().items():
        for word in (name, *others):
            found.setdefault(word, set()).add(name)
    return {word: frozenset(names) for word, names in found.items()}


@cache
def words() -> dict[tuple[str, ...], tuple[frozenset[str], bool]]:
    """Tokens → (names, is it a plural). Fixed expressions are in it with no names."""
    found: dict[tuple[str, ...], tuple[frozenset[str], bool]] = {}
    for word, names in singulars().items():
        for many in plurals(word):
            found[tuple(many.split())] = (names, True)
    for word, names in singulars().items():
        found[tuple(word.split())] = (names, is_plural(word) or word in PLURAL_ONLY)
    return found | {tuple(text.split()): (frozenset(), False) for text in NOT_THINGS}
