"""Text cut up: tokens, sentences, clauses, numbers, and whether an answer says yes or no."""

import re
from collections.abc import Iterator


def word_set(text: str) -> frozenset[str]:
    """Words written in a row, as a set."""
    return frozenset(text.split())


TOKEN = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*|\d+(?:\.\d+)?|[.,;:!?]")
QUOTED = re.compile(r"[\"“][^\"”]*[\"”]")
ENDS_SENTENCE, ENDS_CLAUSE = frozenset(".!?"), frozenset(".!?;:")
CONTRASTS = frozenset(("but", "whereas", "yet"))
NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
COUNTS = {word: number for number, word in enumerate(NUMBERS)} | {"no": 0, "none": 0, "single": 1, "both": 2, "pair": 2}
YES = word_set("yes yeah yep sure indeed certainly absolutely definitely correct right true exactly")
NONE = word_set("no none neither nothing nobody nope")
THERE = word_set("there here see seen shown visible present")
NO = word_set("no nope not none neither nothing never nobody")
QUANTITIES = word_set("several some many plenty lots few")
ONLY = re.compile(r"\b(nothing|nobody) but\b|\b(none|no) other than\b", re.IGNORECASE)  # which denies nothing
POLITE = re.compile(
    r"\b(I would|I'd) (like to|say|guess)\b|\blast but not least\b|\bwithout (a |any )?doubt\b", re.IGNORECASE
)
ECHOES = (
    ["i", "can"],
    ["a", "few"],
    ["it", "is"],
    ["it", "does"],
    ["there", "is"],
    ["there", "are"],
    ["they", "are"],
    ["i", "do"],
    ["i", "would"],
)


def tokens(text: str) -> list[str]:
    """Words, numbers and punctuation marks in lower case, without what stands in quotation marks or in CAPITALS (a sign)."""
    all_tokens = TOKEN.findall(POLITE.sub(" ", ONLY.sub("only", QUOTED.sub(" ", text.replace("’", "'")))))
    return [token.lower() for token in all_tokens if not (token.isupper() and len(token) > 1) or token in ("UFO", "TV")]


def sentences(words: list[str]) -> Iterator[list[str]]:
    """The tokens sentence by sentence, with the mark that ends each."""
    yield from _split(words, ENDS_SENTENCE)


def clauses(words: list[str]) -> Iterator[list[str]]:
    """The tokens clause by clause: cut after a colon or semicolon too, and before "but". Commas stay inside."""
    for part in _split(words, ENDS_CLAUSE):
        start = 0
        for at, word in enumerate(part):
            if word in CONTRASTS and at > start:
                yield part[start:at]
                start = at
        yield part[start:]


def _split(words: list[str], marks: frozenset[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for word in words:
        part.append(word)
        if word in marks:
            yield part
            part = []
    if part:
        yield part


def number(token: str) -> int | None:
    """ "three" and "3" → 3; None for what is no whole number."""
    return int(token) if token.isdecimal() else COUNTS.get(token)


def says_yes(answer: str) -> bool:
    """Does the answer begin by agreeing: "Yes, …", "Indeed.", "It is."?"""
    words = [word for word in tokens(answer) if word not in ENDS_CLAUSE][:4]
    return not says_no(answer) and ((words[:1] and words[0] in YES | QUANTITIES) or words[:2] in ECHOES or words[:2] == ["of", "course"]
                                    or (words[:1] in (["that's"], ["that"]) and bool(YES & set(words))))  # fmt: skip


def denies_it(answer: str) -> bool:
    """Does the answer to a question like "where is the dog?" say that there is none?"""
    first = next(clauses(tokens(answer)), [])
    negative = any(word.endswith("n't") or word in ("not", "cannot") for word in first)
    return bool(NONE & set(first)) or (negative and bool(THERE & set(first)))


def says_no(answer: str) -> bool:
    """Does its first clause deny: "No, …", "There is none.", "I don't see one."?"""
    first = next(clauses(tokens(answer)), [])
    return any(word in NO or word.endswith("n't") or word == "cannot" for word in first)
