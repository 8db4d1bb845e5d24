"""Tune the assistant further, in place: all of it, by adapters, or its connector alone."""

from collections.abc import Callable
from pathlib import Path

from course_lib.llava import lora
from course_lib.llava.data.packing import LlavaBatch
from course_lib.llava.model import MiniLlava
from course_lib.llava.recipes import LlavaRecipe
from course_lib.llava.train import parameters, stages
from course_lib.training import Progress

LEARNS = ("adapters", "everything", "connector")
TUNE = LlavaRecipe(steps=100, batch_size=12, learning_rate=3e-4, rank=16, length_buckets=2, format_prompt=True)


def tune(
    model: MiniLlava,
    batch: Callable[[int], LlavaBatch],
    recipe: LlavaRecipe = TUNE,
    learns: str = "adapters",
    callbacks=(),
    state_file: Path | None = None,
) -> Progress:
    """Train on batches that `batch` makes of a step's number; adapters are merged at the end. ValueError for another `learns`.

    "everything" is connector and language model: the vision tower stays as it is, as in LLaVA.
    """
    free(model, recipe, learns)
    progress = stages.train(model, batch, recipe, callbacks=callbacks, state_file=state_file)
    merge(model)
    return progress


def free(model: MiniLlava, recipe: LlavaRecipe, learns: str) -> None:
    """Say, in place, what of the model learns."""
    if learns not in LEARNS:
        raise ValueError(f'What learns is one of {", ".join(LEARNS)}, not "{learns}".')
    parameters.freeze(model)  # all but the connector
    if learns != "connector":
        stages.add_adapters(model, recipe.rank if learns == "adapters" else 0, recipe.seed)


def merge(model: MiniLlava) -> None:
    """Adapters into the language model's weights, in place; nothing learns any more."""
    if stages.has_adapters(model):
        model.language_model = lora.merge_peft_adapters(model.language_model)
    model.requires_grad_(False).eval()
