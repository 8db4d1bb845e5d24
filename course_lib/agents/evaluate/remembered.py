"""What was asked before is not computed again, and what is asked at once is computed at once: arms that are compared often ask the same
tool about the same picture, or go on alike.

All tools, and the planner that takes the likeliest token, are deterministic; so no figure changes by it.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import TypeVar

import numpy as np

from course_lib.agents.loop import Planner, Tools
from course_lib.agents.reflect import MissingIn, Painting
from course_lib.lm.chat import Message
from course_lib.specialists.tools import TOOLS

Result = TypeVar("Result")


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


def remembering_opinion(missing_in: MissingIn) -> MissingIn:
    """The same opinion; of a painting that it has seen before it says the same."""
    say = remembering(lambda canvas, layout: missing_in(Painting(canvas, layout)))
    return lambda painting: say(painting.canvas, layout=painting.layout)


class _Waiting(Exception):
    """A job can't go on before the planner has answered."""


def in_batches(planner: Planner, jobs: Sequence[Callable[[Planner], Result]]) -> list[Result]:
    """The result of each job, which is given a planner. What they ask it they ask together, in one batch, which is much quicker.

    A job stops where it asks something new, and begins again when all others have asked, too. So it must do the same every time.
    """
    known: dict[str, str] = {}
    results: dict[int, Result] = {}
    while len(results) < len(jobs):
        asked: dict[str, Sequence[Message]] = {}
        for number, job in enumerate(jobs):
            if number not in results:
                with suppress(_Waiting):
                    results[number] = job(partial(_recall, known, asked))
        known.update(zip(asked, planner(list(asked.values())), strict=True) if asked else ())
    return [results[number] for number in range(len(jobs))]


def _recall(
    known: dict[str, str], asked: dict[str, Sequence[Message]], conversations: Sequence[Sequence[Message]]
) -> list[str]:
    """The turns that are known; _Waiting, and conversations noted as asked, where one is not."""
    by_key = {json.dumps(list(messages)): messages for messages in conversations}
    if new := {key: messages for key, messages in by_key.items() if key not in known}:
        asked |= new
        raise _Waiting
    return [known[json.dumps(list(messages))] for messages in conversations]
