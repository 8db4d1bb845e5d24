"""Learning from preferences: DPO (Rafailov et al., 2023), the same without pictures, and mDPO (Wang et al., 2024, arXiv 2406.11839).

DPO on pictures can be had without looking: whatever makes one text likelier than the other will do. mDPO asks for the picture: the
same text must be likelier with it than with a scrap of it (the conditional term), and no less likely than before (the anchor).
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.common.precision import mixed_precision
from course_lib.failures.data.preferences import Preference, cropped, pixels_of, to_batch
from course_lib.failures.loss import mdpo_loss, text_logps
from course_lib.failures.train.tune import TUNE, free
from course_lib.llava.data.packing import LlavaBatch
from course_lib.llava.data.testsets import blank
from course_lib.llava.model import MiniLlava
from course_lib.llava.train import stages
from course_lib.llava.train.parameters import frozen_stay
from course_lib.lm.attention import quickest_attention
from course_lib.lm.loss import dpo_loss
from course_lib.training import Progress, fit

CHUNK = 50  # pairs
METHODS = ("sft", "dpo", "dpo_blind", "mdpo", "rpo")
SFT_SHARE = 0.5  # of "rpo": the weight of β · log p(chosen) beside DPO's loss


@dataclass(frozen=True)
class PreferenceRecipe:
    """A tuning on preference pairs."""

    method: str = "mdpo"
    steps: int = 100
    num_pairs: int = 12  # a step
    learning_rate: float = 1e-4
    beta: float = 0.1
    rank: int = 16
    seed: int = 0


def train_on_preferences(
    model: MiniLlava,
    pairs: Sequence[Preference],
    recipe: PreferenceRecipe,
    callbacks=(),
    state_file: Path | None = None,
) -> Progress:
    """Tune in place, by adapters, which stay unmerged (`tune.merge`). The reference is the model as it came.

    "sft" learns the chosen texts alone; "dpo_blind" is DPO with every picture blank, for model and reference.
    """
    if recipe.method not in METHODS:
        raise ValueError(f'There is no method "{recipe.method}". There are: {", ".join(METHODS)}.')
    pictures = _pictures(model, pairs, recipe)

    def texts(rows: Sequence[int]) -> dict[str, LlavaBatch]:
        """The chosen and rejected texts of these pairs, and (mDPO) the chosen ones beside a scrap of their picture."""
        of = [pairs[i] for i in rows]
        batches = {
            name: to_batch(model.tokenizer, of, name, pictures["whole"][rows]) for name in ("chosen", "rejected")
        }
        if recipe.method == "mdpo":
            batches["cropped"] = to_batch(model.tokenizer, of, "chosen", pictures["scrap"][rows])
        return batches

    reference = _reference(model, texts, len(pairs)) if recipe.method != "sft" else {}
    free(model, replace(TUNE, rank=recipe.rank, seed=recipe.seed), "adapters")
    model.connector.requires_grad_(False)

    def batch(step: int) -> tuple[list[int], dict[str, LlavaBatch]]:
        rows = random.Random(f"pairs/{recipe.seed}/{step}").sample(range(len(pairs)), recipe.num_pairs)
        return rows, texts(rows)

    def loss(model: MiniLlava, batch) -> Tensor:
        rows, of = batch
        with mixed_precision():
            if recipe.method == "sft":
                return stages.loss_sum(model, of["chosen"]) / stages.num_label_tokens(of["chosen"])
            ratios = {name: text_logps(model, one) - reference[name][rows] for name, one in of.items()}
        if recipe.method == "mdpo":
            return mdpo_loss(**ratios, beta=recipe.beta)
        zeros = torch.zeros(len(rows))
        loss = dpo_loss(ratios["chosen"], ratios["rejected"], zeros, zeros, recipe.beta)
        return loss - SFT_SHARE * recipe.beta * ratios["chosen"].mean() if recipe.method == "rpo" else loss

    with quickest_attention(model.language_model), frozen_stay(model):
        options = {"callbacks": callbacks, "state_file": state_file, "weight_decay": 0.0}
        progress = fit(model, batch, loss, steps=recipe.steps, learning_rate=recipe.learning_rate, **options)
    return progress


def _pictures(model: MiniLlava, pairs: Sequence[Preference], recipe: PreferenceRecipe) -> dict[str, Tensor]:
    """Features [P, N, W] of each pair's "whole" picture (blank for "dpo_blind") and, for mDPO, of a "scrap" of it."""
    pixels = pixels_of(pairs)
    shown = {"whole": pixels}
    if recipe.method == "dpo_blind":
        shown["whole"] = normalise(to_tensor(blank(len(pairs))))
    if recipe.method == "mdpo":
        shown["scrap"] = cropped(pixels, torch.Generator().manual_seed(recipe.seed))
    return {name: torch.cat([model.image_features(c) for c in of.split(CHUNK)]) for name, of in shown.items()}


@torch.no_grad()
def _reference(
    model: MiniLlava, texts: Callable[[Sequence[int]], dict[str, LlavaBatch]], count: int
) -> dict[str, Tensor]:
    """Log probabilities [P] of all texts before the first step. Computed once: the reference never changes."""
    with quickest_attention(model.language_model), mixed_precision():
        chunks = [texts(range(i, min(i + CHUNK, count))) for i in range(0, count, CHUNK)]
        scored = [{name: text_logps(model, one) for name, one in chunk.items()} for chunk in chunks]
    return {name: torch.cat([chunk[name] for chunk in scored]) for name in scored[0]}
