"""A published LLaVA-NeXT-Video, through transformers: in 4 bits on a GPU, for clips whose tokens Lesson 14 can count.

Seven billion parameters in NF4 take some 4.5 GB; a frame of 336 px is 24 × 24 patches, pooled to 12 × 12, so eight frames are 1,152 tokens.
transformers pools before the projector, and puts no newline between frames.
"""

import numpy as np
import torch
from torch import nn

from course_lib.llava_next.full import load_in_4_bits

HUB = ("llava-hf/LLaVA-NeXT-Video-7B-hf", "main")  # ungated; a commit's 40 digits pin it


def load_real(repository: str = HUB[0], revision: str = HUB[1]) -> tuple[nn.Module, object] | None:
    """(model, processor). None, with one sentence, where they can't be had."""
    from transformers import LlavaNextVideoForConditionalGeneration

    return load_in_4_bits(LlavaNextVideoForConditionalGeneration, repository, revision)


def num_tokens(model: nn.Module, num_frames: int) -> int:
    """How many tokens a clip of so many frames takes: frames × (patches aside / stride of the pooling)²."""
    vision = model.config.vision_config
    return num_frames * (vision.image_size // vision.patch_size // model.config.spatial_pool_stride) ** 2


@torch.no_grad()
def ask_real(
    model: nn.Module, processor, frames: np.ndarray, question: str, max_new_tokens: int = 40
) -> tuple[str, int]:
    """A clip uint8 [T, H, W, 3] and a question → (the answer, how many tokens the clip took)."""
    content = [{"type": "video"}, {"type": "text", "text": question}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    clip = np.ascontiguousarray(frames)  # torch reads no clip that is a view backwards
    inputs = processor(text=text, videos=[clip], return_tensors="pt").to(model.device, model.dtype)
    taken = int((inputs["input_ids"] == model.config.video_token_index).sum())
    ids = model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
    return processor.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True).strip(), taken
