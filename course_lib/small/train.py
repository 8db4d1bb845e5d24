"""How the small language models learn to read, and the short stage 2 that every run of the grid has."""

from collections.abc import Sequence
from pathlib import Path

from course_lib import checkpoints
from course_lib.llava.model import MiniLlava
from course_lib.llava.recipes import LlavaRecipe
from course_lib.llava.train import stages
from course_lib.lm.train import BAKED_CHAT, BAKED_PLAIN, LmRecipe, pretrain, tune
from course_lib.small.data.sets import SetBatches
from course_lib.small.model import build_language_model, language_model_file
from course_lib.small.recipes import SHORT_RUN, SIZES
from course_lib.training import Progress

Recipes = tuple[LmRecipe, LmRecipe]  # plain text, conversations
LESSON_04: Recipes = (BAKED_PLAIN, BAKED_CHAT)  # of the shipped two million: no size has read more than another


def short_run(model: MiniLlava, batches: SetBatches, recipe: LlavaRecipe = SHORT_RUN, **options) -> Progress:
    """Stage 2 on a finite set, in place: connector and language model learn in full. options: callbacks, state_file, see `fit`."""
    model.connector.requires_grad_(True)
    model.language_model.requires_grad_(True)
    return stages.train(model, batches.batch, recipe, **options)


def bake_half(out_folder: Path, recipes: Recipes = LESSON_04) -> None:
    """The language model of half a million parameters, by Lesson 04's recipe."""
    bake("half", out_folder, recipes)


def bake_one(out_folder: Path, recipes: Recipes = LESSON_04) -> None:
    """The language model of one million parameters, by Lesson 04's recipe."""
    bake("one", out_folder, recipes)


def bake(name: str, out_folder: Path, recipes: Recipes) -> None:
    """Plain text, then conversations. Interrupted, it goes on where it was when called again."""
    file, minutes = language_model_file(name, out_folder), 0.0
    model = build_language_model(SIZES[name], recipes[0].seed)
    for number, learn in enumerate((pretrain, tune)):
        run = file if number else file.with_name(f"{file.stem}.base.safetensors")
        if number or not run.with_suffix(".json").exists():  # the card is written last
            progress = learn(model, recipes[number], state_file=run.with_suffix(".training.safetensors"))
            if progress.stopped:
                return
            save(run, model, recipes[: number + 1], minutes + progress.seconds / 60, progress.losses)
        tensors, card = checkpoints.load(run)  # read even if just made: the next run begins with what was rounded
        model.load_state_dict({**tensors, "lm_head.weight": tensors["model.embed_tokens.weight"]})
        minutes = card["minutes"]


def save(file: Path, model, recipes: Sequence[LmRecipe], minutes: float, losses: Sequence[float]) -> None:
    """Weights in half precision with their card, but for the table's second end."""
    data = "plain text, then conversations about the sticker world, stream train"
    card = checkpoints.card(file.stem, data, list(recipes), minutes, losses, stored_as="float16")
    weights = {name: tensor.half() for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    checkpoints.save(file, weights, card)
