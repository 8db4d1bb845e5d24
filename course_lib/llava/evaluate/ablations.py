"""Ablations, as in the papers but in small: one thing changed, all else equal, three seeds.

data/llava_ablations.jsonl keeps the runs. `python -m course_lib llava ablate --rows FILE` makes them anew: it adds a line to FILE for each run
as soon as it is known, and skips those that are there, so that it may be stopped at any time. A run takes one or two minutes of one core, all
of them half an hour to ninety minutes. Expect noise: with three seeds and some hundred questions, two variants less than about four points apart are not told
apart. In the papers the layer is worth about one point, the connector half a point (LLaVA-1.5: MLP +0.5 on GQA), stage 1 five points, and of
LLaVA-Bench's 85.1 points conversations alone reach 73.8.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from course_lib import show
from course_lib.figures import Figure
from course_lib.instruct.formats import TYPES
from course_lib.llava import recipes
from course_lib.llava.data.testsets import SCORED_KINDS, draw, vqa_examples
from course_lib.llava.evaluate.descriptions import REQUESTS, reference_description, relative_score
from course_lib.llava.evaluate.vqa import accuracy, answers
from course_lib.llava.model import MiniLlava
from course_lib.llava.train import saved, stages
from course_lib.lm.evaluate import follows, test_exchanges
from course_lib.session import REPO
from course_lib.world.scenes import SceneSpec, make_scene

RUNS_FILE = REPO / "data" / "llava_ablations.jsonl"
SEEDS = (0, 1, 2)
STEPS = 120  # of stage 2
QUESTIONS_PER_KIND = 40
DESCRIPTIONS = 24
EXCHANGES_PER_TASK = 4  # without a picture


@dataclass(frozen=True)
class Variant:
    """How a MiniLlava is made: every field is one ablation."""

    connector: str = "words"
    layer: int = -2  # of the vision tower
    connector_init: str = "baked"  # before stage 2: the "baked" word mixture; what is "trained" here; or "none"
    learn_user: bool = False  # are the user's words labels, too?
    rank: int = 16  # of the adapters; 0 tunes the language model in full
    types: tuple[str, ...] = ()  # of instruction data; none: short answers only


DEFAULT = Variant()

ABLATIONS: dict[str, dict[str, Variant]] = {
    "stage1": {"with": DEFAULT, "without": Variant(connector_init="none")},
    "connector": {
        "words": DEFAULT,
        **{kind: Variant(connector=kind, connector_init="trained") for kind in ("linear", "mlp2x_gelu")},
    },
    "layer": {"last_but_one": Variant(connector_init="trained"), "last": Variant(layer=-1, connector_init="trained")},
    "masking": {"assistant_only": DEFAULT, "user_too": Variant(learn_user=True)},
    "rank": {**{f"r{rank}": Variant(rank=rank) for rank in (1, 4, 16, 64)}, "full": Variant(rank=0)},
    "data": {"short_answers": DEFAULT, **{f"and_{TYPES[n - 1]}": Variant(types=TYPES[:n]) for n in (1, 2, 3)}},
}


def train_variant(variant: Variant, seed: int, steps: int) -> MiniLlava:
    """Both stages in small. A connector other than the word mixture has LLaVA's stage 1: captions through the language model."""
    recipe = replace(
        recipes.SHORT,
        steps=steps,
        batch_size=8,
        rank=variant.rank,
        short_answer_frac=0.0,
        format_prompt=True,
        max_question_tokens=180,
        seed=seed,
    )
    if variant.connector_init == "baked":
        model = saved.load("words")
    else:
        model = stages.build_model(variant.connector, variant.layer, seed)
    if variant.connector_init == "trained" and variant.connector == "words":
        stages.train_word_mixture(model, replace(recipes.LIVE_WORDS, steps=4 * steps, seed=seed))
    elif variant.connector_init == "trained":
        stages.stage1(model, replace(recipes.LIVE1, steps=steps, seed=seed))
    stages.stage2(model, recipe, learn_user=variant.learn_user, types=variant.types)
    return model


def evaluate_model(model: MiniLlava) -> dict[str, float]:
    """VQA accuracy, the relative score of descriptions (0–100), the text-only skill that is left, and how many weights learn."""
    scenes = [make_scene(index, SceneSpec(stream="test"), seed=43) for index in range(DESCRIPTIONS)]
    descriptions = answers(
        model, draw(scenes), [REQUESTS[scene.index % len(REQUESTS)] for scene in scenes], brief=False
    )
    return {
        "accuracy": accuracy(model, [one for kind in SCORED_KINDS for one in vqa_examples(kind, QUESTIONS_PER_KIND)]),
        "judge": relative_score(scenes, [reference_description(scene) for scene in scenes], descriptions).value,
        "follows": float(follows(model.language_model, test_exchanges(EXCHANGES_PER_TASK)).mean()),
        "trainable": sum(p.numel() for p in model.parameters() if p.requires_grad),
    }


def planned_runs(names: Sequence[str], seeds: Sequence[int]) -> Iterator[tuple[Variant, int]]:
    """Every run that these ablations need, once, a seed after the other."""
    yield from dict.fromkeys(
        (variant, seed) for seed in seeds for name in names for variant in ABLATIONS[name].values()
    )


def run_all(file: Path, names: Sequence[str], seeds: Sequence[int], steps: int) -> None:
    """Add the runs to `file` (json lines) that are not there yet. Several processes may share it, each with other names."""
    for variant, seed in planned_runs(names, seeds):
        done = {run_key(row["variant"], row["seed"], row["steps"]) for row in read_runs(file)}
        if run_key(asdict(variant), seed, steps) not in done:
            measures = evaluate_model(train_variant(variant, seed, steps))
            row = {"variant": asdict(variant), "seed": seed, "steps": steps, **measures}
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row) + "\n")


def read_runs(file: Path) -> list[dict]:
    """The runs that are known. One that two processes did at once counts once."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = [json.loads(line) for line in lines]
    return list({run_key(row["variant"], row["seed"], row["steps"]): row for row in rows}.values())


def run_key(variant: dict, seed: int, steps: int) -> str:
    """What makes a run another one."""
    return json.dumps([variant, seed, steps], sort_keys=True)


def figures(rows: Sequence[dict], names: Sequence[str]) -> Iterator[Figure]:
    """A figure for each variant: mean accuracy over its seeds and its range; in the note, what else was measured."""
    for name in names:
        for label, variant in ABLATIONS[name].items():
            stored = json.loads(json.dumps(asdict(variant)))
            if of_variant := [row for row in rows if row["variant"] == stored]:
                yield _figure(f"llava.ablation.{name}.{label}", of_variant)


def _figure(id: str, rows: Sequence[dict]) -> Figure:
    """One variant: mean, lowest and highest accuracy over its seeds."""
    accuracies = [row["accuracy"] for row in rows]
    judge, text = (np.mean([row[measure] for row in rows]) for measure in ("judge", "follows"))
    note = (
        f"{rows[0]['steps']} steps, {len(rows)} seeds, sd {np.std(accuracies):.3f}, {rows[0]['trainable']:,} weights learn; "
        f"descriptions {judge:.0f} of 100, text-only {text:.2f}"
    )
    mean, low, high = (round(float(value), 4) for value in (np.mean(accuracies), min(accuracies), max(accuracies)))
    return Figure(id, mean, low, high, len(SCORED_KINDS) * QUESTIONS_PER_KIND * len(rows), note=note)


def chart(figures: Sequence[Figure]) -> None:
    """A dot for each variant's mean, a bar over its seeds; variants of one ablation stand together."""
    from matplotlib import pyplot

    canvas, axes = pyplot.subplots(figsize=(7, 0.8 + 0.27 * len(figures)), layout="constrained")
    labels, heights, y = [], [], 0.0
    for number, figure in enumerate(figures):
        ablation, variant = _ablation_and_variant(figure)
        is_first = number == 0 or ablation != _ablation_and_variant(figures[number - 1])[0]
        y += 1.6 if is_first else 1.0  # some air between two ablations
        axes.plot([100 * figure.low, 100 * figure.high], [y, y], color="#9aa7c7", linewidth=4, solid_capstyle="round")
        axes.plot(100 * figure.value, y, marker="o", color="#1f3b73")
        labels.append(f"{ablation}: {variant}" if is_first else variant)
        heights.append(y)
    axes.set_yticks(heights, labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("questions answered right (%), from the worst seed to the best")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    means = [f"{' '.join(_ablation_and_variant(figure))} {100 * figure.value:.0f} percent" for figure in figures]
    show.show_figure(canvas, f"Mean accuracy of each variant: {', '.join(means)}.")


def _ablation_and_variant(figure: Figure) -> tuple[str, str]:
    """("rank", "r16") of "llava.ablation.rank.r16", as words."""
    ablation, variant = figure.id.split(".")[-2:]
    return ablation, variant.replace("_", " ")
