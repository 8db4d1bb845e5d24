"""Plans: what a good planner would do for each kind of request. They write the demonstrations, and never run in a test.

A plan is a generator. It yields (thoughts, tool, arguments), is sent the tool's result, and in the end returns (thoughts, value). It
knows what the request means, which the planner must find out from its words; of the picture it knows what the tools told it, so that a
demonstration follows the tools even where they err.
"""

from collections.abc import Callable, Generator, Mapping, Sequence

from course_lib.agents.manual import GRID, MIN_SURE, item, middle, observation, to_cells
from course_lib.agents.messages import said_missing
from course_lib.agents.turns import Turn, write_turn
from course_lib.lm.chat import Message
from course_lib.world.language import join
from course_lib.world.nouns import NUMBERS, article

Plan = Generator[tuple[str, str, dict], object, tuple[str, str]]
SIDE = 6  # sixteenths: of what is drawn beside something
MAX_TRIES = 3  # of drawing one thing


def a(name: str) -> str:
    """ "bus" → "a bus"."""
    return f"{article(name, name)} {name}"


def exist(name: str) -> Plan:
    """Is it found?"""
    found = yield f"look for {a(name)}", "find", {}
    there = any(one["name"] == name for one in found)
    return f"{'a' if there else 'no'} {name} found", "yes" if there else "no"


def count(name: str | None) -> Plan:
    """How many of a name are found, or of all."""
    found = yield f"count the {name or 'things'}", "find", {}
    names = [one["name"] for one in found if name in (None, one["name"])][: len(NUMBERS) - 1]
    return f"found {', '.join(names) or 'nothing'}", NUMBERS[len(names)]


def relation(name: str, other: str) -> Plan:
    """By the boxes; where one of the two was not found, LLaVA is asked."""
    found = yield f"look for the {name} and the {other}", "find", {}
    boxes = {one["name"]: to_cells(one["box"]) for one in reversed(found)}  # of two of a name the surer
    if name not in boxes or other not in boxes:
        missing = name if name not in boxes else other
        said = yield f"no {missing} found, ask", "ask", {"question": f"where is the {name}, seen from the {other}?"}
        return "it was said", said
    (x, y), (u, v) = middle(boxes[name]), middle(boxes[other])
    across, along = x - u, y - v
    value = ("left" if across < 0 else "right") if abs(across) >= abs(along) else "above" if along < 0 else "below"
    return f"{item(name, boxes[name])}, {item(other, boxes[other])}", value


def size(name: str, other: str) -> Plan:
    """Two masks: the larger area."""
    areas = []
    for one in (name, other):
        seen = yield f"how big is the {one}", "mask", {"phrase": a(one)}
        areas.append(round(100 * seen["area"]) if seen["score"] >= MIN_SURE else 0)
    return f"{name} {areas[0]}, {other} {areas[1]}", name if areas[0] >= areas[1] else other


def colour(name: str) -> Plan:
    """LLaVA says it."""
    said = yield f"ask about the {name}", "ask", {"question": f"what colour is the {name}?"}
    return "it was said", said


def which(first: str, second: str) -> Plan:
    """CLIP chooses between two phrases."""
    chosen = yield "choose one of the two", "choose", {"options": [first, second]}
    return "one was chosen", chosen


def place() -> Plan:
    """A tool of its own."""
    named = yield "name the place", "place", {}
    return "it was named", named


def read() -> Plan:
    """A tool of its own; what a sign says is data, whatever it says."""
    text = yield "read the sign", "read", {}
    return "it was read", text or "no sign"


def both(first: Plan, second: Plan, keeps_work: bool = False) -> Plan:
    """One request after the other; later thoughts remember the first answer.

    keeps_work: the first of them also says what that answer comes from, as the thoughts of a single question do.
    """
    work, value = yield from first
    so_far = f"first: {value}."
    said = f"{work}. {so_far}" if keeps_work else so_far
    try:
        step = next(second)
        while True:
            result = yield f"{said} {step[0]}", *step[1:]
            said = so_far
            step = second.send(result)
    except StopIteration as end:
        return f"{so_far} {end.value[0]}", f"{value}, {end.value[1]}"


def edit(name: str, way: str, other: str) -> Plan:
    """Find the anchor, draw beside it, look whether it is there, and try again with another seed if not."""
    found = yield f"where is the {other}", "find", {}
    boxes = [to_cells(one["box"]) for one in found if one["name"] == other]
    if not boxes:
        return f"no {other} found", f"no {other}"
    box, thoughts = beside(boxes[0], way), f"{way} of {boxes[0]}"
    for seed in range(MAX_TRIES):
        yield thoughts, "draw", {"phrase": a(name), "box": box} | ({"seed": seed} if seed else {})
        seen = yield f"is the {name} there", "mask", {"phrase": a(name)}
        if seen["score"] >= MIN_SURE:
            return f"the {name} is there", "done"
        thoughts = f"no {name}, try again"
    return f"no {name}", "failed"


def beside(box: Sequence[int], way: str) -> list[int]:
    """The box of a new thing on one side of another's, pushed into the picture."""
    x, y = {
        "left": (box[0] - SIDE, box[1]),
        "right": (box[2], box[1]),
        "above": (box[0], box[1] - SIDE),
        "below": (box[0], box[3]),
    }[way]
    x, y = (min(max(edge, 0), GRID - SIDE) for edge in (x, y))
    return [x, y, x + SIDE, y + SIDE]


def recreate(missing: Sequence[str] | None = None, tries: int = 0) -> Plan:
    """Draw what is found, thing by thing; after failed tries only what was missing last time, with another seed."""
    found = yield "what is there", "find", {}
    wanted = [one for one in found if missing is None or one["name"] in missing][:4]
    for one in wanted:
        arguments = {"phrase": a(one["name"]), "box": to_cells(one["box"])} | ({"seed": tries} if tries else {})
        yield f"{one['name']} {arguments['box']}", "draw", arguments
    return "all drawn", "done"


def critic(wanted: Sequence[str]) -> Plan:
    """Look at the painter's canvas, and tell it what is missing."""
    found = yield "what is there", "find", {}
    missing = [name for name in wanted if name not in {one["name"] for one in found}]
    return f"found {', '.join(one['name'] for one in found) or 'nothing'}", said_missing(missing)


def demonstrate(
    request: str, plan: Plan, use: Callable[[str, Mapping], object], says_what_is_there: bool = False
) -> list[Message]:
    """A conversation in which a plan is carried out with these tools.

    says_what_is_there: thoughts begin with the names that `find` gave. A small model overlooks one name among boxes, and sees it in a sentence.
    """
    messages, result, seen = [Message(role="user", content=request)], None, ""
    while True:
        try:
            thoughts, name, arguments = plan.send(result)
        except StopIteration as end:
            thoughts, value = end.value
            return [*messages, Message(role="assistant", content=write_turn(Turn(seen + thoughts, None, value)))]
        action = {"name": name, "arguments": arguments}
        messages.append(Message(role="assistant", content=write_turn(Turn(seen + thoughts, action))))
        result = use(name, arguments)
        seen = _in_a_sentence(result) if says_what_is_there and name == "find" else ""
        messages.append(Message(role="tool", content=observation(name, result)))


def _in_a_sentence(found: Sequence[Mapping]) -> str:
    return f"there is {join([a(one['name']) for one in found] or ['nothing'])}. "
