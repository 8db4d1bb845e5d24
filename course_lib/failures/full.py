"""Preferences at full size: trl's DPO on a published LLaVA, by a recipe that fits a T4. Full tier; Lesson 06 loads the model.

What trl (1.16) does not do with pictures: reference scores computed before the first step (`precompute_ref_log_probs`), and cutting a
text's beginning (`truncation_mode="keep_end"`), by which a picture's places would be lost. It needs no second model: with LoRA, the
reference is the model with its adapters switched off, one more pass a step.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import torch

from course_lib.common.errors import Problem
from course_lib.failures.chair import named_things, present_things
from course_lib.llava.full import published
from course_lib.world.render import render
from course_lib.world.scenes import Scene

REQUEST = "Name all the things in this picture in one sentence."
TEMPERATURE, SAMPLES = 0.7, 4
SIZE = 384  # pixels a side, as the published model's tower has them
LEARNS = r".*language_model.*\.(q|v)_proj"


@torch.no_grad()
def describe(model, processor, scene: Scene, count: int = 1, max_new_tokens: int = 60) -> list[str]:
    """What it says of a scene: greedily, or (count > 1) that many samples at T = 0.7."""
    inputs = published.prompt(model, processor, render(scene, SIZE).image, REQUEST)
    how = {"do_sample": True, "temperature": TEMPERATURE, "num_return_sequences": count} if count > 1 else {}
    ids = model.generate(**inputs, max_new_tokens=max_new_tokens, **({"do_sample": False} | how))
    replies = processor.batch_decode(ids[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
    return [text.strip() for text in replies]


def pair(scene: Scene, texts: Sequence[str]) -> dict | None:
    """Of a model's own texts about a scene, the truest and the least true, as trl wants a pair; None where they are alike.

    Truer: fewer names of what isn't there; among those, more of what is.
    """
    present = present_things(scene)

    def key(text: str) -> tuple[int, int]:
        named = named_things(text, scene)
        return len(named - present), -len(named & present)

    best, worst = min(texts, key=key), max(texts, key=key)
    if key(best)[0] == key(worst)[0]:
        return None
    return {
        "images": [render(scene, SIZE).image],
        "prompt": [{"role": "user", "content": REQUEST}],
        "chosen": [{"role": "assistant", "content": best}],
        "rejected": [{"role": "assistant", "content": worst}],
    }


def train(model, processor, pairs: Sequence[dict], folder: Path, steps: int = 60):
    """DPO with LoRA, by trl; the adapted model. Raises Problem, saying what to install, where trl is not there."""
    try:
        from datasets import Dataset, Features, Image, List, Value
        from peft import LoraConfig
        from PIL import Image as Picture
        from trl import DPOConfig, DPOTrainer
    except ImportError as error:
        raise Problem(f"trl is needed here, which the course does not install: pip install trl ({error})") from None
    message = List({"role": Value("string"), "content": Value("string")})
    features = Features({"images": List(Image()), "prompt": message, "chosen": message, "rejected": message})
    rows = [one | {"images": [Picture.fromarray(image) for image in one["images"]]} for one in pairs]
    on_gpu = next(model.parameters()).is_cuda
    config = DPOConfig(
        output_dir=str(folder),
        max_steps=steps,
        per_device_train_batch_size=1,
        gradient_accumulation_steps=8,
        learning_rate=1e-5,
        beta=0.1,
        max_length=None,  # a text that is cut off loses its picture's places
        fp16=on_gpu and model.dtype == torch.float16,  # a T4 has no bfloat16
        bf16=on_gpu and model.dtype == torch.bfloat16,
        use_cpu=not on_gpu,
        gradient_checkpointing=True,
        logging_steps=5,
        save_strategy="no",
        report_to="none",
    )
    lora = LoraConfig(r=16, lora_alpha=32, target_modules=LEARNS)
    assert any(re.fullmatch(LEARNS, name) for name, _ in model.named_modules()), "no layer of that name"
    trainer = DPOTrainer(
        model,
        args=config,
        processing_class=processor,
        train_dataset=Dataset.from_list(rows, features=features),
        peft_config=lora,
    )
    trainer.train()
    return trainer
