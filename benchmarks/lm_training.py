"""How near does training the pocket language model come to what this machine can multiply?

python benchmarks/lm_training.py [--rounds 5]

The recipe of the shipped model, both halves of it: plain documents, then conversations. Measured are the step alone, on
batches that were made before, and training as it is, where every batch is written and tokenised on the way.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from floor import middle, share

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.figures import Figure
from course_lib.lm import train as lm_train
from course_lib.lm.data.batches import TextBatch, chat_batch, plain_batch
from course_lib.lm.pretrained import build_lm

STEPS = 3  # a turn
WAYS = {"plain": (plain_batch, lm_train.BAKED_PLAIN), "chat": (chat_batch, lm_train.BAKED_CHAT)}


def contenders() -> dict[str, tuple[Callable[[], object], int]]:
    """Name → a function that trains STEPS steps, and how many tokens it reads."""
    model, found = build_lm(), {}
    for name, (make, recipe) in WAYS.items():
        ready = [make(step, recipe.batch_size) for step in range(STEPS)]
        tokens = sum(batch.input_ids.numel() for batch in ready)
        short = replace(recipe, steps=STEPS)
        made: Callable[[int], TextBatch] = partial(make, batch_size=recipe.batch_size)
        found[f"{name}.step_alone"] = partial(lm_train.train, model, ready.__getitem__, short), tokens
        found[f"{name}.training"] = partial(lm_train.train, model, made, short), tokens
    return found


def figures(rounds: int = 5) -> list[Figure]:
    """Tokens a second, and the share of the floor. The bar is for training as it is."""
    runs = contenders()
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, (train, tokens) in runs.items():
            begun = time.perf_counter()
            train()
            if number:  # the first round warms up
                rates[name].append(tokens / (time.perf_counter() - begun))
    found = []
    for name, (train, tokens) in runs.items():
        found.append(middle(f"bench.lm_training.{name}", rates[name], "tokens/s", 0))
        bar = 0.5 if name.endswith("training") else None
        took = tokens / statistics.median(rates[name])
        found.append(share(f"lm_training.{name}", train, took, mixed=True, bar=bar))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Training of the language model as a share of the machine's floor.")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default 5)")
    for figure in figures(parser.parse_args().rounds):
        print(figure.to_json())
