"""The exercise on what a teacher is told: rules, examples as earlier turns, and the new picture last."""

from course_lib.checker.task import Mistake, Task
from course_lib.instruct.steps import build_messages


def message_inputs(rng) -> tuple[str, str, list[tuple[str, str]], str]:
    """A kind of reply, rules, two or three examples and a picture, all with boxes."""
    names = [str(name) for name in rng.permutation(["dog", "owl", "ship", "cake", "moon"])]
    texts = [f"a {name}\nthere is a {name}\n\n{name}: [0.100, 0.200, 0.300, 0.400]" for name in names]
    count = int(rng.integers(2, 4))
    examples = [(text, f"A {name} stands there.") for text, name in zip(texts[:count], names[:count], strict=True)]
    kind = str(rng.choice(["conversation", "detail", "complex"]))
    return kind, f"Write a {kind}, as if you saw it.", examples, texts[-1]


def _captions(text: str) -> str:
    return text.split("\n\n")[0]


def messages_swapped(kind, system, examples, text):
    turned = {"user": "assistant", "assistant": "user", "system": "system"}
    *before, last = build_messages(kind, system, examples, text)
    return [*({**message, "role": turned[message["role"]]} for message in before), last]


def messages_leaking(kind, system, examples, text):
    said = build_messages(kind, system, examples, text)
    for number, (_, reply) in enumerate(examples):
        said[1 + 2 * number]["content"] += "\n" + reply
    return said


def messages_always_boxes(kind, system, examples, text):
    return build_messages("detail", system, examples, text)


def messages_boxed_examples(kind, system, examples, text):
    said = build_messages("detail", system, examples, text)
    return [*said[:-1], build_messages(kind, system, [], text)[-1]]


def messages_never_boxes(kind, system, examples, text):
    return build_messages("conversation", system, examples, text)


def messages_picture_first(kind, system, examples, text):
    rules, *turns, picture = build_messages(kind, system, examples, text)
    return [rules, picture, *turns]


def messages_by_comprehension(kind, system, examples, text):
    full = kind != "conversation"
    pairs = [
        ("user", words if full else _captions(words), "assistant", reply) for words, reply in [*examples, (text, "")]
    ]
    turns = [turn for pair in pairs for turn in (pair[:2], pair[2:])]
    return [{"role": role, "content": said} for role, said in [("system", system), *turns[:-1]]]


def messages_by_slices(kind, system, examples, text):
    texts = [*(words for words, _ in examples), text]
    if kind == "conversation":
        texts = [words[: words.index("\n\n")] for words in texts]
    said = [{"role": "user", "content": words} for words in texts]
    for number, (_, reply) in reversed(list(enumerate(examples))):
        said.insert(number + 1, {"role": "assistant", "content": reply})
    return [{"role": "system", "content": system}, *said]


TASKS = [
    Task(
        id="instruct.build_messages",
        title="What the teacher is told",
        difficulty=2,
        importance=4,
        minutes=10,
        reference=build_messages,
        make_inputs=message_inputs,
        draws=8,
        mistakes=(
            Mistake(
                "roles of the examples swapped",
                messages_swapped,
                "In the examples the *user* replies and the *assistant* shows pictures, so the teacher learns to do the same. The text is the user's, the wished-for reply the assistant's.",
            ),
            Mistake(
                "the answer stands in the question",
                messages_leaking,
                "The user's turn of an example holds the reply, too. So the teacher is shown how to copy an answer that it was given, and the last turn has none to copy. The reply belongs into the assistant's turn alone.",
            ),
            Mistake(
                "boxes in conversation prompts",
                messages_always_boxes,
                'Conversations are written from captions alone, as LLaVA\'s were: where `kind` is "conversation", leave out what follows the empty line. It is cheaper, too.',
            ),
            Mistake(
                "boxes left in the examples",
                messages_boxed_examples,
                "The new picture has lost its boxes, but the examples have kept theirs: the teacher waits for what does not come, and may invent it. Treat all texts alike.",
            ),
            Mistake(
                "no boxes for anybody",
                messages_never_boxes,
                'Boxes are left out for all kinds, but descriptions and reasoning need them: only for "conversation" they go.',
            ),
            Mistake(
                "the picture before the examples",
                messages_picture_first,
                "The new picture comes before the examples, and the conversation ends with somebody's reply: there is nothing left to say. What shall be answered comes last.",
            ),
        ),
        alternatives=(messages_by_comprehension, messages_by_slices),
        hints=(
            "A chat model continues a conversation. Write the one that you wish had taken place before, and end it where the teacher is to speak.",
            'system, then (user: text, assistant: reply) for each example, then user: the new text. For "conversation", `text.split("\\n\\n")[0]` is all of a text before its empty line.',
            '```python\nsaid = [{"role": "system", "content": system}]\nfor words, reply in examples:\n    said.append({"role": ..., "content": ...})\n    said.append({"role": ..., "content": ...})\nreturn [*said, {"role": ..., "content": ...}]\n```',
        ),
    ),
]
