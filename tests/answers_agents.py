"""Answers to Lesson 13's exercises as people write them: all the right ones must pass, all the wrong ones must not."""

import json
import re

from answers import right, wrong

from course_lib.agents.turns import Turn


@right("agents.parse_turn")
def parse_with_search(text):
    found = re.search(r"^\s*Thoughts:(.*?)Actions:(.*?)Value:(.*)$", text, re.S)
    if found is None:
        return None
    thoughts, actions, value = [group.strip() for group in found.groups()]
    try:
        actions = json.loads(actions)
    except ValueError:
        return None
    if type(actions) is not list or len(actions) > 1:
        return None
    if actions:
        action = actions[0]
        if value or type(action) is not dict or sorted(action) != ["arguments", "name"]:
            return None
        if not isinstance(action["name"], str) or not isinstance(action["arguments"], dict):
            return None
        return Turn(thoughts, action)
    return Turn(thoughts, None, value) if value else None


@wrong("agents.parse_turn")
def parse_forgiving(text):
    found = re.search(r"Thoughts:(.*?)Actions:(.*?)Value:(.*)$", text, re.S)
    if found is None:
        return None
    actions = json.loads(found[2]) if found[2].strip() else []
    return Turn(found[1].strip(), actions[0] if actions else None, found[3].strip())


@right("agents.check_arguments")
def check_with_sets(arguments, parameters):
    from course_lib.agents.manual import fits

    for name in parameters["required"]:
        if name not in arguments:
            return name + " is missing"
    for name in arguments:
        if name not in set(parameters["properties"]):
            return name + " is unknown"
    for name in arguments:
        if not fits(arguments[name], parameters["properties"][name]):
            return name + " does not fit"
    return ""


@wrong("agents.check_arguments")
def check_in_one_loop(arguments, parameters):
    from course_lib.agents.manual import fits

    for name, value in arguments.items():
        if name not in parameters["properties"]:
            return f"{name} is unknown"
        if not fits(value, parameters["properties"][name]):
            return f"{name} does not fit"
    return next((f"{name} is missing" for name in parameters["required"] if name not in arguments), "")


@right("agents.observation")
def observe_with_ifs(name, result):
    if name == "find":
        if not result:
            return "nothing"
        words = []
        for one in result:
            x0, y0, x1, y1 = (round(edge * 16) for edge in one["box"])
            words.append(f"{one['name']} [{x0}, {y0}, {x1}, {y1}] at {(x0 + x1) // 2} {(y0 + y1) // 2}")
        return ", ".join(words)
    if name == "mask":
        if result["score"] < 0.5:
            return "nothing"
        return f"area {round(result['area'] * 100)} box {[round(edge * 16) for edge in result['box']]}"
    if name == "read":
        return "no sign" if not result else f'the sign says "{result}"'
    if name == "draw":
        return "drawn"
    return result


@wrong("agents.observation")
def observe_as_json(name, result):
    return json.dumps(result)


@right("agents.advance")
def advance_with_ifs(episode, reply, call):
    from course_lib.agents.loop import MALFORMED
    from course_lib.agents.turns import parse_turn

    turn = parse_turn(reply)
    messages = episode.messages + ({"role": "assistant", "content": reply},)
    if turn is None:
        messages += ({"role": "tool", "content": MALFORMED},)
        return episode._replace(messages=messages, steps=episode.steps + 1, malformed=episode.malformed + 1)
    if turn.action is None:
        return episode._replace(messages=messages, steps=episode.steps + 1, value=turn.value)
    seen = call(turn.action)
    messages += ({"role": "tool", "content": seen},)
    episode = episode._replace(messages=messages, steps=episode.steps + 1)
    if seen[:5] == "error":
        return episode._replace(refused=episode.refused + 1)
    return episode._replace(actions=episode.actions + (turn.action,))


@wrong("agents.advance")
def advance_without_errors(episode, reply, call):
    from course_lib.agents.turns import parse_turn

    turn = parse_turn(reply)
    messages = (*episode.messages, {"role": "assistant", "content": reply})
    if turn is None or turn.action is None:
        return episode._replace(messages=messages, steps=episode.steps + 1, value=turn.value if turn else reply)
    messages = (*messages, {"role": "tool", "content": call(turn.action)})
    return episode._replace(messages=messages, steps=episode.steps + 1, actions=(*episode.actions, turn.action))


@right("agents.route")
def route_with_finditer(request, routes):
    for pattern, name, arguments in routes:
        for found in re.finditer(pattern, request, flags=re.I):
            filled = {}
            for key, text in arguments.items():
                filled[key] = text.format(*found.groups())
            return {"name": name, "arguments": filled}
    return None


@wrong("agents.route")
def route_with_match(request, routes):
    for pattern, name, arguments in routes:
        if found := re.match(pattern, request):
            return {"name": name, "arguments": {key: text.format(found[0]) for key, text in arguments.items()}}
    return None


@right("agents.keep_trying")
def try_with_for(attempt, missing_in, budget):
    tried, failures = [], []
    for _ in range(budget):
        result = attempt(failures[:])
        missing = missing_in(result)
        tried.append((len(missing), len(tried), result))
        if not missing:
            break
        failures += [missing]
    return min(tried, key=lambda one: one[:2])[2], failures


@wrong("agents.keep_trying")
def try_until_budget(attempt, missing_in, budget):
    failures = []
    for _ in range(budget):
        result = attempt(failures)
        failures.append(missing_in(result))
    return result, failures
