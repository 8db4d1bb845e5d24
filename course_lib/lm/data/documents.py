"""Plain text of the sticker world: stories, what everybody knows about its things, true statements, practice in looking back;
and perfect descriptions of a scene, by relations ("the cat is left of the dog") or by places on a grid of 16 ("at 3, 12")."""

import random
from functools import cache

from course_lib.world.language import PLACES, RELATIONS, join, phrase
from course_lib.world.nouns import NUMBERS, article, is_plural, plural
from course_lib.world.questions import OPPOSITE, Question, clear_relations, questions
from course_lib.world.scenes import Scene, Thing
from course_lib.world.splits import held_out_colour, held_out_relation
from course_lib.world.stickers import COLOURS, StickerClass, classes

BEINGS = ("mammal", "bird", "creature")
FRIENDLY = ("greeted", "followed", "looked for", "played with", "told a joke to", "waited for")
ENDINGS = ("In the end both went home.", "That was a good day.", "They laughed a lot.", "Then night came.")


NO = (
    "There {be} no {bare} here.",
    "The picture does not show {any}.",
    "You can't see {any}.",
    "No {bare} can be found.",
)
YES = ("There {be} {some} in the picture.", "The picture shows {some}.", "You can see {some}.", "{some} can be found.")


TRUE = {
    "count": ("The number of {things} is {answer}.", "I count the {things}: {answer}.", "How many {things}? {answer}."),
    "colour": ("The {thing} {is} {answer}.", "The colour of the {thing} is {answer}.", "I see the {thing} in {answer}."),
    "relation": ("The {thing} {is} {way} the {other}.", "Seen from the {other}, the {thing} {is} {way} it."),
    "direction": ("The {thing}, seen from the {other}: {answer}.", "The direction from the {other} to the {thing} is {answer}."),
    "not": ("The {thing} {is} not {way} the {other}.", "It is not true that the {thing} {is} {way} the {other}."),
    "place": ("The setting is: {answer}.", "The place is: {answer}.", "This place is called {answer}."),
    "size": ("Of the {thing} and the {other}, the {answer} is bigger.", "The bigger one is the {answer}, not the {less}."),
    "read": ('The sign says "{answer}".', 'The text on the sign is "{answer}".', 'You can read "{answer}" on the sign.'),
}  # fmt: skip
Fact = tuple[str, str, str]  # (a, b, how): thing a is left, right, above or below of thing b
ALONE = ("The {a}: {how}.", "Where {is_} the {a}? {how}.")


SEEN_FROM = (
    "The {a}, seen from the {b}: {how}.",
    "Where {is_} the {a}, seen from the {b}? {how}.",
    "On which side of the {b} {is_} the {a}? {how}.",
    "The direction from the {b} to the {a} is {how}.",
)


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


def statements(scene: Scene, rng: random.Random) -> list[str]:
    """One true sentence for every kind of question that the scene can answer, in random order."""
    sentences = [state(question, rng) for question in questions(scene, rng)]
    return rng.sample(sentences, len(sentences))


def state(question: Question, rng: random.Random) -> str:
    """The question and its answer as one sentence."""
    words = dict(question.words, answer=question.answer)
    if question.kind == "exist":
        return _existence(words, question.answer == "yes", rng)
    if question.kind == "related":
        return _capital(rng.choice(TRUE["relation" if question.answer == "yes" else "not"]).format(**words))
    if question.kind == "relation":
        words["way"] = rng.choice(RELATIONS["train"][question.answer])
        return _capital(rng.choice(TRUE["relation"] + TRUE["direction"]).format(**words))
    if question.kind == "size":
        words["less"] = next(name for name in (words["thing"], words["other"]) if name != question.answer)
    return _capital(rng.choice(TRUE[question.kind]).format(**words))


def _existence(words: dict[str, str], there: bool, rng: random.Random) -> str:
    """words["any"]: "a cat", "any cherries", "the sun"; words["is_there"]: "is there a cat", "are there any cherries"."""
    any_, be = words["any"], words["is_there"].split()[0]
    some = f"some {any_.removeprefix('any ')}" if any_.startswith("any ") else any_
    bare = any_.split(" ", 1)[1]
    return _capital(rng.choice(YES if there else NO).format(some=some, any=any_, bare=bare, be=be))


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]


def practice(rng: random.Random) -> str:
    """A list, colours of things, or sides of things."""
    return rng.choice((listing, colours, sides, sides))(rng)


def listing(rng: random.Random) -> str:
    """A list of words, and what can be said of it."""
    words = rng.sample([c.name for c in known_classes()] + list(COLOURS), rng.randint(3, 6))
    i = rng.randrange(len(words) - 1)
    sentences = [
        f"Again: {', '.join(words)}.",
        f"Backwards: {', '.join(reversed(words))}.",
        f"The first is {words[0]}, the last is {words[-1]}.",
        f"After {words[i]} comes {words[i + 1]}.",
        f"Before {words[i + 1]} comes {words[i]}.",
    ]
    return " ".join([f"A list: {', '.join(words)}.", *rng.sample(sentences, 4)])


def colours(rng: random.Random) -> str:
    """Two or three things with their colours, and these again and again."""
    names = rng.sample([c.name for c in known_classes() if c.recolourable], rng.randint(2, 3))
    sentences = []
    for name in names:
        colour = rng.choice([colour for colour in COLOURS if not held_out_colour(name, colour)])
        sentences.append(rng.choice((f"The {name} {_be(name)} {colour}.", f"There is a {colour} {name}.")))
        sentences.append(f"The {name} {_be(name)} {colour}.")
    first, again = sentences[::2], sentences[1::2]
    return " ".join([*first, *(rng.choice(again) for _ in range(6))])


def sides(rng: random.Random) -> str:
    """Where two or three things are, told from both sides, and this again and again.

    Of two things it is also said without naming the other ("The cat: left."). A model learns this first, and needs it:
    asked about both at once, it would have to find out two things at the same time, and finds neither.
    """
    names = rng.sample([c.name for c in known_classes()], rng.choice((2, 2, 3)))
    facts = [_fact(rng, a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    facts += [(b, a, OPPOSITE[how]) for a, b, how in facts]
    sentences = [_sentence(rng, fact) for fact in rng.sample(facts, len(facts))]
    return " ".join([*sentences, *(_again(rng, rng.choice(facts), len(names) == 2) for _ in range(6))])


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


GRID = 16
OPENINGS = ("There is {}.", "You see {}.", "The picture shows {}.", "Here we have {}.", "There you find {}.")
SETTINGS = ("We are {}.", "This is {}.", "It all happens {}.", "The setting: {}.", "The place: {}.")


def describe(scene: Scene, rng: random.Random, places: bool = False) -> str:
    """The description in random wordings and order; `places` gives grid places instead of relations.

    Relations are told from both sides: "the cat is left of the dog", "the dog is right of the cat".
    """
    order = rng.sample(range(len(scene.things)), len(scene.things))
    listed = [_placed(scene.things[i]) if places else phrase(scene.things[i]) for i in order]
    setting = rng.choice(SETTINGS).format(PLACES[scene.backdrop])
    what = rng.choice(OPENINGS).format(join(listed))
    sentences = [setting, what] if rng.random() < 0.5 else [what, setting]
    return " ".join(sentences if places else [*sentences, *_relations(scene, rng)])


def _placed(thing: Thing) -> str:
    """ "a small red car at 3, 12"."""
    column, row = (min(int(share * GRID), GRID - 1) for share in (thing.x, thing.y))
    return f"{phrase(thing)} at {column}, {row}"


def _relations(scene: Scene, rng: random.Random) -> list[str]:
    """Every clear relation between two things, in random order."""
    sentences, relations = [], clear_relations(scene)
    for i, j, how in rng.sample(relations, len(relations)):
        wording = rng.choice(RELATIONS["train"][how])
        a, b = scene.things[i].name, scene.things[j].name
        sentences.append(f"The {a} {'are' if is_plural(a) else 'is'} {wording} the {b}.")
    return sentences
