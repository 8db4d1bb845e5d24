"""Exercise of Lesson 06: what learns in stage 1."""

from torch import nn

from course_lib.exercises.task import Mistake, Task
from course_lib.llava.stage1_parts import freeze


class ToyLlava(nn.Module):
    """The parts of a LLaVA by their names, tiny."""

    def __init__(self, rng) -> None:
        super().__init__()
        eyes, words = (int(rng.integers(low, low + 3)) for low in (3, 6))
        self.vision = nn.Sequential(*(nn.Linear(eyes, eyes) for _ in range(int(rng.integers(1, 4)))))
        self.connector = nn.Sequential(nn.Linear(eyes, words), nn.GELU(), nn.Linear(words, words))
        self.language_model = nn.ModuleDict({"model": nn.Linear(words, words), "lm_head": nn.Linear(words, 9)})


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
        said = self.written(model)
        return said if said is None or said is ... else {"returned": said, "learns": _learned(model)}


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


TASKS = [
    Task(
        id="llava.freeze",
        title="What learns in stage 1",
        difficulty=2,
        importance=5,
        minutes=8,
        reference=freeze,
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
                "the eyes learn",
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
]
