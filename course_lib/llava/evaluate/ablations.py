"""What is each part worth? The papers' ablations in small: one thing changed, all else equal, three seeds.

The runs that were made are kept in data/llava_ablations.jsonl. `python -m course_lib llava ablate --rows FILE` makes them anew:
it adds a line to FILE for each run as soon as it is known, and skips those that are there, so that it may be stopped at
any time. At last it prints the figures. A run takes some two minutes of one core, all of them some ninety. Expect noise: with three seeds and some hundred questions, two variants less than about four points apart
are not told apart. In the papers the layer is worth about one point, the connector half a point (LLaVA-1.5: MLP +0.5 on
GQA), stage 1 five points, and of LLaVA-Bench's 85.1 points conversations alone reach 73.8.
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
from course_lib.llava.evaluate.descriptions import REQUESTS, relative_score, told
from course_lib.llava.evaluate.vqa import accuracy, answers
from course_lib.llava.model import MiniLlava
from course_lib.llava.train import saved, stages
from course_lib.lm.evaluate import follows, test_exchanges
from course_lib.session import REPO
from course_lib.world.scenes import SceneSpec, make_scene

KEPT = REPO / "data" / "llava_ablations.jsonl"
SEEDS = (0, 1, 2)
STEPS = 120  # of stage 2
QUESTIONS, SCENES, EXCHANGES = 40, 24, 4  # of each kind; to describe; of each task without a picture


@dataclass(frozen=True)
class Variant:
    """How a MiniLlava is made: every field is one ablation."""

    connector: str = "words"
    layer: int = -2
    before: str = "baked"  # stage 2: the "baked" first words; words that are "trained" here; or "nothing"
    learn_user: bool = False
    rank: int = 16
    types: tuple[str, ...] = ()  # of instruction data; none: short answers only


USUAL = Variant()


ABLATIONS: dict[str, dict[str, Variant]] = {
    "stage1": {"with": USUAL, "without": Variant(before="nothing")},
    "connector": {
        "words": USUAL,
        **{kind: Variant(connector=kind, before="trained") for kind in ("linear", "mlp2x_gelu")},
    },
    "layer": {"last_but_one": Variant(before="trained"), "last": Variant(layer=-1, before="trained")},
    "masking": {"assistant_only": USUAL, "user_too": Variant(learn_user=True)},
    "rank": {**{f"r{rank}": Variant(rank=rank) for rank in (1, 4, 16, 64)}, "full": Variant(rank=0)},
    "data": {"short_answers": USUAL, **{f"and_{TYPES[n - 1]}": Variant(types=TYPES[:n]) for n in (1, 2, 3)}},
}


def trained(variant: Variant, seed: int, steps: int) -> MiniLlava:
    """Both stages in small. A connector that knows no words has LLaVA's stage 1: captions through the language model."""
    recipe = replace(
        recipes.LIVE2,
        steps=steps,
        batch_size=8,
        rank=variant.rank,
        short_answer_frac=0.0,
        max_question_tokens=180,
        seed=seed,
    )
    if variant.before == "baked":
        model = saved.load("words")
    else:
        model = stages.build_model(variant.connector, variant.layer, seed)
    if variant.before == "trained" and variant.connector == "words":
        stages.train_word_mixture(model, replace(recipes.LIVE_WORDS, steps=4 * steps, seed=seed))
    elif variant.before == "trained":
        stages.stage1(model, replace(recipes.LIVE1, steps=steps, seed=seed))
    stages.stage2(model, recipe, learn_user=variant.learn_user, types=variant.types)
    return model


def measured(model: MiniLlava) -> dict[str, float]:
    """Share of right answers, the judge's relative score of descriptions (0–100), and the text-only skill that is left."""
    scenes = [make_scene(index, SceneSpec(stream="test"), seed=43) for index in range(SCENES)]
    said = answers(model, draw(scenes), [REQUESTS[scene.index % len(REQUESTS)] for scene in scenes])
    return {
        "accuracy": accuracy(model, [one for kind in SCORED_KINDS for one in vqa_examples(kind, QUESTIONS)]),
        "judge": relative_score(scenes, [told(scene) for scene in scenes], said).value,
        "follows": float(follows(model.language_model, test_exchanges(EXCHANGES)).mean()),
        "trainable": sum(p.numel() for p in model.parameters() if p.requires_grad),
    }


def runs(names: Sequence[str], seeds: Sequence[int]) -> Iterator[tuple[Variant, int]]:
    """Every run that these ablations need, once, a seed after the other."""
    yield from dict.fromkeys(
        (variant, seed) for seed in seeds for name in names for variant in ABLATIONS[name].values()
    )


def run_all(file: Path, names: Sequence[str], seeds: Sequence[int], steps: int) -> None:
    """Add the runs to `file` (json lines) that are not there yet. Several processes may share it, each with other names."""
    for variant, seed in runs(names, seeds):
        done = {key(row["variant"], row["seed"], row["steps"]) for row in rows_of(file)}
        if key(asdict(variant), seed, steps) not in done:
            row = {"variant": asdict(variant), "seed": seed, "steps": steps, **measured(trained(variant, seed, steps))}
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(row) + "\n")


def rows_of(file: Path) -> list[dict]:
    """The runs that are known. One that two processes did at once counts once."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = [json.loads(line) for line in lines]
    return list({key(row["variant"], row["seed"], row["steps"]): row for row in rows}.values())


def key(variant: dict, seed: int, steps: int) -> str:
    """What makes a run another one."""
    return json.dumps([variant, seed, steps], sort_keys=True)


def figures(rows: Sequence[dict], names: Sequence[str]) -> Iterator[Figure]:
    """A figure for each variant: mean accuracy over its seeds and its range; in the note, what else was measured."""
    for name in names:
        for label, variant in ABLATIONS[name].items():
            wanted = json.loads(json.dumps(asdict(variant)))
            if found := [row for row in rows if row["variant"] == wanted]:
                yield _figure(f"llava.ablation.{name}.{label}", found)


def _figure(id: str, rows: Sequence[dict]) -> Figure:
    scores = [row["accuracy"] for row in rows]
    judge, text = (np.mean([row[part] for row in rows]) for part in ("judge", "follows"))
    note = (
        f"{rows[0]['steps']} steps, {len(rows)} seeds, sd {np.std(scores):.3f}, {rows[0]['trainable']:,} weights learn; "
        f"descriptions {judge:.0f} of 100, text-only {text:.2f}"
    )
    mean, low, high = (round(float(value), 4) for value in (np.mean(scores), min(scores), max(scores)))
    return Figure(id, mean, low, high, len(SCORED_KINDS) * QUESTIONS * len(rows), note=note)


def chart(figures: Sequence[Figure]) -> None:
    """Variants below one another, those of one ablation together."""
    from matplotlib import pyplot

    canvas, axes = pyplot.subplots(figsize=(7, 0.8 + 0.27 * len(figures)), layout="constrained")
    names, places, place = [], [], 0.0
    for number, figure in enumerate(figures):
        of, name = parts(figure)
        new = number == 0 or of != parts(figures[number - 1])[0]
        place += 1.6 if new else 1.0  # some air between two ablations
        axes.plot([figure.low, figure.high], [place, place], color="#9aa7c7", linewidth=4, solid_capstyle="round")
        axes.plot(figure.value, place, marker="o", color="#1f3b73")
        names.append(f"{of}: {name}" if new else name)
        places.append(place)
    axes.set_yticks(places, names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("share of questions answered right")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    show.show_figure(canvas, f"Mean accuracy of each variant: {in_words(figures)}.")


def parts(figure: Figure) -> tuple[str, str]:
    """("rank", "r16") of "llava.ablation.rank.r16", as words."""
    of, name = figure.id.split(".")[-2:]
    return of, name.replace("_", " ")


def in_words(figures: Sequence[Figure]) -> str:
    """Every variant with its mean."""
    return ", ".join(f"{' '.join(parts(figure))} {100 * figure.value:.0f} percent" for figure in figures)
