"""Preference pairs of the assistant's own: two descriptions that it sampled, of which the world's truth prefers one.

RLHF-V and LLaVA-RLHF ask people; here the scene is the judge. Both texts are the model's own (on-policy), so that they differ in what
they say and not in style, which a model would learn instead.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from course_lib.failures.chair import named_things, present_things
from course_lib.failures.data.descriptions import describe
from course_lib.llava.chat_format import picture_segments
from course_lib.llava.data.batches import to_messages
from course_lib.llava.data.packing import LlavaBatch, collate
from course_lib.llava.data.pictures import render_pixels
from course_lib.llava.data.requests import DESCRIPTIONS
from course_lib.session import REPO
from course_lib.world.scenes import Scene, SceneSpec, make_scene

FILE = REPO / "data" / "failures" / "preferences.jsonl"
TEMPERATURE, SAMPLES = 0.7, 4
NUM_SCENES = 800


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


def sample_preferences(model, num_scenes: int = NUM_SCENES) -> list[Preference]:
    """Describe each scene four times at T = 0.7; of its texts, a pair of which one names fewer things that aren't there, and no
    fewer that are. Scenes without such a pair are left out.
    """
    scenes = preference_scenes(range(num_scenes))
    requests = [random.Random(f"preference/{i}").choice(DESCRIPTIONS) for i in range(num_scenes)]
    samples = [describe(model, scenes, requests, TEMPERATURE, seed) for seed in range(SAMPLES)]
    made = (best_pair(scene, texts) for scene, texts in zip(scenes, zip(*samples, strict=True), strict=True))
    return [Preference(i, requests[i], *pair) for i, pair in enumerate(made) if pair]


def best_pair(scene: Scene, texts: Sequence[str]) -> tuple[str, str] | None:
    """(chosen, rejected): of all pairs in which the first has fewer false names and covers no less, the one furthest apart."""
    present = present_things(scene)
    counts = {}  # text → (false names, things of the scene that it names)
    for text in texts:
        named = named_things(text, scene)
        counts[text] = len(named - present), len(named & present)
    pairs = [
        (counts[worse][0] - counts[better][0] + counts[better][1] - counts[worse][1], better, worse)
        for better in counts
        for worse in counts
        if counts[better][0] < counts[worse][0] and counts[better][1] >= counts[worse][1]
    ]
    return max(pairs)[1:] if pairs else None


def save(pairs: Sequence[Preference], file: Path = FILE) -> None:
    """One pair a line, as JSON."""
    file.write_text("".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in pairs), encoding="utf-8")


def load(file: Path = FILE) -> list[Preference]:
    """The pairs that the shipped assistant sampled."""
    return [Preference(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


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
