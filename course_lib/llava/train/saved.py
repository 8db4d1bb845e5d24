"""The trained MiniLlavas on disk, and how they are made again.

What a stage has trained is written down, and nothing that can be had elsewhere: after stage 1 the connector, after stage 2
the connector *and* the adapters (LLaVA keeps them apart, in `mm_projector.bin` and `non_lora_trainables.bin`).
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from course_lib import checkpoints
from course_lib.llava import lora
from course_lib.llava.model import MiniLlava
from course_lib.llava.recipes import BAKED1, BAKED2, BAKED_WORDS, LlavaRecipe
from course_lib.llava.train import parameters
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
    for stage, name in (("words", "llava_words"), ("1", "llava_connector"), ("2", "llava"))
}


def load(stage: str, folder: Path = checkpoints.FOLDER) -> MiniLlava:
    """The model after its mixture of "words", after stage "1" (a captioner), or "2" (an assistant, its adapters merged).

    CheckpointError, saying what to do, when a file is missing, damaged, or of another model.
    """
    file = folder / FILES[stage].name
    tensors, card = checkpoints.load(file)
    model = build_model()
    if stage == "2":
        prepare(model, [LlavaRecipe(**one) for one in card["recipe"]], folder)
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


def bake(out_folder: Path, recipes: Sequence[LlavaRecipe] = BAKED2) -> None:
    """Stage 2 of the shipped model, on top of the word mixture (Lesson 07 compares where it may begin).

    Interrupted, the run that was under way goes on where it was.
    """
    model, minutes = load("words", out_folder), 0.0
    runs = [out_folder / f"llava.run{number}.safetensors" for number in range(len(recipes) - 1)]
    for number, file in enumerate([*runs, out_folder / FILES["2"].name]):
        prepare(model, recipes[: number + 1], out_folder)
        if file not in runs or not file.with_suffix(".json").exists():  # the card is written last
            progress = stage2(model, recipes[number], state_file=file.with_suffix(".training.safetensors"))
            data = "training scenes with questions and instruction data, conversations without a picture"
            _save(file, model, recipes[: number + 1], progress, data, minutes)
            if progress.stopped:
                return
        tensors, card = checkpoints.load(file)  # read even if just made: the next run begins with what was rounded
        load_weights(model, tensors, file.name)
        minutes = card["minutes"]


def _save(
    file: Path,
    model: MiniLlava,
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
