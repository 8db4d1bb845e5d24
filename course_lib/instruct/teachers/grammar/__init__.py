"""The grammar teacher: it writes by rule what captions and boxes say. Offline, the same at every call, and never wrong.

Like every teacher it reads nothing but the messages. So what the captions leave out it can't know, and doesn't claim.
"""

import hashlib
import random

from course_lib.instruct.formats import Turn
from course_lib.instruct.prompts import reply_type
from course_lib.instruct.teachers.base import Completion, Messages, estimate_tokens
from course_lib.instruct.teachers.grammar.complex import reason
from course_lib.instruct.teachers.grammar.detail import describe
from course_lib.instruct.teachers.grammar.facts import Facts, read_facts
from course_lib.instruct.teachers.grammar.phrases import capital
from course_lib.instruct.teachers.grammar.questions import make_turn

MIN_MAX_TURNS = (3, 5)  # of a conversation
TOPICS = (  # kinds of which one would answer the other
    *(("exist",), ("count",), ("bigger",), ("read",)),
    *(("colour", "is_colour"), ("relation", "is_related"), ("place", "is_place")),
)


class GrammarTeacher:
    """A `Teacher` without a model."""

    name = "grammar"

    def ask(self, messages: Messages) -> Completion:
        """The reply to the last message. The tokens are estimates, as if somebody had to pay for them."""
        text = write_reply(messages[-1]["content"], reply_type(messages))
        return Completion(text, estimate_tokens(messages), estimate_tokens([{"content": text}]))


def write_reply(context: str, type: str) -> str:
    """What it writes about a context as `serialise` gives it, in the form that the reply parser reads."""
    rng = random.Random(hashlib.sha256(f"{type}\n{context}".encode()).digest())
    facts = read_facts(context)
    if type == "detail":
        return describe(facts, rng)
    turns = converse(facts, rng) if type == "conversation" else [reason(facts, rng)]
    return "\n".join(f"Question:\n{turn.question}\n===\nAnswer:\n{turn.answer}\n===" for turn in turns)


def converse(facts: Facts, rng: random.Random) -> list[Turn]:
    """Three to five turns of different kinds, as far as the facts go."""
    turns, goal = [], rng.randint(*MIN_MAX_TURNS)
    kinds = [rng.choice(topic) for topic in rng.sample(TOPICS, len(TOPICS))]
    for kind in [*kinds, "list"]:  # which names everything, so it comes last
        turn = make_turn(kind, facts, rng) if len(turns) < goal else None
        if turn:
            turns.append(turn)
    return turns or [Turn("What does the picture show?", capital(facts.captions[0].rstrip(".") + "."))]
