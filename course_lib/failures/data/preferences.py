"""Preference pairs of the assistant's own: a description that it gave, and the same with its false names corrected.

RLHF-V (Yu et al., 2023, arXiv 2312.00849) asks people to correct what a model wrote; here the scene knows. Both texts are alike but for
what is wrong: of two *different* texts a model would learn whatever else tells them apart, such as length.
"""

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from course_lib.failures.chair import named_things, present_things
from course_lib.failures.data.descriptions import describe
from course_lib.instruct.filters.claims import claimed_mentions
from course_lib.llava.chat_format import picture_segments
from course_lib.llava.data.batches import to_messages
from course_lib.llava.data.packing import LlavaBatch, collate
from course_lib.llava.data.pictures import render_pixels
from course_lib.llava.data.requests import DESCRIPTIONS
from course_lib.session import REPO
from course_lib.world.nouns import could_be
from course_lib.world.scenes import Scene, SceneSpec, make_scene

FILE = REPO / "data" / "failures" / "wrong_descriptions.jsonl"
TEMPERATURES = (0.0, 0.7)
NUM_SCENES = 1600


@dataclass(frozen=True)
class Preference:
    """A training scene, by its number, a request, and two descriptions of which the first is truer."""

    index: int
    request: str
    chosen: str
    rejected: str

    @property
    def scene(self) -> Scene:
        return preference_scenes([self.index])[0]


def preference_scenes(indices: Sequence[int]) -> list[Scene]:
    """Training scenes of two to four things without signs, by number."""
    spec = SceneSpec(count=(2, 4), kinds=(0.9, 0.1, 0.0))
    return [make_scene(index, spec, seed=68) for index in indices]


def corrected(scene: Scene, text: str) -> str | None:
    """The text with every false name replaced by that of a thing which it leaves out.

    None where nothing is false, or where that can't be done: more false names than things left out, or a name that is part of another.
    """
    named = named_things(text, scene)
    false = [m.text for m in claimed_mentions(text) if not any(could_be(t.name) & m.names for t in scene.things)]
    false = list(dict.fromkeys(false))
    missing = list(dict.fromkeys(thing.name for thing in scene.things if thing.name not in named))
    if not false or len(missing) < len(false):
        return None
    for wrong, right in zip(false, missing, strict=False):
        text = re.sub(rf"\b{re.escape(wrong)}\b", right, text)
    text = re.sub(r"\b([Aa])n? (?=(\w))", lambda m: m[1] + ("n " if m[2] in "aeiou" else " "), text)
    now, present = named_things(text, scene), present_things(scene)
    return text if now <= present and now > named & present else None


def sample_preferences(model, num_scenes: int = NUM_SCENES) -> list[Preference]:
    """What the model says of training scenes, greedily and at T = 0.7: each text that can be corrected, with its correction."""
    scenes = preference_scenes(range(num_scenes))
    requests = [random.Random(f"preference/{i}").choice(DESCRIPTIONS) for i in range(num_scenes)]
    texts = zip(*(describe(model, scenes, requests, temperature) for temperature in TEMPERATURES), strict=True)
    rows = [(i, text) for i, of in enumerate(texts) for text in dict.fromkeys(of)]
    fixed = [(i, corrected(scenes[i], text), text) for i, text in rows]
    return [Preference(i, requests[i], better, text) for i, better, text in fixed if better]


def save(pairs: Sequence[Preference], file: Path = FILE) -> None:
    """The wrong text of each pair, one a line, as JSON."""
    rows = ({"index": p.index, "request": p.request, "text": p.rejected} for p in pairs)
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def load(file: Path = FILE) -> list[Preference]:
    """The pairs of what the shipped assistant got wrong, each corrected anew."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    scenes = preference_scenes([row["index"] for row in rows])
    return [
        Preference(row["index"], row["request"], corrected(scene, row["text"]), row["text"])
        for row, scene in zip(rows, scenes, strict=True)
    ]


def shuffled(pairs: Sequence[Preference]) -> list[Preference]:
    """A control: which of the two is chosen is a coin's toss."""
    rng = random.Random("shuffled preferences")
    return [Preference(p.index, p.request, p.rejected, p.chosen) if rng.random() < 0.5 else p for p in pairs]


def to_batch(tokenizer, pairs: Sequence[Preference], which: str, pixels: Tensor) -> LlavaBatch:
    """Pictures [B, 3, 64, 64] (or features [B, N, W]), each with its request and the "chosen" or "rejected" text."""
    rows = [[picture_segments(tokenizer, to_messages([(one.request, getattr(one, which))]))] for one in pairs]
    return collate(tokenizer, rows, pixels)


def pixels_of(pairs: Sequence[Preference]) -> Tensor:
    """pixel_values [B, 3, 64, 64] of the pairs' scenes."""
    return render_pixels(preference_scenes([one.index for one in pairs]))


def cropped(pixels: Tensor, rng: torch.Generator) -> Tensor:
    """mDPO's rejected picture: of each, a window of 1 to 20 % of its area, enlarged. [B, 3, S, S] → [B, 3, S, S]."""
    size, out = pixels.shape[-1], []
    for picture in pixels:
        side = max(2, round(size * (0.01 + 0.19 * float(torch.rand((), generator=rng))) ** 0.5))
        top, left = (int(torch.randint(size - side + 1, (), generator=rng)) for _ in range(2))
        window = picture[None, :, top : top + side, left : left + side]  # [1, 3, side, side]
        out.append(torch.nn.functional.interpolate(window, (size, size), mode="bilinear"))
    return torch.cat(out)
