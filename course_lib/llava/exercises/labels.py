"""Exercise of Lesson 06: the labels of a conversation about a picture."""

from course_lib.checker.task import Mistake, Task
from course_lib.llava.chat_format import picture_labels
from course_lib.lm.loss import IGNORE_INDEX

IMAGE, END = 5, 3  # token ids


CASES = (  # how many pictures, or where; where the text is cut off
    ("one", "far behind its end"),
    ("one", "in the answer"),
    ("one", "before the answer"),
    ("two", "at its end"),
    ("none", "far behind its end"),
    ("one", "after one word of the answer"),
    ("in an answer", "far behind its end"),
    ("one", "in the picture"),
    ("behind the question", "far behind its end"),
    ("one", "far behind its end, and nothing is learned"),
    ("two", "before its last token"),
)


def conversation_inputs(rng) -> tuple[list[tuple[bool, list[int]]], int, int, int]:
    """One or two turns, pictures in them, and a length to which they are cut: `CASES` in turn."""
    (pictures, cut), num_patches = rng.in_turn(CASES), rng.in_turn((4, 6, 5, 7, 4, 1))
    learned = "nothing is learned" not in cut
    segments = [(False, [1])]
    for turn in range(int(rng.integers(1, 3))):
        question, answer = ([int(i) for i in rng.integers(20, 99, int(rng.integers(2, 5)))] for _ in range(2))
        mark = [IMAGE] if turn == 0 and pictures != "none" else []
        question = [*question, *mark] if pictures == "behind the question" else [*mark, *question]
        segments += [(False, [2, 10]), (False, [*question, *[IMAGE] * (pictures == "two"), END]), (False, [2, 11])]
        segments += [(learned, [*answer, *[IMAGE] * (pictures == "in an answer"), END])]
    whole = sum(num_patches if token == IMAGE else 1 for _, tokens in segments for token in tokens)
    before = sum(num_patches if token == IMAGE else 1 for _, tokens in segments[:4] for token in tokens)
    lengths = {"in the picture": 5, "before the answer": before, "after one word of the answer": before + 1}
    lengths |= {"in the answer": before + 2, "before its last token": whole - 1, "at its end": whole}
    return segments, IMAGE, num_patches, lengths.get(cut, whole + 5)


def _labelled(segments, image_token: int, num_patches: int, learn_user: bool = False) -> tuple[list[int], list[int]]:
    ids, labels = [], []
    for learned, tokens in segments:
        for token in tokens:
            picture = token == image_token
            times = num_patches if picture else 1
            ids += [token] * times
            labels += [token if (learned or learn_user) and not picture else IGNORE_INDEX] * times
    return ids, labels


def _refuse_if_empty(ids, labels) -> tuple[list[int], list[int]]:
    if not any(label != IGNORE_INDEX for label in labels):
        raise ValueError("nothing is left to learn")
    return ids, labels


def labels_of_the_picture(segments, image_token, num_patches, max_length):
    ids, labels = picture_labels(segments, image_token, num_patches, max_length)
    return ids, [i if i == image_token else label for i, label in zip(ids, labels, strict=True)]


def labels_of_one_mark(segments, image_token, num_patches, max_length):
    return picture_labels(segments, image_token, 1, max_length)


def labels_of_a_class_token(segments, image_token, num_patches, max_length):
    return picture_labels(segments, image_token, num_patches + 1, max_length)


def labels_of_the_user(segments, image_token, num_patches, max_length):
    ids, labels = _labelled(segments, image_token, num_patches, learn_user=True)
    return _refuse_if_empty(ids[:max_length], labels[:max_length])


def labels_cut_too_early(segments, image_token, num_patches, max_length):
    pairs = [(learned, token) for learned, tokens in segments for token in tokens][:max_length]
    ids, labels = _labelled([(learned, [token]) for learned, token in pairs], image_token, num_patches)
    return _refuse_if_empty(ids, labels)


def labels_empty_unnoticed(segments, image_token, num_patches, max_length):
    ids, labels = _labelled(segments, image_token, num_patches)
    return ids[:max_length], labels[:max_length]


def labels_of_the_first_mark(segments, image_token, num_patches, max_length):
    """Only the first image token of a conversation becomes patches."""
    pairs = [(learned, token) for learned, tokens in segments for token in tokens]
    first = next((i for i, (_, token) in enumerate(pairs) if token == image_token), -1)
    ids = [token for i, (_, token) in enumerate(pairs) for _ in range(num_patches if i == first else 1)]
    marked = [
        (learned and token != image_token, [token] * (num_patches if i == first else 1))
        for i, (learned, token) in enumerate(pairs)
    ]
    labels = [token if learned else IGNORE_INDEX for learned, tokens in marked for token in tokens]
    return _refuse_if_empty(ids[:max_length], labels[:max_length])


def labels_never_cut(segments, image_token, num_patches, max_length):
    picture_labels(segments, image_token, num_patches, max_length)
    return _labelled(segments, image_token, num_patches)


def labels_refused_if_long(segments, image_token, num_patches, max_length):
    if len(_labelled(segments, image_token, num_patches)[0]) > max_length:
        raise ValueError("too long")
    return picture_labels(segments, image_token, num_patches, max_length)


def labels_looked_at_before_the_cut(segments, image_token, num_patches, max_length):
    ids, labels = _refuse_if_empty(*_labelled(segments, image_token, num_patches))
    return ids[:max_length], labels[:max_length]


def labels_without_the_beginning(segments, image_token, num_patches, max_length):
    ids, labels = _labelled(segments, image_token, num_patches)
    return _refuse_if_empty(ids[-max_length:], labels[-max_length:])


def labels_shifted(segments, image_token, num_patches, max_length):
    ids, labels = picture_labels(segments, image_token, num_patches, max_length)
    return ids, [*labels[1:], IGNORE_INDEX]


def labels_zero(segments, image_token, num_patches, max_length):
    ids, labels = picture_labels(segments, image_token, num_patches, max_length)
    return ids, [0 if label == IGNORE_INDEX else label for label in labels]


def labels_without_the_picture(segments, image_token, num_patches, max_length):
    ids, labels = picture_labels(segments, image_token, num_patches, max_length)
    return ids, [label for i, label in zip(ids, labels, strict=True) if i != image_token]


def labels_by_pairs(segments, image_token, num_patches, max_length):
    """Right, written differently: ids and labels grow together, pair by pair."""
    pairs = []
    for learned, tokens in segments:
        for token in tokens:
            if token == image_token:
                pairs += [(token, -100)] * num_patches
            else:
                pairs.append((token, token if learned else -100))
    return _refuse_if_empty([i for i, _ in pairs[:max_length]], [label for _, label in pairs[:max_length]])


def labels_by_replacing(segments, image_token, num_patches, max_length):
    ids = [token for _, tokens in segments for token in tokens]
    labels = [token if learned else -100 for learned, tokens in segments for token in tokens]
    for at in reversed([i for i, token in enumerate(ids) if token == image_token]):
        ids[at : at + 1], labels[at : at + 1] = [image_token] * num_patches, [-100] * num_patches
    if max(labels[:max_length]) < 0:
        raise ValueError("too long")
    return ids[:max_length], labels[:max_length]


def labels_by_growing_segments(segments, image_token, num_patches, max_length):
    """The segments first, with patches in them; then one list of all."""
    grown = [
        [(t, learned) for t in tokens for _ in range(1 if t != image_token else num_patches)]
        for learned, tokens in segments
    ]
    flat = [pair for part in grown for pair in part][:max_length]
    labels = tuple(t if learned and t != image_token else -100 for t, learned in flat)
    if set(labels) == {-100}:
        raise ValueError("every label is masked")
    return tuple(t for t, _ in flat), labels


TASKS = [
    Task(
        id="llava.picture_labels",
        title="Labels of a conversation about a picture",
        difficulty=3,
        importance=5,
        minutes=12,
        reference=picture_labels,
        used_at=("llava.chat_format:picture_labels",),
        make_inputs=conversation_inputs,
        refuses=(ValueError,),
        draws=11,
        mistakes=(
            Mistake(
                "picture positions learned",
                labels_of_the_picture,
                "The places of the picture have labels: the model learns to write `<image>` many times, and its loss is mostly about that. At patches the label is -100.",
            ),
            Mistake(
                "one place for the picture",
                labels_of_one_mark,
                "The mark stays one token, but the picture has `num_patches` features, and the splice will refuse. Repeat the mark `num_patches` times, and -100 as often.",
            ),
            Mistake(
                "a place for the class token",
                labels_of_a_class_token,
                'One place too many, as if the class token came along. Who makes the places must count as the vision tower does (LLaVA\'s "tokens 575, features 576").',
            ),
            Mistake(
                "the user's words learned",
                labels_of_the_user,
                "The user's words are learned, too, so the model learns to ask. Only segments with `learned` keep their ids as labels.",
            ),
            Mistake(
                "cut before the picture took its places",
                labels_cut_too_early,
                "It is cut to `max_length` *before* the mark grows, so the text ends up longer than `max_length`. Make room first, cut last.",
            ),
            Mistake(
                "only the first mark grows",
                labels_of_the_first_mark,
                "Only the first mark makes room. A conversation may show two pictures, and *each* mark becomes `num_patches` places.",
            ),
            Mistake(
                "never cut",
                labels_never_cut,
                "Nothing is cut off: the text may be longer than `max_length`, and too long for the model. Cut both lists: `[:max_length]`.",
            ),
            Mistake(
                "refused when too long",
                labels_refused_if_long,
                "What is too long is refused. It shall be cut to `max_length`; refuse only what has no label left after that.",
            ),
            Mistake(
                "looked at before the cut",
                labels_looked_at_before_the_cut,
                "The labels are looked at *before* they are cut, when the answer is still there. Cut first, then ask whether any is left (LLaVA#816).",
            ),
            Mistake(
                "the beginning cut off",
                labels_without_the_beginning,
                "The beginning is cut off, and with it the picture. What is too long loses its end: `[:max_length]`.",
            ),
            Mistake(
                "shifted already",
                labels_shifted,
                "The labels are shifted here, and the loss shifts them again: the model would learn to skip a word. Labels stand where their ids stand.",
            ),
            Mistake(
                "zero for not learned",
                labels_zero,
                "Masked places have the label 0, but 0 is a token, so the model learns to write it. The number that losses ignore is -100.",
            ),
            Mistake(
                "no labels for the picture",
                labels_without_the_picture,
                "The places of the picture have no label at all, so ids and labels part. One label for every id: -100 at patches.",
            ),
            Mistake(
                "nothing left, and nobody told",
                labels_empty_unnoticed,
                "When the picture pushes the whole answer over the edge, every label is -100: the loss is 0 or nan, and nothing complains (LLaVA#816). Raise a ValueError if no label is left.",
            ),
        ),
        alternatives=(labels_by_pairs, labels_by_replacing, labels_by_growing_segments),
        hints=(
            "It is Lesson 04's mask, token by token, with one exception: the mark.",
            "Each mark becomes `num_patches` times (mark, -100); each other token (token, token) if learned, else (token, -100). Cut both lists to `max_length`; then look whether any label is not -100.",
            "```python\nids, labels = [], []\nfor learned, tokens in segments:\n    for token in tokens:\n        times = num_patches if token == image_token else 1\n        ids += [token] * times\n        labels += [...] * times\nif all(label == -100 for label in ...):\n    raise ValueError(...)\nreturn ids[:max_length], labels[:max_length]\n```",
        ),
    ),
]
