"""The baseline: regular expressions send a request to one tool, and repeat what it says. It reads no result and plans nothing."""

import re
from collections.abc import Sequence

from course_lib.agents.loop import Episode, Workspace, call_tool
from course_lib.lm.chat import Message

ROUTES: tuple[
    tuple[str, str, dict[str, str]], ...
] = (  # pattern → tool, and its arguments, made of the pattern's groups
    (r"what (?:does the sign say|is written|can you read|text)|read what", "read", {}),
    (r"where is this|what place|name the place|what setting|tell me the setting|which place", "place", {}),
    (
        r"(?:colour (?:of|is|are)|which colour does) the ([\w ]+?)(?: have)?[?.]",
        "ask",
        {"question": "what colour is the {0}?"},
    ),
    (r"is there (an? [\w ]+?)(?: in the picture| here)?\?", "ask", {"question": "is there {0} in the picture?"}),
    (r"how many ([\w ]+?) (?:are|do)", "ask", {"question": "how many {0} are there?"}),
    (r"where is the ([\w ]+?), seen from the ([\w ]+?)\?", "ask", {"question": "where is the {0}, seen from the {1}?"}),
    (
        r"(?:bigger|larger), the ([\w ]+?) or the ([\w ]+?)\?",
        "ask",
        {"question": "which is bigger, the {0} or the {1}?"},
    ),
)


def route(request: str, routes: Sequence[tuple[str, str, dict[str, str]]]) -> dict | None:
    """The call {"name", "arguments"} of the first route whose pattern is found in the request, whatever its case; None where none is.

    Each argument is a text in which "{0}", "{1}" … stand for the pattern's groups, as they were written in the request.
    """
    for pattern, name, arguments in routes:
        if found := re.search(pattern, request, re.IGNORECASE):
            return {"name": name, "arguments": {key: text.format(*found.groups()) for key, text in arguments.items()}}
    return None


def run_router(requests: Sequence[str], workspaces: Sequence[Workspace]) -> list[Episode]:
    """One call a request, its result the value."""
    episodes = []
    for request, workspace in zip(requests, workspaces, strict=True):
        action = route(request, ROUTES)
        value = call_tool(workspace.use, action) if action else "I don't know"
        value = value.removeprefix('the sign says "').removesuffix('"')
        messages = (Message(role="user", content=request), Message(role="assistant", content=value))
        episodes.append(Episode(messages, value, 1, actions=(action,) if action else ()))
    return episodes
