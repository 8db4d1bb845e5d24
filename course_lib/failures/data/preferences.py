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


def sample_preferences(model, num_scenes: int = NUM_SCENES) -> list[Preference]:
    """For each scene whose greedy description names what isn't there: that one, rejected, and a better one of four samples at T = 0.7.

    Scenes of which no sample is better are left out.
    """
    scenes = preference_scenes(range(num_scenes))
    requests = [random.Random(f"preference/{i}").choice(DESCRIPTIONS) for i in range(num_scenes)]
    greedy = describe(model, scenes, requests)
    wrong = [i for i, scene in enumerate(scenes) if named_things(greedy[i], scene) - present_things(scene)]
    asked = [scenes[i] for i in wrong], [requests[i] for i in wrong]
    samples = zip(*(describe(model, *asked, TEMPERATURE, seed) for seed in range(SAMPLES)), strict=True)
    chosen = {i: better_text(scenes[i], greedy[i], texts) for i, texts in zip(wrong, samples, strict=True)}
    return [Preference(i, requests[i], text, greedy[i]) for i, text in chosen.items() if text]


def better_text(scene: Scene, text: str, others: Sequence[str]) -> str | None:
    """Of the others, the one with the fewest false names, if they are fewer than the text's, and it names no less of what is there."""
    present = present_things(scene)

    def counts(text: str) -> tuple[int, int]:
        named = named_things(text, scene)
        return len(named - present), -len(named & present)

    false, covered = counts(text)
    better = [other for other in others if counts(other)[0] < false and counts(other)[1] <= covered]
    return min(better, key=counts) if better else None


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
