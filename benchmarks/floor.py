"""What this machine can do at best, measured: multiply matrices, and copy memory. Everything else is a share of it.

python benchmarks/floor.py
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.common.precision import bfloat16_is_faster
from course_lib.figures import Figure

SIDE, COPIED, TURNS = 1024, 64_000_000, 9  # of the matrices; bytes; repetitions


def seconds(work: Callable[[], object], turns: int = TURNS) -> list[float]:
    """How long each of some turns takes, after one that warms up."""
    work()
    found = []
    for _ in range(turns):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return found


@cache
def multiplied(dtype: torch.dtype = torch.float32) -> tuple[float, float, float]:
    """Floating-point operations a second in a product of two large matrices: median, lowest, highest."""
    a, b = (torch.randn(SIDE, SIDE).to(dtype) for _ in range(2))
    rates = [2 * SIDE**3 / took for took in seconds(lambda: a @ b)]
    return statistics.median(rates), min(rates), max(rates)


@cache
def copied() -> tuple[float, float, float]:
    """Bytes a second in copying a tensor far larger than the caches: median, lowest, highest."""
    source = torch.ones(COPIED // 4)
    target = torch.empty_like(source)
    rates = [COPIED / took for took in seconds(lambda: target.copy_(source))]
    return statistics.median(rates), min(rates), max(rates)


def operations(work: Callable[[], object]) -> int:
    """The floating-point operations of matrix products and convolutions in `work`, as torch counts them.

    Of the CPU's fused attention torch knows no count, so here attention runs as plain products.
    """
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def share(name: str, work: Callable[[], object], took: float, mixed: bool = False, **company) -> Figure:
    """How much of the measured rate of multiplying `work` reaches, if it takes so many seconds.

    `mixed`: it multiplies in `mixed_precision`. `company` is the figure's other fields.
    """
    count, rate = operations(work), multiplied(torch.bfloat16 if mixed and bfloat16_is_faster() else torch.float32)[0]
    note = f"{count / 1e6:,.1f} million operations in {1000 * took:,.1f} ms, of {rate / 1e9:.1f} GFLOP/s"
    return Figure(f"bench.{name}.share_of_floor", round(count / took / rate, 3), note=note, **company)


def share_of_copying(name: str, moved: int, took: float) -> Figure:
    """How much of the measured rate of copying is reached by what moves so many bytes in so many seconds."""
    note = f"{moved / 1e6:,.3g} MB in {1000 * took:,.3g} ms, of {copied()[0] / 1e9:.2f} GB/s"
    return Figure(f"bench.{name}.share_of_copying", round(moved / took / copied()[0], 3), note=note)


def middle(name: str, values: list[float], unit: str, digits: int = 2, **company) -> Figure:
    """The median of some turns as a figure, with the lowest and highest as its interval."""
    found = (round(of(values), digits) for of in (statistics.median, min, max))
    return Figure(name, *found, len(values), unit=unit, **company)


def figures() -> list[Figure]:
    """The floor, in float32, and in bfloat16 where that is quicker."""
    found = []
    for dtype in (torch.float32, torch.bfloat16) if bfloat16_is_faster() else (torch.float32,):
        rates = (round(rate / 1e9, 1) for rate in multiplied(dtype))
        name = f"bench.floor.matmul_{str(dtype).removeprefix('torch.')}"
        found.append(
            Figure(name, *rates, TURNS, unit="GFLOP/s", note=f"{SIDE} × {SIDE}, {torch.get_num_threads()} thread(s)")
        )
    rates = (round(rate / 1e9, 2) for rate in copied())
    return [*found, Figure("bench.floor.copy", *rates, TURNS, unit="GB/s", note=f"{COPIED / 1e6:.0f} MB")]


if __name__ == "__main__":
    for figure in figures():
        print(figure.to_json())
