"""The smallest filter for hallucinated things, which the learner writes. `validate.unsupported_noun` is what grew out of it."""

import re
from collections.abc import Collection, Mapping

TOKEN = re.compile(r"[a-z]+|[.!?]")
DENIALS = ("no", "not", "without")


def unsupported_nouns(answer: str, known: Mapping[str, Collection[str]], supported: Collection[str]) -> list[str]:
    """The words of an answer that name things which nothing speaks for, in order and in lower case.

    `known`: a word → all that it may mean, as "boat" may be a sailboat or a ship. One supported meaning is enough. Whatever
    follows a denial ("no", "not", "without") is not claimed, up to the end of its sentence.
    """
    found, denied = [], False
    for token in TOKEN.findall(answer.lower()):
        if token in ".!?":
            denied = False
        elif token in DENIALS:
            denied = True
        elif token in known and not denied and not set(known[token]) & set(supported):
            found.append(token)
    return found
