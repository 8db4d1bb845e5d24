"""Questions about a scene, with answers that are short and certainly true.

The words of a question must not give its answer away. So what is denied is drawn in the same way as what is affirmed: for
a red car that is there, a car of another colour; for a cat, another animal or anything else; for a sign, another text. Yes
and no are equally frequent, and which of two things is named first is a matter of chance. The best guess without the
picture is therefore close to the most frequent answer of each kind, which a test compares with a guess from the words.

Nothing is asked about names that could be mistaken for one another (a taxi is a car), and a training question
never names a colour or a relation that is held out, not even to deny it.
"""

import random
from dataclasses import dataclass, field, replace
from functools import cache

from course_lib.world.geometry import relation
from course_lib.world.language import RELATIONS, SAYS, phrase
from course_lib.world.nouns import NUMBERS, could_be, is_plural, plural
from course_lib.world.scenes import Scene, Thing
from course_lib.world.shapes import SHAPES
from course_lib.world.signs import WORDS_TEST, WORDS_TRAIN
from course_lib.world.splits import held_out_colour, held_out_relation, training_may_use_template
from course_lib.world.stickers import COLOURS, class_named, classes

OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}
WORDINGS = {  # kind → (id, wording); the ids of test wordings begin with "test."
    "exist": (
        ("train.is_there", "{is_there} in the picture?"),
        ("train.do_you_see", "do you see {any}?"),
        ("train.shows", "does the picture show {any}?"),
        ("train.can_see", "can you see {any} in the picture?"),
        ("train.is_there_here", "{is_there} here?"),
        ("train.scene_shows", "does the scene show {any}?"),
        ("train.can_i_find", "can I find {any} in the picture?"),
        ("train.do_you_find", "do you find {any} here?"),
        ("train.true_contains", "is it true that the picture contains {any}?"),
        ("train.tell_there", "tell me, {is_there} here?"),
        ("test.can_you_find", "can you find {any} here?"),
        ("test.contains", "would you say that the scene contains {any}?"),
    ),
    "count": (
        ("train.how_many", "how many {things} are there?"),
        ("train.count", "count the {things}."),
        ("train.how_many_see", "how many {things} do you see?"),
        ("train.what_number", "what number of {things} is there?"),
        ("train.tell_number", "tell me the number of {things}."),
        ("train.how_many_in", "how many {things} are in the picture?"),
        ("train.give_number", "give the number of {things}."),
        ("test.number", "what is the number of {things}?"),
    ),
    "colour": (
        ("train.what_colour", "what colour {is} the {thing}?"),
        ("train.which_colour", "which colour {does} the {thing} have?"),
        ("train.colour_of", "what is the colour of the {thing}?"),
        ("train.name_colour", "name the colour of the {thing}."),
        ("train.tell_which", "tell me which colour the {thing} {is}."),
        ("train.in_which_colour", "in which colour {is} the {thing}?"),
        ("test.tell_colour", "tell me the colour of the {thing}."),
    ),
    "relation": (
        ("train.where", "where {is} the {thing}, seen from the {other}?"),
        ("train.side", "on which side of the {other} {is} the {thing}?"),
        ("train.from", "from the {other}, where {is} the {thing}?"),
        ("train.direction_is", "in which direction from the {other} {is} the {thing}?"),
        ("train.where_lie", "seen from the {other}, where {does} the {thing} lie?"),
        ("train.tell_where", "tell me where the {thing} {is}, seen from the {other}."),
        ("test.direction", "in which direction from the {other} {does} the {thing} lie?"),
    ),
    "related": (
        ("train.is_it", "{is} the {thing} {way} the {other}?"),
        ("train.would", "would you say the {thing} {is} {way} the {other}?"),
        ("train.tell", "tell me, {is} the {thing} {way} the {other}?"),
        ("train.true", "is it true that the {thing} {is} {way} the {other}?"),
        ("train.agree", "do you agree that the {thing} {is} {way} the {other}?"),
        ("train.would_right", "would I be right that the {thing} {is} {way} the {other}?"),
        ("test.right", "am I right that the {thing} {is} {way} the {other}?"),
    ),
    "place": (
        ("train.place", "where is this?"),
        ("train.what_place", "what place is this?"),
        ("train.what_is_place", "what is this place?"),
        ("train.name_place", "name the place."),
        ("train.what_setting", "what setting is this?"),
        ("train.which_place", "which place do you see?"),
        ("train.tell_setting", "tell me the setting."),
        ("test.setting", "what is the setting?"),
    ),
    "size": (
        ("train.bigger", "which is bigger, the {thing} or the {other}?"),
        ("train.larger", "what is larger, the {thing} or the {other}?"),
        ("train.which_one", "which one is bigger, the {thing} or the {other}?"),
        ("train.of", "of the {thing} and the {other}, which is larger?"),
        ("train.of_two", "of the two, the {thing} and the {other}, name the bigger one."),
        ("test.size", "of the {thing} and the {other}, which one is bigger?"),
    ),
    "read": (
        ("train.says", "what does the sign say?"),
        ("train.written", "what is written on the sign?"),
        ("train.can_read", "what can you read on the sign?"),
        ("train.text", "what text is on the sign?"),
        ("train.read_what", "read what the sign says."),
        ("test.read", "read the sign."),
    ),
}
KINDS = tuple(WORDINGS)


@dataclass(frozen=True)
class Question:
    """A question with its answer, and the numbers (from 0) of the things in the scene that it is about."""

    kind: str
    text: str
    answer: str
    things: tuple[int, ...]
    words: dict[str, str] = field(default_factory=dict, compare=False)  # what was put into the wording


def questions(scene: Scene, rng: random.Random, templates: str = "train") -> list[Question]:
    """One question of every kind that this scene can answer without ambiguity, worded for "train" or "test"."""
    makers = (_exist, _count, _colour, _relation, _related, _place, _size, _read)
    result = []
    for kind, make in zip(KINDS, makers, strict=True):
        made = make(scene, rng, templates)
        if made:
            words, answer, things = made
            text = rng.choice(wordings(kind, templates)).format(**words)
            result.append(Question(kind, text, answer, things, words))
    return result


def _unmistakable(scene: Scene) -> list[int]:
    """Numbers of the things that "the <name>" can only mean."""
    names = [thing.name for thing in scene.things]
    return [i for i, name in enumerate(names) if sum(other in could_be(name) for other in names) == 1]


def _exist(scene: Scene, rng: random.Random, templates: str):
    number = int(rng.random() * len(scene.things))
    thing = scene.things[number]
    with_colour = thing.colour is not None and thing.kind != "sign" and rng.random() < 0.5
    shown = thing if with_colour or thing.kind == "sign" else replace(thing, colour=None)
    absent = _absent_like(scene, shown, rng)
    if absent is None:
        return None
    says = rng.choice(SAYS[templates])
    if rng.random() < 0.5:
        return _asked(shown, says), "yes", (number,)
    return _asked(absent, says), "no", ()


def _asked(thing: Thing, says: str) -> dict[str, str]:
    """ "is there a cat" and "a cat", "are there any cherries" and "any cherries", "is the sun" and "the sun"."""
    words = phrase(thing, size=False, says=says)
    if words.startswith("the "):
        return {"is_there": f"is {words}", "any": words}
    if words.startswith("some "):
        words = f"any {words.removeprefix('some ')}"
        return {"is_there": f"{'are' if is_plural(thing.name) else 'is'} there {words}", "any": words}
    return {"is_there": f"is there {words}", "any": words}


def _absent_like(scene: Scene, thing: Thing, rng: random.Random) -> Thing | None:
    """A thing that is certainly not in the scene, and that is asked for in the same words as `thing`."""
    if thing.kind == "sign":
        there = {other.text for other in scene.things}
        pool = WORDS_TRAIN if thing.text in WORDS_TRAIN else WORDS_TEST
        return replace(thing, text=rng.choice([text for text in pool if text not in there]))
    possible = {name for other in scene.things for name in could_be(other.name)}
    if thing.colour and not held_out_colour(thing.name, thing.colour):
        return _other_colour(scene, thing, rng)
    names = [name for name in _names_like(thing, rng) if name not in possible]
    if thing.colour:  # the pair is held out, so the denied one must be held out as well
        names = [name for name in names if held_out_colour(name, thing.colour)]
    return replace(thing, name=rng.choice(names)) if names else None


def _other_colour(scene: Scene, thing: Thing, rng: random.Random) -> Thing | None:
    """The thing in a colour that nothing like it has; None where something like it has its natural colours."""
    there = {other.colour for other in scene.things if other.name in could_be(thing.name)}
    if None in there:
        return None
    free = [colour for colour in COLOURS if colour not in there and not held_out_colour(thing.name, colour)]
    return replace(thing, colour=rng.choice(free))


def _names_like(thing: Thing, rng: random.Random) -> tuple[str, ...]:
    """Names as likely to be asked for as the thing's own; half the time only those of its group."""
    if thing.kind == "shape":
        return SHAPES
    near = _similar(thing.name, True)
    return near if rng.random() < 0.5 and len(near) > 1 and thing.colour is None else _similar(thing.name, False)


@cache
def _similar(name: str, same_group: bool) -> tuple[str, ...]:
    record = class_named(name)
    return tuple(
        c.name
        for c in classes()
        if (c.split, c.recolourable) == (record.split, record.recolourable)
        and (not same_group or c.supercategory == record.supercategory)
    )


def _count(scene: Scene, rng: random.Random, templates: str):
    """Of one name where a name is there twice, else of all things: there would be one of each."""
    names = [thing.name for thing in scene.things]
    if len(set(names)) == len(names):
        return {"things": "things"}, NUMBERS[len(names)], tuple(range(len(names)))
    name = rng.choice(list(dict.fromkeys(names)))
    if any(other != name and other in could_be(name) for other in names):
        return None
    same = tuple(i for i, other in enumerate(names) if other == name)
    return {"things": plural(name)}, NUMBERS[len(same)], same


def _verbs(name: str) -> dict[str, str]:
    many = is_plural(name)
    return {"thing": name, "is": "are" if many else "is", "does": "do" if many else "does"}


def _colour(scene: Scene, rng: random.Random, templates: str):
    """Only of things that were painted: what colour a zebra has would be a matter of taste."""
    painted = [i for i in _unmistakable(scene) if scene.things[i].colour]
    if not painted:
        return None
    number = rng.choice(painted)
    return _verbs(scene.things[number].name), scene.things[number].colour, (number,)


def clear_relations(scene: Scene) -> list[tuple[int, int, str]]:
    """Every (i, j, how) with thing i clearly left of, right of, above or below thing j."""
    alone = _unmistakable(scene)
    pairs = [(i, j, relation(scene.things[i], scene.things[j])) for i in alone for j in alone if i != j]
    return [(i, j, how) for i, j, how in pairs if how]


def _relation(scene: Scene, rng: random.Random, templates: str):
    relations = clear_relations(scene)
    if not relations:
        return None
    i, j, how = rng.choice(relations)
    return {**_verbs(scene.things[i].name), "other": scene.things[j].name}, how, (i, j)


def _related(scene: Scene, rng: random.Random, templates: str):
    """Yes or no: what is so, or its opposite."""
    names = [thing.name for thing in scene.things]
    relations = clear_relations(scene)
    if scene.stream == "train":
        relations = [(i, j, how) for i, j, how in relations if not held_out_relation(names[i], OPPOSITE[how], names[j])]
    if not relations:
        return None
    i, j, how = rng.choice(relations)
    yes = rng.random() < 0.5
    way = rng.choice(RELATIONS[templates][how if yes else OPPOSITE[how]])
    return {**_verbs(names[i]), "way": way, "other": names[j]}, "yes" if yes else "no", (i, j)


def _place(scene: Scene, rng: random.Random, templates: str):
    return {}, scene.backdrop, ()


def _size(scene: Scene, rng: random.Random, templates: str):
    """Only where one is at least a third wider; never of signs, which are always big. `things` names the bigger first."""
    alone = [i for i in _unmistakable(scene) if scene.things[i].kind != "sign"]
    pairs = [(i, j) for i in alone for j in alone if scene.things[i].width >= 4 / 3 * scene.things[j].width]
    if not pairs:
        return None
    i, j = rng.choice(pairs)
    big, small = scene.things[i].name, scene.things[j].name
    first, second = (big, small) if rng.random() < 0.5 else (small, big)
    return {"thing": first, "other": second}, big, (i, j)


def _read(scene: Scene, rng: random.Random, templates: str):
    signs = [i for i in _unmistakable(scene) if scene.things[i].text]
    return ({}, scene.things[signs[0]].text, (signs[0],)) if signs else None


def wordings(kind: str, templates: str) -> list[str]:
    """The wordings of a kind for "train" or for "test"."""
    return [text for id, text in WORDINGS[kind] if training_may_use_template(id) == (templates == "train")]
