"""The exercise on a box as waves: Fourier features."""

import math

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.gligen.grounding import NUM_FREQUENCIES, fourier_features

PIXELS = 64


def normal(rng, *shape: int) -> Tensor:
    """Random numbers of this shape, float32."""
    return torch.from_numpy(rng.standard_normal(shape).astype("float32"))


def random_boxes(rng, batch: int, num_boxes: int) -> Tensor:
    """[count, n, 4], x0 < x1 and y0 < y1, shares."""
    low, size = rng.uniform(0, 0.6, (batch, num_boxes, 2)), rng.uniform(0.1, 0.4, (batch, num_boxes, 2))
    return torch.from_numpy(torch.cat([torch.tensor(low), torch.tensor(low + size)], dim=-1).numpy().astype("float32"))


def box_inputs(rng) -> tuple[Tensor]:
    """Boxes of several pictures or of one, with the whole picture first, and zeros (padding) last."""
    many = int(rng.integers(2, 4)), int(rng.integers(5, 8))
    boxes = random_boxes(rng, *rng.in_turn((many, (1, 3), (4, 4), (2, 8), (8, 2))))
    boxes[:, 0], boxes[-1, -1] = torch.tensor([0.0, 0, 1, 1]), 0.0
    return (boxes,)


def _waves(angles: Tensor) -> Tensor:
    """[B, N, 8, 4] → [B, N, 64]."""
    return torch.stack([angles.sin(), angles.cos()], dim=-2).flatten(-3)


def _frequencies() -> Tensor:
    return 100 ** (torch.arange(NUM_FREQUENCIES) / NUM_FREQUENCIES)


def fourier_of_pixels(boxes):
    return fourier_features(boxes * PIXELS)


def fourier_of_xywh(boxes):
    return fourier_features(torch.cat([boxes[..., :2], boxes[..., 2:] - boxes[..., :2]], dim=-1))


def fourier_of_turns(boxes):
    return _waves(2 * torch.pi * boxes.unsqueeze(-2) * _frequencies()[:, None])


def fourier_of_half_turns(boxes):
    return fourier_features(torch.pi * boxes)


def fourier_of_centres(boxes):
    low, high = boxes[..., :2], boxes[..., 2:]
    return fourier_features(torch.cat([(low + high) / 2, high - low], dim=-1))


def fourier_as_transformer(boxes):
    return _waves(boxes.unsqueeze(-2) * 10000 ** -(torch.arange(NUM_FREQUENCIES) / NUM_FREQUENCIES)[:, None])


def fourier_divided(boxes):
    return _waves(boxes.unsqueeze(-2) / _frequencies()[:, None])


def fourier_counted_from_one(boxes):
    return _waves(boxes.unsqueeze(-2) * 100 ** ((torch.arange(NUM_FREQUENCIES) + 1) / NUM_FREQUENCIES)[:, None])


def fourier_cosines_first(boxes):
    sines_first = fourier_features(boxes).unflatten(-1, (NUM_FREQUENCIES, 2, 4))
    return sines_first.flip(-2).flatten(-3)


def fourier_all_sines_first(boxes):
    angles = (boxes.unsqueeze(-2) * _frequencies()[:, None]).flatten(-2)  # [B, N, 32]
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def fourier_by_pairs(boxes):
    angles = boxes.unsqueeze(-2) * _frequencies()[:, None]  # [B, N, 8, 4]
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-3)


def fourier_of_octaves(boxes):
    return _waves(boxes.unsqueeze(-2) * 2.0 ** torch.arange(NUM_FREQUENCIES)[:, None])


def fourier_by_coordinate(boxes):
    angles = boxes.unsqueeze(-1) * _frequencies()  # [B, N, 4, 8]
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-3)


def fourier_of_each_coordinate(boxes):
    angles = boxes.unsqueeze(-1) * _frequencies()  # [B, N, 4, 8]
    return torch.cat([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def fourier_coordinates_then_cosines(boxes):
    angles = (boxes.unsqueeze(-1) * _frequencies()).flatten(-2)  # [B, N, 32]
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def fourier_of_each_coordinate_cosines_first(boxes):
    angles = boxes.unsqueeze(-1) * _frequencies()  # [B, N, 4, 8]
    return torch.cat([angles.cos(), angles.sin()], dim=-1).flatten(-2)


def fourier_by_coordinate_cosine_first(boxes):
    angles = boxes.unsqueeze(-1) * _frequencies()  # [B, N, 4, 8]
    return torch.stack([angles.cos(), angles.sin()], dim=-1).flatten(-3)


def fourier_all_cosines_first(boxes):
    angles = (boxes.unsqueeze(-2) * _frequencies()[:, None]).flatten(-2)  # [B, N, 32]
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def fourier_reaching_the_end(boxes):
    return _waves(boxes.unsqueeze(-2) * 100 ** torch.linspace(0, 1, NUM_FREQUENCIES)[:, None])


def fourier_by_einsum(boxes):
    angles = torch.einsum("bnc,f->bnfc", boxes, _frequencies())
    return torch.cat([angles.sin(), angles.cos()], dim=-1).reshape(*boxes.shape[:2], 64)  # [B, N, 8, 8] → [B, N, 64]


def fourier_by_exp(boxes):
    frequencies = torch.exp(math.log(100) * torch.arange(NUM_FREQUENCIES) / NUM_FREQUENCIES)
    angles = boxes[..., None, None, :] * frequencies.view(-1, 1, 1)  # [B, N, 8, 1, 4]
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=-2).reshape(*boxes.shape[:-1], -1)


def fourier_by_loop(boxes):
    parts = []
    for k in range(NUM_FREQUENCIES):
        angle = boxes * 100 ** (k / NUM_FREQUENCIES)
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
        used_at=("gligen.grounding:fourier_features",),
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
                "π",
                fourier_of_half_turns,
                "There is a factor of π too many: GLIGEN takes `sin(f * c)`, with f = 1 for the slowest wave.",
            ),
            Mistake(
                "centre and size",
                fourier_of_centres,
                "You use the centre, width and height. GLIGEN's box is its two corners: left, top, right, bottom, as given.",
            ),
            Mistake(
                "a transformer's frequencies",
                fourier_as_transformer,
                "These are a transformer's frequencies, falling from 1 with 10,000. GLIGEN's rise: `100 ** (k / 8)`.",
            ),
            Mistake(
                "divided",
                fourier_divided,
                "The coordinates are divided by the frequencies, so that all waves are slow. Multiply: `sin(f * c)`.",
            ),
            Mistake(
                "from k = 1",
                fourier_counted_from_one,
                "Your k runs from 1 to 8. It runs from 0 to 7, so that the slowest frequency is 1: `torch.arange(8)`.",
            ),
            Mistake(
                "cosines first",
                fourier_cosines_first,
                "The right numbers in another order: of each frequency first the four *sines*, then the four cosines.",
            ),
            Mistake(
                "all sines first",
                fourier_all_sines_first,
                "The right numbers in another order: all 32 sines, then all cosines. Each *frequency* has its four sines and four cosines together.",
            ),
            Mistake(
                "sine beside cosine",
                fourier_by_pairs,
                "The right numbers in another order: each sine is followed by its cosine. Of each frequency first four sines, then four cosines: stack along `dim=-2`.",
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
                "each coordinate's waves together",
                fourier_of_each_coordinate,
                "The right numbers in another order: eight sines and eight cosines of x0, then those of y0 … The *frequency* is the outer loop: `boxes.unsqueeze(-2)`.",
            ),
            Mistake(
                "coordinate by coordinate, sines apart",
                fourier_coordinates_then_cosines,
                "The right numbers in another order: the eight sines of x0, of y0 …, then all cosines. The *frequency* is the outer loop, and each has its four sines and four cosines together.",
            ),
            Mistake(
                "each coordinate's waves, cosines first",
                fourier_of_each_coordinate_cosines_first,
                "The right numbers in another order: eight cosines and eight sines of x0, then those of y0 … Make the *frequency* the outer loop, and let sines come first.",
            ),
            Mistake(
                "coordinate by coordinate, cosine first",
                fourier_by_coordinate_cosine_first,
                "The right numbers in another order: cosine, sine, cosine, sine of x0, then of y0 … Frequency after frequency: four sines, then four cosines.",
            ),
            Mistake(
                "all cosines first",
                fourier_all_cosines_first,
                "The right numbers in another order: all 32 cosines, then all sines. Each frequency has its four sines, then its four cosines.",
            ),
            Mistake(
                "k / 7",
                fourier_reaching_the_end,
                "Your frequencies reach 100. They stop short of it: `100 ** (k / 8)` for k = 0 … 7.",
            ),
        ),
        alternatives=(fourier_by_einsum, fourier_by_loop, fourier_by_exp),
        tolerance=5e-5,  # the fastest angle is 75: float32 knows it to about 1e-5
        hints=(
            "Slow waves tell left from right, fast ones tell a pixel from the next. Make all products of eight frequencies and four coordinates first.",
            "$f_k = 100^{k/8}$, $k = 0 \\ldots 7$. Angles $f_k\\, c$: `[B, N, 8, 4]`. Stack sine and cosine: `[B, N, 8, 2, 4]`. Flatten the last three: `[B, N, 64]`.",
            "```python\nfrequencies = 100 ** (torch.arange(8) / 8)\nangles = boxes.unsqueeze(-2) * ...  # [B, N, 8, 4]\nreturn torch.stack([...], dim=-2).flatten(-3)\n```",
        ),
    ),
]
