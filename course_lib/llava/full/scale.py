"""Stage 2 at full size: any CLIP or SigLIP of transformers, any chat model, one GPU or several, LLaVA's data or your own.

    python -m course_lib.llava.full.scale --vision google/siglip-base-patch16-224 --language HuggingFaceTB/SmolLM2-360M-Instruct \\
        --data llava_instruct_150k.json --images train2017 --out my_llava
    torchrun --nproc-per-node 4 -m course_lib.llava.full.scale …            # the same on four GPUs
    accelerate launch --multi_gpu --num_processes 4 -m course_lib.llava.full.scale …    # likewise

`--batch` counts the pictures of a step over all processes and micro-batches, so that the recipe stays the same however
many GPUs there are. After a disconnect the same command goes on where the last checkpoint was. If the memory does not
suffice, halve `--micro`: the result stays the same.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from safetensors.torch import load_file
from torch import nn

from course_lib import checkpoints
from course_lib.common.precision import compute_dtype
from course_lib.llava.data.batches import LlavaBatch
from course_lib.llava.full.data import InstructionData, to_device
from course_lib.llava.model import MiniLlava, make_connector
from course_lib.llava.templated import TemplatedLlava
from course_lib.llava.train.loss import loss_sum, num_label_tokens
from course_lib.llava.vision import TransformersVisionTower
from course_lib.lm.tokenizer import IMAGE
from course_lib.training import apply_gradients, parameter_groups, schedule, set_learning_rate


@dataclass(frozen=True)
class ScaleRecipe:
    """A training run. LLaVA-1.5 with LoRA: batch 128, 2e-4, connector a tenth of it (scripts/v1_5/finetune_lora.sh)."""

    steps: int = 1000
    batch: int = 32  # pictures a step, over all processes
    micro: int = 2  # of them at once in a process: what its memory holds
    learning_rate: float = 2e-4
    connector_lr_mult: float = 1.0
    save_every: int = 50  # steps
    seed: int = 0


class Machines:
    """The processes of this run, as torchrun and accelerate announce them; without them, this one alone."""

    def __init__(self) -> None:
        self.rank, self.count = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self.device = torch.device("cpu")
        if torch.cuda.is_available():
            self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
            torch.cuda.set_device(self.device)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Connected: nccl between GPUs, gloo between CPUs."""
        if self.count == 1:
            yield
            return
        dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")
        try:
            yield
        finally:
            dist.destroy_process_group()

    def add_up(self, tensors: list[torch.Tensor]) -> None:
        """Each tensor becomes its sum over all processes, in place."""
        if self.count > 1:
            for tensor in tensors:
                dist.all_reduce(tensor)


def train(
    model: MiniLlava,
    data: InstructionData,
    recipe: ScaleRecipe,
    state_file: Path,
    machines: Machines,
    after_step: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Train what requires a gradient, in place, from `state_file` on if there is one; after_step(steps done, loss)."""
    learned = nn.ParameterList(p for p in model.parameters() if p.requires_grad)
    groups = parameter_groups(model, 0.0, {"connector": recipe.connector_lr_mult})
    optimizer = torch.optim.AdamW(groups, recipe.learning_rate)
    form = compute_dtype(machines.device)
    scaler = torch.amp.GradScaler(machines.device.type, enabled=form == torch.float16)
    first = 0
    if state_file.exists():
        notes = checkpoints.load_training(state_file, learned, optimizer)
        first = notes["step"]
        scaler.load_state_dict(notes["scaler"])
    model.train()
    for step in range(first, recipe.steps):
        set_learning_rate(optimizer, recipe.learning_rate * schedule(step / recipe.steps))
        names = data.chosen(step, recipe.batch, recipe.seed)[machines.rank :: machines.count]
        loss = gradients(model, [data.batch(names[i : i + recipe.micro]) for i in range(0, len(names), recipe.micro)],
                         scaler, form, machines)  # fmt: skip
        apply_gradients(model, optimizer, scaler)
        done = step + 1
        if machines.rank == 0 and (done % recipe.save_every == 0 or done == recipe.steps):
            checkpoints.save_training(state_file, learned, optimizer, {"step": done, "scaler": scaler.state_dict()})
        after_step(done, loss)


def gradients(
    model: MiniLlava, parts: list[LlavaBatch], scaler: torch.amp.GradScaler, form: torch.dtype, machines: Machines
) -> float:
    """Leave the gradient of the mean loss over the learned tokens of all parts of all processes; returns that loss.

    Not the mean of the parts' means: parts with few learned tokens would weigh too much, and the result would depend on
    how many processes there are.
    """
    device = machines.device
    totals = torch.tensor([0.0, sum(map(num_label_tokens, parts))], device=device, dtype=torch.float64)
    machines.add_up([count := totals[1:]])
    model.zero_grad(set_to_none=True)
    for part in parts:
        with torch.autocast(device.type, form, enabled=form != torch.float32):
            loss = loss_sum(model, to_device(part, device)) / count.item()
        scaler.scale(loss).backward()
        totals[0] += loss.detach()
    learned = [p for p in model.parameters() if p.requires_grad]
    for parameter in learned:
        if parameter.grad is None:  # a process that was left without a picture still takes part in the sum
            parameter.grad = torch.zeros_like(parameter)
    machines.add_up([*(p.grad for p in learned), totals[:1]])
    return totals[0].item()


def peak_memory(device: torch.device) -> str:
    """The most memory that was in use, in words."""
    if device.type == "cuda":
        return f"{torch.cuda.max_memory_allocated(device) / 2**30:.1f} GiB on {torch.cuda.get_device_name(device)}"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB"


def main(arguments: list[str] | None = None) -> None:
    """The command line."""

    parser = argparse.ArgumentParser(prog="python -m course_lib.llava.full.scale", description="Stage 2 at full size.")
    for name, words in {
        "vision": "CLIP or SigLIP: a folder or a name on the hub",
        "language": "chat model: a folder or a name on the hub",
        "data": "LLaVA's JSON",
        "images": "folder of its pictures",
        "out": "folder for checkpoints and result",
    }.items():
        parser.add_argument(f"--{name}", required=True, help=words)
    parser.add_argument(
        "--connector", help="safetensors of stage 1 (keys connector.*); without it the connector is new"
    )
    parser.add_argument("--rank", type=int, default=16, help="of the adapters (default 16)")
    for name, default in vars(ScaleRecipe()).items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=type(default), default=default, help=f"default {default}"
        )
    given = parser.parse_args(arguments)
    recipe = ScaleRecipe(**{name: getattr(given, name) for name in vars(ScaleRecipe())})
    machines, out, started = Machines(), Path(given.out), time.perf_counter()
    with machines.together():
        model, processor = assemble(given.vision, given.language, given.rank, machines.device, given.connector)
        data = InstructionData(given.data, given.images, model.tokenizer, processor, model.patches)

        if machines.rank == 0:
            print(
                f"{machines.count} process(es) on {machines.device.type}, {compute_dtype(machines.device)}", flush=True
            )

        def report(step: int, loss: float) -> None:
            if machines.rank == 0:
                memory = peak_memory(machines.device)
                print(f"step {step}: loss {loss:.6f}, {time.perf_counter() - started:.0f} s, peak {memory}", flush=True)

        train(model, data, recipe, out / "training.safetensors", machines, report)
    if machines.rank == 0:
        save(out / "llava.safetensors", model, given)


if __name__ == "__main__":
    main()


def assemble(
    vision: str, language: str, rank: int, device: torch.device, connector: str | None = None
) -> tuple[TemplatedLlava, Callable]:
    """(model on its device, image processor). Frozen weights are in half precision on a GPU; what learns is in float32."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoImageProcessor, AutoModel, AutoModelForCausalLM, AutoTokenizer

    from course_lib.common.precision import compute_dtype

    form = compute_dtype(device)
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
    model = TemplatedLlava(
        TransformersVisionTower(tower, class_token=class_token), between, adapted, tokenizer, patches
    )
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
