"""What carries SEEM's memory, and its prompts that need each other? The training stage that taught both, each ingredient left out once.

`python -m tools.seem_ablations BEFORE FOLDER > FILE`: BEFORE is the model before that stage (`seem.stage4.safetensors`, which `python -m
course_lib bake seem` leaves in its folder). Each arm trains it on for the same number of steps, five to twenty minutes of a core, and its weights stay in
FOLDER; interrupted, it goes on where it was. FILE gets the figures, measured on the stream "val", and `python -m course_lib figures FILE` takes
them in.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from course_lib import checkpoints
from course_lib.figures import Figure
from course_lib.seem.data.queries import NEED_BOTH
from course_lib.seem.data.testsets import make_test_set
from course_lib.seem.evaluate import composed_iou
from course_lib.seem.evaluate.clicks import iou_by_clicks
from course_lib.seem.evaluate.metrics import mean_figure
from course_lib.seem.model import MiniSeem
from course_lib.seem.train import stages
from course_lib.seem.train.click_simulator import RoundPlan

USUAL = replace(stages.MEMORY, steps=400)
ARMS = {
    "before": None,
    "usual": USUAL,
    "no_memory": replace(USUAL, memory_dropout=1.0),
    "all_clicks": replace(USUAL, newest_click_frac=0.0),
    "mask_input": replace(USUAL, mask_input_dropout=0.0),
    "no_pairs": replace(USUAL, prompt_mix=stages.BAKED[4].prompt_mix),
}
PLANS = {
    "without": RoundPlan(use_memory=False, newest_only=True),
    "tokens": RoundPlan(mask_input=False, newest_only=True),
}


def trained(before: Path, arm: str, folder: Path) -> MiniSeem:
    """The model before that stage, after this arm's steps."""
    recipe, file = ARMS[arm], folder / f"{arm}.safetensors"
    if recipe is None:
        return stages.load(before)
    model = stages.load(file if file.exists() else before)
    if not file.exists():
        progress = stages.train(model, recipe, state_file=folder / f"{arm}.training.safetensors")
        if progress.stopped:
            raise KeyboardInterrupt
        about = checkpoints.card("seem", stages.DATA, recipe, progress.seconds / 60, progress.losses)
        checkpoints.save(file, model, about | {"config": model.config.to_dict()})
    return model.eval()


def arm_figures(model: MiniSeem, arm: str, count: int = 100) -> Iterator[Figure]:
    """IoU gained by the memory tokens, clicks 2 to 5, where only the newest click is given; and by prompts that need each other."""
    steps = ARMS[arm].steps if ARMS[arm] else 0
    later = {name: iou_by_clicks(model, count, plan, 5, "val")[:, 1:].mean(axis=1) for name, plan in PLANS.items()}
    note = f"after {steps} steps; val; tokens alone, only the newest click is given"
    yield mean_figure(f"seem.trained.{arm}.memory_gain", later["tokens"] - later["without"], note=note)
    gains = []
    for prompt_type in NEED_BOTH:
        ious = composed_iou(model, make_test_set(prompt_type, count // 2, stream="val"))
        gains.append(ious["both"] - max(ious["words"], ious["mark"], key=np.mean))
    note = f"after {steps} steps; val; words and mark need each other"
    yield mean_figure(f"seem.trained.{arm}.compose_gain", np.concatenate(gains), note=note)


def main() -> None:
    """All arms, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for arm in ARMS:
        for figure in arm_figures(trained(given.before, arm, given.folder), arm):
            print(figure.to_json(), flush=True)


if __name__ == "__main__":
    main()
