"""Preference pairs of the assistant's own: a description that it gave, and the same without what is false in it.

RLHF-V (Yu et al., 2023, arXiv 2312.00849) asks people to correct what a model wrote; here the scene knows. Both texts of a pair are alike
but for what is wrong: of two *different* texts a model would learn whatever else tells them apart, such as length.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from course_lib.failures.chair import named_things, present_things
from course_lib.failures.data.corrections import corrected, false_names, shortened, without
from course_lib.failures.data.descriptions import describe
from course_lib.llava.chat_format import picture_segments
from course_lib.llava.data.batches import to_messages
from course_lib.llava.data.packing import LlavaBatch, collate
from course_lib.llava.data.pictures import render_pixels
from course_lib.llava.data.requests import DESCRIPTIONS
from course_lib.session import REPO
from course_lib.world.scenes import Scene, SceneSpec, make_scene

FILE = REPO / "data" / "failures" / "wrong_descriptions.jsonl"
TEMPERATURES = (0.0, 0.7)
NUM_SCENES = 1200


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


def pairs_of(index: int, request: str, text: str) -> list[Preference]:
    """What can be learned from a wrong description of a training scene: up to four pairs.

    The text is worse than one with its false names corrected, and than one without them; but better than one that leaves out something
    which *is* there, as it would be without false names, too. Without these last two, silence would be learned.
    """
    [scene] = preference_scenes([index])
    better, shorter = corrected(scene, text), shortened(scene, text)
    pairs = [(better, text), (shorter, text)]
    for whole in filter(None, (text, shorter)):
        named, present = named_things(whole, scene), present_things(scene)
        true = sorted(named & present)
        less = without(whole, random.Random(f"dropped/{index}/{whole}").choice(true)) if true else None
        if less and set() < named - named_things(less, scene) <= present:  # a true name's sentence may hold a false one
            pairs.append((whole, less))
    return [Preference(index, request, *pair) for pair in pairs if all(pair) and pair[0] != pair[1]]


def wrong_descriptions(model, num_scenes: int = NUM_SCENES) -> list[dict]:
    """What the model says of training scenes, greedily and at T = 0.7, where it names what isn't there: "index", "request", "text"."""
    scenes = preference_scenes(range(num_scenes))
    requests = [random.Random(f"preference/{i}").choice(DESCRIPTIONS) for i in range(num_scenes)]
    said = zip(*(describe(model, scenes, requests, temperature) for temperature in TEMPERATURES), strict=True)
    rows = [
        {"index": i, "request": requests[i], "text": text} for i, of in enumerate(said) for text in dict.fromkeys(of)
    ]
    return [row for row in rows if false_names(scenes[row["index"]], row["text"])]


def save(rows: Sequence[dict], file: Path = FILE) -> None:
    """One description a line, as JSON."""
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def load(file: Path = FILE) -> list[Preference]:
    """The pairs made of what the shipped assistant got wrong."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [pair for row in rows for pair in pairs_of(**row)]


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
