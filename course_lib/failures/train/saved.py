"""The repaired models on disk: CLIP tuned on hard negatives, and the assistant's adapters after learning from preferences."""

from pathlib import Path

import torch

from course_lib import checkpoints
from course_lib.clip.pretrained import load_clip
from course_lib.failures.data import preferences
from course_lib.failures.train import negclip
from course_lib.failures.train.negclip import NegClipRecipe
from course_lib.failures.train.preference import PreferenceRecipe, train_on_preferences
from course_lib.llava.train import saved

CLIP_FILE = checkpoints.FOLDER / "failures_clip.safetensors"
ASSISTANT_FILE = checkpoints.FOLDER / "failures_assistant.safetensors"
BAKED_CLIP = NegClipRecipe(steps=1200, learning_rate=8e-4, replay_frac=0.25)
BAKED_ASSISTANT = PreferenceRecipe()


def load_repaired_clip(file: Path = CLIP_FILE):
    """The CLIP that was tuned on hard negatives. Raises CheckpointError, saying what to do, when it is missing or damaged."""
    model = load_clip()
    tensors, _ = checkpoints.load(file)
    model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return model.eval()


def load_repaired_assistant(file: Path = ASSISTANT_FILE):
    """The assistant after learning from preferences: what changed in its language model is added to the shipped weights."""
    model = saved.load("2")
    tensors, _ = checkpoints.load(file)
    with torch.no_grad():
        for name, parameter in model.language_model.named_parameters():
            if name in tensors:
                parameter.add_(tensors[name].float())
    return model.eval()


def bake_clip(out_folder: Path, recipe: NegClipRecipe = BAKED_CLIP) -> None:
    """Tune CLIP. Interrupted, it goes on where it was when called again."""
    model = load_clip(out_folder / "clip.safetensors")
    progress = negclip.tune(model, recipe, state_file=out_folder / "failures_clip.training.safetensors")
    if progress.stopped:
        return
    data = "pairs of training scenes whose captions hold the same words, and CLIP's own batches"
    card = checkpoints.card("failures_clip", data, recipe, progress.seconds / 60, progress.losses, stored_as="float16")
    checkpoints.save(out_folder / CLIP_FILE.name, model.half(), card)
