"""The exercises on who decides: one step of the loop, and the router that needs no planner."""

import re

from course_lib.agents.loop import MALFORMED, Episode, advance
from course_lib.agents.router import route
from course_lib.agents.turns import parse_turn
from course_lib.checker.task import Mistake, Task
from course_lib.lm.chat import Message

REPLIES = (
    'Thoughts: look Actions: [{"name": "find", "arguments": {}}] Value:',
    "Thoughts: it was read Actions: [] Value: STOP",
    "I see a bus.",
    'Thoughts: draw Actions: [{"name": "run", "arguments": {"code": "1"}}] Value:',
    'Thoughts: place Actions: [{"name": "place", "arguments": {}}] Value:',
    "Thoughts: hm Actions: [] Value:",
)


def tool(action: dict) -> str:
    """A tool box for the exercise: it knows two tools."""
    return {"find": "bus [9, 3, 15, 9] at 12 6", "place": "errand road"}.get(
        action["name"], f"error: there is no tool {action['name']}"
    )


def step_inputs(rng) -> tuple:
    """An episode that has begun, a reply of each kind, and the tools."""
    messages = [Message(role="user", content=f"request {rng.integers(9)}")]
    if old := int(rng.integers(3)):
        messages += [Message(role="assistant", content="hm"), Message(role="tool", content=MALFORMED)]
    counts = [int(rng.integers(4)) for _ in range(2)]
    actions = ({"name": "read", "arguments": {}},) * old
    return Episode(tuple(messages), None, old + sum(counts), *counts, actions), rng.in_turn(REPLIES), tool


def step_silent(episode, reply, call):
    after = advance(episode, reply, call)
    return after._replace(messages=after.messages[:-1]) if after.malformed > episode.malformed else after


def step_as_user(episode, reply, call):
    after = advance(episode, reply, call)
    last = after.messages[-1]
    return (
        after if last["role"] != "tool" else after._replace(messages=(*after.messages[:-1], {**last, "role": "user"}))
    )


def step_forgets_reply(episode, reply, call):
    after = advance(episode, reply, call)
    kept = [m for n, m in enumerate(after.messages) if n != len(episode.messages)]
    return after._replace(messages=tuple(kept))


def step_refused_counts_as_made(episode, reply, call):
    after = advance(episode, reply, call)
    refused = after.refused > episode.refused
    return after._replace(actions=(*episode.actions, parse_turn(reply).action)) if refused else after


def step_free_if_malformed(episode, reply, call):
    after = advance(episode, reply, call)
    return after._replace(steps=episode.steps) if after.malformed > episode.malformed else after


def step_by_dict(episode, reply, call):
    state, turn = episode._asdict(), parse_turn(reply)
    said = [Message(role="assistant", content=reply)]
    state["steps"] += 1
    if turn is None:
        state["malformed"] += 1
        said.append(Message(role="tool", content=MALFORMED))
    elif turn.action is None:
        state["value"] = turn.value
    else:
        said.append(Message(role="tool", content=call(turn.action)))
        if said[-1]["content"].startswith("error"):
            state["refused"] += 1
        else:
            state["actions"] = (*state["actions"], turn.action)
    return Episode(**{**state, "messages": (*episode.messages, *said)})


def step_by_cases(episode, reply, call):
    messages, value, steps, malformed, refused, actions = episode
    messages, steps = messages + (Message(role="assistant", content=reply),), steps + 1
    turn = parse_turn(reply)
    if turn and not turn.action:
        return Episode(messages, turn.value, steps, malformed, refused, actions)
    seen = call(turn.action) if turn else MALFORMED
    bad = seen.startswith("error")
    actions += () if bad else (turn.action,)
    messages += (Message(role="tool", content=seen),)
    return Episode(messages, value, steps, malformed + (not turn), refused + (bool(turn) and bad), actions)


ROUTES = (
    (r"sign say", "read", {}),
    (r"how many ([\w ]+) are", "ask", {"question": "how many {0} are there?"}),
    (r"is the ([\w ]+) left of the ([\w ]+)\?", "ask", {"question": "is the {1} right of the {0}?"}),
    (r"how", "place", {}),
)
REQUESTS = (
    "What does the sign say?",
    "Now, HOW many pine trees are there?",
    "is the Bus left of the house?",
    "make me a sandwich",
    "how are you?",
    "how many words does the sign say are here",
)


def route_inputs(rng) -> tuple:
    """A request, and a table of routes that overlap."""
    return rng.in_turn(REQUESTS), ROUTES


def route_from_start(request, routes):
    return route(request, [(f"^{pattern}", name, arguments) for pattern, name, arguments in routes])


def route_case(request, routes):
    return route(request, [(f"(?-i:{pattern})", name, arguments) for pattern, name, arguments in routes])


def route_last(request, routes):
    return route(request, routes[::-1])


def route_unfilled(request, routes):
    action = route(request, routes)
    texts = {name: arguments for pattern, name, arguments in routes if re.search(pattern, request, re.IGNORECASE)}
    return action and {"name": action["name"], "arguments": dict(texts[action["name"]])}


def route_default(request, routes):
    return route(request, routes) or {"name": routes[0][1], "arguments": {}}


def route_by_next(request, routes):
    hits = ((re.compile(pattern, re.I).search(request), name, texts) for pattern, name, texts in routes)
    hit, name, texts = next((one for one in hits if one[0]), (None, "", {}))
    return {"name": name, "arguments": {key: texts[key].format(*hit.groups()) for key in texts}} if hit else None


def route_by_list(request, routes):
    calls = []
    for pattern, name, texts in routes:
        found = re.search(f"(?i){pattern}", request)
        arguments = dict(texts)
        for number, words in enumerate(found.groups() if found else ()):
            arguments = {key: text.replace(f"{{{number}}}", words) for key, text in arguments.items()}
        calls += [{"name": name, "arguments": arguments}] if found else []
    return calls[0] if calls else None


TASKS = [
    Task(
        id="agents.advance",
        title="One step of the loop",
        difficulty=3,
        importance=5,
        minutes=15,
        reference=advance,
        used_at=("agents.loop:advance",),
        make_inputs=step_inputs,
        draws=12,
        mistakes=(
            Mistake(
                "malformed turns pass in silence",
                step_silent,
                "A malformed turn must be answered, too: a message of role tool that says `MALFORMED`.",
            ),
            Mistake(
                "the tool speaks as the user",
                step_as_user,
                "Results have the role \"tool\". As the user's words they would have the user's authority.",
            ),
            Mistake(
                "the reply is lost",
                step_forgets_reply,
                "The planner's own reply is missing from the messages: it would not know next time what it asked for.",
            ),
            Mistake(
                "refused calls count as made",
                step_refused_counts_as_made,
                "A call that came back with an error is counted in `refused`, and does not join `actions`.",
            ),
            Mistake(
                "malformed turns are free",
                step_free_if_malformed,
                "Every reply is a step, the malformed ones as well; else a broken planner runs forever.",
            ),
        ),
        alternatives=(step_by_dict, step_by_cases),
        hints=(
            "Three ways: the turn ends the episode, it is malformed, or it calls a tool. What do all three have in common?",
            "messages + reply (+ observation), steps + 1; then exactly one of value, malformed + 1, refused + 1, actions + action.",
            '```python\nmessages = (*episode.messages, Message(role="assistant", content=reply))\nepisode = episode._replace(messages=messages, steps=...)\n'
            "turn = parse_turn(reply)\nif turn is not None and turn.action is None:\n    return ...\nseen = ...\n```",
        ),
    ),
    Task(
        id="agents.route",
        title="The rival: a router of regular expressions",
        difficulty=2,
        importance=3,
        minutes=10,
        reference=route,
        used_at=("agents.router:route",),
        make_inputs=route_inputs,
        draws=len(REQUESTS),
        mistakes=(
            Mistake(
                "at the start only",
                route_from_start,
                "The pattern may stand anywhere in the request: `re.search`, not `re.match`.",
            ),
            Mistake("case matters", route_case, "`HOW many` is a question, too: search whatever the case."),
            Mistake(
                "the last route wins", route_last, "Two routes fit, and the later one was taken. The *first* wins."
            ),
            Mistake(
                "placeholders left",
                route_unfilled,
                "`{0}` is still in the argument: fill it with the pattern's groups.",
            ),
            Mistake(
                "a default",
                route_default,
                "No route fits, and one was taken all the same. None, so that it can be counted.",
            ),
        ),
        alternatives=(route_by_next, route_by_list),
        hints=(
            "One loop; `re.search` with `re.IGNORECASE`; the groups go into each argument's text.",
            "argument = text.format(*groups), for the first route with a match, else None.",
            "```python\nfor pattern, name, arguments in routes:\n    if found := re.search(...):\n        return {...}\nreturn None\n```",
        ),
    ),
]
