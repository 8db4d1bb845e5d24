"""A published LLaVA of half a billion parameters, through transformers: the same three parts under the same names."""

import numpy as np
import torch
from torch import nn

from course_lib.session import best_device

# SigLIP, a two-layer connector, Qwen; ungated. Its branch, or a commit's 40 digits to pin it.
HUB = ("llava-hf/llava-interleave-qwen-0.5b-hf", "main")
PARTS = ("vision_tower", "multi_modal_projector", "language_model")


def load_real_llava() -> tuple[nn.Module, object] | None:
    """(model, processor), downloaded once. None, with one sentence, where that can't be done."""
    from transformers import AutoProcessor, LlavaForConditionalGeneration

    device, dtype, _ = best_device()
    repository, revision = HUB
    try:
        processor = AutoProcessor.from_pretrained(repository, revision=revision)
        model = LlavaForConditionalGeneration.from_pretrained(
            repository,
            revision=revision,
            dtype=getattr(torch, dtype),
            attn_implementation="sdpa",
            use_safetensors=True,
        )
    except (OSError, ImportError) as error:
        reason = str(error).splitlines()[0][:120]
        print(f"{repository} could not be loaded ({reason}). The lesson goes on without it.")
        return None
    return model.to(device).eval(), processor


def parameter_shares(model: nn.Module) -> dict[str, tuple[int, float]]:
    """Each part's number of parameters, and its share of all three's."""
    counts = {part: sum(p.numel() for p in getattr(model.model, part).parameters()) for part in PARTS}
    return {part: (count, count / sum(counts.values())) for part, count in counts.items()}


def prompt(model: nn.Module, processor, image: np.ndarray, question: str) -> dict:
    """A picture uint8 [H, W, 3] and a question, as the model takes them."""
    content = [{"type": "image"}, {"type": "text", "text": question}]
    messages = [{"role": "user", "content": content}]
    text = processor.apply_chat_template(messages, add_generation_prompt=True)
    return processor(images=image, text=text, return_tensors="pt").to(model.device, model.dtype)


@torch.no_grad()
def reply(model: nn.Module, processor, inputs: dict, max_new_tokens: int = 60) -> str:
    """What the model answers to `prompt`, by greedy decoding, as text."""
    ids = model.generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
    return processor.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True).strip()
