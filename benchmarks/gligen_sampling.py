"""How long do four grounded pictures of 64 px take, in 20 steps with guidance: our sampler, and a plain loop of diffusers.

    python benchmarks/gligen_sampling.py [--rounds 5]

Both use the same gated UNet, captions, boxes, noise and number format, and draw the same pictures (how far they are apart is
printed). The plain loop is what a user of diffusers writes, and what its GLIGEN pipeline does inside: `DDIMScheduler`, and each
step one call of the UNet for the conditional and the unconditional half together. (The pipeline itself wants Stable Diffusion's own text
tower and autoencoder.) Weights don't matter for speed, so they are untrained here, the gates open.

The contenders take turns; figures are medians over the rounds. Progress goes to stderr, JSON to stdout.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch
from floor import middle, share
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.common.precision import bfloat16_is_faster, mixed_precision
from course_lib.figures import Figure
from course_lib.gligen.diffusion import NUM_TRAIN_TIMESTEPS
from course_lib.gligen.layouts import GroundedPhrase, grounding_inputs
from course_lib.gligen.model import Generator, add_gates, text_states
from course_lib.gligen.sampling import sample
from course_lib.gligen.train.base_generator import new_base

PICTURES, SAMPLING_STEPS, GUIDANCE_SCALE, SEED = 4, 20, 3.0, 0
CAPTIONS = ["a panda and a bus on the beach"] * PICTURES
LAYOUTS = [[GroundedPhrase("a panda", (0.1, 0.3, 0.5, 0.7)), GroundedPhrase("a bus", (0.5, 0.5, 0.9, 0.9))]] * PICTURES
BAR = 10.0  # seconds


def generator() -> Generator:
    """A gated generator at its shipped size, untrained, its gates open."""
    model = add_gates(new_base().model)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".alpha_" in name:
                parameter.fill_(0.5)
    return model


def ours(model: Generator) -> Tensor:
    """`sampling.sample`, as the lesson calls it."""
    return sample(model, CAPTIONS, LAYOUTS, seed=SEED, steps=SAMPLING_STEPS, guidance_scale=GUIDANCE_SCALE)


@torch.no_grad()
def plain(model: Generator) -> Tensor:
    """The same with diffusers' scheduler."""
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(
        NUM_TRAIN_TIMESTEPS, beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction", clip_sample=False
    )
    scheduler.set_timesteps(SAMPLING_STEPS)
    text = text_states([""] * PICTURES + CAPTIONS)
    grounding = grounding_inputs([[]] * PICTURES + LAYOUTS)
    sizes = model.config.latent_channels, model.config.sample_size, model.config.sample_size
    x = torch.randn(PICTURES, *sizes, generator=torch.Generator().manual_seed(SEED))
    for t in scheduler.timesteps:
        with mixed_precision():
            both = model.velocity(torch.cat([x, x]), t.repeat(2 * PICTURES), text, grounding).float()
        unconditional, conditional = both.chunk(2)
        x = scheduler.step(unconditional + GUIDANCE_SCALE * (conditional - unconditional), t, x).prev_sample
    return model.space.decode(x)


def measure(model: Generator, rounds: int) -> dict[str, list[float]]:
    """Let both take turns: seconds of every round."""
    contenders = {"ours": ours, "plain": plain}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in sorted(contenders, reverse=bool(number % 2)):
            start = time.perf_counter()
            contenders[name](model)
            seconds[name].append(time.perf_counter() - start)
        print(f"round {number}: { ({n: round(s[-1], 2) for n, s in seconds.items()}) }", file=sys.stderr)
    return seconds


def figures(rounds: int) -> list[Figure]:
    """All that is measured; the first figure is the one with a bar."""
    model = generator()
    gap = float((ours(model) - plain(model)).abs().max())  # also warms up
    seconds = measure(model, rounds)
    dtype = "bfloat16" if bfloat16_is_faster() else "float32"
    note = f"{dtype}, {torch.get_num_threads()} thread(s); quickest and slowest round"
    ratios = [theirs / own for own, theirs in zip(seconds["ours"], seconds["plain"], strict=True)]
    return [
        middle("gligen.seconds_4x20.ours", seconds["ours"], "s", bar=BAR, note=note),
        middle("gligen.seconds_4x20.plain", seconds["plain"], "s", note="diffusers' DDIMScheduler in a plain loop"),
        middle("bench.gligen_sampling.ratio", ratios, "times", note="the plain loop's time to ours"),
        share("gligen_sampling", lambda: ours(model), statistics.median(seconds["ours"]), mixed=True),
        Figure("gligen.samplers_apart", round(gap, 6), n=PICTURES, note="of a pixel's range, ours and plain, at most"),
    ]


def main() -> None:
    """Measure, and print a line of JSON for every figure."""
    parser = argparse.ArgumentParser(description="Four grounded pictures: our sampler beside diffusers' scheduler.")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default 5)")
    for figure in figures(parser.parse_args().rounds):
        print(figure.to_json())


if __name__ == "__main__":
    main()
