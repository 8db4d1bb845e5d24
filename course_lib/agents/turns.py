"""What the planner writes in one turn: thoughts, actions as JSON, and a value for the person, as in LLaVA-Plus (arXiv 2311.05437, section 3)."""

import json
import re
from typing import NamedTuple

FORM = re.compile(r"Thoughts:(.*?)Actions:(.*?)Value:(.*)", re.DOTALL)


class Turn(NamedTuple):
    """One turn: it either calls a tool, and has no value yet, or ends the episode with one."""

    thoughts: str
    action: dict | None = None  # {"name": …, "arguments": {…}}
    value: str = ""


def write_turn(turn: Turn) -> str:
    """A turn as text, as the planner learns to write it."""
    actions = json.dumps([turn.action] if turn.action else [])
    return f"Thoughts: {turn.thoughts} Actions: {actions} Value: {turn.value}".rstrip()


def parse_turn(text: str) -> Turn | None:
    """A turn from the planner's text; None where it is malformed, which the loop counts.

    Malformed is: a key is missing or out of order, actions are no JSON list of at most one {"name": text, "arguments": object} and
    nothing more, or there is neither an action nor a value, or both.
    """
    parts = FORM.fullmatch(text.strip())
    if not parts:
        return None
    thoughts, actions, value = (part.strip() for part in parts.groups())
    try:
        actions = json.loads(actions)
    except json.JSONDecodeError:
        return None
    if not isinstance(actions, list) or len(actions) > 1 or bool(actions) == bool(value):
        return None
    if actions and not _is_call(actions[0]):
        return None
    return Turn(thoughts, actions[0] if actions else None, value)


def _is_call(action: object) -> bool:
    """Is it a name with its arguments, and nothing else?"""
    return (
        isinstance(action, dict)
        and action.keys() == {"name", "arguments"}
        and isinstance(action["name"], str)
        and isinstance(action["arguments"], dict)
    )
