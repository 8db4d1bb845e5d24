"""What a teacher is told: a system message, examples of question and reply, and the picture in words, last."""

from collections.abc import Mapping

from course_lib.instruct.formats import TYPES, ImageContext, serialise
from course_lib.instruct.resources import examples

PROMPT_VERSION = "1"  # goes up with every change of a prompt, so that old replies aren't taken for new ones
GIVEN = "You are shown a picture, but in words: first sentences that people said about it, one a line"


GIVEN_BOXES = (
    "; then, after an empty line, where its things are, as `name: [left, top, right, bottom]` in shares of the picture's "
    "width and height, counted from its upper left corner"
)


RULES = """\
Write as if you saw the picture itself.
- Never mention sentences, captions, descriptions, boxes, coordinates or numbers like 0.25: your reader sees only the picture.
- Only what is certain counts. Leave out what you would have to guess, and ask nothing that has no definite answer.
- Questions whose answer is no are welcome, but only where it is certain."""


TASK = {
    "conversation": """\
Write a conversation of three to five questions and answers about the picture: what is there, how many, of which colour,
where, and how things lie to one another. Answers are short, whole sentences. Use exactly this form:
Question:
…
===
Answer:
…
===""",
    "detail": """\
Describe the picture in detail, in one paragraph of two to five sentences: what is there, what it looks like, where it is and
how things lie to one another. Write the description and nothing else.""",
    "complex": """\
Write one question about the picture that takes thought to answer, such as why something is so, what may come next or what one
should do there, and an answer that gives its reasons from what can be seen. The question must not give the picture away:
whoever hears only the question should not learn what the picture shows. Use exactly this form:
Question:
…
===
Answer:
…
===""",
}


def version(boxes_for_all: bool = False) -> str:
    """The name of the prompts in a journal."""
    return PROMPT_VERSION + ("+boxes" if boxes_for_all else "")


def shows_boxes(type: str, boxes_for_all: bool = False) -> bool:
    """Does the teacher see boxes? For conversations only on request: LLaVA's own had captions alone (LLaVA#87)."""
    return type != "conversation" or boxes_for_all


def system(type: str, boxes_for_all: bool = False) -> str:
    """The system message for a type of reply."""
    given = GIVEN + (GIVEN_BOXES if shows_boxes(type, boxes_for_all) else "")
    return f"{given}. {RULES}\n\n{TASK[type]}"


def messages(context: ImageContext, type: str, boxes_for_all: bool = False) -> list[dict[str, str]]:
    """The conversation with the teacher so far, in OpenAI's form. The teacher's reply is to come next."""
    boxes = shows_boxes(type, boxes_for_all)
    said = [{"role": "system", "content": system(type, boxes_for_all)}]
    for example, reply in examples()[type]:
        said.append({"role": "user", "content": serialise(example, boxes)})
        said.append({"role": "assistant", "content": reply})
    return [*said, {"role": "user", "content": serialise(context, boxes)}]


def type_of(messages: list[dict[str, str]]) -> str:
    """Which type of reply these messages ask for, told by the system message. ValueError if they aren't ours."""
    first = messages[0]["content"]
    for type in TYPES:
        if first in (system(type), system(type, boxes_for_all=True)):
            return type
    raise ValueError("these messages don't begin with one of the course's system messages")


SHARES = {"conversation": 58, "detail": 23, "complex": 77}


def mixed_types(count: int, shares: Mapping[str, int] = SHARES) -> list[str]:
    """The type of each of `count` replies: by their shares, and every beginning of the list as near to them as it can be.

    Each place goes to the type that is furthest behind its share (the first in `shares`, if two are). So a longer list
    begins with the shorter one, and what was asked for 100 replies counts towards 1,000.
    """
    types, given = [], dict.fromkeys(shares, 0)
    for place in range(1, count + 1):
        behind = {type: share * place - sum(shares.values()) * given[type] for type, share in shares.items()}
        furthest = max(behind, key=behind.__getitem__)
        given[furthest] += 1
        types.append(furthest)
    return types
