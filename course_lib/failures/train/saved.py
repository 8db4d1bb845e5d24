"""The repaired models on disk: CLIP tuned on hard negatives, and the assistant's adapters after learning from preferences."""

from pathlib import Path

from course_lib import checkpoints
from course_lib.clip.pretrained import load_clip
from course_lib.failures.data import preferences
from course_lib.failures.train import negclip
from course_lib.failures.train.negclip import NegClipRecipe
from course_lib.failures.train.preference import PreferenceRecipe, train_on_preferences
from course_lib.failures.train.tune import merge
from course_lib.llava.train import parameters, saved, stages

CLIP_FILE = checkpoints.FOLDER / "failures_clip.safetensors"
ASSISTANT_FILE = checkpoints.FOLDER / "failures_assistant.safetensors"
BAKED_CLIP = NegClipRecipe(steps=1200, learning_rate=8e-4, replay_frac=0.25)
BAKED_ASSISTANT = PreferenceRecipe(method="rpo", steps=160, learning_rate=2e-4)


def load_repaired_clip(file: Path = CLIP_FILE):
    """The CLIP that was tuned on hard negatives. Raises CheckpointError, saying what to do, when it is missing or damaged."""
    model = load_clip()
    tensors, _ = checkpoints.load(file)
    model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return model.eval()


def load_repaired_assistant(file: Path = ASSISTANT_FILE):
    """The assistant after learning from preferences, its adapters merged."""
    tensors, card = checkpoints.load(file)
    model = saved.load("2")
    stages.add_adapters(model, card["recipe"]["rank"], card["recipe"]["seed"])
    saved.load_weights(model, tensors, file.name)
    merge(model)
    return model


def bake_clip(out_folder: Path, recipe: NegClipRecipe = BAKED_CLIP) -> None:
    """Tune CLIP. Interrupted, it goes on where it was when called again."""
    model = load_clip(out_folder / "clip.safetensors")
    progress = negclip.tune(model, recipe, state_file=out_folder / "failures_clip.training.safetensors")
    if progress.stopped:
        return
    data = "pairs of training scenes whose captions hold the same words, and CLIP's own batches"
    card = checkpoints.card("failures_clip", data, recipe, progress.seconds / 60, progress.losses, stored_as="float16")
    checkpoints.save(out_folder / CLIP_FILE.name, model.half(), card)


def bake_assistant(out_folder: Path, recipe: PreferenceRecipe = BAKED_ASSISTANT) -> None:
    """Let the assistant learn from what it got wrong (data/failures/wrong_descriptions.jsonl)."""
    model = saved.load("2", out_folder)
    state_file = out_folder / "failures_assistant.training.safetensors"
    progress = train_on_preferences(model, preferences.load(), recipe, state_file=state_file)
    if progress.stopped:
        return
    data = "wrong descriptions of training scenes by the assistant, corrected or shortened by the world's truth"
    card = checkpoints.card(
        "failures_assistant", data, recipe, progress.seconds / 60, progress.losses, stored_as="float16"
    )
    learned = parameters.to_save(dict(model.named_parameters()))
    checkpoints.save(out_folder / ASSISTANT_FILE.name, {name: p.detach().half() for name, p in learned.items()}, card)
