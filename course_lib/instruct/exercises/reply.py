"""The exercise on what comes back: a reply becomes questions and answers, or is refused."""

import re
from itertools import zip_longest

from course_lib.checker.task import Mistake, Task
from course_lib.instruct.reply import parse_reply

PAIRS = (
    ("What is there?", "A taxi."),
    ("What does the sign say?", 'It says "=== 7".'),
    ("Is there a crab?", "No,\nthere is none."),
    ("How many owls are there?", "One."),
)
FAULTS = ("", "", "", "cut off", "turned round", "silent", "chatty", "two questions")


def reply_inputs(rng) -> tuple[str]:
    """A reply of one to three pairs, in form or with one of the faults that teachers make."""
    pairs = [PAIRS[int(i)] for i in rng.permutation(len(PAIRS))[: int(rng.integers(1, 4))]]
    fault = str(rng.choice(FAULTS))
    parts = [part for question, answer in pairs for part in (f"Question:\n{question}", f"Answer: {answer}")]
    if fault == "cut off":
        parts.pop()
    elif fault == "turned round":
        parts[-2:] = parts[-1], parts[-2]
    elif fault == "silent":
        parts[-1] = "Answer:"
    elif fault == "chatty":
        parts[0] = f"Sure! Here you are:\n{parts[0]}"
    elif fault == "two questions":
        parts[-1] = parts[-2]
    end = "\n===\n" if rng.random() < 0.7 else ""
    return ("\n===\n".join(parts) + end,)


def _parts(text: str) -> list[str]:
    parts = [part.strip() for part in re.split(r"^===$", text, flags=re.MULTILINE)]
    return parts if parts[-1] else parts[:-1]


def _bodies(parts: list[str]) -> list[str]:
    return [re.sub(r"^(Question|Answer):", "", part).strip() for part in parts]


def _in_order(parts: list[str]) -> bool:
    return all(part.startswith(("Question:", "Answer:")[number % 2]) for number, part in enumerate(parts))


def reply_halves_filled(text):
    parts = _parts(text)
    bodies = _bodies(parts)
    pairs = list(zip_longest(bodies[::2], bodies[1::2], fillvalue=""))
    filled = all(bodies)
    return pairs if parts and _in_order(parts) and filled else None


def reply_end_dropped(text):
    parts = _parts(text)
    bodies = _bodies(parts)
    return list(zip(bodies[::2], bodies[1::2], strict=False)) if _in_order(parts) and all(bodies) else None


def reply_heads_unchecked(text):
    bodies = _bodies(_parts(text))
    return None if len(bodies) % 2 or not all(bodies) else list(zip(bodies[::2], bodies[1::2], strict=True))


def reply_heads_kept(text):
    if parse_reply(text) is None:
        return None
    parts = _parts(text)
    return list(zip(parts[::2], parts[1::2], strict=True))


def reply_split_anywhere(text):
    parts = [part.strip() for part in text.split("===")]
    return parse_reply("\n===\n".join(parts))


def reply_may_be_silent(text):
    parts = _parts(text)
    bodies = _bodies(parts)
    if not parts or len(parts) % 2 or not _in_order(parts):
        return None
    return list(zip(bodies[::2], bodies[1::2], strict=True))


def reply_by_lines(text):
    """Line by line."""
    blocks = [[]]
    for line in text.strip().splitlines():
        if line == "===":
            blocks.append([])
        else:
            blocks[-1].append(line)
    parts = ["\n".join(part).strip() for part in blocks]
    parts = parts if parts[-1] else parts[:-1]
    if len(parts) == 0 or len(parts) % 2 == 1 or not _in_order(parts):
        return None
    bodies = [part[part.index(":") + 1 :].strip() for part in parts]
    return [(bodies[i], bodies[i + 1]) for i in range(0, len(bodies), 2)] if "" not in bodies else None


def reply_by_pattern(text):
    """By one regular expression."""
    pair = r"\s*Question:\s*(\S.*?)\s*\n===\n\s*Answer:\s*(\S.*?)\s*(?:\n===\s*(?=\s*Question:|\Z)|\Z)"
    pairs, at = [], 0
    while at < len(text):
        match = re.compile(pair, re.DOTALL).match(text, at)
        if not match or any(re.search(r"^===$", body, re.MULTILINE) for body in match.groups()):
            return None
        pairs.append(match.groups())
        at = match.end()
    return pairs or None


TASKS = [
    Task(
        id="instruct.parse_reply",
        title="From a reply to turns",
        difficulty=3,
        importance=4,
        minutes=15,
        reference=parse_reply,
        used_at=("instruct.reply:parse_reply",),
        make_inputs=reply_inputs,
        draws=24,
        mistakes=(
            Mistake(
                "half a pair is filled up",
                reply_halves_filled,
                "A question whose answer is missing gets an empty one, and a model would learn to say nothing. An odd number of parts means that the reply was cut off: return `None`.",
            ),
            Mistake(
                "a broken end is dropped",
                reply_end_dropped,
                "A question without an answer is dropped silently, and the rest is kept. But a reply that was cut off may have lost more than that, and nobody will know: return `None`, so that it is asked for again.",
            ),
            Mistake(
                "heads are not checked",
                reply_heads_unchecked,
                "Parts are taken for questions and answers by their place alone. Where a teacher turns them round, the model learns to ask back. Check that they begin with `Question:` and `Answer:` in turn.",
            ),
            Mistake(
                "heads stay in",
                reply_heads_kept,
                'The heads are still there: a model would learn to begin its answers with "Answer:". Cut them off, and the white space behind them.',
            ),
            Mistake(
                "=== inside a sentence",
                reply_split_anywhere,
                'The text is cut at every `===`, also in the middle of a sentence (a sign may say "=== 7"). Only a *line* that is `===` ends a part.',
            ),
            Mistake(
                "empty answers pass",
                reply_may_be_silent,
                "An answer (or question) of nothing but its head passes as one. Look whether anything is left behind the head; if not, return `None`.",
            ),
        ),
        alternatives=(reply_by_lines, reply_by_pattern),
        hints=(
            "Cut the text into parts at the lines `===` first. Which three things can then be wrong with the list of parts?",
            '`re.split(r"^===$", text, flags=re.MULTILINE)` cuts at lines alone; after a closing `===` its last part is empty: drop it. Parts 0, 2, 4 … begin with "Question:", parts 1, 3, 5 … with "Answer:".',
            '```python\nparts = [part.strip() for part in re.split(r"^===$", text, flags=re.MULTILINE)]\nif not parts[-1]:\n    parts.pop()\nif ...:\n    return None\npairs = []\nfor question, answer in zip(parts[::2], parts[1::2]):\n    if not (question.startswith("Question:") and ...):\n        return None\n    pairs.append((question.removeprefix("Question:").strip(), ...))\nreturn pairs if all(...) else None\n```',
        ),
    ),
]
