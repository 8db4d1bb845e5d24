"""The proofs of the video room: what needs the order of frames, what doesn't, and what is left without it.

Clips come from the stream "test", wordings are those that training never uses, and every temporal question is asked of a clip and of its
mirror. "chance" is a guess among the answers that a question leaves open.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from course_lib.figures import Figure, share
from course_lib.llava.chat_format import in_one_word
from course_lib.llava.evaluate.vqa import is_correct
from course_lib.lm.chat import Message, encode_prompt
from course_lib.lm.generate import generate_batch
from course_lib.video.data.batches import log_prompt, to_pixels
from course_lib.video.data.clips import render_clip
from course_lib.video.data.testset import Example, static_examples, temporal_examples
from course_lib.video.evaluate.controls import middle_frame, shuffled
from course_lib.video.model import MiniLlavaVideo

CHANCE = {
    "order": 1 / 2,
    "direction": 1 / 2,
    "change": 1 / 2,
    "times": 1 / 3,
    "colour": 1 / 8,
    "exist": 1 / 2,
    "place": 1 / 10,
}
TEMPORAL_BAR, LONGER_GAIN, STATIC_LOSS = 0.75, 0.1, 0.03
CONDITIONS = {
    "shuffled": "frames in a random order",
    "middle": "the frame in the middle alone",
    "blank": "grey frames",
    "zero_shot": "the image model before it saw clips",
}
LONGER, LONGER_SCALE = 16, 2.0  # frames, and what their positions are divided by
BATCH_SIZE = 50  # clips
GREY = 140  # of a blank frame
Change = Callable[[Tensor, int], Tensor]  # of features [B, T·64, W]; the number is another one for every batch


def figures(num: int = 100) -> Iterator[Figure]:
    """All figures of the room. num: questions of each kind."""
    from course_lib.video.train import build_model, load

    model, image_model = load(), build_model()
    asked = {"temporal": temporal_examples(num), "static": static_examples(num)}
    right = {name: {"frames": correct(model, examples)} for name, examples in asked.items()}
    for name, examples in asked.items():
        right[name]["shuffled"] = correct(model, examples, shuffled)
        right[name]["middle"] = correct(model, examples, middle_frame)
        right[name]["blank"] = correct(model, examples, blank=True)
        right[name]["zero_shot"] = correct(image_model, examples)
    right["temporal"]["log"] = correct_from_log(model, asked["temporal"])
    yield from kind_figures("temporal", asked["temporal"], right["temporal"], "shuffled", bar=TEMPORAL_BAR)
    yield from kind_figures("static", asked["static"], right["static"], "blank")
    yield share(
        "video.pairs",
        both_ways(asked["temporal"], right["temporal"]["frames"]),
        chance=1 / 4,
        control=_mean(both_ways(asked["temporal"], right["temporal"]["shuffled"])),
        note="a clip and its mirror, both right; without times; control: frames in a random order",
    )
    yield from control_figures(asked, right)
    yield share(
        "video.ceiling.log",
        right["temporal"]["log"],
        chance=chance(asked["temporal"]),
        note="the true log in words, no frames",
    )
    yield from longer_figures(model, num)


def both_ways(examples: Sequence[Example], right: np.ndarray) -> np.ndarray:
    """Of each clip, are its answer and its mirror's both right? bool [pairs]; of the kinds whose answer the mirror turns round."""
    turning = np.array([one.kind != "times" for one in examples])
    return right[turning].reshape(-1, 2).all(axis=1)  # a clip, its mirror, a clip, … → [pairs]


@torch.no_grad()
def correct(
    model: MiniLlavaVideo, examples: Sequence[Example], change: Change | None = None, blank: bool = False
) -> np.ndarray:
    """Which questions the model answers right, bool [N]. change: of what it sees; blank: it sees grey frames."""
    said: list[str] = []
    for start in range(0, len(examples), BATCH_SIZE):
        batch = examples[start : start + BATCH_SIZE]
        frames = [render_clip(one.clip) for one in batch]
        pixels = to_pixels([np.full_like(one, GREY) if blank else one for one in frames])  # [B, T, 3, 64, 64]
        seen = model.image_features(pixels)
        said += model.answer(change(seen, start) if change else seen, [in_one_word(one.text) for one in batch])
    return is_correct(said, [one.answer for one in examples])


def correct_from_log(model: MiniLlavaVideo, examples: Sequence[Example]) -> np.ndarray:
    """Which questions its language model answers right from the true log in words, bool [N]."""
    texts = [log_prompt(one.clip, one.text) for one in examples]
    prompts = [encode_prompt(model.tokenizer, [Message(role="user", content=text)]) for text in texts]
    return is_correct(generate_batch(model.language_model, model.tokenizer, prompts), [one.answer for one in examples])


def kind_figures(
    name: str, examples: Sequence[Example], right: dict[str, np.ndarray], control: str, **company
) -> Iterator[Figure]:
    """ "temporal" or "static" questions, together and by kind, with what `control` leaves of them; company: of all together."""
    for kind in dict.fromkeys(("", *(one.kind for one in examples))):
        of_kind = np.array([kind in ("", one.kind) for one in examples])
        yield share(
            f"video.{name}{'.' * bool(kind)}{kind}",
            right["frames"][of_kind],
            chance=chance([one for one in examples if kind in ("", one.kind)]),
            control=_mean(right[control][of_kind]),
            baseline=_mean(right["zero_shot"][of_kind]),
            ceiling=_mean(right["log"][of_kind]) if "log" in right else None,
            note=f"control: {CONDITIONS[control]}; baseline: {CONDITIONS['zero_shot']}",
            **({} if kind else company),
        )


def control_figures(asked: dict[str, Sequence[Example]], right: dict[str, dict[str, np.ndarray]]) -> Iterator[Figure]:
    """Without order, with one frame, with none, and before tuning; baseline: the frames as they are."""
    for condition, what in CONDITIONS.items():
        for name, examples in asked.items():
            baseline = _mean(right[name]["frames"])
            is_kept = (condition, name) == ("shuffled", "static")
            yield share(
                f"video.{condition}.{name}",
                right[name][condition],
                chance=chance(examples),
                baseline=baseline,
                bar=round(baseline - STATIC_LOSS, 4) if is_kept else None,
                note=f"{what}; baseline: all frames, in order, after tuning",
            )


def longer_figures(model: MiniLlavaVideo, num_per_kind: int) -> Iterator[Figure]:
    """Clips of twice as many frames as training had, at positions never trained, and squeezed into those that were."""
    examples = temporal_examples(num_per_kind, num_frames=LONGER)
    plain = correct(model, examples)
    model.connector.position_scale = LONGER_SCALE
    try:
        scaled = correct(model, examples)
    finally:
        model.connector.position_scale = 1.0
    company = {"chance": chance(examples), "note": f"{LONGER} frames; training had 8"}
    yield share("video.longer.plain", plain, **company)
    baseline = _mean(plain)
    company["note"] += f"; positions divided by {LONGER_SCALE:g}; baseline: not divided"
    yield share("video.longer.scaled", scaled, baseline=baseline, bar=round(baseline + LONGER_GAIN, 4), **company)


def chance(examples: Sequence[Example]) -> float:
    """What guessing among the answers that the questions leave open gets right, 0–1."""
    return round(float(np.mean([CHANCE[one.kind] for one in examples])), 4)


def _mean(right: np.ndarray) -> float:
    return round(float(right.mean()), 4)
