"""The ladder, in the form of LLaVA-1.5's table: each rung is the one before and one change more, at equal steps.

`python -m course_lib llava ladder --rows FILE` makes the runs: a line of FILE for each as soon as it is known, those that are there are
skipped. All begin with Lesson 06's captioner, which has never seen a question. A rung's cost is what its training took, and the tokens
that a picture takes. Scored on PocketBench, which was fixed before.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from course_lib.figures import Figure
from course_lib.llava_next import train
from course_lib.llava_next.evaluate import pocketbench
from course_lib.llava_next.model import num_tokens
from course_lib.llava_next.recipes import BAKED, NextRecipe

SEEDS, STEPS, BATCH_SIZE, NUM_PER_KIND = (0, 1, 2), 100, 8, 8
NAIVE = replace(
    BAKED,
    batch_size=BATCH_SIZE,
    forms=("whole",),
    form_weights=(1.0,),
    format_prompt=False,
    letter_frac=0.0,
    num_existence=0,
    ocr_frac=0.0,
    many_frac=0.0,
    num_scenes=400,
)


@dataclass(frozen=True)
class Rung:
    """One change of the recipe, on top of all rungs below; `form` of the pictures that it is tested on."""

    name: str
    change: dict
    form: str = "whole"


RUNGS = (
    Rung("naive_mix", {}),
    Rung("format_prompt", {"format_prompt": True}),
    Rung("academic_and_reading_data", {"letter_frac": 0.15, "num_existence": 5, "ocr_frac": 0.3, "many_frac": 0.35}),
    Rung("resolution", {"forms": ("tiles",)}, "tiles"),
    Rung("more_data", {"num_scenes": None}, "tiles"),
)


def recipe_of(number: int, steps: int, seed: int) -> NextRecipe:
    """The recipe of a rung: its own change and those of all rungs below."""
    changes = {name: value for rung in RUNGS[: number + 1] for name, value in rung.change.items()}
    return replace(NAIVE, steps=steps, seed=seed, **changes)


def climb(number: int, seed: int, steps: int) -> dict:
    """Train and score one rung with one seed → a row."""
    rung, model = RUNGS[number], train.build_model(stage="1", seed=seed)
    if rung.form == "tiles":
        train.copy_letters(model)
    start = time.perf_counter()
    train.train(model, recipe_of(number, steps, seed))
    minutes = (time.perf_counter() - start) / 60
    model.eval()
    bench = pocketbench.items(NUM_PER_KIND)
    scores = pocketbench.score(bench, pocketbench.answered(model, bench, rung.form))
    tokens = num_tokens((128, 128) if rung.form == "tiles" else (64, 64))
    return {"rung": rung.name, "seed": seed, "steps": steps, "minutes": round(minutes, 2), "tokens": tokens, **scores}


def run_all(file: Path, seeds: Sequence[int] = SEEDS, steps: int = STEPS) -> None:
    """Add a row to `file` for each run that it does not have yet, a seed after the other."""
    known = {(row["rung"], row["seed"]) for row in read_rows(file)} if file.exists() else set()
    for seed in seeds:
        for number, rung in enumerate(RUNGS):
            if (rung.name, seed) not in known:
                row = climb(number, seed, steps)
                with file.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(row) + "\n")


def read_rows(file: Path) -> list[dict]:
    """The rows of a file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def figures(rows: Sequence[dict]) -> Iterator[Figure]:
    """Rung by rung and column by column the mean over seeds, from the worst to the best; baseline: the rung below."""
    below: dict[str, float] = {}
    for rung in RUNGS:
        of_rung = [row for row in rows if row["rung"] == rung.name]
        for column in pocketbench.COLUMNS if of_rung else ():
            values = [row[column] for row in of_rung]
            mean = round(float(np.mean(values)), 4)
            minutes, tokens = np.mean([row["minutes"] for row in of_rung]), of_rung[0]["tokens"]
            note = f"{len(values)} seeds, from the worst to the best; {of_rung[0]['steps']} steps, {minutes:.1f} min, {tokens} tokens a picture"
            yield Figure(
                f"next.ladder.{rung.name}.{column}",
                mean,
                min(values),
                max(values),
                len(values),
                baseline=below.get(column),
                note=note,
            )
            below[column] = mean
