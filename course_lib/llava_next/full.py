"""A published LLaVA-NeXT, through transformers: in 4 bits on a GPU, with as many tiles as its memory bears.

Seven billion parameters in NF4 (Dettmers et al., 2023, arXiv 2305.14314) take some 4.5 GB, and each of 2,900 tokens a picture its keys and
values: a T4 has room for both. Without a GPU, or without bitsandbytes, nothing is downloaded.
"""

import numpy as np
import torch
from torch import nn

from course_lib.llava_next.anyres import Size
from course_lib.session import best_device

HUB = ("llava-hf/llava-v1.6-mistral-7b-hf", "main")  # ungated; a commit's 40 digits pin it


def load_real(repository: str = HUB[0], revision: str = HUB[1]) -> tuple[nn.Module, object] | None:
    """(model, processor). None, with one sentence, where they can't be had."""
    from transformers import LlavaNextForConditionalGeneration

    return load_in_4_bits(LlavaNextForConditionalGeneration, repository, revision)


def load_in_4_bits(model_class: type, repository: str, revision: str) -> tuple[nn.Module, object] | None:
    """(model of this class of transformers, processor), in 4 bits on a GPU, whole elsewhere. None, with one sentence, where they can't be had."""
    from transformers import AutoProcessor, BitsAndBytesConfig

    device, dtype_name, _ = best_device()
    dtype, options = getattr(torch, dtype_name), {}
    if device == "cuda":
        quantised = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)
        options = {"quantization_config": quantised, "device_map": {"": 0}}
    try:
        processor = AutoProcessor.from_pretrained(repository, revision=revision)
        model = model_class.from_pretrained(
            repository, revision=revision, dtype=dtype, attn_implementation="sdpa", use_safetensors=True, **options
        )
    except (OSError, ImportError) as error:
        print(f"{repository} could not be loaded ({str(error).splitlines()[0][:120]}). The lesson goes on without it.")
        return None
    return (model if options else model.to(device)).eval(), processor


def limit_tiles(model: nn.Module, processor, most: int) -> list[Size]:
    """Keep only pinpoints of at most so many tiles, in model and processor, in place → those that are left.

    Fewer tiles, fewer tokens: keys and values of a picture grow with them. ValueError where none is left.
    """
    tile = model.config.vision_config.image_size
    pinpoints = [tuple(one) for one in model.config.image_grid_pinpoints]
    kept = [(height, width) for height, width in pinpoints if height * width <= most * tile * tile]
    if not kept:
        raise ValueError(f"No pinpoint has at most {most} tiles. There are: {pinpoints}.")
    model.config.image_grid_pinpoints = processor.image_processor.image_grid_pinpoints = [list(one) for one in kept]
    return kept


@torch.no_grad()
def ask_real(
    model: nn.Module, processor, image: np.ndarray, question: str, max_new_tokens: int = 60
) -> tuple[str, int]:
    """A picture uint8 [H, W, 3] and a question → (the answer, how many tokens the picture took)."""
    content = [{"type": "image"}, {"type": "text", "text": question}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    inputs = processor(images=image, text=text, return_tensors="pt").to(model.device, model.dtype)
    num_tokens = int((inputs["input_ids"] == model.config.image_token_index).sum())
    ids = model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
    return processor.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True).strip(), num_tokens
