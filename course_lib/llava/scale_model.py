"""The full-size MiniLlava: published eyes and a published chat model, with a connector and adapters between and beside."""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file

from course_lib import checkpoints
from course_lib.llava.connector import make_connector
from course_lib.llava.eyes import TransformersEyes
from course_lib.llava.model import MiniLlava
from course_lib.llava.templated import TemplatedLlava
from course_lib.lm.tokenizer import IMAGE


def assemble(
    vision: str, language: str, rank: int, device: torch.device, connector: str | None = None
) -> tuple[TemplatedLlava, Callable]:
    """(model on its device, image processor). Frozen weights are in half precision on a GPU; what learns is in float32."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoImageProcessor, AutoModel, AutoModelForCausalLM, AutoTokenizer

    from course_lib.llava.scale import half

    form = half(device)
    tower = AutoModel.from_pretrained(vision, dtype=form, attn_implementation="sdpa", use_safetensors=True)
    tower = getattr(tower, "vision_model", tower)
    words = AutoModelForCausalLM.from_pretrained(language, dtype=form, attn_implementation="sdpa", use_safetensors=True)
    tokenizer = AutoTokenizer.from_pretrained(language)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    tokenizer.add_special_tokens({"additional_special_tokens": [IMAGE]})
    if len(tokenizer) > words.get_input_embeddings().num_embeddings:
        words.resize_token_embeddings(len(tokenizer), pad_to_multiple_of=64, mean_resizing=False)
    words.gradient_checkpointing_enable({"use_reentrant": False})  # keep one layer's insides at a time
    torch.manual_seed(0)  # every process begins with the same connector and adapters
    between = make_connector(tower.config.hidden_size, words.config.hidden_size)
    if connector:
        tensors = {name.removeprefix("connector."): tensor.float() for name, tensor in load_file(connector).items()}
        between.load_state_dict(tensors)
    adapted = get_peft_model(words, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear"))
    class_token = any("class_embedding" in name for name, _ in tower.named_parameters())  # CLIP has one, SigLIP none
    patches = (tower.config.image_size // tower.config.patch_size) ** 2
    model = TemplatedLlava(TransformersEyes(tower, class_token=class_token), between, adapted, tokenizer, patches)
    return model.to(device), AutoImageProcessor.from_pretrained(vision)


def save(file: Path, model: MiniLlava, given: argparse.Namespace) -> None:
    """Connector and adapters in half precision, with a card that says what they belong to."""
    learned = {name: p.detach().half() for name, p in model.named_parameters() if p.requires_grad}
    checkpoints.save(file, learned, {**vars(given), "stored_as": "float16", "machine": checkpoints.machine()})


def load(file: Path, device: torch.device) -> tuple[TemplatedLlava, Callable]:
    """(model, image processor) of what `save` has written; eyes and language model come from where its card says.

    CheckpointError for a file that is missing, damaged or of another recipe; OSError where its parts can't be found.
    """
    tensors, card = checkpoints.load(file)
    try:
        parts = card["vision"], card["language"], card["rank"]
    except KeyError as error:
        raise checkpoints.CheckpointError(f"{file.name} is no LLaVA of full size: its card has no {error}.") from None
    model, processor = assemble(*parts, device)
    model.put_back(tensors)
    return model.eval(), processor
