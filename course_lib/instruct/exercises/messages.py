"""The exercise on the prompt: the system message, few-shot examples as earlier turns, and the new context last."""

from course_lib.checker.task import Mistake, Task
from course_lib.instruct.prompts import build_messages

CASES = (  # number of examples, type of the reply
    *((2, "detail"), (2, "conversation"), (3, "conversation"), (0, "complex")),
    *((0, "conversation"), (1, "conversation"), (3, "detail")),
)


def message_inputs(rng) -> tuple[str, list[tuple[str, str]], str, bool]:
    """A system message, no to three examples and a picture, all with boxes, and whether the teacher is to see those.

    Some replies, and the system message, have an empty line, too.
    """
    count, kind = rng.in_turn(CASES)
    names = [str(name) for name in rng.permutation(["dog", "owl", "ship", "cake", "moon"])]
    texts = [
        f"a {name}\nlook: a {name}\n\n{name}: [0.100, 0.200, 0.300, 0.400]\n{other}: [0.000, 0.250, 1.000, 0.750]"
        for name, other in zip(names, names[1:] + names[:1], strict=True)
    ]
    examples = [
        (text, f"Question:\nWhat is there?\n===\nAnswer:\nA {name}.\n\nIt stands there.\n===")
        for text, name in zip(texts[:count], names[:count], strict=True)
    ]
    return f"Write a {kind}.\n\nAs if you saw it.", examples, texts[-1], kind != "conversation"


def messages_swapped(system, examples, text, boxes):
    swapped = {"user": "assistant", "assistant": "user", "system": "system"}
    *before, last = build_messages(system, examples, text, boxes)
    return [*({**message, "role": swapped[message["role"]]} for message in before), last]


def messages_leaking(system, examples, text, boxes):
    messages = build_messages(system, examples, text, boxes)
    for number, (_, reply) in enumerate(examples):
        messages[1 + 2 * number]["content"] += "\n" + reply
    return messages


def messages_always_boxes(system, examples, text, boxes):
    return build_messages(system, examples, text, True)


def messages_boxed_examples(system, examples, text, boxes):
    return [*build_messages(system, examples, text, True)[:-1], build_messages(system, [], text, boxes)[-1]]


def messages_never_boxes(system, examples, text, boxes):
    return build_messages(system, examples, text, False)


def messages_picture_first(system, examples, text, boxes):
    rules, *turns, picture = build_messages(system, examples, text, boxes)
    return [rules, picture, *turns]


def messages_boxes_upside_down(system, examples, text, boxes):
    return build_messages(system, examples, text, not boxes)


def messages_only_boxes(system, examples, text, boxes):
    def visible(context):
        return context if boxes else context.split("\n\n")[-1]

    return build_messages(system, [(visible(context), reply) for context, reply in examples], visible(text), True)


def messages_boxed_picture(system, examples, text, boxes):
    return [*build_messages(system, examples, text, boxes)[:-1], {"role": "user", "content": text}]


def messages_first_lines(system, examples, text, boxes):
    def visible(context):
        return context if boxes else context.splitlines()[0]

    return build_messages(system, [(visible(context), reply) for context, reply in examples], visible(text), True)


def messages_short_replies(system, examples, text, boxes):
    examples = [(context, reply if boxes else reply.split("\n\n")[0]) for context, reply in examples]
    return build_messages(system, examples, text, boxes)


def messages_without_system(system, examples, text, boxes):
    return build_messages(system, examples, text, boxes)[1:]


def messages_system_as_user(system, examples, text, boxes):
    return [{"role": "user", "content": system}, *build_messages(system, examples, text, boxes)[1:]]


def messages_with_empty_reply(system, examples, text, boxes):
    return [*build_messages(system, examples, text, boxes), {"role": "assistant", "content": ""}]


def messages_not_in_turn(system, examples, text, boxes):
    rules, *turns, picture = build_messages(system, examples, text, boxes)
    return [rules, *turns[::2], *turns[1::2], picture]


def messages_by_comprehension(system, examples, text, boxes):
    def visible(context):
        return context if boxes else context.split("\n\n")[0]

    pairs = [("user", visible(context), "assistant", reply) for context, reply in [*examples, (text, "")]]
    turns = [turn for pair in pairs for turn in (pair[:2], pair[2:])]
    return [{"role": role, "content": content} for role, content in [("system", system), *turns[:-1]]]


def messages_by_slices(system, examples, text, boxes):
    contexts = [*(context for context, _ in examples), text]
    if not boxes:
        contexts = [context[: context.index("\n\n")] for context in contexts]
    messages = [{"role": "user", "content": context} for context in contexts]
    for number, (_, reply) in reversed(list(enumerate(examples))):
        messages.insert(number + 1, {"role": "assistant", "content": reply})
    return [{"role": "system", "content": system}, *messages]


def messages_by_partition(system, examples, text, boxes):
    """With everything in one list, which is then cut."""
    chat = [("system", system)]
    for pair in examples:
        chat += zip(("user", "assistant"), pair, strict=True)
    chat.append(("user", text))
    messages = [{"role": role, "content": content} for role, content in chat]
    for message in messages if not boxes else ():
        if message["role"] == "user":
            message["content"] = message["content"].partition("\n\n")[0].strip()
    return messages


TASKS = [
    Task(
        id="instruct.build_messages",
        title="What the teacher is told",
        difficulty=2,
        importance=4,
        minutes=10,
        reference=build_messages,
        used_at=("instruct.prompts:build_messages",),
        make_inputs=message_inputs,
        draws=7,
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
                "Conversations are written from captions alone, as LLaVA's were: where `boxes` is False, leave out what follows the empty line. It is cheaper, too.",
            ),
            Mistake(
                "boxes left in the examples",
                messages_boxed_examples,
                "The new picture has lost its boxes, but the examples have kept theirs: the teacher waits for what does not come, and may invent it. Treat all texts alike.",
            ),
            Mistake(
                "no boxes for anybody",
                messages_never_boxes,
                "Boxes are always left out, but descriptions and reasoning need them: they go only where `boxes` is False.",
            ),
            Mistake(
                "the picture before the examples",
                messages_picture_first,
                "The new picture comes before the examples, and the conversation ends with somebody's reply: there is nothing left to say. What shall be answered comes last.",
            ),
            Mistake(
                "boxes upside down",
                messages_boxes_upside_down,
                "The boxes are left out where they should be shown, and shown where they should be left out: `boxes` True keeps the whole text.",
            ),
            Mistake(
                "the boxes instead of the captions",
                messages_only_boxes,
                'Without `boxes` the teacher sees nothing *but* boxes. Keep what stands before the empty line: `text.split("\\n\\n")[0]`.',
            ),
            Mistake(
                "boxes of the new picture",
                messages_boxed_picture,
                "The examples have lost their boxes, but the new picture has kept its own. Treat all texts alike, the last one, too.",
            ),
            Mistake(
                "one caption of all",
                messages_first_lines,
                "Of each text only the first line is left. Captions fill several lines: keep all up to the *empty* line.",
            ),
            Mistake(
                "replies are cut",
                messages_short_replies,
                "The replies are cut at their empty line, too. Only what describes a picture has boxes behind it: leave the replies as they are.",
            ),
            Mistake(
                "no system message",
                messages_without_system,
                "The system message is missing: nobody tells the teacher the rules. It comes first, with the role `system`.",
            ),
            Mistake(
                "the rules in the user's mouth",
                messages_system_as_user,
                "The system message has the role `user`. Its own role is `system`.",
            ),
            Mistake(
                "a reply is begun",
                messages_with_empty_reply,
                "The last message is an empty one of the assistant's: it says that the teacher has answered already. End with the user's text; the reply is to come.",
            ),
            Mistake(
                "all pictures, then all replies",
                messages_not_in_turn,
                "First come the texts of all examples, then all replies. They take turns: each text is followed by its own reply.",
            ),
        ),
        alternatives=(messages_by_comprehension, messages_by_slices, messages_by_partition),
        hints=(
            "A chat model continues a conversation. Write the one that you wish had taken place before, and end it where the teacher is to speak.",
            'system, then (user: text, assistant: reply) for each example, then user: the new text. Without `boxes`, `text.split("\\n\\n")[0]` is all of a text before its empty line.',
            '```python\nmessages = [{"role": "system", "content": system}]\nfor context, reply in examples:\n    messages.append({"role": ..., "content": ...})\n    messages.append({"role": ..., "content": ...})\nreturn [*messages, {"role": ..., "content": ...}]\n```',
        ),
    ),
]
