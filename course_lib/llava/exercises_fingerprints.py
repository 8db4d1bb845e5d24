"""Exercise of Lesson 06: the proof that nothing else moved."""

import hashlib
import zlib

import torch
from torch import Tensor

from course_lib.exercises.task import Mistake, Task
from course_lib.llava.exercises_lora import normal
from course_lib.llava.stage1_parts import fingerprints


class Compared:
    """Written fingerprints as a function: which tensors they say have changed. Any hash is as good as another."""

    def __init__(self, written) -> None:
        self.written = written

    def __call__(self, before: dict[str, Tensor], after: dict[str, Tensor]) -> dict | None:
        first, second = self.written(before), self.written(after)
        if not (isinstance(first, dict) and isinstance(second, dict)):
            return first
        return {"names": sorted(first), "changed": [name for name in first if first[name] != second.get(name)]}


def tensor_inputs(rng) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Tensors before and after: untouched, one number changed a little, two swapped, one changed amid many, frozen or not."""
    sizes = {"same": 7, "little": 9, "swapped": 8, "amid": 1500, "frozen": 6, "learned": 5}
    before = {name: normal(rng, 1, size + int(rng.integers(0, 3))) for name, size in sizes.items()}
    after = {name: tensor.clone() for name, tensor in before.items()}
    after["little"][0, 2] += 1e-6
    after["swapped"][0, :2] = before["swapped"][0, :2].flip(0)
    after["amid"][0, 700] += 1.0
    if rng.random() < 0.5:
        after["frozen"][0, 1] -= 0.5
    after["learned"] *= 0.9
    learns = {"learned", "little"}
    return tuple({n: t.requires_grad_(n in learns) for n, t in state.items()} for state in (before, after))


def prints_of_the_text(tensors):
    return {name: hashlib.sha256(str(tensor).encode()).hexdigest() for name, tensor in tensors.items()}


def prints_of_the_sum(tensors):
    return {name: tensor.double().sum().item() for name, tensor in tensors.items()}


def prints_of_rounded_numbers(tensors):
    return fingerprints({name: tensor.detach().mul(1000).round() for name, tensor in tensors.items()})


def prints_of_the_object(tensors):
    return {name: id(tensor) for name, tensor in tensors.items()}


def prints_of_what_learns(tensors):
    return fingerprints({name: tensor for name, tensor in tensors.items() if tensor.requires_grad})


def prints_of_shapes(tensors):
    return {name: str(tensor.shape) for name, tensor in tensors.items()}


def prints_by_loop(tensors):
    found = {}
    for name in tensors:
        found[name] = zlib.crc32(tensors[name].detach().numpy().tobytes())
    return found


def prints_by_bits(tensors):
    rows = {name: tensor.detach().flatten().view(torch.int32).tolist() for name, tensor in tensors.items()}  # its bits
    return {name: hashlib.md5(repr(row).encode()).hexdigest() for name, row in rows.items()}


TASKS = [
    Task(
        id="llava.fingerprints",
        title="Proof by fingerprint",
        difficulty=2,
        importance=3,
        minutes=7,
        reference=fingerprints,
        make_inputs=tensor_inputs,
        build=Compared,
        mistakes=(
            Mistake(
                "what is printed",
                prints_of_the_text,
                "That is a fingerprint of what is *printed*: four digits, and of large tensors only the corners. Most changes never show. Take the bytes.",
            ),
            Mistake(
                "the sum",
                prints_of_the_sum,
                "Two numbers that change places leave the sum as it is. A fingerprint needs every number at its place: take the bytes.",
            ),
            Mistake(
                "rounded",
                prints_of_rounded_numbers,
                "Numbers are rounded first, so small changes are missed. A learning rate of 1e-5 moves weights by about that much a step. Take them as they are.",
            ),
            Mistake(
                "the object",
                prints_of_the_object,
                "That is where the tensor lies in memory, which says nothing about what is in it: `id` and Python's own `hash` know objects, not numbers.",
            ),
            Mistake(
                "only what learns",
                prints_of_what_learns,
                "Frozen tensors have no fingerprint here, but they are the ones under suspicion. Whether something *should* move and whether it *did* are two questions.",
            ),
            Mistake(
                "the shape",
                prints_of_shapes,
                "Shapes don't change in training. It is the numbers that count: take their bytes.",
            ),
        ),
        alternatives=(prints_by_loop, prints_by_bits),
        hints=(
            "`hashlib.sha256` takes bytes. How does a tensor become bytes?",
            "tensor → `.detach()` → `.numpy()` → `.tobytes()` → `hashlib.sha256(…).hexdigest()`, for each name.",
            "```python\nreturn {name: hashlib.sha256(tensor....).hexdigest() for name, tensor in tensors.items()}\n```",
        ),
    ),
]
