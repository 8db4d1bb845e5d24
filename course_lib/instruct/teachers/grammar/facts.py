"""What the grammar teacher knows about a picture: things, places and relations, read from its captions and boxes."""

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from course_lib.instruct.teachers.grammar.reading import NamedThing, read_caption, read_place, read_relations
from course_lib.instruct.vocabulary import tokenise
from course_lib.world.geometry import relation
from course_lib.world.nouns import could_be
from course_lib.world.splits import held_out_relation

BOX_LINE = re.compile(r"^(.+): \[([\d.]+), ([\d.]+), ([\d.]+), ([\d.]+)\]$")
RANK = {"small": 0, None: 1, "big": 2}  # what is neither is not mentioned
TOLERANCE = 0.08  # the middle of a box that is hidden in part is not quite the thing's
MUCH_BIGGER = 4 / 3  # as in the questions of Lesson 00


@dataclass(frozen=True)
class KnownThing:
    """A thing as far as the words tell. Place and width are shares of the picture, and None without a box."""

    name: str
    colour: str | None = None
    size: str | None = None
    text: str | None = None
    x: float | None = None
    y: float | None = None
    width: float | None = None


@dataclass(frozen=True)
class Facts:
    """All that is certain."""

    captions: tuple[str, ...]
    things: tuple[KnownThing, ...]
    boxes: bool  # were there boxes?
    complete: bool  # is nothing else in the picture?
    place: str | None
    relations: tuple[tuple[str, str, str], ...]  # (name, "left", other name), both ways round
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(thing.name for thing in self.things))

    def unambiguous(self) -> list[KnownThing]:
        """The things that "the <name>" can only mean."""
        return [t for t in self.things if sum(other in could_be(t.name) for other in self.names) == 1]

    def bigger_pairs(self) -> list[tuple[KnownThing, KnownThing]]:
        """Pairs of which the first is clearly bigger. Signs are all big, so they are left out.

        A box can be small because something hides a part. So captions that say all ("a small red car") must agree.
        """
        sized = [thing for thing in self.unambiguous() if thing.width and thing.name != "sign"]
        pairs = [(a, b) for a in sized for b in sized if a.width >= MUCH_BIGGER * b.width]
        return [(a, b) for a, b in pairs if RANK[a.size] - RANK[b.size] >= (1 if self.complete else 0)]


def read_facts(text: str) -> Facts:
    """The facts of a message: captions, one a line; then maybe an empty line and boxes, as `serialise` writes them."""
    caption_lines, _, box_lines = text.partition("\n\n")
    captions = tuple(line for line in caption_lines.splitlines() if line.strip())
    boxed = [_from_box(match) for match in map(BOX_LINE.match, box_lines.splitlines()) if match]
    boxed.sort(
        key=lambda thing: thing.x
    )  # things are told from left to right, so that a learner can know what comes next
    names = frozenset(thing.name for thing in boxed)
    tokens = [tokenise(caption) for caption in captions]
    # what each caption names; boxes, where there are any, say which things there are, captions what these are like
    named = [read_caption(caption, words, names) for caption, words in zip(captions, tokens, strict=True)]
    things = [_with_captions(thing, boxed, named) for thing in boxed] or _from_captions(named)
    complete = bool(boxed) and all({thing.name for thing in in_caption} == names for in_caption in named)
    relations = _measured(things) if boxed else _agreed(read_relations(words) for words in tokens)
    place = _only({place for place in map(read_place, captions) if place})
    return Facts(captions, tuple(things), bool(boxed), complete, place, tuple(relations))


def _from_box(match: re.Match) -> KnownThing:
    """A thing of which only a box is known."""
    x0, y0, x1, y1 = (float(edge) for edge in match.groups()[1:])
    return KnownThing(match[1], x=(x0 + x1) / 2, y=(y0 + y1) / 2, width=x1 - x0)


def _with_captions(thing: KnownThing, boxed: list[KnownThing], named: list[list[NamedThing]]) -> KnownThing:
    """The thing with what captions say of it. Of two dogs, nobody knows which one is meant."""
    if sum(other.name == thing.name for other in boxed) > 1:
        return thing
    return _with_attributes(thing, [other for in_caption in named for other in in_caption if other.name == thing.name])


def _with_attributes(thing: KnownThing, named: list[NamedThing]) -> KnownThing:
    """Colour, size and text where all captions that name one name the same."""
    attributes = ("colour", "size", "text")
    return replace(thing, **{name: _only({getattr(one, name) for one in named} - {None}) for name in attributes})


def _from_captions(named: list[list[NamedThing]]) -> list[KnownThing]:
    """Things that captions name. How many there are stays open: a name that is said of several counts as none of them."""
    by_name: dict[str, list[NamedThing]] = {}
    several = set()
    for in_caption in named:
        counts = Counter(thing.name for thing in in_caption)
        for thing in in_caption:
            by_name.setdefault(thing.name, []).append(thing)
            if thing.many or counts[thing.name] > 1:
                several.add(thing.name)
    return [_with_attributes(KnownThing(name), same) for name, same in by_name.items() if name not in several]


def _measured(things: list[KnownThing]) -> list[tuple[str, str, str]]:
    """Every clear relation between two boxes, by the world's own rule for what is clear, with a little to spare."""
    relations = []
    for a in things:
        for b in things:
            direction = relation(a, b) if a is not b else None
            ahead, aside = sorted((abs(a.x - b.x), abs(a.y - b.y)), reverse=True)
            clear = ahead >= 0.14 + TOLERANCE and ahead - aside >= 0.06 + TOLERANCE
            if direction and clear and not held_out_relation(a.name, direction, b.name):
                relations.append((a.name, direction, b.name))
    return relations


def _agreed(by_caption) -> list[tuple[str, str, str]]:
    """Relations that captions tell, from both sides."""
    opposite = {"left": "right", "right": "left", "above": "below", "below": "above"}
    stated = dict.fromkeys(relation for relations in by_caption for relation in relations)
    return list(dict.fromkeys([*stated, *((b, opposite[direction], a) for a, direction, b in stated)]))


def _only(values: set):
    """The one value that is there; None if there are several, or none."""
    return next(iter(values)) if len(values) == 1 else None
