"""How many conversations a second does stage 2 take in: our loop, and transformers' Llava in transformers' Trainer.

    python benchmarks/llava_training.py [--rounds 5]

Both begin with the same weights (vision tower, connector, language model, and the same LoRA by peft), and see the same
conversations in the same order, as many a step, with the same optimiser, schedule, clipping and number format. The plain way
is what a competent user of the stock tools writes: a row is a picture with one conversation, a collator pads, the vision tower runs
in every forward. Rows of like length may be put together, which saves padding but changes the order: here they are sorted, the
best that could be done. The ratio is taken to the quicker of the two. Data are rendered and tokenised before the clock starts, for all alike.

Ours puts the conversations about one picture into one row (`data.batches.collate`). What else could be saved is measured as well:
ours with one conversation a row, and ours with the features of the frozen vision tower computed beforehand, which is of use
where pictures come again (the shipped recipe draws new scenes for ever).

The contenders take turns; figures are medians over the rounds. The losses of the steps are compared, too: at the same data
both must learn the same. Peak memory is that of a process of its own. Progress goes to stderr, JSON to stdout.
"""

import argparse
import multiprocessing
import resource
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from floor import share

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llava_contenders import A_PICTURE, CONTENDERS, PICTURES, STEPS

from course_lib.common.precision import bfloat16_is_faster
from course_lib.figures import Figure


def turn(name: str) -> tuple[float, list[float]]:
    """Train from the beginning → conversations a second, losses. Making model and data is not timed."""
    contender = CONTENDERS[name][1]()
    begun = time.perf_counter()
    losses = contender.train()
    return STEPS * PICTURES * A_PICTURE / (time.perf_counter() - begun), losses


def memory(name: str) -> float:
    """By how many MiB a turn of training raises the peak memory of this process."""
    contender = CONTENDERS[name][1]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    contender.train()
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def memories() -> dict[str, float]:
    """`memory` of each in a process of its own. Comes first: a process inherits the peak of the one that starts it."""
    found = {}
    for name in CONTENDERS:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            found[name] = pool.submit(memory, name).result()
        print(f"{name}: {found[name]:.0f} MiB", file=sys.stderr)
    return found


def measure(rounds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Let the contenders take turns: conversations a second of every round, and the losses of the last."""
    names, rates, losses = list(CONTENDERS), {name: [] for name in CONTENDERS}, {}
    for number in range(rounds + 1):
        for name in names[number % len(names) :] + names[: number % len(names)]:  # another one begins each time
            rate, losses[name] = turn(name)
            if number:  # the first round warms up
                rates[name].append(rate)
        print(f"round {number}: { ({n: round(r[-1], 1) for n, r in rates.items() if r}) }", file=sys.stderr)
    return rates, losses


def figures(rounds: int) -> list[Figure]:
    """All that is measured; the first figure is the one with a bar."""
    peaks = memories()
    rates, losses = measure(rounds)
    middle = {name: statistics.median(found) for name, found in rates.items()}
    best = max(("trainer", "trainer_by_length"), key=middle.get)
    ratios = [ours / theirs for ours, theirs in zip(rates["ours"], rates[best], strict=True)]
    apart = max(abs(a - b) for a, b in zip(losses["ours"], losses["trainer"], strict=True))
    form = "bfloat16" if bfloat16_is_faster() else "float32"
    how = f"{form}, {torch.get_num_threads()} thread(s), {PICTURES} pictures × {A_PICTURE} conversations a step"
    found = [
        Figure(
            "llava.speedup_vs_trainer",
            round(statistics.median(ratios), 2),
            round(min(ratios), 2),
            round(max(ratios), 2),
            rounds,
            bar=2,
            unit="times",
            note=f"to {CONTENDERS[best][0]}; lowest and highest round; {how}",
        ),
        share(
            "llava_training", CONTENDERS["ours"][1]().train, STEPS * PICTURES * A_PICTURE / middle["ours"], mixed=True
        ),
        Figure("llava.training_loss_apart", round(apart, 4), n=STEPS, unit="nats", note="ours and trainer, at most"),
    ]
    for name, (words, _) in CONTENDERS.items():
        speed = (round(of(rates[name]), 1) for of in (statistics.median, min, max))
        note = f"{words}; loss {losses[name][0]:.3f} → {losses[name][-1]:.3f}"
        found.append(Figure(f"llava.training_speed.{name}", *speed, rounds, unit="conversations/s", note=note))
        note = f"{words}; peak above what model and data take"
        found.append(Figure(f"llava.training_memory.{name}", round(peaks[name]), n=1, unit="MiB", note=note))
    return found


def main() -> None:
    """Measure, and print a line of JSON for every figure."""
    parser = argparse.ArgumentParser(description="Stage 2 of our MiniLlava beside transformers' Llava in its Trainer.")
    parser.add_argument("--rounds", type=int, default=5, help="turns of every contender (default 5)")
    for figure in figures(parser.parse_args().rounds):
        print(figure.to_json())


if __name__ == "__main__":
    main()
