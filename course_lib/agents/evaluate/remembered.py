"""What was asked before is not computed again: arms that are compared often ask the same tool about the same picture, or go on alike.

All tools, and the planner that takes the likeliest token, are deterministic; so no figure changes by it.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from course_lib.agents.loop import Planner, Tools
from course_lib.lm.chat import Message
from course_lib.specialists.tools import TOOLS


def remembering(tool: Callable[..., object]) -> Callable[..., object]:
    """The same tool; for a picture uint8 [H, W, 3] and arguments that it has had before it gives the same result."""
    known = {}

    def use(image: np.ndarray, **arguments) -> object:
        key = image.tobytes(), json.dumps(arguments, sort_keys=True)
        if key not in known:
            known[key] = tool(image, **arguments)
        return known[key]

    return use


@cache
def remembering_tools() -> Tools:
    """All tools, which remember as long as the process lives."""
    return {name: remembering(tool) for name, tool in TOOLS.items()}


def remembering_planner(planner: Planner) -> Planner:
    """The same planner; conversations that it has had before get the same turn."""
    known = {}

    def write(conversations: Sequence[Sequence[Message]]) -> list[str]:
        keys = [json.dumps(list(messages)) for messages in conversations]
        new = {key: messages for key, messages in zip(keys, conversations, strict=True) if key not in known}
        if new:
            known.update(zip(new, planner(list(new.values())), strict=True))
        return [known[key] for key in keys]

    return write
