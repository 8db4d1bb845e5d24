"""The one training loop of the course."""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor, nn

from course_lib import checkpoints, show
from course_lib.common.processes import stop_request

_KEEP_STATES = ContextVar("keep states", default=False)


@dataclass
class Progress:
    """How far a run has come. Callbacks get it after every step; `fit` returns it."""

    step: int = 0
    seconds: float = 0.0  # spent training, over all sessions of this run
    losses: list[float] = field(default_factory=list)
    stopped: bool = False  # by Ctrl-C, or the notebook's ■ button


def fit(
    model: nn.Module,
    batch: Callable[[int], object],
    loss: Callable[[nn.Module, object], Tensor],
    *,
    steps: int | None = None,
    seconds: float | None = None,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.1,
    warmup_frac: float = 0.05,
    epsilon: float = 1e-6,
    lr_multipliers: Mapping[str, float] = MappingProxyType({}),
    groups: Iterable[dict] | None = None,
    after_step: Callable[[], None] | None = None,
    callbacks: Iterable[Callable[[Progress], None]] = (),
    state_file: Path | None = None,
    save_every: float = 60.0,
) -> Progress:
    """Train `model` in place for a number of steps, or of seconds; AdamW, gradients clipped to length 1.

    batch(step) makes the data of a step from its number alone, so that a resumed run sees what an undisturbed one does.
    loss(model, what batch returned) → scalar. `lr_multipliers`: start of parameters' names → factor on their
    learning rate. `groups`, in their place: parameter groups as torch has them, each with its "params" and its peak "lr".
    Gradients near Adam's `epsilon` move their weights less. after_step() follows each step (CLIP clamps its
    temperature).
    With a `state_file`, the run is saved every `save_every` seconds and when it is stopped, and calling `fit` again goes
    on from there; when the budget is used up, the file is removed (but see `states_kept`). Where the disk fails, training
    goes on and says so. The learning rate rises over the first `warmup_frac` of the budget, then falls along a cosine to 0.
    """
    if (steps is None) == (seconds is None):
        raise ValueError("fit needs a budget: give either steps=… or seconds=…")
    if groups is None:
        groups = parameter_groups(model, weight_decay, lr_multipliers)
    else:
        groups = with_weight_decay(groups, weight_decay, learning_rate)
    optimizer = torch.optim.AdamW(groups, learning_rate, betas=(0.9, 0.98), eps=epsilon, fused=True)
    progress = _resume(state_file, model, optimizer)
    earlier, started, saved = progress.seconds, time.perf_counter(), time.perf_counter()
    model.train()
    with _bar(steps, seconds) as bar, stop_request() as stop:
        while (frac := progress.step / steps if steps else progress.seconds / seconds) < 1 and not stop.is_set():
            value = _step(model, optimizer, learning_rate * schedule(frac, warmup_frac), loss, batch(progress.step))
            if after_step:
                after_step()
            progress.step += 1
            progress.losses.append(value)
            progress.seconds = earlier + time.perf_counter() - started
            bar(progress)
            for callback in callbacks:
                callback(progress)
            if state_file and time.perf_counter() - saved > save_every:
                _save(state_file, model, optimizer, progress)
                saved = time.perf_counter()
    _finish(progress, frac < 1, state_file, model, optimizer)
    return progress


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, rate: float, loss: Callable, data: object) -> float:
    """One step of gradient descent; returns the loss before it."""
    set_learning_rate(optimizer, rate)
    value = loss(model, data)
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    apply_gradients(model, optimizer)
    return value.item()


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Give every group of `parameter_groups` this learning rate times its own multiplier."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate * group["lr_mult"]


def apply_gradients(
    model: nn.Module, optimizer: torch.optim.Optimizer, scaler: torch.amp.GradScaler | None = None
) -> None:
    """Clip the gradients that are there to a common length of 1, and take the optimizer's step.

    scaler: has multiplied the loss, so that small gradients survive in float16. It divides them again, and leaves out a step whose
    gradients ran over.
    """
    scaler = scaler or torch.amp.GradScaler(enabled=False)
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()


def schedule(frac: float, warmup_frac: float = 0.05) -> float:
    """The learning rate relative to its peak, when this fraction of the budget is used up: linear warm-up, cosine decay to 0."""
    if frac < warmup_frac:
        return (frac + 0.01 * warmup_frac) / (1.01 * warmup_frac)  # the very first step is small, not zero
    return 0.5 * (1 + math.cos(math.pi * (frac - warmup_frac) / (1 - warmup_frac)))


def parameter_groups(
    model: nn.Module, weight_decay: float, lr_multipliers: Mapping[str, float] = MappingProxyType({})
) -> list[dict]:
    """The parameters that require a gradient, as AdamW's groups: one for each weight decay and learning-rate multiplier.

    Weight decay is for matrices only: as in open_clip, not for biases, norms and the temperature. `lr_mult` is the course's own
    key; `set_learning_rate` reads it.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            lr_mult = next((mult for prefix, mult in lr_multipliers.items() if name.startswith(prefix)), 1.0)
            decay = weight_decay if parameter.ndim >= 2 else 0.0
            groups.setdefault((decay, lr_mult), []).append(parameter)
    return [
        {"params": parameters, "weight_decay": decay, "lr_mult": lr_mult}
        for (decay, lr_mult), parameters in sorted(groups.items(), key=lambda item: item[0], reverse=True)
    ]


def with_weight_decay(groups: Iterable[dict], weight_decay: float, learning_rate: float) -> list[dict]:
    """Parameter groups {"params", "lr"} → the same in the form of `parameter_groups`, matrices apart from what doesn't decay."""
    split = [
        {"params": [p for p in group["params"] if (p.ndim >= 2) == matrices], "lr_mult": group["lr"] / learning_rate}
        | {"weight_decay": weight_decay if matrices else 0.0}
        for group in groups
        for matrices in (True, False)
    ]
    return [group for group in split if group["params"]]


@contextmanager
def _bar(steps: int | None, seconds: float | None):
    """A progress bar over the budget, silent where nobody watches (no terminal, no notebook, or under CI)."""
    from tqdm.auto import tqdm

    total, unit = (steps, "step") if steps else (round(seconds), "s")
    with tqdm(total=total, unit=unit, disable=not show.somebody_watches(), leave=False) as bar:

        def update(progress: Progress) -> None:
            bar.update(min(progress.step if steps else int(progress.seconds), total) - bar.n)
            bar.set_postfix(loss=f"{progress.losses[-1]:.3f}", refresh=False)

        yield update


def _resume(file: Path | None, model: nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    if file is None or not file.exists():
        return Progress()
    try:
        progress = Progress(**checkpoints.load_training(file, model, optimizer))
    except TypeError:
        raise checkpoints.CheckpointError(
            f"{file} is no state of a training run. Delete this file to start afresh."
        ) from None
    print(f"Going on from step {progress.step} ({file.name}; delete this file to start afresh).")
    return progress


def _save(file: Path, model: nn.Module, optimizer: torch.optim.Optimizer, progress: Progress) -> bool:
    """Save the run; where the disk is full or can't be written to, say so, since training is worth more than its state."""
    notes = {"step": progress.step, "seconds": progress.seconds, "losses": progress.losses}
    try:
        checkpoints.save_training(file, model, optimizer, notes)
    except OSError as error:
        print(
            f"✗ Step {progress.step} can't be saved in {file}: {error.strerror or error}. Training itself is unharmed."
        )
        return False
    return True


def _finish(progress: Progress, stopped: bool, file: Path | None, model: nn.Module, optimizer) -> None:
    """Leave the model ready for use, and the state file only where there is something to go on with."""
    model.eval()
    progress.stopped = stopped
    saved = bool(file) and (stopped or _KEEP_STATES.get()) and _save(file, model, optimizer, progress)
    if file and not stopped and not _KEEP_STATES.get():
        with suppress(OSError):  # on a disk that can't be written to it stays
            file.unlink(missing_ok=True)
    if stopped:
        why = "its state could not be saved" if file else "fit had no state_file"
        how = "Run this cell again to go on." if saved else f"It can't go on later: {why}."
        print(f"Stopped after step {progress.step}, {progress.seconds:.0f} s of training. {how}")


@contextmanager
def states_kept():
    """Within it, `fit` leaves the state of a finished run on the disk, too: what trained for an hour is not lost if writing
    its checkpoint fails. Who asks for this removes the file, once the checkpoint is written."""
    token = _KEEP_STATES.set(True)
    try:
        yield
    finally:
        _KEEP_STATES.reset(token)
