"""Captions and phrases: what a scene can truly be called, in wordings for training and others for tests."""

import random
from functools import cache

from course_lib.world.geometry import relation
from course_lib.world.nouns import NUMBERS, article, plural
from course_lib.world.scenes import Scene, Thing

PLACES = {
    "meadow": "in a meadow",
    "beach": "on the beach",
    "sea": "at sea",
    "road": "on the road",
    "snow": "in the snow",
    "desert": "in the desert",
    "forest": "in the forest",
    "night": "at night",
    "room": "in a room",
    "plain": "on a plain background",
}
TRAIN_TEMPLATES = (  # (id, wording); {} is a phrase with its article
    ("train.bare", "{}"),
    ("train.picture", "a picture of {}"),
    ("train.this", "this is {}"),
    ("train.sticker", "a sticker of {}"),
    ("train.drawing", "a drawing of {}"),
    ("train.see", "we see {}"),
    ("train.there", "there is {}"),
    ("train.image", "an image of {}"),
    ("train.shows", "the picture shows {}"),
    ("train.look", "look, {}"),
    ("train.photo", "photo: {}"),
    ("train.took", "I took a photo, it shows {}"),
    ("train.scene", "a small scene, {}"),
    ("train.in_scene", "{} in a scene"),
    ("train.here", "here is {}"),
    ("train.can", "you can find {} here"),
    ("train.illustration", "my illustration: {}"),
    ("train.art", "{}, an illustration"),
    ("train.spot", "I spot {}"),
    ("train.contains", "it contains {}"),
    ("train.with", "a picture with {}"),
    ("train.draw", "can you draw {}"),
    ("train.where", "where is {}"),
    ("train.emoji", "the emoji for {}"),
    ("train.nice", "a nice image, {}"),
    ("train.again", "{} again"),
)
TEST_TEMPLATES = (
    ("test.photo", "a photo of {}"),
    ("test.scene", "a scene with {}"),
    ("test.here", "here you can see {}"),
    ("test.illustration", "an illustration of {}"),
    ("test.spot", "can you spot {}"),
    ("test.contains", "this image contains {}"),
)
RELATIONS = {
    "train": {
        "left": ("to the left of", "left of", "on the left of"),
        "right": ("to the right of", "right of", "on the right of"),
        "above": ("above", "over", "higher than"),
        "below": ("below", "under", "lower than"),
    },
    "test": {
        "left": ("on the left side of",),
        "right": ("on the right side of",),
        "above": ("higher up than",),
        "below": ("lower down than",),
    },
}
SAYS = {"train": ("that says", "with the text"), "test": ("that reads",)}


def phrase(thing: Thing, size: bool = True, colour: bool = True, says: str = "that says") -> str:
    """ "a small red car", "some cherries", "the sun", 'a green sign that says "STOP"'."""
    words = _words(thing.name, thing.size if size else "medium", thing.colour if colour else None)
    return f'{words} {says} "{thing.text}"' if thing.text else words


@cache
def _words(name: str, size: str, colour: str | None) -> str:
    words = name
    if colour:
        words = f"{colour} {words}"
    if size != "medium":  # a medium thing is just a thing
        words = f"{size} {words}"
    return f"{article(words, name)} {words}"


def caption(
    scene: Scene,
    rng: random.Random,
    templates: str = "train",
    attributes: float = 1.0,
    place: float = 1.0,
    relations: float = 0.5,
    left_to_right: bool = False,
) -> str:
    """One true sentence about the scene, which names every thing in it.

    `attributes`, `place` and `relations` are the probabilities that sizes and colours, the place, and a relation are
    said at all: a caption that says less makes the picture's content count for more. left_to_right: the things stand in
    this order, not in any, so that whoever learns to say it can know what comes next.
    """
    wordings = TRAIN_TEMPLATES if templates == "train" else TEST_TEMPLATES
    things = sorted(scene.things, key=lambda thing: thing.x) if left_to_right else list(scene.things)
    phrases = things and _say_all(things, rng, templates, attributes, relations, shuffle=not left_to_right)
    sentence = wordings[int(rng.random() * len(wordings))][1].format(phrases)
    if rng.random() < place:
        sentence = f"{sentence} {PLACES[scene.backdrop]}"
    return sentence


def captions(scene: Scene, n: int = 5, templates: str = "train") -> list[str]:
    """n different captions, the fullest first; the same ones at every call."""
    rng = random.Random(f"captions/{scene.stream}/{scene.seed}/{scene.index}")
    texts = [caption(scene, rng, templates)]
    while len(texts) < n:
        another = caption(scene, rng, templates, attributes=0.7, place=0.7)
        if another not in texts:
            texts.append(another)
    return texts


def _say_all(
    things: list[Thing], rng: random.Random, templates: str, attributes: float, relations: float, shuffle: bool
) -> str:
    says = SAYS[templates][int(rng.random() * len(SAYS[templates]))]
    phrases = [_phrase_with_dropout(thing, rng, attributes, says) for thing in things]
    how = relation(things[0], things[1]) if len(things) > 1 else None
    if how and rng.random() < relations:
        ways = RELATIONS[templates][how]
        first = f"{phrases[0]} {ways[int(rng.random() * len(ways))]} {phrases[1]}"
        return join([first, *phrases[2:]])
    if len(things) > 1 and len({t.name for t in things}) < len(things):
        return join(_counted(things, phrases))
    if shuffle:
        phrases = sorted(phrases, key=lambda _: rng.random())
    return join(phrases)


def _phrase_with_dropout(thing: Thing, rng: random.Random, attributes: float, says: str) -> str:
    colour = rng.random() < attributes or thing.kind == "shape"  # a shape is nothing without its colour
    return phrase(thing, rng.random() < attributes, colour, says)


def _counted(things: list[Thing], phrases: list[str]) -> list[str]:
    """Things of one name together: "three dogs"; the others as they are."""
    out, names = [], [thing.name for thing in things]
    for thing, words in zip(things, phrases, strict=True):
        number = names.count(thing.name)
        if number == 1 or thing.kind == "sign":
            out.append(words)
        elif (together := f"{NUMBERS[number]} {plural(thing.name)}") not in out:
            out.append(together)
    return out


def join(phrases: list[str]) -> str:
    """ "a cat", "a cat and a dog", "a cat, a dog and a bird"."""
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def swapped_captions(scene: Scene) -> tuple[str, str] | None:
    """(true, false): the same words in another order, as in Winoground; None when the scene has no such pair.

    With two things in a clear relation, they change places: "a cat left of a dog", "a dog left of a cat".
    """
    if len(scene.things) != 2 or scene.things[0].name == scene.things[1].name:
        return None
    a, b = scene.things
    how = relation(a, b)
    if how is None:
        return None
    words = RELATIONS["train"][how][0]
    first, second = phrase(a, size=False), phrase(b, size=False)
    return f"{first} {words} {second}", f"{second} {words} {first}"
