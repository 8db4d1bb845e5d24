"""The ladder, in the form of LLaVA-1.5's table: each rung is the one before and one change more, at equal steps.

`python -m course_lib llava ladder --rows FILE` makes the runs: a line of FILE for each as soon as it is known, those that are there are
skipped. All begin with Lesson 06's captioner, which has never seen a question. A rung's cost is what its training took, and the tokens
that a picture takes. Scored on PocketBench, which was fixed before. The rung "MLP" of the paper stands aside: its captioner needs 3,000 steps of
captions first (`tools/compare_connectors.py`, which saves its connector), and the rungs above go on without it.
"""

import copy
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.torch import load_file
from torch import Tensor, nn

from course_lib.figures import Figure, share
from course_lib.llava.connector import make_connector
from course_lib.llava_next import train
from course_lib.llava_next.evaluate import pocketbench
from course_lib.llava_next.model import Views, num_tokens
from course_lib.llava_next.recipes import BAKED, NextRecipe
from course_lib.session import REPO

ROWS, CONNECTORS = REPO / "data" / "next_ladder.jsonl", REPO / "data" / "next_connectors.jsonl"
SEEDS, STEPS, BATCH_SIZE, NUM_PER_KIND = (0, 1, 2), 80, 8, 8
NAIVE = replace(
    BAKED,
    batch_size=BATCH_SIZE,
    forms=("whole",),
    form_weights=(1.0,),
    format_prompt=False,
    letter_frac=0.0,
    num_existence=0,
    num_existence_many=0,
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
    deeper: bool = False  # the language model has twice as many layers
    aside: bool = False  # its captioner has LLaVA-1.5's MLP for a connector; the rungs above have not
    seeds: tuple[int, ...] = SEEDS


DATA = {"letter_frac": 0.15, "num_existence": 5, "num_existence_many": 9, "ocr_frac": 0.25, "many_frac": 0.35}
RUNGS = (
    Rung("naive_mix", {}),
    Rung("format_prompt", {"format_prompt": True}),
    Rung("mlp", {}, aside=True),
    Rung("academic_and_reading_data", DATA),
    Rung("resolution", {"forms": ("tiles",)}, "tiles"),
    Rung("more_data", {"num_scenes": None}, "tiles"),
    Rung("larger_language_model", {}, "tiles", deeper=True, seeds=SEEDS[:1]),
)


def recipe_of(number: int, steps: int, seed: int) -> NextRecipe:
    """The recipe of a rung: its own change and those of all rungs below."""
    changes = {name: value for rung in RUNGS[: number + 1] for name, value in rung.change.items()}
    return replace(NAIVE, steps=steps, seed=seed, **changes)


def double_layers(language_model: nn.Module) -> None:
    """A copy behind each layer of a Llama, in place, that adds nothing at first: it says exactly what it said before.

    Block expansion (Wu et al., 2024, "LLaMA Pro", arXiv 2401.02415): of a copy, both matrices that write into the residual are 0.
    """
    layers = nn.ModuleList()
    for layer in language_model.model.layers:
        added = copy.deepcopy(layer)
        nn.init.zeros_(added.self_attn.o_proj.weight)
        nn.init.zeros_(added.mlp.down_proj.weight)
        layers.extend([layer, added])
    for number, layer in enumerate(layers):
        layer.self_attn.layer_idx = number  # its place in the cache of keys and values
    language_model.model.layers = layers
    language_model.config.num_hidden_layers = len(layers)


class WholeViewMlp(nn.Module):
    """LLaVA-1.5's connector, before the whole view alone: Views → [B, 64, D]."""

    def __init__(self, file: Path, vision_width: int, language_width: int) -> None:
        super().__init__()
        self.layers = make_connector(vision_width, language_width, "mlp2x_gelu")
        self.layers.load_state_dict(load_file(file))

    def forward(self, views: Views) -> Tensor:
        return self.layers(views.whole)


def climb(number: int, seed: int, steps: int, mlp: Path | None = None) -> dict:
    """Train and score one rung with one seed → a row. mlp: the file of the captioner's connector, for the rung aside."""
    rung, model = RUNGS[number], train.build_model(stage="1", seed=seed)
    if rung.aside:
        model.connector = WholeViewMlp(mlp, *reversed(model.connector.mixture.residual.weight.shape))  # of [D, W]
    if rung.form == "tiles":
        train.copy_letters(model)
    if rung.deeper:
        double_layers(model.language_model)
    start = time.process_time()  # of a core: a busy machine costs nothing
    train.train(model, recipe_of(number, steps, seed))
    minutes = (time.process_time() - start) / 60
    model.eval()
    bench = pocketbench.items(NUM_PER_KIND)
    scores = pocketbench.score(bench, pocketbench.answered(model, bench, rung.form))
    tokens = num_tokens((128, 128) if rung.form == "tiles" else (64, 64))
    return {"rung": rung.name, "seed": seed, "steps": steps, "minutes": round(minutes, 2), "tokens": tokens, **scores}


def run_all(file: Path, seeds: Sequence[int] = SEEDS, steps: int = STEPS, mlp: Path | None = None) -> None:
    """Add a row to `file` for each run that it does not have yet, a seed after the other; without `mlp` not for the rung aside."""
    known = {(row["rung"], row["seed"]) for row in read_rows(file)} if file.exists() else set()
    for seed in seeds:
        for number, rung in enumerate(RUNGS):
            if seed in rung.seeds and (rung.name, seed) not in known and not (rung.aside and mlp is None):
                row = climb(number, seed, steps, mlp)
                with file.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(row) + "\n")


def read_rows(file: Path) -> list[dict]:
    """The rows of a file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def figures(rows: Sequence[dict]) -> Iterator[Figure]:
    """Rung by rung the mean of PocketBench's columns over seeds, from the worst seed to the best; baseline: the rung below."""
    below = None
    for rung in RUNGS:
        of_rung = [row for row in rows if row["rung"] == rung.name]
        if not of_rung:
            continue
        values = [float(np.mean([row[column] for column in pocketbench.COLUMNS])) for row in of_rung]
        mean, low, high = (round(float(value), 4) for value in (np.mean(values), min(values), max(values)))
        minutes, steps, tokens = np.mean([row["minutes"] for row in of_rung]), of_rung[0]["steps"], of_rung[0]["tokens"]
        note = f"{steps} steps, {minutes:.1f} min, {tokens} tokens a picture; from the worst seed to the best; baseline: the rung below"
        yield Figure(f"next.ladder.{rung.name}", mean, low, high, len(values), baseline=below, note=note)
        below = below if rung.aside else mean


def connector_figures(rows: Sequence[dict]) -> Iterator[Figure]:
    """LLaVA-1.5's MLP after 3,000 steps of captions, beside the mixture of words: rows of `tools/compare_connectors.py`."""
    lengths = sorted({row["steps"] for row in rows})  # of stage 2
    for id, steps in zip(("next.mlp", "next.mlp_longer"), lengths, strict=True):
        of_length = {row["connector"]: row for row in rows if row["steps"] == steps}
        mlp, words = of_length["mlp2x_gelu"], of_length["words"]
        right = [number < round(mlp["vqa"] * mlp["n"]) for number in range(mlp["n"])]
        claims = [f"{100 * one['true_claims']:.0f} %" for one in (mlp, words)]
        note = f'{steps:,} steps of stage 2, stream "val"; true claims of its captions {claims[0]}, of the mixture\'s {claims[1]}; baseline: the mixture'
        yield share(id, right, baseline=words["vqa"], bar=round(words["vqa"] - 0.02, 4), note=note)
