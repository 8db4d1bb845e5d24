"""Requests in many wordings: questions of one or two parts, edits, and pictures to be drawn again. Tests have wordings of their own."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from itertools import combinations

from course_lib.agents.data import plans
from course_lib.agents.data.plans import Plan, a, beside
from course_lib.agents.manual import GRID, to_cells
from course_lib.agents.messages import with_memory
from course_lib.gligen.data.scenes import draw_scene
from course_lib.gligen.vocabulary import NAMES
from course_lib.seem.data.queries import base_names, class_names
from course_lib.world.language import RELATIONS
from course_lib.world.nouns import could_be, plural
from course_lib.world.questions import Question, questions
from course_lib.world.scenes import Scene, SceneSpec, make_scene

TOOL_OF = {  # the tool that answers a question of this kind
    "exist": "find",
    "count": "find",
    "relation": "find",
    "size": "mask",
    "colour": "ask",
    "which": "choose",
    "place": "place",
    "read": "read",
}
HELD_OUT = tuple(map(frozenset, (("read", "mask"), ("ask", "place"), ("choose", "read"), ("find", "choose"))))
HARD = {"exist": 2, "relation": 2, "size": 2, "read": 2}  # what must be compared or copied → how much more of it
SEED = 90  # of the scenes of questions
KINDS = (0.6, 0.15, 0.25)  # stickers, shapes and signs: more signs than elsewhere
WORDINGS = {  # request → stream → wordings; those of questions, and of ways, are the world's own
    "which": {
        "train": (
            "is this {a} or {b}?",
            "what do you see, {a} or {b}?",
            "{a} or {b}: which is here?",
            "do you see {a} or {b}?",
            "which one is this: {a} or {b}?",
            "is it {a} or {b} that you see?",
            "there is {a} or {b}. which?",
            "choose: {a} or {b}.",
            "what is shown here, {a} or {b}?",
            "does the picture have {a} or {b}?",
        ),
        "test": ("which of the two is in the picture, {a} or {b}?",),
    },
    "both": {
        "train": (
            "{a} {b}",
            "{a} also, {b}",
            "first: {a} then: {b}",
            "tell me two things. {a} {b}",
            "{a} and now {b}",
            "{a} then, {b}",
            "both, please: {a} {b}",
            "{a} next: {b}",
            "I ask twice. {a} and {b}",
        ),
        "test": ("two questions. {a} and: {b}", "{a} one more thing: {b}"),
    },
    "edit": {
        "train": (
            "add {a} {way} the {other}.",
            "draw {a} {way} the {other}.",
            "can you put {a} {way} the {other}?",
            "I want {a} {way} the {other}.",
            "I would like {a} {way} the {other}.",
            "{a} should be {way} the {other}.",
            "paint {a} {way} the {other}, please.",
            "make {a} appear {way} the {other}.",
            "{a} would look good {way} the {other}.",
            "let us have {a} {way} the {other}.",
            "{way} the {other} I miss {a}.",
            "give me {a} {way} the {other}.",
        ),
        "test": ("please place {a} {way} the {other}.", "there should be {a} {way} the {other}."),
    },
    "recreate": {
        "train": (
            "draw this picture again.",
            "make a picture like this.",
            "can you draw what you see?",
            "copy this picture.",
            "paint what is here.",
            "draw all things once more.",
            "make it again.",
            "I want the same picture.",
        ),
        "test": ("draw a picture with the same things.", "paint this again, please."),
    },
}

BEFORE = (
    "",
    "",
    "please tell me: ",
    "look: ",
    "hey, ",
    "I wonder: ",
    "quickly: ",
    "my friend asks: ",
    "could you help? ",
)
SMALL = frozenset(
    [
        "please",
        "can",
        "you",
        "do",
        "does",
        "is",
        "are",
        "the",
        "there",
        "this",
        "here",
        "see",
        "would",
        "I",
        "want",
        "like",
        "be",
        "should",
        "tell",
        "me",
        "let",
        "us",
    ]
)
LEFT_OUT = 0.15  # of the small words


@dataclass(frozen=True)
class Request:
    """What somebody wants, about a scene."""

    kind: str  # "answer", "edit" or "recreate"
    text: str
    scene: Scene
    make_plan: Callable[[], Plan]  # how it would be done
    answers: tuple[str, ...] = ()  # what is true, one a part of the question
    tools: frozenset[str] = frozenset()
    edit: tuple[str, str, str] = ("", "", "")  # what, which way, of what


def loosely(text: str, rng: random.Random) -> str:
    """A request for training with another beginning, and some small words left out: no single wording shall be leaned on."""
    words = [word for word in text.split(" ") if word not in SMALL or rng.random() >= LEFT_OUT]
    return rng.choice(BEFORE) + " ".join(words)


def part(scene: Scene, rng: random.Random, templates: str) -> dict[str, tuple[str, Callable[[], Plan], str]]:
    """Kind → (question, its plan, the true answer), for every kind of question that the scene can answer."""
    parts = {}
    for question in questions(scene, rng, templates):
        if make_plan := plan_of(question, scene):
            parts[question.kind] = (question.text, make_plan, question.answer)
    names = [thing.name for thing in scene.things if thing.kind == "sticker"]
    if names:
        there = rng.choice(names)
        possible = {name for thing in scene.things for name in could_be(thing.name)}
        absent = rng.choice([name for name in base_names() if name not in possible])
        options = rng.sample([a(there), a(absent)], 2)
        text = rng.choice(WORDINGS["which"][templates]).format(a=options[0], b=options[1])
        parts["which"] = (text, partial(plans.which, *options), a(there))
    return parts


def plan_of(question: Question, scene: Scene) -> Callable[[], Plan] | None:
    """How a question of the world is answered with tools; None for kinds that none of our plans is for."""
    words = question.words
    if question.kind == "exist":
        name = words["any"].split(" ", 1)[1]
        return partial(plans.exist, name) if name in _names() else None  # a colour or a text is beyond the detector
    if question.kind == "count":
        return partial(plans.count, _singular().get(words["things"]))
    if question.kind in ("relation", "size"):
        return partial(getattr(plans, question.kind), words["thing"], words["other"])
    if question.kind == "colour":
        return partial(plans.colour, words["thing"])
    return {"place": plans.place, "read": plans.read}.get(question.kind)


@cache
def _names() -> frozenset[str]:
    return frozenset(class_names()) - {"sign"}


@cache
def _singular() -> dict[str, str]:
    return {plural(name): name for name in [*_names(), "sign"]}


def answer_request(
    rng: random.Random, stream: str, parts: int, held_out: bool = False, hard: bool = False, keeps_work: bool = False
) -> Request:
    """A question of one or two parts; `held_out`: of two whose tools no training request combines; `hard`: HARD ones more often.

    keeps_work: of its plan, as in `plans.both`.
    """
    templates = "test" if stream == "test" else "train"
    while True:
        scene = make_scene(rng.randrange(1_000_000_000), SceneSpec(stream, (2, 4), kinds=KINDS), SEED)
        made = part(scene, rng, templates)
        if parts == 1:
            pairs = [(kind,) for kind in made]
        else:
            pairs = [
                p for p in combinations(made, 2) if (frozenset(TOOL_OF[kind] for kind in p) in HELD_OUT) == held_out
            ]
        if pairs:
            break
    weigh = HARD if hard else {"size": 2}  # few scenes have two sizes to compare
    [kinds] = rng.choices(pairs, [1 + sum(weigh.get(kind, 0) for kind in set(pair)) for pair in pairs])
    if stream != "train":  # tests: every set of tools is equally likely, however many kinds it answers
        by_tools = {}
        for pair in pairs:
            by_tools.setdefault(frozenset(TOOL_OF[kind] for kind in pair), []).append(pair)
        kinds = rng.choice(by_tools[rng.choice(sorted(by_tools, key=sorted))])
    chosen = rng.sample([made[kind] for kind in kinds], len(kinds))
    tools, answers = frozenset(TOOL_OF[kind] for kind in kinds), tuple(answer for _, _, answer in chosen)
    if parts == 1:
        return Request("answer", chosen[0][0], scene, chosen[0][1], answers, tools)
    text = rng.choice(WORDINGS["both"][templates]).format(a=chosen[0][0], b=chosen[1][0])
    return Request(
        "answer", text, scene, lambda: plans.both(chosen[0][1](), chosen[1][1](), keeps_work), answers, tools
    )


def edit_request(rng: random.Random, stream: str) -> Request:
    """ "add a bus right of the house": a thing that is not there, beside one that is, where there is room for it."""
    templates = "test" if stream == "test" else "train"
    while True:
        scene = draw_scene(rng.randrange(1_000_000_000), stream, (2, 2))
        anchor, rest = rng.sample(scene.things, 2)
        ways = [way for way in RELATIONS[templates] if has_room(anchor, rest, way)]
        if ways:
            break
    name, way = rng.choice([name for name in NAMES if name not in (anchor.name, rest.name)]), rng.choice(ways)
    words = {"a": a(name), "way": rng.choice(RELATIONS[templates][way]), "other": anchor.name}
    text = rng.choice(WORDINGS["edit"][templates]).format(**words)
    plan = partial(plans.edit, name, way, anchor.name)
    return Request("edit", text, scene, plan, (), frozenset(("find", "draw", "mask")), (name, way, anchor.name))


def has_room(anchor, rest, way: str) -> bool:
    """Would a thing beside the anchor stay in the picture, and hide neither of the two?"""
    half = anchor.width / 2
    box = to_cells((anchor.x - half, anchor.y - half, anchor.x + half, anchor.y + half))
    new = beside(box, way)
    if way in ("left", "right"):
        clear = new[2] <= box[0] or new[0] >= box[2]
    else:
        clear = new[3] <= box[1] or new[1] >= box[3]
    x, y = ((new[i] + new[i + 2]) / 2 / GRID for i in (0, 1))
    return clear and max(abs(x - rest.x), abs(y - rest.y)) >= 0.28


def recreate_request(rng: random.Random, stream: str, num_things: int, memory: str = "") -> Request:
    """A picture to be drawn again, with what was written down about failed tries."""
    templates = "test" if stream == "test" else "train"
    scene = draw_scene(rng.randrange(1_000_000_000), stream, (num_things, num_things))
    text = rng.choice(WORDINGS["recreate"][templates])
    return Request("recreate", with_memory(text, memory), scene, plans.recreate, (), frozenset(("find", "draw")))
