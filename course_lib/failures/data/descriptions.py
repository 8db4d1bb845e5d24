"""What the assistant says of a scene when it is asked for a description."""

import random
from collections.abc import Sequence

import torch

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.llava.data.testsets import draw
from course_lib.world.scenes import Scene, SceneSpec, make_scene

CHUNK = 100  # pictures answered at once
MAX_NEW_TOKENS = 90
REQUESTS = (
    "What is there to be seen? Tell me about all of it.",
    "Give me a full account of this picture.",
)  # never in training


def description_scenes(count: int, stream: str = "test", seed: int = 63) -> list[Scene]:
    """Scenes of two to four things, with no sign among them."""
    spec = SceneSpec(stream=stream, count=(2, 4), kinds=(0.9, 0.1, 0.0))
    return [make_scene(index, spec, seed) for index in range(count)]


def description_requests(scenes: Sequence[Scene]) -> list[str]:
    """A request for a description of each, in words that training never used."""
    return [random.Random(f"request/{scene.index}").choice(REQUESTS) for scene in scenes]


def describe(
    model, scenes: Sequence[Scene], requests: Sequence[str], temperature: float = 0.0, seed: int = 0
) -> list[str]:
    """What the model says of each scene, greedily or (temperature > 0) sampled."""
    replies: list[str] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for start in range(0, len(scenes), CHUNK):
            pixels = normalise(to_tensor(draw(scenes[start : start + CHUNK])))  # [B, 3, 64, 64]
            asked = requests[start : start + CHUNK]
            replies += model.answer(pixels, asked, max_new_tokens=MAX_NEW_TOKENS, temperature=temperature)
    return replies
