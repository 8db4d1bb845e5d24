"""Exercise of Lesson 06: the proof that what was frozen has not changed."""

import hashlib
import zlib

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.llava.exercises.lora import normal
from course_lib.llava.train.parameters import fingerprints


class Compared:
    """Written fingerprints as a function: what they say of each tensor, before and after. Any hash is as good as another."""

    def __init__(self, written) -> None:
        self.written = written

    def __call__(self, before: dict[str, Tensor], after: dict[str, Tensor]) -> dict | None:
        first, second = self.written(before), self.written(after)
        if not (isinstance(first, dict) and isinstance(second, dict)):
            return first
        return {name: "equal" if str(first[name]) == str(second.get(name)) else "different" for name in first}


def tensor_inputs(rng) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Tensors before and after: the same in other memory, by one bit different, with swapped numbers, another sign, …

    Some learn and some are frozen, one holds whole numbers, one is a transposed view. In one draw nothing changes.
    """
    sizes = {"same": 7, "one_bit": 9, "swapped": 8, "sign": 6, "amid": 1500, "frozen": 6, "learned": 5}
    before = {name: normal(rng, 1, size + int(rng.integers(0, 3))) for name, size in sizes.items()}
    before |= {"count": torch.arange(5), "same_turned": normal(rng, 3, 4).T, "turned": normal(rng, 4, 3).T}
    after = {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in before.items()}
    if rng.in_turn((True, True, False, True, True)):
        after["one_bit"][0, 2] = after["one_bit"][0, 2].nextafter(torch.tensor(9.0))
        after["swapped"][0, :2] = before["swapped"][0, :2].flip(0)
        after["sign"][0, 3] *= -1
        after["amid"][0, 700] += 1.0
        after["frozen"][0, 1] -= float(rng.in_turn((0.5, 0.0)))
        after["learned"] *= 0.9
        after["count"][-1] += 1
        after["turned"][1, 1] += 0.5
    learns = {"learned", "one_bit"}
    return tuple({n: t.requires_grad_(n in learns) for n, t in state.items()} for state in (before, after))


def prints_of_the_text(tensors):
    return {name: hashlib.sha256(str(tensor).encode()).hexdigest() for name, tensor in tensors.items()}


def prints_of_the_sum(tensors):
    return {name: tensor.sum().item() for name, tensor in tensors.items()}


def prints_of_rounded_numbers(tensors):
    return fingerprints({name: tensor.detach().mul(1000).round() for name, tensor in tensors.items()})


def prints_of_the_object(tensors):
    return {name: id(tensor) for name, tensor in tensors.items()}


def prints_of_what_learns(tensors):
    return fingerprints({name: tensor for name, tensor in tensors.items() if tensor.requires_grad})


def prints_of_shapes(tensors):
    return {name: str(tensor.shape) for name, tensor in tensors.items()}


def prints_of_the_norm(tensors):
    return {name: tensor.float().norm().item() for name, tensor in tensors.items()}


def prints_of_sorted_numbers(tensors):
    return fingerprints({name: tensor.detach().flatten().sort().values for name, tensor in tensors.items()})


def prints_of_the_memory(tensors):
    return {name: bytes(tensor.detach().untyped_storage()).hex() for name, tensor in tensors.items()}


def prints_of_all_together(tensors):
    together = hashlib.sha256("".join(fingerprints(tensors).values()).encode()).hexdigest()
    return dict.fromkeys(tensors, together)


def prints_in_one(tensors):
    return hashlib.sha256("".join(fingerprints(tensors).values()).encode()).hexdigest()


def prints_in_a_list(tensors):
    return list(fingerprints(tensors).values())


def prints_by_loop(tensors):
    checksums = {}
    for name in tensors:
        checksums[name] = zlib.crc32(tensors[name].detach().numpy().tobytes())
    return checksums


def prints_by_bits(tensors):
    rows = {name: tensor.detach().flatten().view(torch.int32).tolist() for name, tensor in tensors.items()}  # its bits
    return {name: hashlib.md5(repr(row).encode()).hexdigest() for name, row in rows.items()}


def prints_by_numbers(tensors):
    return {name: hash(tuple(tensor.flatten().tolist())) for name, tensor in tensors.items()}


TASKS = [
    Task(
        id="llava.fingerprints",
        title="Proof by fingerprint",
        difficulty=2,
        importance=3,
        minutes=7,
        reference=fingerprints,
        used_at=("llava.train.parameters:fingerprints",),
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
                "Two numbers that changed places went unnoticed: a sum or a mean stays as it is, and rounds the smallest changes away. A fingerprint needs every number at its place: take the bytes.",
            ),
            Mistake(
                "rounded",
                prints_of_rounded_numbers,
                "Numbers are rounded first, to some digits or to half precision, so small changes are missed. A learning rate of 1e-5 moves weights by about that much a step. Take them as they are.",
            ),
            Mistake(
                "the norm",
                prints_of_the_norm,
                "A number that changes its sign, or its place, leaves the norm as it is. A fingerprint needs every number as it is, at its place: take the bytes.",
            ),
            Mistake(
                "sorted numbers",
                prints_of_sorted_numbers,
                "The numbers are sorted first, so two that changed places go unnoticed. A fingerprint needs every number at its place: take the bytes as they are.",
            ),
            Mistake(
                "the memory",
                prints_of_the_memory,
                "That is the memory behind the tensor, in its own order: a transposed view of the same numbers looks different. `.numpy().tobytes()` goes through the numbers in the order of the tensor.",
            ),
            Mistake(
                "one for all, under every name",
                prints_of_all_together,
                "Every name has the same fingerprint, made of all tensors: when one changes, all seem to. Each tensor has a fingerprint of its own.",
            ),
            Mistake(
                "one for all",
                prints_in_one,
                "There is a single fingerprint for all tensors, which says that something has changed, but not what. Return a dict, {name: fingerprint}.",
            ),
            Mistake(
                "a list",
                prints_in_a_list,
                "These are the right fingerprints, but without names nobody knows whose they are. Return a dict, {name: fingerprint}.",
            ),
            Mistake(
                "the object",
                prints_of_the_object,
                "The same numbers have another fingerprint every time: `id` and Python's own `hash` of a tensor know where it lies, not what is in it (and a hashlib object wants `.hexdigest()`). Take the bytes.",
            ),
            Mistake(
                "only what learns",
                prints_of_what_learns,
                "Frozen tensors have no fingerprint here, but they are the ones under suspicion. Whether something *should* move and whether it *did* are two questions.",
            ),
            Mistake(
                "the shape",
                prints_of_shapes,
                "No change is noticed: names, shapes and dtypes stay the same in training. It is the numbers that count: take their bytes.",
            ),
        ),
        alternatives=(prints_by_loop, prints_by_bits, prints_by_numbers),
        hints=(
            "`hashlib.sha256` takes bytes. How does a tensor become bytes?",
            "tensor → `.detach()` → `.numpy()` → `.tobytes()` → `hashlib.sha256(…).hexdigest()`, for each name.",
            "```python\nreturn {name: hashlib.sha256(tensor....).hexdigest() for name, tensor in tensors.items()}\n```",
        ),
    ),
]
