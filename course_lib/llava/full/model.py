"""A LLaVA around published models: assembled, saved, loaded and asked."""

from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from course_lib import checkpoints
from course_lib.clip.data.images import open_picture
from course_lib.common.precision import compute_dtype
from course_lib.llava import connector
from course_lib.llava.full import PretrainedParts, ScaleRecipe
from course_lib.llava.model import MiniLlava, TemplatedLlava
from course_lib.llava.train import parameters
from course_lib.llava.vision import TransformersVisionTower
from course_lib.lm.tokenizer import IMAGE


def assemble(parts: PretrainedParts, device: torch.device) -> tuple[TemplatedLlava, Callable]:
    """(model on its device, image processor): a frozen vision tower, a connector, a language model with new LoRA adapters.

    Frozen weights are in `compute_dtype`; connector and adapters, which learn, are in float32. OSError where a part can't be found.
    """
    from peft import LoraConfig, get_peft_model
    from transformers import AutoImageProcessor, AutoModel

    dtype = compute_dtype(device)
    tower = AutoModel.from_pretrained(parts.vision, dtype=dtype, attn_implementation="sdpa", use_safetensors=True)
    tower = getattr(tower, "vision_model", tower)
    language_model, tokenizer = _load_language_model(parts.language, dtype)

    torch.manual_seed(0)  # every process begins with the same connector and adapters
    projector = connector.make_connector(tower.config.hidden_size, language_model.config.hidden_size, "mlp2x_gelu")
    if parts.connector:
        stored = load_file(parts.connector)
        projector.load_state_dict({name.removeprefix("connector."): tensor.float() for name, tensor in stored.items()})
    lora = LoraConfig(r=parts.lora_rank, lora_alpha=2 * parts.lora_rank, target_modules="all-linear")
    adapted = get_peft_model(language_model, lora)

    class_token = any("class_embedding" in name for name, _ in tower.named_parameters())  # CLIP has one, SigLIP none
    num_patches = (tower.config.image_size // tower.config.patch_size) ** 2
    vision = TransformersVisionTower(tower, class_token=class_token)
    model = TemplatedLlava(vision, projector, adapted, tokenizer, num_patches)
    return model.to(device), AutoImageProcessor.from_pretrained(parts.vision)


def _load_language_model(name: str, dtype: torch.dtype) -> tuple[nn.Module, object]:
    """(model, tokenizer), both of which know `<image>`; activations are recomputed in the backward pass to save memory."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(name, dtype=dtype, attn_implementation="sdpa", use_safetensors=True)
    tokenizer = AutoTokenizer.from_pretrained(name)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    tokenizer.add_special_tokens({"additional_special_tokens": [IMAGE]})
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer), pad_to_multiple_of=64, mean_resizing=False)
    model.gradient_checkpointing_enable({"use_reentrant": False})
    return model, tokenizer


def save(file: Path, model: MiniLlava, parts: PretrainedParts, recipe: ScaleRecipe, **more: object) -> None:
    """Write connector and adapters in float16, with a card that says what they belong to; `more` stands in it as given."""
    learned = parameters.to_save(dict(model.named_parameters()))
    trained = {name: parameter.detach().half() for name, parameter in learned.items()}
    card = {**asdict(parts), "recipe": asdict(recipe), "command": "python -m course_lib llava scale", **more}
    checkpoints.save(file, trained, {**card, "stored_as": "float16", "machine": checkpoints.machine()})


def load(file: Path, device: torch.device) -> tuple[TemplatedLlava, Callable]:
    """(model, image processor) of what `save` has written; the frozen parts come from where its card says.

    CheckpointError for a file that is missing, damaged or of another recipe; OSError where its parts can't be found.
    """
    tensors, card = checkpoints.load(file)
    try:
        parts = PretrainedParts(**{field.name: card[field.name] for field in fields(PretrainedParts)})
    except KeyError as error:
        raise checkpoints.CheckpointError(f"{file.name} is no LLaVA of full size: its card has no {error}.") from None
    model, processor = assemble(replace(parts, connector=None), device)  # the tuned connector is in the file
    parameters.load_trained(model, tensors)
    return model.eval(), processor


@torch.no_grad()
def answers(file: Path, picture: Path, questions: list[str], device: torch.device) -> list[str]:
    """What the model in `file` answers to each question about a picture. CheckpointError, PictureError, OSError."""
    image = open_picture(picture)
    dtype = compute_dtype(device)
    model, processor = load(file, device)
    pixels = processor(images=[image], return_tensors="pt")["pixel_values"].to(device)  # [1, 3, S, S]
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        features = model.image_features(pixels)  # [1, N, W]
        return model.answer(features.expand(len(questions), -1, -1), questions)
