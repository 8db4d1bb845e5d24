"""The exercise on a box as waves."""

import torch
from torch import Tensor

from course_lib.exercises.task import Mistake, Task
from course_lib.gligen.fourier import FREQUENCIES, fourier_features

PIXELS = 64


def normal(rng, *shape: int) -> Tensor:
    """Random numbers of this shape, float32."""
    return torch.from_numpy(rng.standard_normal(shape).astype("float32"))


def random_boxes(rng, count: int, n: int) -> Tensor:
    """[count, n, 4], x0 < x1 and y0 < y1, shares."""
    low, size = rng.uniform(0, 0.6, (count, n, 2)), rng.uniform(0.1, 0.4, (count, n, 2))
    return torch.from_numpy(torch.cat([torch.tensor(low), torch.tensor(low + size)], dim=-1).numpy().astype("float32"))


def box_inputs(rng) -> tuple[Tensor]:
    """Boxes of several pictures."""
    return (random_boxes(rng, int(rng.integers(2, 4)), int(rng.integers(5, 8))),)


def _waves(angles: Tensor) -> Tensor:
    """[B, N, 8, 4] → [B, N, 64]."""
    return torch.stack([angles.sin(), angles.cos()], dim=-2).flatten(-3)


def _frequencies() -> Tensor:
    return 100 ** (torch.arange(FREQUENCIES) / FREQUENCIES)


def fourier_of_pixels(boxes):
    return fourier_features(boxes * PIXELS)


def fourier_of_xywh(boxes):
    return fourier_features(torch.cat([boxes[..., :2], boxes[..., 2:] - boxes[..., :2]], dim=-1))


def fourier_of_turns(boxes):
    return _waves(2 * torch.pi * boxes.unsqueeze(-2) * _frequencies()[:, None])


def fourier_of_octaves(boxes):
    return _waves(boxes.unsqueeze(-2) * 2.0 ** torch.arange(FREQUENCIES)[:, None])


def fourier_by_coordinate(boxes):
    angles = boxes.unsqueeze(-1) * _frequencies()  # [B, N, 4, 8]
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-3)


def fourier_reaching_the_end(boxes):
    return _waves(boxes.unsqueeze(-2) * 100 ** torch.linspace(0, 1, FREQUENCIES)[:, None])


def fourier_by_einsum(boxes):
    angles = torch.einsum("bnc,f->bnfc", boxes, _frequencies())
    return torch.cat([angles.sin(), angles.cos()], dim=-1).reshape(*boxes.shape[:2], 64)  # [B, N, 8, 8] → [B, N, 64]


def fourier_by_loop(boxes):
    parts = []
    for k in range(FREQUENCIES):
        angle = boxes * 100 ** (k / FREQUENCIES)
        parts += [angle.sin(), angle.cos()]
    return torch.cat(parts, dim=-1)


TASKS = [
    Task(
        id="gligen.fourier_features",
        title="A box as waves",
        difficulty=2,
        importance=4,
        minutes=12,
        reference=fourier_features,
        make_inputs=box_inputs,
        mistakes=(
            Mistake(
                "pixels",
                fourier_of_pixels,
                "These are waves of *pixels*. The boxes come as shares of the side already: leave them as they are.",
            ),
            Mistake(
                "xywh",
                fourier_of_xywh,
                "You use left, top, *width, height*. GLIGEN's box is its two corners: left, top, right, bottom, as given.",
            ),
            Mistake(
                "2π",
                fourier_of_turns,
                "There is a 2π too many: GLIGEN takes `sin(f * c)` itself.",
            ),
            Mistake(
                "octaves",
                fourier_of_octaves,
                "Your frequencies double: 1, 2, 4 … (as NeRF's do). GLIGEN's are `100 ** (k / 8)`.",
            ),
            Mistake(
                "coordinate by coordinate",
                fourier_by_coordinate,
                "The right numbers in another order. *Frequency* after frequency: four sines, then four cosines, of x0, y0, x1, y1.",
            ),
            Mistake(
                "k / 7",
                fourier_reaching_the_end,
                "Your frequencies reach 100. They stop short of it: `100 ** (k / 8)` for k = 0 … 7.",
            ),
        ),
        alternatives=(fourier_by_einsum, fourier_by_loop),
        hints=(
            "Slow waves tell left from right, fast ones tell a pixel from the next. Make all products of eight frequencies and four coordinates first.",
            "$f_k = 100^{k/8}$, $k = 0 \\ldots 7$. Angles $f_k\\, c$: `[B, N, 8, 4]`. Stack sine and cosine: `[B, N, 8, 2, 4]`. Flatten the last three: `[B, N, 64]`.",
            "```python\nfrequencies = 100 ** (torch.arange(8) / 8)\nangles = boxes.unsqueeze(-2) * ...  # [B, N, 8, 4]\nreturn torch.stack([...], dim=-2).flatten(-3)\n```",
        ),
    ),
]
