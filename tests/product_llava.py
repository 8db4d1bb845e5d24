"""What the LLaVA room itself runs, for `test_sockets`: exercise → a tiny run of its models or its training that needs it."""

import copy
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from course_lib.llava import lora
from course_lib.llava.data.pictures import render_pixels
from course_lib.llava.evaluate import pope
from course_lib.llava.model import MiniLlava
from course_lib.llava.recipes import LlavaRecipe
from course_lib.llava.train import saved, stages
from course_lib.world.scenes import make_scene

TINY = LlavaRecipe(steps=1, batch_size=1, learning_rate=1e-3, rank=2, short_answer_frac=1.0, max_question_tokens=20)


@cache
def untrained() -> MiniLlava:
    return stages.build_model()


def answer(model: MiniLlava | None = None) -> object:
    return (model or untrained()).answer(render_pixels([make_scene(0)]), ["what is this?"], max_new_tokens=1)


def answer_through_adapters() -> object:
    model = copy.deepcopy(untrained())
    lora.add_lora(model, [name for name, _ in lora.modules_of(model) if name.endswith("q_proj")][:1])
    return answer(model)


def stage1() -> object:
    return stages.stage1(copy.deepcopy(untrained()), TINY)


def stage2() -> object:
    return stages.stage2(copy.deepcopy(untrained()), TINY)


def bake() -> None:
    with tempfile.TemporaryDirectory() as folder:
        saved.bake_words(Path(folder), TINY)


PRODUCT: dict[str, Callable[[], object]] = {
    "llava.select_features": answer,
    "llava.make_connector": lambda: stages.build_model("mlp2x_gelu"),
    "llava.splice": answer,
    "llava.picture_labels": stage1,
    "llava.freeze": stage1,
    "llava.fingerprints": stage1,
    "llava.new_adapter": answer_through_adapters,
    "llava.lora_forward": answer_through_adapters,
    "llava.merged_weight": lambda: saved.load("2"),
    "llava.lora_targets": stage2,
    "llava.to_save": bake,
    "llava.pope_scores": lambda: next(pope.pope_figures(untrained(), num_scenes=1)),
}

TWO_TYPES = "the lesson names only two types, and says nothing of others"
ALL_PATCHES = "read in order, the rows of all patches are the same however they are grouped"
SPACES = "without a number of parts, split and rsplit cut alike"
IN_MEMORY = "the tensors are on the CPU, and numpy brings their numbers into order"
UNKNOWN = "`if connector_type not in CONNECTOR_TYPES: raise ValueError`"
EQUIVALENT: dict[str, dict[str, str]] = {
    "llava.select_features": {"left out: `int(class_token)` → `class_token`": "True and False are 1 and 0 as an index"},
    "llava.make_connector": {
        f"line dropped: {UNKNOWN}": TWO_TYPES,
        f"never: {UNKNOWN}": TWO_TYPES,
        "line dropped: `raise ValueError`": TWO_TYPES,
        "constant: `'mlp2x_gelu'` → `'mlp2x_gelux'`": "the lesson always says which type; the default is the course's own",
    },
    "llava.splice": {
        "order: `(int(is_image.sum()), patches.shape[0] * patches.shape[1])` → "
        "`(patches.shape[0] * patches.shape[1], int(is_image.sum()))`": "the two counts are only compared",
        "left out: `int(is_image.sum())` → `is_image.sum()`": "a tensor without axes compares as a number does",
        "left out: `patches.flatten(0, 1)` → `patches`": ALL_PATCHES,
        "constant: `0` → `1`": ALL_PATCHES,
        "constant: `1` → `2`": ALL_PATCHES,
        "constant: `1` → `0`": ALL_PATCHES,
    },
    "llava.fingerprints": {
        "left out: `tensor.detach().cpu().contiguous().numpy().tobytes()` → "
        "`tensor.detach().cpu().contiguous().numpy()`": "sha256 takes the bytes of a contiguous array itself",
        "left out: `tensor.detach().cpu().contiguous()` → `tensor.detach().cpu()`": IN_MEMORY,
        "left out: `tensor.detach().cpu()` → `tensor.detach()`": IN_MEMORY,
    },
    "llava.lora_targets": {"function: `name.split('.')` → `name.rsplit('.')`": SPACES},
}
