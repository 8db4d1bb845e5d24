"""Contrast sets (Gardner et al., 2020, arXiv 2004.02709): one fact of a scene changes, and with it the answer to the question.

A model that looks must flip its answer along with the picture. Nothing else changes: a thing is painted anew or taken away, or two
things change places, sizes or colours.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from course_lib.llava.data.testsets import VqaExample, colour_apart, vqa_examples
from course_lib.world.backdrops import BACKDROPS
from course_lib.world.geometry import relation
from course_lib.world.nouns import NUMBERS, could_be
from course_lib.world.questions import OPPOSITE, Question
from course_lib.world.scenes import Scene, Thing
from course_lib.world.shapes import SHAPES
from course_lib.world.signs import WORDS_TEST
from course_lib.world.splits import held_out_colour
from course_lib.world.stickers import COLOURS

Changed = tuple[Scene, str]  # the scene with the fact changed, and the answer that is right now


@dataclass(frozen=True)
class Contradiction:
    """A contrast pair: a question about a scene, and the changed scene in which another answer is right."""

    scene: Scene
    question: Question  # with the answer for `scene`
    changed: Scene
    answer: str  # for `changed`


def contradictions(kind: str, count: int, stream: str = "test") -> list[Contradiction]:
    """`count` pairs about questions of a kind. Half of those that take something away are swapped: there, something appears."""
    rng = random.Random(f"contradictions/{kind}/{stream}")
    pairs: list[Contradiction] = []
    for example in _candidates(kind, count, stream):
        change = CHANGES[kind](example.scene, example.question, rng)
        if change is None:
            continue
        pair = Contradiction(example.scene, example.question, *change)
        pairs.append(swapped(pair) if kind in ("exist", "count") and len(pairs) % 2 else pair)
        if len(pairs) == count:
            break
    return pairs


def _candidates(kind: str, count: int, stream: str) -> Iterator[VqaExample]:
    if kind == "colour":  # two colours change places: no colour appears or goes, only the binding changes
        return iter(colour_apart(8 * count, stream))
    return iter(vqa_examples(kind, 8 * count, stream))


def swapped(pair: Contradiction) -> Contradiction:
    """The changed scene first, contradicted by the one that it was made from."""
    question = replace(pair.question, answer=pair.answer, things=())
    return Contradiction(pair.changed, question, pair.scene, pair.question.answer)


def _with(scene: Scene, new: dict[int, Thing]) -> Scene:
    return replace(scene, things=tuple(new.get(i, thing) for i, thing in enumerate(scene.things)))


def _without(scene: Scene, number: int) -> Scene:
    return replace(scene, things=tuple(thing for i, thing in enumerate(scene.things) if i != number))


def remove(scene: Scene, question: Question, rng: random.Random) -> Changed | None:
    """What is asked for goes: yes → no. Something else must remain, and nothing that could be meant."""
    if question.answer != "yes" or len(scene.things) < 2:
        return None
    meant = could_be(scene.things[question.things[0]].name)
    if sum(thing.name in meant for thing in scene.things) > 1:
        return None
    return _without(scene, question.things[0]), "no"


def remove_one(scene: Scene, question: Question, rng: random.Random) -> Changed | None:
    """One of those counted goes: three → two. At least one is left, or two where only one name is counted."""
    counted = question.things
    if len(counted) - 1 < (1 if len(counted) == len(scene.things) else 2):
        return None
    return _without(scene, rng.choice(counted)), NUMBERS[len(counted) - 1]


def swap_colours(scene: Scene, question: Question, rng: random.Random) -> Changed | None:
    """The thing and another painted one exchange their colours; pairs that are held out are left alone."""
    number = question.things[0]
    thing = scene.things[number]
    others = [i for i, other in enumerate(scene.things) if other.colour and other.colour != thing.colour]
    for other in rng.sample(others, len(others)):
        partner = scene.things[other]
        if held_out_colour(thing.name, partner.colour) or held_out_colour(partner.name, thing.colour):
            continue
        new = {number: painted(thing, partner.colour), other: painted(partner, thing.colour)}
        return _with(scene, new), partner.colour
    return None


def painted(thing: Thing, colour: str) -> Thing:
    """The same thing in another colour."""
    if thing.kind != "shape":
        return replace(thing, colour=colour)
    return replace(thing, colour=colour, drawing=SHAPES.index(thing.name) * len(COLOURS) + COLOURS.index(colour))


def swap_places(scene: Scene, question: Question, rng: random.Random) -> Changed | None:
    """The two things change places, so that left becomes right, and what was so no longer is."""
    i, j = question.things
    a, b = scene.things[i], scene.things[j]
    new = {i: replace(a, x=b.x, y=b.y), j: replace(b, x=a.x, y=a.y)}
    if not _inside(new.values()) or not _free(scene, new):
        return None
    how = OPPOSITE[relation(a, b)]
    answer = how if question.kind == "relation" else {"yes": "no", "no": "yes"}[question.answer]
    return _with(scene, new), answer


def swap_sizes(scene: Scene, question: Question, rng: random.Random) -> Changed | None:
    """The two things exchange their widths."""
    i, j = question.things
    a, b = scene.things[i], scene.things[j]
    new = {i: replace(a, size=b.size, width=b.width), j: replace(b, size=a.size, width=a.width)}
    if not _inside(new.values()) or not _free(scene, new):
        return None
    return _with(scene, new), b.name


def move(scene: Scene, question: Question, rng: random.Random) -> Changed:
    """The same things before another backdrop."""
    backdrop = rng.choice([name for name in BACKDROPS if name != scene.backdrop])
    return replace(scene, backdrop=backdrop), backdrop


def rewrite(scene: Scene, question: Question, rng: random.Random) -> Changed:
    """The sign says another word that training signs never say."""
    number = question.things[0]
    sign = scene.things[number]
    text = rng.choice([word for word in WORDS_TEST if word != sign.text])
    return _with(scene, {number: replace(sign, text=text)}), text


def _inside(things) -> bool:
    """Nothing may stick out of the picture."""
    return all(t.width / 2 <= t.x <= 1 - t.width / 2 and t.width / 2 <= t.y <= 1 - t.width / 2 for t in things)


def _free(scene: Scene, new: dict[int, Thing]) -> bool:
    """Things that were moved or grown must not cover more of the others than scenes do anyway: a third."""
    after = _with(scene, new).things
    return all(_overlap(after[i], other) < 1 / 3 for i in new for j, other in enumerate(after) if i != j)


def _overlap(a: Thing, b: Thing) -> float:
    """The common part of two squares, as a share of the smaller one."""
    reach = (a.width + b.width) / 2
    smaller = min(a.width, b.width)
    across = min(max(reach - abs(a.x - b.x), 0), smaller)
    along = min(max(reach - abs(a.y - b.y), 0), smaller)
    return across * along / smaller**2


CHANGES: dict[str, Callable[[Scene, Question, random.Random], Changed | None]] = {
    "exist": remove,
    "count": remove_one,
    "colour": swap_colours,
    "relation": swap_places,
    "related": swap_places,
    "place": move,
    "size": swap_sizes,
    "read": rewrite,
}
