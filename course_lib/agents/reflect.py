"""Looking at one's own work: retries with a budget, a memory of failures, and two agents that exchange messages.

Whoever says what is missing must not know the answer: Reflexion (arXiv 2303.11366) asks the gold answer whether a try has failed, which
no agent has in the world. Here it is another tool of the agent's (CLIP), or another agent; the judge of Lesson 10, which scores, has no
say. `MissingIn` is the same for all of them, so that they can be compared: blind, own check, critic, oracle.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from course_lib.agents.loop import Episode, Planner, Tools, Workspace, run
from course_lib.agents.manual import to_shares
from course_lib.agents.messages import critic_request, remember, said_missing, with_memory
from course_lib.gligen.vocabulary import NAMES
from course_lib.specialists.rules import Found
from course_lib.specialists.tools import TOOLS
from course_lib.world.nouns import article

BUDGET = 3  # tries
Result = TypeVar("Result")


@dataclass(frozen=True)
class Painting:
    """What a painter has made of a request, and what it wanted to draw."""

    canvas: np.ndarray  # uint8 [64, 64, 3]
    layout: tuple[Found, ...]


MissingIn = Callable[[Painting], list[str]]  # names of what was wanted and is not there


def keep_trying(
    attempt: Callable[[list[list[str]]], Result], missing_in: Callable[[Result], list[str]], budget: int
) -> tuple[Result, list[list[str]]]:
    """Try until nothing is missing, at most `budget` times (at least 1): the best result, and the memory of failures.

    attempt(failures) makes a result, knowing what every try so far has missed; `missing_in` says what this one misses. Of all results
    the best is the one that misses least, of equals the first.
    """
    failures: list[list[str]] = []
    results: list[Result] = []
    while len(results) < budget:
        results.append(attempt(list(failures)))
        missing = missing_in(results[-1])
        if not missing:
            return results[-1], failures
        failures.append(missing)
    best = min(range(budget), key=lambda n: len(failures[n]))
    return results[best], failures


def paint(
    planner: Planner,
    photo: np.ndarray,
    before: Painting,
    request: str,
    failures: Sequence[list[str]] = (),
    tools: Tools = TOOLS,
) -> Painting:
    """One episode of the painter, which goes on from what is on the canvas and reads what was missing. The layout is the first one's."""
    workspace = Workspace(photo, before.canvas, tools=tools)
    [episode] = run(planner, [with_memory(request, remember(failures))], [workspace])
    return Painting(workspace.canvas, before.layout or layout_of(episode))


def layout_of(episode: Episode) -> tuple[Found, ...]:
    """What a painter drew in its episode, and where."""
    drawn = [one["arguments"] for one in episode.actions if one["name"] == "draw"]
    return tuple(Found(one["phrase"].split(" ", 1)[-1], tuple(to_shares(one["box"]))) for one in drawn)


def paint_again(
    planner: Planner, photo: np.ndarray, first: Painting, request: str, missing_in: MissingIn, tools: Tools = TOOLS
) -> tuple[Painting, list[list[str]]]:
    """The painter goes over its first painting of a photo, reading what was missing after each try."""
    painting = first

    def attempt(failures: list[list[str]]) -> Painting:
        nonlocal painting
        if failures:
            painting = paint(planner, photo, painting, request, failures, tools)
        return painting

    return keep_trying(attempt, missing_in, BUDGET)


def own_check(painting: Painting) -> list[str]:
    """CLIP looks: each thing of the layout that it takes for another one there.

    Of 66 drawings of the stream "val" that had failed it calls 67 % missing, and 15 % of 139 good ones. SEEM beside it, looking for the phrase,
    makes that 84 and 52 %: a worse check.
    """
    return [one.name for one in painting.layout if not _recognised(painting.canvas, one)]


def _recognised(canvas: np.ndarray, wanted: Found) -> bool:
    """Of all that the painter can draw, does CLIP choose this?"""
    options = [_phrase(name) for name in sorted({*NAMES, wanted.name})]
    return TOOLS["choose"](canvas, options=options, box=wanted.box) == _phrase(wanted.name)


def _phrase(name: str) -> str:
    return f"{article(name, name)} {name}"


def blind(rate: float, seed: int = 0) -> MissingIn:
    """The control: it looks at nothing, and names each thing with the probability with which the real check does."""
    rng = np.random.default_rng(seed)
    return lambda painting: [one.name for one in painting.layout if rng.random() < rate]


def critic(planner: Planner, tools: Tools = TOOLS) -> MissingIn:
    """Another agent: it is told what should be there, looks with its own tools, and answers in words that the painter reads."""

    def missing_in(painting: Painting) -> list[str]:
        names = [one.name for one in painting.layout]
        [episode] = run(planner, [critic_request(names)], [Workspace(painting.canvas, tools=tools)])
        said = (episode.value or "").split(", ")
        return [name for name in names if said_missing([name]) in said]

    return missing_in
