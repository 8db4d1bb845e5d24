"""The exercise on what comes back: a reply becomes questions and answers, or is refused."""

import re
from itertools import zip_longest

from course_lib.checker.task import Mistake, Task
from course_lib.instruct.reply import parse_reply

PAIRS = (
    ("What is there?", "A taxi."),
    ("What does the sign say?", 'It says "=== 7":\n=== 7\n====\nand then ==='),
    ("Is there a crab?", "No,\nthere is none."),
    ("Which is it: one owl or two?", 'One: "Answer: 1", says the Question: owl.'),
    ("nothing or no one?", "neither"),  # begins with letters of "Question" and "Answer"
)
FAULTS = (
    *("", "", "", "", "", "", "", "", "", "cut off", "turned round", "an answer first", "no text", "only a mark", "silent"),
    *("silent in the middle", "asks nothing", "empty part in the middle", "two empty parts", "empty part first", "ends twice"),
    *("chatty first", "chatty last", "two questions", "question:", "answer:", "Answer", "no heads", "one part", "three parts"),
    *("second pair turned round",),
)  # fmt: skip
WRITTEN = ("Question:\n{}", "Question: {}", "Question:{} \n\n"), ("Answer: {}", "Answer:{}", "Answer:\n  {}\n ")
ENDS = ("\n===\n", "", "\n===", "\n===\n\n", "\n")


def reply_inputs(rng) -> tuple[str]:
    """A reply of one to three pairs, in form or with one of the faults that teachers make."""
    fault, count = rng.in_turn(FAULTS), 2 if "second" in rng.in_turn(FAULTS) else rng.in_turn((1, 3, 2, 2))
    pairs = [PAIRS[int(i)] for i in rng.permutation(len(PAIRS))[:count]]
    parts = [str(rng.choice(WRITTEN[i])).format(pair[i]) for pair in pairs for i in (0, 1)]
    question, answer = parts[:2]
    parts = {
        "cut off": parts[:-1],
        "turned round": [*parts[:-2], parts[-1], parts[-2]],
        "an answer first": [answer, question, *parts[2:]],
        "no text": [""],
        "only a mark": [""],
        "silent": [*parts[:-1], "Answer: "],
        "silent in the middle": [question, "Answer:\n", *parts],
        "asks nothing": [*parts, "Question:\n", answer],
        "empty part in the middle": [question, "", answer],
        "two empty parts": [*parts, "", " ", question, answer],
        "empty part first": ["", *parts],
        "ends twice": [*parts, ""],
        "chatty first": [f"Sure! Here you are:\n{question}", *parts[1:]],
        "chatty last": [*parts, "I hope this helps!"],
        "two questions": [*parts[:-1], question],
        "question:": [question.replace("Q", "q"), answer, *parts],
        "answer:": [*parts[:-1], f"answer: {answer}"],
        "Answer": [*parts[:-1], "Answer A taxi."],
        "no heads": ["What is there?", "A taxi."],
        "one part": [question],
        "three parts": [question, answer, question],
        "second pair turned round": [*parts[:2], *parts[:1:-1]],
    }.get(fault, parts)
    end = {"no text": "", "only a mark": "===", "ends twice": "\n===\n"}.get(fault, rng.in_turn(ENDS))
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
    return parse_reply("\n===\n".join(parts[: len(parts) // 2 * 2]))


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


def reply_in_any_case(text):
    text = re.sub(r"^\s*(question|answer):", lambda head: head[0].title(), text, flags=re.MULTILINE)
    return parse_reply(text)


def reply_empty_parts_dropped(text):
    return parse_reply("\n===\n".join(part for part in _parts(text) if part))


def reply_empty_list(text):
    return parse_reply(text) or []


def reply_end_needs_line_break(text):
    parts = text.split("\n===\n")
    parts = parts if parts[-1].strip() else parts[:-1]
    bodies = _bodies([part.strip() for part in parts])
    odd = not parts or len(parts) % 2 or not _in_order([part.strip() for part in parts])
    return None if odd or not all(bodies) else list(zip(bodies[::2], bodies[1::2], strict=True))


def reply_last_part_always_dropped(text):
    parts = re.split(r"^===$", text, flags=re.MULTILINE)[:-1]
    return parse_reply("\n===\n".join(part.strip() for part in parts))


def reply_heads_replaced(text):
    pairs = reply_heads_kept(text)
    return pairs and [(q.replace("Question:", "").strip(), a.replace("Answer:", "").strip()) for q, a in pairs]


def reply_letters_stripped(text):
    pairs = reply_heads_kept(text)
    return pairs and [(q.lstrip("Question:").strip(), a.lstrip("Answer:").strip()) for q, a in pairs]


def reply_white_space_kept(text):
    pairs = reply_heads_kept(text)
    return pairs and [(q.removeprefix("Question:"), a.removeprefix("Answer:")) for q, a in pairs]


def reply_heads_anywhere(text):
    parts = [re.sub(r".*?(?=(Question|Answer):)", "", part, count=1, flags=re.DOTALL) for part in _parts(text)]
    return parse_reply("\n===\n".join(parts))


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
        draws=len(FAULTS),
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
            Mistake(
                "heads in any case",
                reply_in_any_case,
                "`question:` and `answer:` in lower case pass as heads. They are `Question:` and `Answer:`, and whatever is otherwise is `None`.",
            ),
            Mistake(
                "empty parts are dropped",
                reply_empty_parts_dropped,
                "A part with nothing in it is dropped, and the rest is kept. Something is missing there: return `None`. Only what follows the *last* `===` may be empty.",
            ),
            Mistake(
                "[] for None",
                reply_empty_list,
                "For what is out of form there comes an empty list. Return `None`.",
            ),
            Mistake(
                "=== at the very end",
                reply_end_needs_line_break,
                'A last `===` without a line break behind it stays in the answer: `split("\\n===\\n")` does not see it. Cut at every *line* that is `===`, as `re.split(r"^===$", text, flags=re.MULTILINE)` does.',
            ),
            Mistake(
                "the last part is dropped",
                reply_last_part_always_dropped,
                "The last part is dropped, though the last `===` may be missing. Drop it only where it is empty.",
            ),
            Mistake(
                "heads cut out of the text",
                reply_heads_replaced,
                'Whoever says "Question:" or "Answer:" in the middle of a sentence loses it. Only the head goes: `removeprefix`, not `replace`.',
            ),
            Mistake(
                "letters stripped",
                reply_letters_stripped,
                'The body loses its first letters: `lstrip("Answer:")` takes away all of the *letters* A, n, s, w, e, r that it finds. `removeprefix("Answer:")` takes the word.',
            ),
            Mistake(
                "outer white space",
                reply_white_space_kept,
                "There is white space left in front of questions and answers. `.strip()` them *after* the head has gone.",
            ),
            Mistake(
                "heads anywhere",
                reply_heads_anywhere,
                'A head in the middle of a part is enough: chatter before it ("Sure! Here you are: …") is dropped. A part must *begin* with its head: `startswith`.',
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
