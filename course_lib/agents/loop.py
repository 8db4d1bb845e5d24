"""The agent's loop (ReAct, arXiv 2210.03629): the planner writes a turn, a tool answers, until there is a value or no step is left."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from course_lib.agents.manual import check_call, manual, observation, to_shares
from course_lib.agents.turns import parse_turn
from course_lib.lm.chat import Message
from course_lib.specialists.tools import TOOLS

MAX_STEPS = 8  # turns of the planner
MALFORMED = "error: write Thoughts, Actions and Value"
Tools = Mapping[str, Callable[..., object]]  # name → result of a picture and arguments
Planner = Callable[[Sequence[Sequence[Message]]], list[str]]  # B conversations → the next turn of each


@dataclass
class Workspace:
    """The pictures of one episode, uint8 [64, 64, 3] each. Tools look at the photo, and from the first drawing on at the canvas."""

    photo: np.ndarray
    canvas: np.ndarray | None = None  # what is drawn upon; None: the photo itself
    drawn: bool = False
    tools: Tools = field(default_factory=lambda: TOOLS)

    @property
    def picture(self) -> np.ndarray:
        """What the tools are looking at."""
        return self.canvas if self.drawn else self.photo

    def use(self, name: str, arguments: Mapping) -> object:
        """Call a tool whose arguments have been checked. `draw` changes the canvas."""
        arguments = {key: to_shares(value) if key == "box" else value for key, value in arguments.items()}
        if name != "draw":
            return self.tools[name](self.picture, **arguments)
        below = self.photo if self.canvas is None else self.canvas
        self.canvas, self.drawn = self.tools["draw"](below, **arguments), True
        return self.canvas


def call_tool(use: Callable[[str, Mapping], object], action: Mapping) -> str:
    """Check an action, use the tool, and say in words what came of it: the observation. What can't be done comes back as a message."""
    if problem := check_call(action, manual()):
        return f"error: {problem}"
    try:
        return observation(action["name"], use(action["name"], action["arguments"]))
    except ValueError as error:  # such as an empty box: a tool's own "no"
        return f"error: {error}"


class Episode(NamedTuple):
    """How far it has come."""

    messages: tuple[Message, ...]
    value: str | None = None  # None until the planner ends it
    steps: int = 0
    malformed: int = 0  # turns that could not be parsed
    refused: int = 0  # calls that came back with an error
    actions: tuple[dict, ...] = ()  # calls that were made


def advance(episode: Episode, reply: str, call: Callable[[dict], str]) -> Episode:
    """The episode after one more turn of the planner, which wrote `reply`.

    The reply joins the messages as it is. If it ends the episode, `value` is set. If it can't be parsed, that is counted, and a message
    of role "tool" says MALFORMED. Otherwise `call(action)` gives the observation, the next message of role "tool"; one that begins with
    "error" counts as refused, and only others join the actions.
    """
    messages = (*episode.messages, Message(role="assistant", content=reply))
    episode = episode._replace(messages=messages, steps=episode.steps + 1)
    turn = parse_turn(reply)
    if turn is not None and turn.action is None:
        return episode._replace(value=turn.value)
    seen = MALFORMED if turn is None else call(turn.action)
    episode = episode._replace(messages=(*messages, Message(role="tool", content=seen)))
    if turn is None:
        return episode._replace(malformed=episode.malformed + 1)
    if seen.startswith("error"):
        return episode._replace(refused=episode.refused + 1)
    return episode._replace(actions=(*episode.actions, turn.action))


def run(
    planner: Planner, requests: Sequence[str], workspaces: Sequence[Workspace], max_steps: int = MAX_STEPS
) -> list[Episode]:
    """Episodes in step: all planners write at once, then each one's tool is used. Who has no value after `max_steps` turns ends without."""
    episodes = [Episode((Message(role="user", content=request),)) for request in requests]
    for _ in range(max_steps):
        open_ones = [n for n, one in enumerate(episodes) if one.value is None]
        if not open_ones:
            break
        replies = planner([episodes[n].messages for n in open_ones])
        for n, reply in zip(open_ones, replies, strict=True):
            use = workspaces[n].use
            episodes[n] = advance(episodes[n], reply, lambda action, use=use: call_tool(use, action))
    return episodes
