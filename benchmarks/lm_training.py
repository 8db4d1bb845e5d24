"""How much of what this machine can multiply does training the language model use?

    python benchmarks/lm_training.py [--rounds 9]

Steps of pretraining as `lm.learn.pretrain` takes them: the shipped model and batch, forward, loss, backward, clipping, optimiser.
The texts are made before the clock starts, and once more as they come, on the way.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from floor import share

from course_lib.figures import Figure
from course_lib.lm import learn
from course_lib.lm.batches import TextBatch, plain_batch

STEPS = 4  # a turn
RECIPE = replace(learn.BAKED_PLAIN, steps=STEPS)


def steps(batch: Callable[[int], TextBatch]) -> Callable[[], object]:
    """A function that trains STEPS steps, on from where the last call left the model."""
    model = learn.born()
    return lambda: learn.train(model, batch, RECIPE)


def contenders() -> dict[str, Callable[[], object]]:
    """Name → a turn."""
    ready = [plain_batch(step, RECIPE.batch_size) for step in range(STEPS)]
    return {
        "step_alone": steps(ready.__getitem__),
        "training": steps(lambda step: plain_batch(step, RECIPE.batch_size)),
    }


def figures(rounds: int = 9) -> list[Figure]:
    """Tokens a second, and shares of the floor; the bar is for the step alone, which is what multiplies."""
    runs, found = contenders(), []
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, turn in runs.items():
            begun = time.perf_counter()
            turn()
            if number:  # the first round warms up
                times[name].append(time.perf_counter() - begun)
    tokens = STEPS * plain_batch(0, RECIPE.batch_size).ids.numel()
    for name, took in times.items():
        speed = (round(tokens / of(took)) for of in (statistics.median, max, min))
        found.append(Figure(f"bench.lm_training.{name}", *speed, rounds, unit="tokens/s"))
        floor = share(f"lm_training.{name}", runs[name], statistics.median(took), mixed=True)
        found.append(replace(floor, bar=0.5) if name == "step_alone" else floor)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Training of the language model as a share of the machine's floor.")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each (default 9)")
    for figure in figures(parser.parse_args().rounds):
        print(figure.to_json())
