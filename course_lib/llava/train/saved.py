"""The trained MiniLlavas on disk, and how they are made again.

What a stage has trained is written down, and nothing that can be had elsewhere: after stage 1 the connector, after stage 2
the connector *and* the adapters (LLaVA keeps them apart, in `mm_projector.bin` and `non_lora_trainables.bin`).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

from course_lib import checkpoints
from course_lib.llava import lora
from course_lib.llava.model import MiniLlava
from course_lib.llava.recipes import BAKED1, BAKED2, BAKED_MIXTURE, BAKED_WORDS, LlavaRecipe
from course_lib.llava.train import distil, parameters
from course_lib.llava.train.stages import (
    add_adapters,
    add_letter_features,
    build_model,
    has_adapters,
    has_letter_features,
    stage1,
    stage2,
    train_word_mixture,
)
from course_lib.training import Progress

FILES = {
    stage: checkpoints.FOLDER / f"{name}.safetensors"
    for stage, name in (
        ("words", "llava_words"),
        ("1", "llava_connector"),
        ("mixture", "llava_mixture"),
        ("2", "llava"),
    )
}


def load(stage: str, folder: Path = checkpoints.FOLDER) -> MiniLlava:
    """The model after its mixture of "words", after stage "1" (a captioner), or "2" (the assistant, its adapters merged).

    "mixture": an assistant, too, whose connector is still the mixture of words. CheckpointError, saying what to do, when a file is
    missing, damaged, or of another model.
    """
    file = folder / FILES[stage].name
    tensors, card = checkpoints.load(file)
    model = load("mixture", folder) if stage == "2" else build_model()
    if stage == "2":
        model.connector = distil.new_mlp(model)
    if stage in ("mixture", "2"):
        runs = [LlavaRecipe(**one) for one in card["recipe"]]
        prepare(model, [one for one in runs if one.rank], folder)
    load_weights(model, tensors, file.name)
    if has_adapters(model):
        model.language_model = lora.merge_peft_adapters(model.language_model)
    return model.eval()


def prepare(model: MiniLlava, recipes: Sequence[LlavaRecipe], folder: Path) -> None:
    """Give the model, in place, the parts that these runs of stage 2 train: adapters, and the letter head."""
    if any(one.ocr_frac for one in recipes) and not has_letter_features(model):
        add_letter_features(model, folder)
    if not has_adapters(model):
        add_adapters(model, recipes[0].rank, recipes[0].seed)


def load_weights(model: MiniLlava, tensors: dict[str, torch.Tensor], name: str) -> None:
    """What was trained, into a model of the same parts. CheckpointError, with the file's name, where it does not fit."""
    unknown = model.load_state_dict({key: tensor.float() for key, tensor in tensors.items()}, strict=False)
    if unknown.unexpected_keys:
        raise checkpoints.CheckpointError(f"{name} holds another model than this one: {unknown.unexpected_keys[0]}")


def bake_words(out_folder: Path, recipe: LlavaRecipe = BAKED_WORDS) -> None:
    """The connector as a mixture of words. Interrupted, it goes on where it was when called again, as do all bakes."""
    model = build_model(seed=recipe.seed)
    progress = train_word_mixture(model, recipe, state_file=out_folder / "llava_words.training.safetensors")
    data = "training scenes with their fullest caption"
    _save(out_folder / FILES["words"].name, model, recipe, progress, data, dtype=torch.float32)


def bake_connector(out_folder: Path, recipe: LlavaRecipe = BAKED1) -> None:
    """Stage 1 as LLaVA has it, captions through the frozen language model, on top of the word mixture."""
    model = load("words", out_folder)
    progress = stage1(model, recipe, state_file=out_folder / "llava_connector.training.safetensors")
    _save(out_folder / FILES["1"].name, model, recipe, progress, "training scenes, each with a caption")


def bake_mixture(out_folder: Path, recipes: Sequence[LlavaRecipe] = BAKED_MIXTURE) -> None:
    """An assistant by stage 2, on top of the word mixture (Lesson 07 compares where it may begin)."""
    _runs_of_stage2(load("words", out_folder), out_folder / FILES["mixture"].name, recipes)


def bake(out_folder: Path, recipes: Sequence[LlavaRecipe] = BAKED2) -> None:
    """The shipped assistant: an MLP takes the mixture's place (`distil`), and stage 2 goes on."""
    model, file = load("mixture", out_folder), out_folder / "llava.run0.safetensors"
    torch.manual_seed(recipes[0].seed)
    student = distil.new_mlp(model)
    if not file.with_suffix(".json").exists():  # the card is written last
        pool = distil.patches_pool(model, distil.NUM_PICTURES, recipes[0])
        progress = distil.distil(student, pool, recipes[0], state_file=file.with_suffix(".training.safetensors"))
        if progress.stopped:
            return
        _save(file, student, recipes[:1], progress, "patches of training pictures", dtype=torch.float32)
    tensors, card = checkpoints.load(file)
    student.load_state_dict(tensors)
    model.connector = student
    _runs_of_stage2(model, out_folder / FILES["2"].name, recipes, first=1, minutes=card["minutes"])


def _runs_of_stage2(
    model: MiniLlava, file: Path, recipes: Sequence[LlavaRecipe], first: int = 0, minutes: float = 0.0
) -> None:
    """Runs in turn, from the first one, each from where the last one ended. Interrupted, the run that was under way goes on where it was."""
    runs = [file.with_suffix(f".run{number}.safetensors") for number in range(len(recipes) - 1)]
    for number, part in list(enumerate([*runs, file]))[first:]:
        prepare(model, recipes[first : number + 1], file.parent)
        if part not in runs or not part.with_suffix(".json").exists():  # the card is written last
            progress = stage2(model, recipes[number], state_file=part.with_suffix(".training.safetensors"))
            data = "training scenes with questions, captions and instruction data, conversations without a picture"
            _save(part, model, recipes[: number + 1], progress, data, minutes)
            if progress.stopped:
                return
        tensors, card = checkpoints.load(part)  # read even if just made: the next run begins with what was rounded
        load_weights(model, tensors, part.name)
        minutes = card["minutes"]


def _save(
    file: Path,
    model: nn.Module,
    recipe: LlavaRecipe | Sequence[LlavaRecipe],
    progress: Progress,
    data: str,
    earlier: float = 0.0,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write what was trained, with its card; nothing when the run was stopped. earlier: minutes."""
    if progress.stopped:
        return
    minutes, stored_as = earlier + progress.seconds / 60, str(dtype).removeprefix("torch.")
    card = checkpoints.card(file.stem, data, recipe, minutes, progress.losses, stored_as=stored_as)
    learned = parameters.to_save(dict(model.named_parameters()))
    checkpoints.save(file, {name: parameter.detach().to(dtype) for name, parameter in learned.items()}, card)
