"""A data-scaling curve: VQA accuracy after equally many steps of stage 2 on instruction sets of several sizes.

`python -m course_lib llava set-size --steps 150` prints a line of JSON for each size as soon as it is known. Since a size is
chosen by this curve, its scenes come from the stream "val" and its questions are worded as in training. One run a size: two
sizes less than about seven points apart are not told apart.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from course_lib.figures import Figure, share
from course_lib.llava import recipes
from course_lib.llava.data.pictures import training_scene
from course_lib.llava.data.testsets import SCORED_KINDS, VqaExample, blank, draw, vqa_examples
from course_lib.llava.evaluate import text_prior
from course_lib.llava.evaluate.vqa import accuracy, answers, is_correct
from course_lib.llava.train import saved, stages

SIZES = (10, 100, 1_000, 10_000)
KINDS = tuple(
    kind for kind in SCORED_KINDS if kind != "read"
)  # what the pocket vision tower can't see, no set can teach
RECIPE = replace(recipes.SHORT, steps=150, batch_size=8, short_answer_frac=0.0, format_prompt=True)


def set_size_figures(
    sizes: Sequence[int] = SIZES,
    recipe: recipes.LlavaRecipe = RECIPE,
    num_per_kind: int = 60,
    folder: Path | None = None,
) -> Iterator[Figure]:
    """A figure for each size; smaller sets are the beginnings of larger ones. With a `folder`, a stopped run goes on."""
    rng = random.Random("the set")
    scenes = [training_scene(rng) for _ in range(max(sizes))]
    examples = [one for kind in KINDS for one in vqa_examples(kind, num_per_kind, "val", "train")]
    baseline = round(accuracy(saved.load("words"), examples), 4)
    for size in sizes:
        model = saved.load("words")
        state = folder / f"set_size_{size}.training.safetensors" if folder else None
        if stages.stage2_on_scenes(model, scenes[:size], recipe, state_file=state).stopped:
            return
        yield _figure(model, examples, f"llava.set_size.n{size}", baseline, recipe)


def _figure(model, examples: Sequence[VqaExample], id: str, baseline: float, recipe: recipes.LlavaRecipe) -> Figure:
    """Right answers with the true pictures; control: blank ones; baseline: before the first picture."""
    questions, targets = text_prior.questions_of(examples), text_prior.targets_of(examples)
    correct = is_correct(answers(model, draw([one.scene for one in examples]), questions), targets)
    control = is_correct(answers(model, blank(len(examples)), questions), targets)
    num_pictures = recipe.steps * recipe.batch_size
    note = f"{num_pictures:,} pictures looked at, with replacement; control: blank picture; baseline: before stage 2"
    return share(id, correct, control=round(float(control.mean()), 4), baseline=baseline, note=note)
