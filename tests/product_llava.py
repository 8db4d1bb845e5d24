"""What the LLaVA room itself runs, for `test_sockets`: exercise → a tiny run of its models or its training that needs it."""

import copy
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from course_lib.llava import lora
from course_lib.llava.data.batches import render_pixels
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
    "llava.learning_groups": stage2,
    "llava.to_save": bake,
}
