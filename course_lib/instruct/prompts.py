"""The teacher's prompt: a system message, few-shot examples of context and reply, and the new context last."""

from collections.abc import Sequence

from course_lib.instruct import resources
from course_lib.instruct.formats import TYPES, ImageContext, serialise_context

PROMPT_VERSION = "1"  # goes up with every change of a prompt, so that old replies aren't taken for new ones
INPUT_FORMAT = "You are shown a picture, but in words: first sentences that people said about it, one a line"
BOX_FORMAT = (
    "; then, after an empty line, where its things are, as `name: [left, top, right, bottom]` in shares of the picture's "
    "width and height, counted from its upper left corner"
)
RULES = """\
Write as if you saw the picture itself.
- Never mention sentences, captions, descriptions, boxes, coordinates or numbers like 0.25: your reader sees only the picture.
- Only what is certain counts. Leave out what you would have to guess, and ask nothing that has no definite answer.
- Questions whose answer is no are welcome, but only where it is certain."""
INSTRUCTIONS = {
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


def build_messages(system: str, examples: Sequence[tuple[str, str]], text: str, boxes: bool) -> list[dict[str, str]]:
    """The chat so far, in OpenAI's form: system message, few-shot examples as earlier turns, the new context last.

    `examples`: (text, reply) pairs. All texts are as `serialise` writes them; without `boxes` what follows the empty
    line, the boxes, is left out of each. The teacher's reply is to come next.
    """

    def visible(context: str) -> str:
        return context if boxes else context.split("\n\n")[0]

    messages = [{"role": "system", "content": system}]
    for context, reply in examples:
        messages.append({"role": "user", "content": visible(context)})
        messages.append({"role": "assistant", "content": reply})
    return [*messages, {"role": "user", "content": visible(text)}]


def prompt_version(boxes_for_all: bool = False) -> str:
    """The name of the prompts in a journal."""
    return PROMPT_VERSION + ("+boxes" if boxes_for_all else "")


def shows_boxes(type: str, boxes_for_all: bool = False) -> bool:
    """Does the teacher see boxes? For conversations only on request: LLaVA's own had captions alone (LLaVA#87)."""
    return type != "conversation" or boxes_for_all


def system_message(type: str, boxes_for_all: bool = False) -> str:
    """The system message for a type of reply."""
    input_format = INPUT_FORMAT + (BOX_FORMAT if shows_boxes(type, boxes_for_all) else "")
    return f"{input_format}. {RULES}\n\n{INSTRUCTIONS[type]}"


def teacher_messages(context: ImageContext, type: str, boxes_for_all: bool = False) -> list[dict[str, str]]:
    """The prompt for a reply of this type about this context, with the course's few-shot examples."""
    shots = [(serialise_context(example, boxes=True), reply) for example, reply in resources.examples()[type]]
    text = serialise_context(context, boxes=True)
    return build_messages(system_message(type, boxes_for_all), shots, text, shows_boxes(type, boxes_for_all))


def reply_type(messages: list[dict[str, str]]) -> str:
    """The type of reply that these messages ask for, by their system message. ValueError if they aren't ours."""
    system = messages[0]["content"]
    for type in TYPES:
        if system in (system_message(type), system_message(type, boxes_for_all=True)):
            return type
    raise ValueError("these messages don't begin with one of the course's system messages")
