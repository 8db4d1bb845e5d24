"""The grid's runs: 3 sizes × 4 arms × 2 seeds. `python tools/small_grid.py FOLDER` makes them, a line of json each.

A seed has its own pictures, faults, batches and questions; all twelve runs of a seed share them, so that runs can be compared question by
question. `data/small_grid.jsonl` keeps the rows.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from course_lib import checkpoints
from course_lib.llava.data.pictures import PicturePool
from course_lib.llava.data.testsets import blank
from course_lib.llava.evaluate.text_prior import questions_of, targets_of
from course_lib.llava.evaluate.vqa import answers, is_correct
from course_lib.llava.model import MiniLlava
from course_lib.llava.recipes import LlavaRecipe
from course_lib.llava.train import saved
from course_lib.lm.pretrained import TUNED
from course_lib.session import REPO
from course_lib.small import quantise, train
from course_lib.small.data.sets import SetBatches, make_set
from course_lib.small.evaluate import asking
from course_lib.small.model import SHIPPED, build_model, language_model_file, load_language_model, num_parameters
from course_lib.small.recipes import ARMS, SEEDS, SHORT_RUN, SIZES

ROWS = REPO / "data" / "small_grid.jsonl"


@cache
def pool_of(seed: int, num_pictures: int) -> PicturePool:
    """The pictures of a seed, looked at once; smaller sets are the beginnings of larger ones."""
    return PicturePool.compute(saved.load("words").image_features, num_pictures, seed)


def all_runs() -> list[str]:
    """Names of all runs, "size:data:seed"; the first seed's come first."""
    return [f"{size}:{data}:{seed}" for seed in SEEDS for size in SIZES for data in ARMS]


def run(
    name: str, folder: Path, recipe: LlavaRecipe = SHORT_RUN, num_per_kind: int = asking.NUM_PER_KIND
) -> dict | None:
    """Train and measure one run: its row; None where it was stopped. Interrupted, it goes on where it was, from `folder`."""
    size, data, seed = name.split(":")
    recipe = replace(recipe, seed=int(seed))
    model = build_model(load_language_model(size))
    pool = pool_of(recipe.seed, max(arm.num_pictures for arm in ARMS.values()))
    taught = make_set(ARMS[data], pool, recipe.seed)
    batches = SetBatches.make(model.tokenizer, pool.features, taught, recipe)
    start = time.process_time()  # of a core: a busy machine costs nothing
    state_file = folder / f"{size}.{data}.{seed}.training.safetensors"
    if train.short_run(model, batches, recipe, state_file=state_file).stopped:
        return None
    minutes = (time.process_time() - start) / 60
    about = {"size": size, "data": data, "seed": recipe.seed, "steps": recipe.steps, "minutes": round(minutes, 2)}
    made_of = {
        "language_model": fingerprint(size),
        "tokens": batches.tokens_until(recipe.steps),
        "counts": taught.counts,
    }
    return about | made_of | measure(model.eval(), asking.examples(recipe.seed, num_per_kind))


def measure(model: MiniLlava, asked: asking.Asked) -> dict:
    """Everything about a trained model that figures need: answers in float32 and in int8, yes and no, time, bytes."""
    small = quantise.quantised(model)
    everything = [one for of_kind in asked.values() for one in of_kind]
    yes_no = [one for kind in asking.YES_NO for one in asked[kind]]
    blind = answers(model, blank(len(everything)), questions_of(everything))
    sure = asking.yes_probabilities(model, yes_no).tolist()
    return {
        "parameters": num_parameters(model.language_model),
        "right": to_bits(asking.right_by_kind(model, asked)),
        "right_int8": to_bits(asking.right_by_kind(small, asked)),
        "blank": to_bits({"all": is_correct(blind, targets_of(everything))})["all"],
        "yes": [[round(p, 4), one.question.answer == "yes"] for p, one in zip(sure, yes_no, strict=True)],
        "ms": round(asking.milliseconds(model, everything), 2),
        "ms_int8": round(asking.milliseconds(small, everything), 2),
        "bytes": quantise.num_bytes(model),
        "bytes_int8": quantise.num_bytes(small),
        "int8_error": round(quantise.largest_error(small), 5),
    }


def fingerprint(size: str) -> str:
    """The first 12 digits of the SHA-256 of the language model that runs of this size begin with."""
    return checkpoints.load(TUNED if size == SHIPPED else language_model_file(size))[1]["sha256"][:12]


def refuse_other_models(rows: Sequence[dict]) -> None:
    """CheckpointError, saying what to do, where rows were measured with other language models than those that are shipped."""
    shipped = {size: fingerprint(size) for size in SIZES}
    if other := {row["size"] for row in rows if row["language_model"] != shipped[row["size"]]}:
        told = f"The rows of {', '.join(sorted(other))} come from other weights than the shipped ones."
        raise checkpoints.CheckpointError(f"{told} Make {ROWS.name} anew: python tools/small_grid.py FOLDER")


def to_bits(right: dict[str, np.ndarray]) -> dict[str, str]:
    """bool [n] by kind → "0110…" by kind, for a row."""
    return {kind: "".join(str(int(one)) for one in of_kind) for kind, of_kind in right.items()}


def from_bits(bits: str) -> np.ndarray:
    """ "0110…" → bool [n]."""
    return np.array([bit == "1" for bit in bits])


def run_all(folder: Path, names: Sequence[str] = ()) -> Iterator[dict]:
    """Make the rows that `folder`/rows.jsonl does not have yet, of these runs or of all; each is written as soon as it is known."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "rows.jsonl"
    known = {name_of(row) for row in read_rows(file)} if file.exists() else set()
    for name in names or all_runs():
        if name in known:
            continue
        row = run(name, folder)
        if row is None:
            return
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        yield row


def name_of(row: dict) -> str:
    """The name of a row's run."""
    return f"{row['size']}:{row['data']}:{row['seed']}"


def read_rows(file: Path = ROWS) -> list[dict]:
    """The rows of a file. CheckpointError, saying what to do, when it is missing."""
    if not file.exists():
        raise checkpoints.CheckpointError(f"{file.name} is missing. Make it: python tools/small_grid.py FOLDER")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
