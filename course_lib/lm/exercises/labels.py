"""Exercise on conversations: whose words are learned."""

from itertools import chain

import torch

from course_lib.checker.task import Mistake, Task
from course_lib.lm.chat import mask_labels
from course_lib.lm.loss import IGNORE_INDEX


def segment_inputs(rng) -> tuple[list[tuple[bool, list[int]]]]:
    """A conversation of two or three turns, in token segments, each turn's last token ending it; or, in turn, an odd one."""
    segments = []
    for turn in range(int(rng.integers(2, 4)) * 2):
        segments.append((False, [2, 10 + turn % 2]))
        words = [int(i) for i in rng.integers(20, 99, int(rng.integers(2, 5)))]
        segments.append((turn % 2 == 1, [*words, 3]))
    learned_first = [(True, [7, 7, 0, 3]), (True, [5]), (False, []), (True, []), (False, [5, 0])]
    nothing_learned, all_learned = [(False, [4, 4, 3])], [(True, [8, 3]), (True, [8, 8])]
    return (rng.in_turn((segments, segments, learned_first, nothing_learned, segments, all_learned, [], segments)),)


def labels_of_everything(segments):
    ids = [i for _, tokens in segments for i in tokens]
    return ids, list(ids)


def labels_without_end(segments):
    ids, labels = mask_labels(segments)
    return ids, [IGNORE_INDEX if i == 3 else label for i, label in zip(ids, labels, strict=True)]


def labels_of_the_user(segments):
    return mask_labels([(not learned, tokens) for learned, tokens in segments])


def labels_of_nothing(segments):
    ids, _ = mask_labels(segments)
    return ids, [IGNORE_INDEX] * len(ids)


def labels_shifted(segments):
    ids, labels = mask_labels(segments)
    return ids, [*labels[1:], IGNORE_INDEX]


def labels_zero(segments):
    ids, labels = mask_labels(segments)
    return ids, [0 if label == IGNORE_INDEX else label for label in labels]


def labels_left_out(segments):
    return mask_labels(segments)[0], [i for learned, tokens in segments for i in tokens if learned]


def labels_one_per_segment(segments):
    labels = [label for learned, tokens in segments for label in (tokens if learned else [IGNORE_INDEX])]
    return mask_labels(segments)[0], labels


def labels_nested(segments):
    return [tokens for _, tokens in segments], [t if learned else [IGNORE_INDEX] * len(t) for learned, t in segments]


def labels_first(segments):
    return mask_labels(segments)[::-1]


def labels_minus_one(segments):
    ids, labels = mask_labels(segments)
    return ids, [-1 if label == IGNORE_INDEX else label for label in labels]


def labels_alone(segments):
    return mask_labels(segments)[1]


def labels_of_learned_ids(segments):
    learned = [i for is_learned, tokens in segments for i in tokens if is_learned]
    return learned, [*learned]


def labels_without_minus(segments):
    ids, labels = mask_labels(segments)
    return ids, [abs(label) if label == IGNORE_INDEX else label for label in labels]


def labels_in_tensors(segments):
    return tuple(torch.tensor(row) for row in mask_labels(segments))


def labels_of_the_last_answer(segments):
    last = max((i for i, (learned, _) in enumerate(segments) if learned), default=-1)
    return mask_labels([(i == last, tokens) for i, (_, tokens) in enumerate(segments)])


def labels_by_pairs(segments):
    pairs = [(i, i if learned else IGNORE_INDEX) for learned, tokens in segments for i in tokens]
    return [i for i, _ in pairs], [label for _, label in pairs]


def labels_by_tensor(segments):
    ids = torch.tensor([i for _, tokens in segments for i in tokens])
    learned = torch.tensor([learned for learned, tokens in segments for _ in tokens])
    return ids.tolist(), torch.where(learned > 0, ids, IGNORE_INDEX).tolist()


def labels_by_chaining(segments):
    ids = tuple(chain.from_iterable(tokens for _, tokens in segments))
    return [ids, tuple(chain.from_iterable(t if learned else [-100 for _ in t] for learned, t in segments))]


TASKS = [
    Task(
        id="lm.mask_labels",
        title="Learn from the assistant's words only",
        difficulty=3,
        importance=5,
        minutes=12,
        reference=mask_labels,
        used_at=("lm.chat:mask_labels",),
        make_inputs=segment_inputs,
        draws=8,
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
                "It is the wrong way round: the user's words and the markers are learned, and the assistant's words are not. True marks the segments to learn from.",
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
            Mistake(
                "minus one for not learned",
                labels_minus_one,
                "Masked positions have the label -1. The number that losses ignore, in torch and in every library on top of it, is -100.",
            ),
            Mistake(
                "masked labels left out",
                labels_left_out,
                "Masked positions have no label at all, so the labels are fewer than the ids, and each would meet the wrong token. One label for every id: -100 where nothing is learned.",
            ),
            Mistake(
                "one -100 for a whole segment",
                labels_one_per_segment,
                "A segment that is not learned gets a single -100, so labels and ids part. It takes one for each of its tokens: `[-100] * len(tokens)`.",
            ),
            Mistake(
                "lists of lists",
                labels_nested,
                "Each segment is a list of its own here. The model wants one row of ids and one of labels: `+=` (or `extend`), not `append`.",
            ),
            Mistake(
                "labels first",
                labels_first,
                "Both lists are right, but in the wrong order: the ids come first, then the labels.",
            ),
            Mistake(
                "labels alone",
                labels_alone,
                "Only the labels are returned. Return both lists, the ids first: `return ids, labels`.",
            ),
            Mistake(
                "the user's words left out",
                labels_of_learned_ids,
                "The words that are not learned are missing from the ids as well, so the model would answer without having heard the question. Keep all ids; only their labels become -100.",
            ),
            Mistake(
                "100 for not learned",
                labels_without_minus,
                "Masked positions have the label 100, which is a token. The number that losses ignore is *minus* 100.",
            ),
            Mistake(
                "tensors",
                labels_in_tensors,
                "The right numbers, as tensors. Two plain lists are wanted: texts of different length are only later made into one batch.",
            ),
            Mistake(
                "the last answer only",
                labels_of_the_last_answer,
                "Only the last answer is learned. Every segment marked True has labels, the earlier answers too.",
            ),
        ),
        alternatives=(labels_by_pairs, labels_by_tensor, labels_by_chaining),
        hints=(
            "Two lists that grow side by side, always equally long. What goes into the second one?",
            "$y_t = x_t$ if token $t$ is in a learned segment, else $-100$.",
            "```python\nids, labels = [], []\nfor learned, tokens in segments:\n    ids += ...\n    labels += ... if learned else ...\nreturn ids, labels\n```",
        ),
    ),
]
