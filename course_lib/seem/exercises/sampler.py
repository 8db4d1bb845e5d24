"""The exercise on the visual sampler: features read at points, each with its sign."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.seem.exercises.attention import normal
from course_lib.seem.prompts import visual_sampler

SIZES = (  # B, D, N, H, W: wide and tall pictures, one point, one picture, one channel, as many points as channels
    *((2, 6, 4, 5, 9), (3, 5, 3, 8, 4), (1, 7, 1, 4, 10), (1, 1, 5, 6, 9), (2, 5, 5, 9, 5), (3, 6, 1, 4, 8), (4, 4, 4, 4, 7)),
)  # fmt: skip


def sampler_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features that are not square, and points of both signs, or of one alone; some on the picture's very edge."""
    batch, width, count, height, across = rng.in_turn(SIZES)
    points = torch.from_numpy(rng.uniform(0, 1, (batch, count, 2)).astype("float32"))
    points[:, -1] = torch.tensor([[0.0, 0.97], [1.0, 0.02], [1.0, 1.0], [0.02, 0.0]])[:batch]
    positive = torch.from_numpy(rng.random((batch, count)) < (0.5, 0.5, 0.0, 0.5, 1.0)[rng.draw % 5])
    return normal(rng, batch, width, height, across), points, positive, normal(rng, 2, width)


def _sample(features, grid, **options) -> Tensor:
    options = {"padding_mode": "border", "align_corners": False} | options
    return F.grid_sample(features, grid.unsqueeze(1), **options)[:, :, 0].transpose(1, 2)


def sampler_y_first(features, points, positive, indicators):
    return _sample(features, 2 * points.flip(-1) - 1) + indicators[positive.long()]


def sampler_swapped(features, points, positive, indicators):
    return _sample(features, 2 * points - 1) + indicators[(~positive).long()]


def sampler_0_to_1(features, points, positive, indicators):
    return _sample(features, points) + indicators[positive.long()]


def sampler_no_indicator(features, points, positive, indicators):
    return _sample(features, 2 * points - 1)


def sampler_corners(features, points, positive, indicators):
    return _sample(features, 2 * points - 1, align_corners=True) + indicators[positive.long()]


def sampler_zeros_outside(features, points, positive, indicators):
    return _sample(features, 2 * points - 1, padding_mode="zeros") + indicators[positive.long()]


def sampler_nearest(features, points, positive, indicators):
    return _sample(features, 2 * points - 1, mode="nearest") + indicators[positive.long()]


def sampler_from_half(features, points, positive, indicators):
    return _sample(features, points - 0.5) + indicators[positive.long()]


def sampler_in_cells(features, points, positive, indicators):
    return _sample(features, points * torch.tensor(features.shape[:1:-1])) + indicators[positive.long()]


def sampler_always_include(features, points, positive, indicators):
    return _sample(features, 2 * points - 1) + indicators[1]


def sampler_include_only(features, points, positive, indicators):
    return _sample(features, 2 * points - 1) + indicators[1] * positive.unsqueeze(-1)


def sampler_reshaped(features, points, positive, indicators):
    sampled = _sample(features, 2 * points - 1).mT  # [B, D, N]
    return sampled.reshape(len(points), points.shape[1], -1) + indicators[positive.long()]


def sampler_no_transpose(features, points, positive, indicators):
    return visual_sampler(features, points, positive, indicators).transpose(1, 2)


def sampler_first_picture(features, points, positive, indicators):
    return visual_sampler(features[:1].expand_as(features), points, positive, indicators)


def sampler_by_where(features, points, positive, indicators):
    sign = torch.where(positive.unsqueeze(-1), indicators[1], indicators[0])
    return sign + _sample(features, points * 2 - 1)


def sampler_by_hand(features, points, positive, indicators):
    """Bilinear interpolation written out."""
    size = torch.tensor(features.shape[:1:-1])  # (W, H)
    at = points * size - 0.5
    low = at.floor()
    total = 0
    for dx in (0, 1):
        for dy in (0, 1):
            corner = low + torch.tensor([dx, dy])
            weight = (1 - (at - corner).abs()).prod(dim=-1)
            x, y = corner.long().clamp(min=0).minimum(size - 1).unbind(-1)
            rows = torch.arange(len(features)).unsqueeze(1)
            total = total + weight.unsqueeze(-1) * features[rows, :, y, x]
    return total + indicators[positive.long()]


TASKS = [
    Task(
        id="seem.visual_sampler",
        title="The visual sampler",
        difficulty=3,
        importance=5,
        minutes=15,
        reference=visual_sampler,
        used_at=("seem.model:visual_sampler",),
        make_inputs=sampler_inputs,
        draws=len(SIZES),
        check_gradient=True,
        mistakes=(
            Mistake(
                "y before x",
                sampler_y_first,
                "The points are read as (y, x). They are (x, y), and `F.grid_sample` wants (x, y) too: don't flip them.",
            ),
            Mistake(
                "signs swapped",
                sampler_swapped,
                "Include and exclude are swapped: row 1 of `indicators` says *include*, so index with `positive.long()`.",
            ),
            Mistake(
                "coordinates 0 to 1",
                sampler_0_to_1,
                "`F.grid_sample` counts from -1 (left, top) to 1: with coordinates of 0 to 1 every point lands in the right lower quarter. Pass `2 * points - 1`.",
            ),
            Mistake(
                "no indicator",
                sampler_no_indicator,
                "The tokens don't say whether they mean *this* or *not this*. Add `indicators[positive.long()]`.",
            ),
            Mistake(
                "corners aligned",
                sampler_corners,
                "`align_corners=True` puts 0 and 1 at the centres of the outermost cells; ours are the picture's edges: `align_corners=False`.",
            ),
            Mistake(
                "zeros outside",
                sampler_zeros_outside,
                'Near the rim the features fade to zero, which `F.grid_sample` assumes outside. Repeat the last cell: `padding_mode="border"`.',
            ),
            Mistake(
                "the nearest cell",
                sampler_nearest,
                'The features are those of the nearest cell: a click that moves by a hair jumps. Read between the cells: `mode="bilinear"`, as `F.grid_sample` does unless told otherwise.',
            ),
            Mistake(
                "minus a half",
                sampler_from_half,
                "`points - 0.5` runs from -0.5 to 0.5, so only the picture's middle is read. `F.grid_sample` counts from -1 to 1: `2 * points - 1`.",
            ),
            Mistake(
                "points in cells",
                sampler_in_cells,
                "The points were turned into cells. `F.grid_sample` counts from -1 to 1, whatever the picture's size: `2 * points - 1`.",
            ),
            Mistake(
                "always include",
                sampler_always_include,
                "Every point gets the vector for *include*. Those with `positive` False get row 0: `indicators[positive.long()]`.",
            ),
            Mistake(
                "nothing for exclude",
                sampler_include_only,
                "Points to exclude get no vector at all. Row 0 of `indicators` is theirs: `indicators[positive.long()]`.",
            ),
            Mistake(
                "channels before points",
                sampler_no_transpose,
                "This is [B, D, N]: `F.grid_sample` puts the channels first. Tokens are [B, N, D]: `.transpose(1, 2)`.",
            ),
            Mistake(
                "the first picture for all",
                sampler_first_picture,
                "All points are read in the first picture of the batch. Row b of `points` belongs to picture b.",
            ),
            Mistake(
                "reshaped",
                sampler_reshaped,
                "`F.grid_sample` gives [B, D, 1, N], and to `reshape` that to [B, N, D] mixes channels and points. Exchange the two dimensions: `.transpose(1, 2)`.",
            ),
        ),
        alternatives=(sampler_by_where, sampler_by_hand),
        hints=(
            "`torch.nn.functional.grid_sample` reads features at points. It wants a grid [B, h, w, 2]: take h = 1.",
            'Points in 0–1 become $2p - 1$. `grid_sample` gives $[B, D, 1, N]$; you want $[B, N, D]$, plus `indicators` row 0 or 1 for each point. Use `padding_mode="border"`.',
            '```python\ngrid = ...  # [B, 1, N, 2]\nread = F.grid_sample(features, grid, padding_mode="border", align_corners=False)  # [B, D, 1, N]\nreturn ... + indicators[...]\n```',
        ),
    ),
]
