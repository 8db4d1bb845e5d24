"""Exercise of Lesson 13 → a tiny run of the course's own room that uses it."""

import numpy as np

from course_lib.agents.loop import Workspace, run
from course_lib.agents.reflect import Painting, paint_again
from course_lib.agents.router import run_router

PHOTO = np.zeros((8, 8, 3), np.uint8)
TOOLS = {"read": lambda image: "STOP", "draw": lambda image, phrase, box: image + 1}
TURNS = ('Thoughts: read Actions: [{"name": "read", "arguments": {}}] Value:', "Thoughts: so Actions: [] Value: STOP")


def episode():
    """Two turns that were written beforehand, with a tool that always says STOP."""
    return run(
        lambda chats: [TURNS[len(chat) // 2] for chat in chats], ["what does it say?"], [Workspace(PHOTO, tools=TOOLS)]
    )


def painting():
    """A painter that ends at once."""
    return paint_again(lambda chats: [TURNS[1]], PHOTO, Painting(PHOTO, ()), "draw this again.", lambda painting: [])


PRODUCT = {
    "agents.parse_turn": episode,
    "agents.check_arguments": episode,
    "agents.observation": episode,
    "agents.advance": episode,
    "agents.route": lambda: run_router(["what does the sign say?"], [Workspace(PHOTO, tools=TOOLS)]),
    "agents.keep_trying": painting,
}
EQUIVALENT = {}
