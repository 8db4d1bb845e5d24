"""Exercise of Lesson 07: what learns at which rate."""

from collections.abc import Iterable

from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.llava.exercises.lora import normal
from course_lib.llava.exercises.merge_and_save import parameter_inputs
from course_lib.llava.exercises.targets import LM
from course_lib.llava.train.parameters import learning_groups, to_save


def group_inputs(rng) -> tuple[dict[str, Tensor], float, float]:
    """The same parameters, in turn with a half-frozen connector and layers called like one, and two rates, either larger."""
    (parameters,) = parameter_inputs(rng)
    if rng.in_turn((False, True)):
        parameters["connector.0.bias"].requires_grad_(False)
        parameters[f"{LM}.0.connector_gate.lora_A"] = normal(rng, 3).requires_grad_()
        parameters["vision.connector_norm.weight"] = normal(rng, 4).requires_grad_()
        parameters["connector.2.weight"] = normal(rng, 5).requires_grad_()
    rates = float(rng.integers(1, 5)) * 1e-3, float(rng.integers(5, 9)) * 1e-5
    return parameters, *rng.in_turn((rates, rates, rates[::-1]))


class Grouped:
    """Written groups as a function: the rate and the names of each, in any order; it must hold the parameters themselves."""

    def __init__(self, written) -> None:
        self.written = written

    def __call__(self, parameters: dict[str, Tensor], learning_rate: float, connector_rate: float):
        groups = self.written(parameters, learning_rate, connector_rate)
        if not isinstance(groups, list | tuple) or not all(isinstance(group, dict) for group in groups):
            return groups
        names = {id(parameter): name for name, parameter in parameters.items()}
        return [group | {"params": _names(group["params"], names)} if "params" in group else group for group in groups]


def _names(params, names: dict[int, str]) -> list[str]:
    if isinstance(params, Tensor) or not isinstance(params, Iterable):
        params = [params]
    return sorted(
        names.get(id(one), "a name" if isinstance(one, str) else "no parameter of the model") for one in params
    )


def _split(parameters, learned_only: bool = True) -> tuple[list, list]:
    chosen = {name: p for name, p in parameters.items() if p.requires_grad or not learned_only}
    of_connector = {name: name.startswith("connector.") for name in chosen}
    return [p for n, p in chosen.items() if not of_connector[n]], [p for n, p in chosen.items() if of_connector[n]]


def groups_one_rate(parameters, learning_rate, connector_rate):
    others, connector = _split(parameters)
    return [{"params": others, "lr": learning_rate}, {"params": connector, "lr": learning_rate}]


def groups_rates_swapped(parameters, learning_rate, connector_rate):
    others, connector = _split(parameters)
    return [{"params": others, "lr": connector_rate}, {"params": connector, "lr": learning_rate}]


def groups_with_frozen(parameters, learning_rate, connector_rate):
    others, connector = _split(parameters, learned_only=False)
    return [{"params": others, "lr": learning_rate}, {"params": connector, "lr": connector_rate}]


def groups_connector_twice(parameters, learning_rate, connector_rate):
    others, connector = _split(parameters)
    return [{"params": [*connector, *others], "lr": learning_rate}, {"params": connector, "lr": connector_rate}]


def groups_connector_forgotten(parameters, learning_rate, connector_rate):
    return [{"params": _split(parameters)[0], "lr": learning_rate}]


def groups_by_substring(parameters, learning_rate, connector_rate):
    learned = to_save(parameters)
    connector = [p for name, p in learned.items() if "connector" in name]
    others = [p for name, p in learned.items() if "connector" not in name]
    return [{"params": others, "lr": learning_rate}, {"params": connector, "lr": connector_rate}]


def groups_connector_first(parameters, learning_rate, connector_rate):
    return learning_groups(parameters, learning_rate, connector_rate)[::-1]


def groups_of_copies(parameters, learning_rate, connector_rate):
    groups = learning_groups(parameters, learning_rate, connector_rate)
    return [{**group, "params": [p.detach().clone() for p in group["params"]]} for group in groups]


def groups_of_names(parameters, learning_rate, connector_rate):
    groups, names = _split(parameters), {id(p): name for name, p in parameters.items()}
    others, connector = ([names[id(p)] for p in group] for group in groups)
    return [{"params": others, "lr": learning_rate}, {"params": connector, "lr": connector_rate}]


def groups_what_is_frozen(parameters, learning_rate, connector_rate):
    turned = {name: p for name, p in parameters.items() if not p.requires_grad}
    others, connector = _split(turned, learned_only=False)
    return [{"params": others, "lr": learning_rate}, {"params": connector, "lr": connector_rate}]


def groups_of_adapters(parameters, learning_rate, connector_rate):
    adapters = [p for name, p in to_save(parameters).items() if ".lora_" in name]
    return [{"params": adapters, "lr": learning_rate}, {"params": _split(parameters)[1], "lr": connector_rate}]


def groups_in_one(parameters, learning_rate, connector_rate):
    return learning_groups(parameters, learning_rate, connector_rate)[0]


def groups_by_loop(parameters, learning_rate, connector_rate):
    groups = [{"params": [], "lr": learning_rate}, {"params": [], "lr": connector_rate}]
    for name, parameter in parameters.items():
        if parameter.requires_grad:
            groups[int(name.startswith("connector"))]["params"].append(parameter)
    return groups


def groups_by_partition(parameters, learning_rate, connector_rate):
    rates = {"others": learning_rate, "connector": connector_rate}
    parts = {name: name.partition(".")[0] for name, p in parameters.items() if p.requires_grad}
    of = {"others": lambda part: part != "connector", "connector": lambda part: part == "connector"}
    return tuple({"lr": rates[k], "params": [parameters[n] for n in parts if of[k](parts[n])]} for k in rates)


def groups_by_sets(parameters, learning_rate, connector_rate):
    learned = [name for name in parameters if parameters[name].requires_grad]
    connector = [name for name in learned if name.split(".")[0] == "connector"]
    chosen = ((set(learned) - set(connector), learning_rate), (connector, connector_rate))
    return [{"params": [parameters[name] for name in names], "lr": rate} for names, rate in chosen]


TASKS = [
    Task(
        id="llava.learning_groups",
        title="Two learning rates",
        difficulty=2,
        importance=3,
        minutes=8,
        reference=learning_groups,
        used_at=("llava.train.parameters:learning_groups",),
        make_inputs=group_inputs,
        build=Grouped,
        draws=6,
        mistakes=(
            Mistake(
                "one rate for all",
                groups_one_rate,
                "Both groups have the adapters' rate. The connector knows its trade from stage 1; at ten times the rate it unlearns it.",
            ),
            Mistake(
                "rates swapped",
                groups_rates_swapped,
                "The rates are swapped: the adapters begin from nothing and need the larger `learning_rate`, the connector `connector_rate`.",
            ),
            Mistake(
                "frozen ones too",
                groups_with_frozen,
                "Frozen parameters are handed to the optimiser as well. They get no gradient, but weight decay and memory don't ask: take only those with `requires_grad`.",
            ),
            Mistake(
                "connector in both",
                groups_connector_twice,
                "The connector stands in both groups. torch refuses that: every parameter belongs to one group.",
            ),
            Mistake(
                "by a part of the name",
                groups_by_substring,
                "Other layers are in the connector's group, since the word stands in their names: `…connector_gate` in the language model, say. The connector's names *begin* with it: compare `name.split('.')`.",
            ),
            Mistake(
                "connector first",
                groups_connector_first,
                "Both groups are right, but in the wrong order: first all else that learns, then the connector.",
            ),
            Mistake(
                "copies",
                groups_of_copies,
                "The groups hold copies (`.detach()`, `.clone()`, `.data`). The optimiser would tune those, and the model would stay as it is: hand over the parameters themselves.",
            ),
            Mistake(
                "names",
                groups_of_names,
                "The groups hold names. An optimiser wants the parameters themselves.",
            ),
            Mistake(
                "what is frozen",
                groups_what_is_frozen,
                "The wrong way round: these are the frozen parameters. Take those with `requires_grad`.",
            ),
            Mistake(
                "adapters only",
                groups_of_adapters,
                "The first group holds the adapters only. Whatever else learns, a norm for example, belongs there too: all with `requires_grad` that is not the connector's.",
            ),
            Mistake(
                "one group",
                groups_in_one,
                "This is a single group. Return a list of two dicts, each with `params` and `lr`.",
            ),
            Mistake(
                "connector forgotten",
                groups_connector_forgotten,
                "There is only one group, without the connector: it would never learn in stage 2. Return two, adapters first.",
            ),
        ),
        alternatives=(groups_by_loop, groups_by_sets, groups_by_partition),
        hints=(
            "First: what learns at all? Then: whose name holds `connector`?",
            "`[{'params': the others, 'lr': learning_rate}, {'params': the connector's, 'lr': connector_rate}]`, in the order of `parameters`.",
            "```python\nlearned = {name: p for name, p in parameters.items() if ...}\nconnector = [p for name, p in learned.items() if ...]\nothers = ...\nreturn [{'params': others, 'lr': ...}, {'params': connector, 'lr': ...}]\n```",
        ),
    ),
]
