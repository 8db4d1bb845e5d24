"""Exercise of Lesson 06: what learns in stage 1."""

from collections.abc import Iterable

from torch import nn

from course_lib.checker.task import Mistake, Task
from course_lib.llava.train.parameters import freeze


class ToyLlava(nn.Module):
    """The parts of a LLaVA by their names, tiny; other parts have layers called like a connector."""

    def __init__(self, rng) -> None:
        super().__init__()
        vision_width, language_width = (int(rng.integers(low, low + 3)) for low in (3, 6))
        self.vision = nn.Sequential(*(nn.Linear(vision_width, vision_width) for _ in range(int(rng.integers(1, 4)))))
        self.vision.append(nn.ModuleDict({"connector_norm": nn.LayerNorm(vision_width)}))
        self.connector = nn.Sequential(
            nn.Linear(vision_width, language_width), nn.GELU(), nn.Linear(language_width, language_width)
        )
        self.language_model = nn.ModuleDict(
            {"model": nn.Linear(language_width, language_width), "connector": nn.Linear(language_width, language_width)}
        )
        self.language_model["lm_head"] = nn.Linear(language_width, 9)


LEARNS = (("vision", "connector", "language_model"), (), ("vision", "language_model"), ("connector",), ("vision",))


def model_inputs(rng) -> tuple[nn.Module]:
    """A toy LLaVA in which all learns at first, nothing, or one or two parts: the connector may have been frozen."""
    model, learns = ToyLlava(rng), rng.in_turn((*LEARNS[:1], *LEARNS, ("language_model",)))
    for name, part in model.named_children():
        part.requires_grad_(name in learns)
    return (model,)


class Frozen:
    """A written freeze as a function: the names that it returns, in any order, what learns then, and what it tried in vain."""

    def __init__(self, written) -> None:
        self.written = written

    def __call__(self, model: nn.Module) -> dict | None:
        names = self.written(model)
        if not isinstance(names, Iterable) or isinstance(names, str):
            return names
        done = {"returned": sorted(map(str, names)), "learns": sorted(_learned(model)), "tried": ""}
        if set(done["learns"]) != {f"connector.{name}" for name, _ in model.connector.named_parameters()}:
            in_use = any(not module.training for module in model.modules())
            assigned = any("requires_grad" in vars(module) for module in model.modules())
            done["tried"] = ".eval()" if in_use else "module.requires_grad = …" if assigned else ""
        return done


def _learned(model: nn.Module) -> list[str]:
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


def freeze_by_assigning(model):
    model.vision.requires_grad = model.language_model.requires_grad = False
    model.connector.requires_grad = True
    return _learned(model)


def freeze_nothing(model):
    return [f"connector.{name}" for name, _ in model.connector.named_parameters()]


def freeze_by_substring(model):
    for name, parameter in model.named_parameters():
        parameter.requires_grad = "connector" in name
    return _learned(model)


def freeze_the_connector(model):
    model.requires_grad_(True)
    model.connector.requires_grad_(False)
    return _learned(model)


def freeze_short_names(model):
    freeze(model)
    return [name for name, _ in model.connector.named_parameters()]


def freeze_all_names(model):
    freeze(model)
    return [name for name, _ in model.named_parameters()]


def freeze_parts_named(model):
    freeze(model)
    return ["connector"]


def freeze_without_return(model):
    freeze(model)


def freeze_parameters_returned(model):
    freeze(model)
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


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


def freeze_into_a_set(model):
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for parameter in model.connector.parameters():
        parameter.requires_grad_(True)
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


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
                "assigned to a module",
                freeze_by_assigning,
                "`module.requires_grad = False` only gives the *module* an attribute of that name; its parameters don't see it, and learn on. Call `module.requires_grad_(False)`, with the underscore, or set it on every parameter.",
            ),
            Mistake(
                "nothing frozen",
                freeze_nothing,
                "The right names, but nothing was frozen: what learns is what learned before. Set `requires_grad` of all parameters, first to False, then the connector's to True.",
            ),
            Mistake(
                "by a part of the name",
                freeze_by_substring,
                "A layer called `…connector_norm` in the vision tower, and others like it, learn as well: the word stands in their names. The connector is `model.connector`, its names *begin* with `connector.`.",
            ),
            Mistake(
                "the connector frozen",
                freeze_the_connector,
                "The wrong way round: the connector is frozen and all else learns.",
            ),
            Mistake(
                "names without their part",
                freeze_short_names,
                "The right parameters learn, but their names lack `connector.`: `model.connector.named_parameters()` counts from the connector. Take `model.named_parameters()`.",
            ),
            Mistake(
                "names not returned",
                freeze_without_return,
                "The right parameters learn, but their names are not returned: `return [name for name, parameter in model.named_parameters() if …]`.",
            ),
            Mistake(
                "parameters for names",
                freeze_parameters_returned,
                "The right parameters learn, but they themselves are returned. Their names are wanted: `model.named_parameters()` gives both.",
            ),
            Mistake(
                "names of everything",
                freeze_all_names,
                "The right parameters learn, but the names of all are returned. Return those with `requires_grad`.",
            ),
            Mistake(
                "the part's name",
                freeze_parts_named,
                "The right parameters learn, but the name of their part is returned. Each parameter has a name of its own: `model.named_parameters()`.",
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
        alternatives=(freeze_by_name, freeze_part_by_part, freeze_into_a_set),
        hints=(
            "Two lines: first nothing learns, then one part does. Then read the names from the model.",
            "`module.requires_grad_(flag)` sets all parameters of a module; `model.named_parameters()` gives (name, parameter).",
            "```python\nmodel.requires_grad_(...)\nmodel.connector....\nreturn [name for name, parameter in model.named_parameters() if ...]\n```",
        ),
    ),
]
