"""What a model of the grid is asked: pictures of the stream "test", wordings that training never uses, other ones for each seed."""

import statistics
import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.llava.chat_format import in_one_word
from course_lib.llava.data.testsets import VqaExample, draw, vqa_examples
from course_lib.llava.evaluate.text_prior import questions_of, targets_of
from course_lib.llava.evaluate.vqa import answers, is_correct
from course_lib.llava.model import MiniLlava

KINDS = ("exist", "count", "colour", "relation", "related", "place", "size")  # all but reading, which this tower can't
YES_NO = ("exist", "related")
NUM_PER_KIND, NUM_TIMED = 80, 20
Asked = dict[str, list[VqaExample]]  # kind → questions


def examples(seed: int, num_per_kind: int = NUM_PER_KIND, stream: str = "test") -> Asked:
    """Questions by kind; those of two seeds have none in common, so that their results may be pooled."""
    part = slice(seed * num_per_kind, (seed + 1) * num_per_kind)
    return {kind: vqa_examples(kind, part.stop, stream)[part] for kind in KINDS}


def right_by_kind(model: MiniLlava, asked: Asked) -> dict[str, np.ndarray]:
    """Was each question answered right? bool [n] by kind."""
    return {
        kind: is_correct(
            answers(model, draw([one.scene for one in of_kind]), questions_of(of_kind)), targets_of(of_kind)
        )
        for kind, of_kind in asked.items()
    }


@torch.no_grad()
def yes_probabilities(model: MiniLlava, asked: Sequence[VqaExample]) -> Tensor:
    """p(yes) / (p(yes) + p(no)) of the first word of the answer to each yes/no question, [n]."""
    rows = [model.encode(in_one_word(one.question.text), "yes") for one in asked]
    length = max(len(ids) for ids, _ in rows)
    pad = model.tokenizer.pad_token_id
    input_ids = torch.tensor([ids + [pad] * (length - len(ids)) for ids, _ in rows])  # [n, T]
    first = torch.tensor(
        [next(i for i, label in enumerate(labels) if label >= 0) for _, labels in rows]
    )  # of the answer
    mask = (torch.arange(length) < torch.tensor([[len(ids)] for ids, _ in rows])).long()
    features = model.image_features(normalise(to_tensor(draw([one.scene for one in asked]))))
    embedded = model.embed(input_ids, features)
    logits = model.language_model(inputs_embeds=embedded, attention_mask=mask, use_cache=False).logits
    words = [next(label for label in model.encode("?", word)[1] if label >= 0) for word in ("yes", "no")]
    return logits[torch.arange(len(rows)), first - 1][:, words].float().softmax(dim=-1)[:, 0]


def milliseconds(model: MiniLlava, asked: Sequence[VqaExample], num: int = NUM_TIMED) -> float:
    """The median time of an answer, one question at a time, picture included."""
    times = []
    for one in asked[:num]:
        image = draw([one.scene])
        start = time.perf_counter()
        answers(model, image, [one.question.text])
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)
