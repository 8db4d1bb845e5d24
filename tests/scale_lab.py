"""What the tests of full-size training share: tiny models in the real formats, pictures, records, and the command."""

import copy
import json
import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from course_lib.llava.full import ScaleRecipe
from course_lib.lm.tokenizer import get_tokenizer

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }} {{ m['content'] }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant {% endif %}"
)
RECIPE = ScaleRecipe(steps=3, batch_size=4, micro_batch_size=2, learning_rate=1e-2, save_every=1)


def write_tiny_models_and_data(made: Path) -> Path:
    """A random vision tower, a random chat model, six pictures and eight records, all in the folder `made`."""
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel, LlamaConfig, LlamaForCausalLM

    tokenizer, rng = copy.deepcopy(get_tokenizer()), random.Random(0)
    tokenizer.chat_template = CHATML
    torch.manual_seed(0)
    sizes = {"num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64}
    CLIPVisionModel(CLIPVisionConfig(hidden_size=32, image_size=32, patch_size=8, **sizes)).save_pretrained(
        made / "vision"
    )
    square = {"height": 32, "width": 32}
    CLIPImageProcessor(size=square, crop_size=square).save_pretrained(made / "vision")
    config = LlamaConfig(vocab_size=len(tokenizer), hidden_size=48, num_key_value_heads=2, **sizes)
    LlamaForCausalLM(config).save_pretrained(made / "language")
    tokenizer.save_pretrained(made / "language")
    noise = np.random.default_rng(0)
    for i in range(6):
        Image.fromarray(noise.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(made / f"{i}.png")
    records = [
        {
            "id": str(i),
            "image": f"{i % 6}.png",
            "conversations": [
                {"from": "human", "value": f"<image>\nwhat colour is thing {i}?"},
                {"from": "gpt", "value": " ".join(rng.choices(["red", "blue", "a cat", "two"], k=1 + i))},
                {"from": "human", "value": "where is it?"},
                {"from": "gpt", "value": "left"},
            ],
        }
        for i in range(8)
    ]
    (made / "data.json").write_text(json.dumps(records), encoding="utf-8")
    return made


def command(folder: Path, out: Path, **changed) -> list[str]:
    options = {name: folder / name for name in ("vision", "language")} | {
        "data": folder / "data.json",
        "images": folder,
    }
    options |= {"out": out, "lora_rank": 4, **vars(RECIPE), **changed}
    words = [str(part) for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
    return ["llava", "scale", *words]
