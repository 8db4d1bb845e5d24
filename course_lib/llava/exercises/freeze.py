"""Exercises of Lesson 06: what learns in stage 1, and the proof."""

import hashlib
import zlib

import torch
from torch import Tensor, nn

from course_lib.checker.task import Mistake, Task
from course_lib.llava.exercises.lora import normal
from course_lib.llava.train.parameters import fingerprints, freeze


class ToyLlava(nn.Module):
    """The parts of a LLaVA by their names, tiny."""

    def __init__(self, rng) -> None:
        super().__init__()
        vision_width, language_width = (int(rng.integers(low, low + 3)) for low in (3, 6))
        self.vision = nn.Sequential(*(nn.Linear(vision_width, vision_width) for _ in range(int(rng.integers(1, 4)))))
        self.connector = nn.Sequential(
            nn.Linear(vision_width, language_width), nn.GELU(), nn.Linear(language_width, language_width)
        )
        self.language_model = nn.ModuleDict(
            {"model": nn.Linear(language_width, language_width), "lm_head": nn.Linear(language_width, 9)}
        )


def model_inputs(rng) -> tuple[nn.Module]:
    """A toy LLaVA in which something may be frozen already, the connector, say."""
    model = ToyLlava(rng)
    for part in model.children():
        part.requires_grad_(bool(rng.random() < 0.5))
    return (model,)


class Frozen:
    """A written freeze as a function: what it returns, and what learns afterwards."""

    def __init__(self, written) -> None:
        self.written = written

    def __call__(self, model: nn.Module) -> dict | None:
        names = self.written(model)
        return names if names is None or names is ... else {"returned": names, "learns": _learned(model)}


def _learned(model: nn.Module) -> list[str]:
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


def freeze_by_eval(model):
    model.vision.eval()
    model.language_model.eval()
    return _learned(model)


def freeze_everything(model):
    model.requires_grad_(False)
    return _learned(model)


def freeze_vision_only(model):
    model.requires_grad_(True)
    model.vision.requires_grad_(False)
    return _learned(model)


def freeze_words_only(model):
    model.requires_grad_(True)
    model.language_model.requires_grad_(False)
    return _learned(model)


def freeze_without_thawing(model):
    model.vision.requires_grad_(False)
    model.language_model.requires_grad_(False)
    return _learned(model)


def freeze_biases_too(model):
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name.startswith("connector") and name.endswith("weight"))
    return _learned(model)


def freeze_by_name(model):
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.split(".")[0] == "connector"
    return [name for name, _ in model.named_parameters() if name.startswith("connector.")]


def freeze_part_by_part(model):
    for part, learns in ((model.vision, False), (model.language_model, False), (model.connector, True)):
        for parameter in part.parameters():
            parameter.requires_grad_(learns)
    return [f"connector.{name}" for name, _ in model.connector.named_parameters()]


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
    checksums = {}
    for name in tensors:
        checksums[name] = zlib.crc32(tensors[name].detach().numpy().tobytes())
    return checksums


def prints_by_bits(tensors):
    rows = {name: tensor.detach().flatten().view(torch.int32).tolist() for name, tensor in tensors.items()}  # its bits
    return {name: hashlib.md5(repr(row).encode()).hexdigest() for name, row in rows.items()}


TASKS = [
    Task(
        id="llava.freeze",
        title="What learns in stage 1",
        difficulty=2,
        importance=5,
        minutes=8,
        reference=freeze,
        used_at=("llava.train.parameters:freeze",),
        make_inputs=model_inputs,
        build=Frozen,
        draws=6,
        mistakes=(
            Mistake(
                "eval instead of freezing",
                freeze_by_eval,
                "`.eval()` freezes nothing: it switches dropout and the like to use, and every gradient flows as before. What shall not learn needs `requires_grad_(False)`.",
            ),
            Mistake(
                "everything frozen",
                freeze_everything,
                "Now nothing learns at all, the connector neither, and `backward` has nowhere to go. After freezing everything, thaw `model.connector`.",
            ),
            Mistake(
                "the language model learns",
                freeze_vision_only,
                "The language model still learns: that is stage 2. In stage 1 its words are the fixed space into which the connector must fit (LLaVA#1155 and many more mix the two up).",
            ),
            Mistake(
                "the vision tower learns",
                freeze_words_only,
                "The vision tower still learns. LLaVA keeps it frozen through both stages; with so few pictures it would forget more than it learns.",
            ),
            Mistake(
                "the connector not thawed",
                freeze_without_thawing,
                "The rest is frozen, but a connector that was frozen before (after loading, say) stays so. Say explicitly what learns: `requires_grad_(True)`.",
            ),
            Mistake(
                "biases frozen, too",
                freeze_biases_too,
                "Only weights learn, the connector's biases stay frozen. All of its parameters learn.",
            ),
        ),
        alternatives=(freeze_by_name, freeze_part_by_part),
        hints=(
            "Two lines: first nothing learns, then one part does. Then read the names from the model.",
            "`module.requires_grad_(flag)` sets all parameters of a module; `model.named_parameters()` gives (name, parameter).",
            "```python\nmodel.requires_grad_(...)\nmodel.connector....\nreturn [name for name, parameter in model.named_parameters() if ...]\n```",
        ),
    ),
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
