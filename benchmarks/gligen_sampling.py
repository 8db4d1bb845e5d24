"""How long do four grounded pictures of 64 px take, in 20 steps with guidance: our sampler, and a plain loop of diffusers.

    python benchmarks/gligen_sampling.py [--rounds 5]

Both use the same gated UNet, captions, boxes, noise and number format, and draw the same pictures (how far they are apart is
printed). The plain loop is what a user of diffusers writes: `DDIMScheduler`, and each step one call of the UNet for the asked
and the unasked half together. The floor is the time that the multiplications alone would take, were all of them as quick as
one product of two large matrices on this machine. Weights don't matter for speed, so they are untrained here, the gates open.

The contenders take turns; figures are medians over the rounds. Progress goes to stderr, JSON to stdout.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.figures import Figure
from course_lib.gligen import learn
from course_lib.gligen.asking import Asked, ask
from course_lib.gligen.diffusion import STEPS
from course_lib.gligen.model import Generator, add_gates, text_states
from course_lib.gligen.sampling import sample
from course_lib.precision import bfloat16_is_faster, mixed_precision

PICTURES, STEPS_OF_SAMPLING, GUIDANCE, SEED = 4, 20, 3.0, 0
CAPTIONS = ["a panda and a bus on the beach"] * PICTURES
BOXES = [[Asked("a panda", (0.1, 0.3, 0.5, 0.7)), Asked("a bus", (0.5, 0.5, 0.9, 0.9))]] * PICTURES
BAR = 10.0  # seconds
MATRIX = 1024


def generator() -> Generator:
    """A gated generator at its shipped size, untrained, its gates open."""
    model = add_gates(learn.new_base().model)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".alpha_" in name:
                parameter.fill_(0.5)
    return model


def ours(model: Generator) -> Tensor:
    """`sampling.sample`, as the lesson calls it."""
    return sample(model, CAPTIONS, BOXES, seed=SEED, steps=STEPS_OF_SAMPLING, guidance=GUIDANCE)


@torch.no_grad()
def plain(model: Generator) -> Tensor:
    """The same with diffusers' scheduler."""
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(
        STEPS, beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction", clip_sample=False
    )
    scheduler.set_timesteps(STEPS_OF_SAMPLING)
    states = text_states([""] * PICTURES + CAPTIONS)
    grounding = ask([[]] * PICTURES + BOXES)
    sizes = model.config.latent_channels, model.config.latent_size, model.config.latent_size
    x = torch.randn(PICTURES, *sizes, generator=torch.Generator().manual_seed(SEED))
    for t in scheduler.timesteps:
        with mixed_precision():
            both = model.velocity(torch.cat([x, x]), t.repeat(2 * PICTURES), states, grounding).float()
        unasked, asked = both.chunk(2)
        x = scheduler.step(unasked + GUIDANCE * (asked - unasked), t, x).prev_sample
    return model.space.decode(x)


def multiplications(model: Generator) -> float:
    """Floating-point operations of our sampler's matrix products, convolutions and attention."""
    with FlopCounterMode(display=False) as counter:
        ours(model)
    return counter.get_total_flops()


def matmul_rate() -> float:
    """Operations a second of one large product in our number format: the best of ten."""
    a = torch.randn(MATRIX, MATRIX)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        with mixed_precision():
            a @ a
        times.append(time.perf_counter() - start)
    return 2 * MATRIX**3 / min(times)


def measure(rounds: int) -> dict[str, list[float]]:
    """Let both take turns: seconds of every round."""
    model, contenders = generator(), {"ours": ours, "plain": plain}
    gap = (ours(model) - plain(model)).abs().max()  # also warms up
    seconds = {name: [] for name in contenders} | {"floor": []}
    for number in range(rounds):
        for name in sorted(contenders, reverse=bool(number % 2)):
            start = time.perf_counter()
            contenders[name](model)
            seconds[name].append(time.perf_counter() - start)
        seconds["floor"].append(multiplications(model) / matmul_rate())
        print(f"round {number}: { ({n: round(s[-1], 2) for n, s in seconds.items()}) }", file=sys.stderr)
    return seconds | {"gap": [float(gap)]}


def figures(rounds: int) -> list[Figure]:
    """All that is measured; the first figure is the one with a bar."""
    seconds = measure(rounds)
    form = "bfloat16" if bfloat16_is_faster() else "float32"
    how = f"{form}, {torch.get_num_threads()} thread(s); quickest and slowest round"
    notes = {
        "ours": how,
        "plain": "diffusers' DDIMScheduler in a plain loop",
        "floor": "multiplications at matmul speed",
    }
    found = []
    for name, note in notes.items():
        middle, low, high = (round(of(seconds[name]), 2) for of in (statistics.median, min, max))
        company = {"bar": BAR} if name == "ours" else {}
        found.append(Figure(f"gligen.seconds_4x20.{name}", middle, low, high, rounds, unit="s", note=note, **company))
    gap = round(seconds["gap"][0], 6)
    return [
        *found,
        Figure("gligen.samplers_apart", gap, n=PICTURES, note="of the range of a pixel, ours and plain, at most"),
    ]


def main() -> None:
    """Measure, and print a line of JSON for every figure."""
    parser = argparse.ArgumentParser(description="Four grounded pictures: our sampler beside diffusers' scheduler.")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default 5)")
    for figure in figures(parser.parse_args().rounds):
        print(figure.to_json())


if __name__ == "__main__":
    main()
