"""Exercises on conversations: their form as one text, and whose words are learned."""

import torch

from course_lib.checker.task import Mistake, Task
from course_lib.lm.chat import mask_labels, render_chat
from course_lib.lm.loss import IGNORE_INDEX


def chat_inputs(rng) -> tuple[list[dict], bool]:
    """Two to four turns, with or without a generation prompt."""
    words = ["what is this?", "a cat", "count the dogs.", "two", "where is it?", "at sea"]
    first = int(rng.integers(0, 2)) * 2
    turns = words[first : first + int(rng.integers(1, 3)) * 2]
    messages = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(turns)]
    return messages, bool(rng.random() < 0.5)


def chat_without_end(messages, add_generation_prompt):
    return render_chat(messages, add_generation_prompt).replace("<|im_end|>", "")


def chat_always_prompted(messages, add_generation_prompt):
    return render_chat(messages, True)


def chat_never_prompted(messages, add_generation_prompt):
    return render_chat(messages, False)


def chat_prompt_closed(messages, add_generation_prompt):
    return render_chat(messages) + ("<|im_start|>assistant<|im_end|>" if add_generation_prompt else "")


def chat_roles_forgotten(messages, add_generation_prompt):
    turns = [f"<|im_start|>{message['content']}<|im_end|>" for message in messages]
    return "".join(turns) + ("<|im_start|>" if add_generation_prompt else "")


def chat_with_line_breaks(messages, add_generation_prompt):
    turns = [f"<|im_start|>{message['role']} {message['content']}<|im_end|>\n" for message in messages]
    return "".join(turns) + ("<|im_start|>assistant" if add_generation_prompt else "")


def chat_by_addition(messages, add_generation_prompt):
    text = ""
    for message in messages:
        text += "<|im_start|>" + message["role"] + " " + message["content"] + "<|im_end|>"
    return text + "<|im_start|>assistant" * add_generation_prompt


def chat_by_join(messages, add_generation_prompt):
    parts = ["{role} {content}<|im_end|>".format(**message) for message in messages]
    return "<|im_start|>".join(["", *parts, *(["assistant"] if add_generation_prompt else [])])


def segment_inputs(rng) -> tuple[list[tuple[bool, list[int]]]]:
    """A conversation of two or three turns, in token segments; a turn's last token ends it."""
    segments = []
    for turn in range(int(rng.integers(2, 4)) * 2):
        segments.append((False, [2, 10 + turn % 2]))
        words = [int(i) for i in rng.integers(20, 99, int(rng.integers(2, 5)))]
        segments.append((turn % 2 == 1, [*words, 3]))
    return (segments,)


def labels_of_everything(segments):
    ids = [i for _, tokens in segments for i in tokens]
    return ids, list(ids)


def labels_without_end(segments):
    ids, labels = mask_labels(segments)
    return ids, [IGNORE_INDEX if i == 3 else label for i, label in zip(ids, labels, strict=True)]


def labels_of_the_user(segments):
    turned = [(not learned and len(tokens) > 2, tokens) for learned, tokens in segments]
    return mask_labels(turned)


def labels_of_nothing(segments):
    ids, _ = mask_labels(segments)
    return ids, [IGNORE_INDEX] * len(ids)


def labels_shifted(segments):
    ids, labels = mask_labels(segments)
    return ids, [*labels[1:], IGNORE_INDEX]


def labels_zero(segments):
    ids, labels = mask_labels(segments)
    return ids, [0 if label == IGNORE_INDEX else label for label in labels]


def labels_by_pairs(segments):
    pairs = [(i, i if learned else IGNORE_INDEX) for learned, tokens in segments for i in tokens]
    return [i for i, _ in pairs], [label for _, label in pairs]


def labels_by_tensor(segments):
    ids = torch.tensor([i for _, tokens in segments for i in tokens])
    learned = torch.tensor([learned for learned, tokens in segments for _ in tokens])
    return ids.tolist(), torch.where(learned, ids, IGNORE_INDEX).tolist()


TASKS = [
    Task(
        id="lm.render_chat",
        title="A conversation as one text",
        difficulty=2,
        importance=4,
        minutes=8,
        reference=render_chat,
        used_at=("lm.chat:render_chat",),
        make_inputs=chat_inputs,
        mistakes=(
            Mistake(
                "end of turn forgotten",
                chat_without_end,
                "No turn ends: without `<|im_end|>` the model never learns where to stop, and nobody knows where the user stopped. Close every turn.",
            ),
            Mistake(
                "generation prompt always added",
                chat_always_prompted,
                "The assistant's turn is opened even where nobody asked for it, so training texts would end in an empty turn. Add it only if `add_generation_prompt`.",
            ),
            Mistake(
                "generation prompt never added",
                chat_never_prompted,
                "The assistant's turn is never opened: the model would first have to guess whose turn it is, and may speak for the user. Add `<|im_start|>assistant` when asked to.",
            ),
            Mistake(
                "generation prompt closed",
                chat_prompt_closed,
                "The assistant's turn is opened *and closed*, so the model has nothing left to say. The generation prompt stops right after the role.",
            ),
            Mistake(
                "roles forgotten",
                chat_roles_forgotten,
                "It doesn't say who speaks. The role stands right behind `<|im_start|>`, then a space, then the words.",
            ),
            Mistake(
                "line breaks between turns",
                chat_with_line_breaks,
                "There is a line break after every turn. Other templates have one; in ours the turns follow each other directly, and a model only understands its own.",
            ),
        ),
        alternatives=(chat_by_addition, chat_by_join),
        hints=(
            "Write the text of two turns by hand first. What stands before the words, what after them?",
            '"<|im_start|>role content<|im_end|>" for every message, then "<|im_start|>assistant" if the model is to go on.',
            '```python\nturns = [f"<|im_start|>{...} {...}<|im_end|>" for message in messages]\nreturn "".join(turns) + (... if add_generation_prompt else "")\n```',
        ),
    ),
    Task(
        id="lm.mask_labels",
        title="Learn from the assistant's words only",
        difficulty=3,
        importance=5,
        minutes=12,
        reference=mask_labels,
        used_at=("lm.chat:mask_labels",),
        make_inputs=segment_inputs,
        mistakes=(
            Mistake(
                "the user's words are learned too",
                labels_of_everything,
                "Every token is learned from, the user's words and the markers too: this model learns to ask its own questions. Outside the learned segments the label is -100.",
            ),
            Mistake(
                "end of turn not learned",
                labels_without_end,
                "The token that ends a turn is masked, so the model never learns to stop, and babbles on. It is part of the assistant's segment: leave it in.",
            ),
            Mistake(
                "only the user's words are learned",
                labels_of_the_user,
                "It is the wrong way round: the user's words are learned, and the assistant's are not. True marks the segments to learn from.",
            ),
            Mistake(
                "nothing is learned",
                labels_of_nothing,
                "Every label is -100: the loss is 0 (or nan) from the first step, and nothing is ever learned. Learned segments keep their ids as labels.",
            ),
            Mistake(
                "shifted already",
                labels_shifted,
                "The labels are shifted here, and the loss shifts them again: the model would learn to skip a word. Labels stand where their ids stand.",
            ),
            Mistake(
                "zero for not learned",
                labels_zero,
                "Masked positions have the label 0, but 0 is a token (the padding), so the model learns to write it. The number that losses ignore is -100.",
            ),
        ),
        alternatives=(labels_by_pairs, labels_by_tensor),
        hints=(
            "Two lists that grow side by side, always equally long. What goes into the second one?",
            "$y_t = x_t$ if token $t$ is in a learned segment, else $-100$.",
            "```python\nids, labels = [], []\nfor learned, tokens in segments:\n    ids += ...\n    labels += ... if learned else ...\nreturn ids, labels\n```",
        ),
    ),
]
