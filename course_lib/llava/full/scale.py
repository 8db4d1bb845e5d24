"""Stage 2 at full size: any CLIP or SigLIP of transformers, any chat model, one GPU or several, LLaVA's data or your own.

    python -m course_lib llava scale --vision google/siglip-base-patch16-224 --language HuggingFaceTB/SmolLM2-360M-Instruct \\
        --data llava_instruct_150k.json --images train2017 --out my_llava
    torchrun --nproc-per-node 4 -m course_lib llava scale …            # the same on four GPUs
    accelerate launch --multi_gpu --num_processes 4 -m course_lib llava scale …    # likewise

`--batch-size` counts the pictures of a step over all processes and micro-batches, so that the recipe stays the same however
many GPUs there are. Data and pictures are checked first; what can't be used is left out and listed (`data.py`). After a
disconnect the same command goes on where the last checkpoint was. If the memory does not suffice, halve `--micro-batch-size`: the
result stays the same. The command runs in the course's own environment; with COURSE_NO_VENV=1 it stays in the Python that has
started it.
"""

import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn
from torch import distributed as dist

from course_lib import checkpoints
from course_lib.common.precision import compute_dtype
from course_lib.llava.data.packing import LlavaBatch
from course_lib.llava.full import PretrainedParts, ScaleRecipe
from course_lib.llava.full.data import InstructionData, to_device
from course_lib.llava.full.model import assemble, save
from course_lib.llava.model import MiniLlava
from course_lib.llava.train import parameters
from course_lib.llava.train.stages import loss_sum, num_label_tokens
from course_lib.training import apply_gradients, schedule, set_learning_rate, with_weight_decay


class Distributed:
    """This process among those of the run, as torchrun and accelerate announce them (RANK, WORLD_SIZE, LOCAL_RANK).

    Without these variables the run is this process alone. Every process has one GPU if there are any.
    """

    def __init__(self) -> None:
        self.rank, self.world_size = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self.device = torch.device("cpu")
        if torch.cuda.is_available():
            self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
            torch.cuda.set_device(self.device)

    @contextmanager
    def process_group(self) -> Iterator[None]:
        """Within it, the processes are connected: by nccl between GPUs, by gloo between CPUs."""
        if self.world_size == 1:
            yield
            return
        dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")
        try:
            yield
        finally:
            dist.destroy_process_group()

    def all_reduce(self, tensors: list[Tensor]) -> None:
        """Each tensor becomes its sum over all processes, in place."""
        if self.world_size > 1:
            for tensor in tensors:
                dist.all_reduce(tensor)


def run(parts: PretrainedParts, recipe: ScaleRecipe, data_file: Path, images: Path, out: Path) -> None:
    """Assemble, train and save as out/llava.safetensors; every process of the run calls this, and rank 0 prints a line a step.

    What goes on after a stop is kept in out/training.safetensors. DataError, CheckpointError, OSError.
    """
    distributed, started = Distributed(), time.perf_counter()
    device, first = distributed.device, distributed.rank == 0

    def report(step: int, loss: float) -> None:
        if first:
            seconds = time.perf_counter() - started
            print(f"step {step}: loss {loss:.6f}, {seconds:.0f} s, peak {peak_memory(device)}", flush=True)

    data = InstructionData(data_file, images)  # checked before anything is loaded
    if first:
        print(data.summary, flush=True)
    with distributed.process_group():
        model, data.processor = assemble(parts, device)
        data.tokenizer, data.num_patches = model.tokenizer, model.num_patches
        if first:
            print(f"{distributed.world_size} process(es) on {device.type}, {compute_dtype(device)}", flush=True)
        train(model, data, recipe, out / "training.safetensors", distributed, report)
    if first:
        save(out / "llava.safetensors", model, parts, recipe, data=str(data_file), images=str(images))


def train(
    model: MiniLlava,
    data: InstructionData,
    recipe: ScaleRecipe,
    state_file: Path,
    distributed: Distributed,
    after_step: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Train what requires a gradient, in place, from `state_file` on if there is one; after_step(steps done, loss).

    It has the schedule, learning rates and clipping of `training.fit`. Beyond it: gradients are summed over processes and micro-batches,
    float16 has a scaled loss, and the state is saved by rank 0 alone and without the frozen weights.
    """
    trainable = nn.ParameterList(p for p in model.parameters() if p.requires_grad)
    rate = recipe.learning_rate
    groups = parameters.learning_groups(dict(model.named_parameters()), rate, rate * recipe.connector_lr_mult)
    optimizer = torch.optim.AdamW(with_weight_decay(groups, 0.0, rate), rate)
    dtype = compute_dtype(distributed.device)
    scaler = torch.amp.GradScaler(distributed.device.type, enabled=dtype == torch.float16)

    # Where an earlier run was stopped, go on from its last checkpoint.
    first = 0
    if state_file.exists():
        notes = checkpoints.load_training(state_file, trainable, optimizer)
        first = notes["step"]
        scaler.load_state_dict(notes["scaler"])

    model.train()
    for step in range(first, recipe.steps):
        set_learning_rate(optimizer, rate * schedule(step / recipe.steps))
        # This process's share of the step's pictures, in parts that its memory holds.
        names = data.sample(step, recipe.batch_size, recipe.seed)[distributed.rank :: distributed.world_size]
        size = recipe.micro_batch_size
        micro_batches = [batch for i in range(0, len(names), size) if (batch := data.batch(names[i : i + size]))]
        loss = accumulate_gradients(model, micro_batches, scaler, dtype, distributed)
        apply_gradients(model, optimizer, scaler)
        # The weights are the same in all processes: one of them saves.
        done = step + 1
        if distributed.rank == 0 and (done % recipe.save_every == 0 or done == recipe.steps):
            checkpoints.save_training(state_file, trainable, optimizer, {"step": done, "scaler": scaler.state_dict()})
        after_step(done, loss)


def accumulate_gradients(
    model: MiniLlava,
    micro_batches: list[LlavaBatch],
    scaler: torch.amp.GradScaler,
    dtype: torch.dtype,
    distributed: Distributed,
) -> float:
    """Leave in .grad the gradient of the mean loss over the learned tokens of all micro-batches of all processes → that loss.

    Not the mean of the micro-batches' means: one with few learned tokens would weigh too much, and the result would depend
    on how many processes there are.
    """
    device = distributed.device
    # 1. Over how many tokens, everywhere, is the mean?
    totals = torch.tensor([0.0, sum(map(num_label_tokens, micro_batches))], device=device, dtype=torch.float64)
    distributed.all_reduce([num_tokens := totals[1:]])
    # 2. Add up the gradients of this process.
    model.zero_grad(set_to_none=True)
    for batch in micro_batches:
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            loss = loss_sum(model, to_device(batch, device)) / num_tokens.item()
        scaler.scale(loss).backward()
        totals[0] += loss.detach()
    # 3. Add up those of all processes.
    trainable = [p for p in model.parameters() if p.requires_grad]
    for parameter in trainable:
        if parameter.grad is None:  # a process that was left without a picture still takes part in the sum
            parameter.grad = torch.zeros_like(parameter)
    distributed.all_reduce([*(p.grad for p in trainable), totals[:1]])
    return totals[0].item()


def peak_memory(device: torch.device) -> str:
    """The most memory that was in use, in words."""
    if device.type == "cuda":
        return f"{torch.cuda.max_memory_allocated(device) / 2**30:.1f} GiB on {torch.cuda.get_device_name(device)}"
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB"
