"""The arms of Lesson 09 on disk: how each is made, one of which is shipped.

Texts come first. Arms that read the same texts share the language model that has read them.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_model, save_model

from course_lib import checkpoints
from course_lib.common.int8 import to_int8
from course_lib.emergence import train
from course_lib.emergence.arms import ALL, ARMS, Arm
from course_lib.llava.model import MiniLlava
from course_lib.llava.train import saved as llava_saved
from course_lib.training import Progress

FILE = checkpoints.FOLDER / "emergence.safetensors"


def recipes(arm: Arm, seed: int) -> list:
    """Of the texts, and of the pictures."""
    return [replace(one, seed=seed) for one in (train.TEXTS, train.TUNED if arm.tuned else train.PICTURES)]


def read_texts(name: str, seed: int, folder: Path) -> tuple[MiniLlava, float]:
    """(the model after this arm's texts, minutes of training). Interrupted, it goes on where it was when called again."""
    arm = ARMS[name]
    model = train.build_model(arm, seed)
    file = folder / f"{same_texts(arm)}.{seed}.texts.safetensors"
    if not file.exists():
        progress = train.learn_texts(
            model, arm, recipes(arm, seed)[0], state_file=file.with_suffix(".training.safetensors")
        )
        refuse_stopped(progress)
        save_model(model.language_model, file, {"minutes": str(progress.seconds / 60)})
    load_model(model.language_model, file)
    with safe_open(file, "pt") as opened:
        return model.eval(), float(opened.metadata()["minutes"])


def look_at_pictures(name: str, seed: int, folder: Path, model: MiniLlava) -> Progress | None:
    """This arm's pictures, in place; None where it has none. Interrupted, it goes on where it was when called again."""
    arm = ARMS[name]
    train.match_connector(model, arm)
    if not arm.pictures:
        return None
    state_file = folder / f"{name}.{seed}.pictures.training.safetensors"
    progress = train.learn_pictures(
        model, arm, train.make_pool(model.image_features), recipes(arm, seed)[1], state_file=state_file
    )
    refuse_stopped(progress)
    return progress


def refuse_stopped(progress) -> None:
    """End the program where a run was stopped: what comes next would begin with half of it."""
    if progress.stopped:
        raise SystemExit(f"Stopped at step {progress.step}. The same command goes on from there.")


def same_texts(arm: Arm) -> str:
    """The first arm that reads the same texts as this one."""
    unseen = {
        field: getattr(ALL, field) for field in ("pictures", "picture_languages", "tuned", "texts_beside", "letters")
    }
    return next(name for name, other in ARMS.items() if replace(other, **unseen) == replace(arm, **unseen))


def bake(out_folder: Path) -> None:
    """The shipped model: texts in three languages, pictures in English."""
    model, minutes = read_texts("all", 0, out_folder)
    progress = look_at_pictures("all", 0, out_folder, model)
    save(out_folder / FILE.name, model, recipes(ALL, 0), minutes + progress.seconds / 60, progress.losses)


def save(file: Path, model: MiniLlava, recipes: Sequence, minutes: float, losses: Sequence[float]) -> dict:
    """Connector and language model in int8, with their card; the vision tower is Lesson 02's."""
    data = "texts about no picture; training pictures with questions"
    card = checkpoints.card(file.stem, data, list(recipes), minutes, losses, stored_as="int8")
    kept = {
        name: tensor
        for name, tensor in model.state_dict().items()
        if not name.startswith("vision.") and name != "language_model.lm_head.weight"  # one table at both ends
    }
    return checkpoints.save(file, to_int8(kept), card)


def load(file: Path = FILE, arm: Arm = ALL) -> MiniLlava:
    """The shipped model, or another arm's. CheckpointError where the file is missing."""
    tensors, _ = checkpoints.load(file)
    model = train.build_model(arm)
    train.match_connector(model, arm)
    llava_saved.load_weights(model, tensors, file.name)
    return model.eval()
