"""The tools as the planner knows them: their schema, a check of what it asks for, and their results in words.

A call never runs code. A name is looked up in the manual, arguments are compared with a JSON schema, and whatever is wrong comes back
as a message. Boxes are told in sixteenths of the side, whole numbers from 0 to 16, as coordinates are binned in Pix2Seq (arXiv
2109.10852) and Kosmos-2 (arXiv 2306.14824); the generator of Lesson 10 paints on the same grid.
"""

from collections.abc import Mapping, Sequence

from course_lib.specialists.tools import BOX, TOOLS

GRID = 16
CELL = {"type": "integer", "minimum": 0, "maximum": GRID}
MIN_SURE = 0.5  # of SEEM, that there is such a thing
JSON_TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}


def manual() -> dict[str, dict]:
    """Name → schema of each tool, with boxes in sixteenths."""
    schemas = {}
    for tool in TOOLS.values():
        schema = tool.schema()
        properties = {
            name: {**BOX, "items": CELL} if form is BOX else form
            for name, form in schema["parameters"]["properties"].items()
        }
        schemas[tool.name] = {**schema, "parameters": {**schema["parameters"], "properties": properties}}
    return schemas


def check_arguments(arguments: dict, parameters: Mapping) -> str:
    """What is wrong with arguments by their JSON schema: a sentence about the first problem, "" if all is well.

    parameters: {"properties": {name: {"type", and for arrays "items", "minItems", "maxItems", for numbers "minimum", "maximum"}},
    "required": [names]}. In this order: the first name that is required and missing, the first that is unknown, and the first value
    that does not fit. A boolean is neither an integer nor a number.
    """
    for name in parameters["required"]:
        if name not in arguments:
            return f"{name} is missing"
    for name in arguments:
        if name not in parameters["properties"]:
            return f"{name} is unknown"
    for name, value in arguments.items():
        if not fits(value, parameters["properties"][name]):
            return f"{name} does not fit"
    return ""


def fits(value: object, form: Mapping) -> bool:
    """Is it of this type and in its bounds?"""
    if not isinstance(value, JSON_TYPES[form["type"]]) or (isinstance(value, bool) and form["type"] != "boolean"):
        return False
    if isinstance(value, list):
        in_length = form.get("minItems", 0) <= len(value) <= form.get("maxItems", len(value))
        return in_length and all(fits(item, form["items"]) for item in value)
    return form.get("minimum", value) <= value <= form.get("maximum", value)


def check_call(action: Mapping, schemas: Mapping[str, Mapping]) -> str:
    """What is wrong with a call, "" if it may be made."""
    if action["name"] not in schemas:
        return f"there is no tool {action['name']}"
    return check_arguments(action["arguments"], schemas[action["name"]]["parameters"])


def to_cells(box: Sequence[float]) -> list[int]:
    """Shares of the side → the nearest sixteenths."""
    return [round(edge * GRID) for edge in box]


def to_shares(cells: Sequence[int]) -> list[float]:
    """Sixteenths → shares of the side."""
    return [cell / GRID for cell in cells]


def middle(box: Sequence[int]) -> tuple[int, int]:
    """The middle of a box, in whole cells."""
    return (box[0] + box[2]) // 2, (box[1] + box[3]) // 2


def item(name: str, cells: Sequence[int]) -> str:
    """A thing with its box as calls write it, so that a plan can copy it, and its middle: "cat [2, 3, 8, 9] at 5 6"."""
    x, y = middle(cells)
    return f"{name} {list(cells)} at {x} {y}"


def observation(name: str, result: object) -> str:
    """The result of a tool in the words that the planner reads.

    "find": the `item` of each thing, the surest first, with ", " between them, or "nothing". "mask": "area 12 box [2, 3, 8, 9]", the
    area in hundredths of the picture, or "nothing" where SEEM is less than half sure. "read": 'the sign says "TAXI"', or "no sign".
    "draw": "drawn". All others give their text as it is.
    """
    if name == "find":
        return ", ".join(item(one["name"], to_cells(one["box"])) for one in result) or "nothing"
    if name == "mask":
        if result["score"] < MIN_SURE:
            return "nothing"
        return f"area {round(100 * result['area'])} box {to_cells(result['box'])}"
    if name == "read":
        return f'the sign says "{result}"' if result else "no sign"
    return "drawn" if name == "draw" else str(result)
