"""Exercises of Lesson 07: which layers get an adapter, what learns at which rate, and what is saved."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.llava.lora import lora_targets
from course_lib.llava.train.parameters import learning_groups, to_save

LM = "language_model.model.layers"


def target_inputs(rng) -> tuple[list[tuple[str, bool]]]:
    """The modules of a LLaVA of random depth, in random order."""
    modules = [("vision.norm", False), ("connector.0", True), ("connector.1", False), ("connector.2", True)]
    modules += [(f"vision.blocks.{i}.{part}", True) for i in range(int(rng.integers(1, 3))) for part in ("qkv", "mlp")]
    parts = ("self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj")
    modules += [(f"{LM}.{i}.{part}", True) for i in range(int(rng.integers(1, 4))) for part in parts]
    modules += [("language_model.model.norm", False), ("language_model.model.embed_tokens", False)]
    modules += [("language_model.lm_head", True)]
    return ([modules[int(i)] for i in rng.permutation(len(modules))],)


def targets_every_linear(modules):
    return [name for name, linear in modules if linear]


def targets_vision_too(modules):
    return [name for name, linear in modules if linear and not {"connector", "lm_head"} & set(name.split("."))]


def targets_connector_too(modules):
    return [name for name, linear in modules if linear and not {"vision", "lm_head"} & set(name.split("."))]


def targets_head_too(modules):
    return [name for name, linear in modules if linear and not {"vision", "connector"} & set(name.split("."))]


def targets_not_only_linear(modules):
    return [name for name, _ in modules if not {"vision", "connector", "lm_head"} & set(name.split("."))]


def targets_queries_only(modules):
    return [name for name, _ in modules if name.startswith("language_model") and name.endswith("q_proj")]


def targets_by_prefix(modules):
    return [n for n, linear in modules if linear and n.startswith("language_model.") and not n.endswith("lm_head")]


def targets_by_loop(modules):
    names = []
    for name, linear in modules:
        if linear and name.split(".")[0] == "language_model" and "lm_head" not in name:
            names.append(name)
    return names


def _normal(rng, size: int) -> Tensor:
    return torch.from_numpy(rng.standard_normal(size).astype("float32"))


def parameter_inputs(rng) -> tuple[dict[str, Tensor]]:
    """A LLaVA's parameters: vision and language model are frozen, connector and adapters learn."""
    learns = {"vision.stem.weight": False, "connector.0.weight": True, "connector.0.bias": True}
    for layer in range(int(rng.integers(1, 4))):
        learns[f"{LM}.{layer}.q_proj.base_layer.weight"] = False
        learns |= {f"{LM}.{layer}.q_proj.lora_{letter}": True for letter in "AB"}
    learns["language_model.lm_head.weight"] = False
    return ({name: _normal(rng, int(rng.integers(2, 9))).requires_grad_(on) for name, on in learns.items()},)


def save_adapter_only(parameters):
    return {name: parameter for name, parameter in parameters.items() if "lora_" in name}


def save_connector_only(parameters):
    return {name: parameter for name, parameter in parameters.items() if name.startswith("connector")}


def save_everything(parameters):
    return dict(parameters)


def save_what_is_frozen(parameters):
    return {name: parameter for name, parameter in parameters.items() if not parameter.requires_grad}


def save_matrices_a_only(parameters):
    return {name: p for name, p in parameters.items() if p.requires_grad and not name.endswith("lora_B")}


def save_by_name(parameters):
    return {name: p for name, p in parameters.items() if "lora_" in name or "connector" in name}


def save_by_loop(parameters):
    saved = {}
    for name in parameters:
        if parameters[name].requires_grad:
            saved[name] = parameters[name].detach().clone()
    return saved


def group_inputs(rng) -> tuple[dict[str, Tensor], float, float]:
    """The same parameters, and two rates."""
    return (*parameter_inputs(rng), float(rng.integers(1, 5)) * 1e-3, float(rng.integers(5, 9)) * 1e-5)


def _split(parameters, learned_only: bool = True) -> tuple[list, list]:
    chosen = {name: p for name, p in parameters.items() if p.requires_grad or not learned_only}
    return [p for n, p in chosen.items() if "connector" not in n], [p for n, p in chosen.items() if "connector" in n]


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


def groups_by_loop(parameters, learning_rate, connector_rate):
    groups = [{"params": [], "lr": learning_rate}, {"params": [], "lr": connector_rate}]
    for name, parameter in parameters.items():
        if parameter.requires_grad:
            groups[int(name.startswith("connector"))]["params"].append(parameter)
    return groups


def groups_by_sets(parameters, learning_rate, connector_rate):
    learned = [name for name in parameters if parameters[name].requires_grad]
    connector = [name for name in learned if name.split(".")[0] == "connector"]
    chosen = ((sorted(set(learned) - set(connector), key=learned.index), learning_rate), (connector, connector_rate))
    return [{"params": [parameters[name] for name in names], "lr": rate} for names, rate in chosen]


TASKS = [
    Task(
        id="llava.lora_targets",
        title="Which layers get an adapter?",
        difficulty=2,
        importance=4,
        minutes=8,
        reference=lora_targets,
        used_at=("llava.lora:lora_targets",),
        make_inputs=target_inputs,
        mistakes=(
            Mistake(
                "every linear layer",
                targets_every_linear,
                "Every linear layer of everything: the vision tower, the connector and `lm_head` are among them. Leave these three out.",
            ),
            Mistake(
                "vision too",
                targets_vision_too,
                "The vision tower is among them. LLaVA keeps it frozen through both stages: its features are computed once and must not move.",
            ),
            Mistake(
                "connector too",
                targets_connector_too,
                "The connector is among them. It learns in full, all of its weights, so it needs no adapter; with one, its own weights would be frozen.",
            ),
            Mistake(
                "lm_head too",
                targets_head_too,
                "`lm_head` is among them. In our model it shares its table with the word embeddings, and a change to one would have to be made to both.",
            ),
            Mistake(
                "not only linear",
                targets_not_only_linear,
                "Norms and embeddings are among them. An adapter stands beside a matrix product: only linear layers have one.",
            ),
            Mistake(
                "queries only",
                targets_queries_only,
                "Only queries. The first LoRA paper took queries and values to save memory; LLaVA takes every linear layer of the language model.",
            ),
        ),
        alternatives=(targets_by_prefix, targets_by_loop),
        hints=(
            "A name such as `language_model.model.layers.0.mlp.up_proj` says where a module lives.",
            "All names with linear = True whose parts (`name.split('.')`) hold none of `vision`, `connector`, `lm_head`.",
            "```python\nreturn [name for name, linear in modules if linear and ...]\n```",
        ),
    ),
    Task(
        id="llava.learning_groups",
        title="Two learning rates",
        difficulty=2,
        importance=3,
        minutes=8,
        reference=learning_groups,
        used_at=("llava.train.parameters:learning_groups",),
        make_inputs=group_inputs,
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
                "connector forgotten",
                groups_connector_forgotten,
                "There is only one group, without the connector: it would never learn in stage 2. Return two, adapters first.",
            ),
        ),
        alternatives=(groups_by_loop, groups_by_sets),
        hints=(
            "First: what learns at all? Then: whose name holds `connector`?",
            "`[{'params': the others, 'lr': learning_rate}, {'params': the connector's, 'lr': connector_rate}]`, in the order of `parameters`.",
            "```python\nlearned = {name: p for name, p in parameters.items() if ...}\nconnector = [p for name, p in learned.items() if ...]\nothers = ...\nreturn [{'params': others, 'lr': ...}, {'params': connector, 'lr': ...}]\n```",
        ),
    ),
    Task(
        id="llava.to_save",
        title="What must be saved?",
        difficulty=1,
        importance=5,
        minutes=5,
        reference=to_save,
        used_at=("llava.train.parameters:to_save",),
        make_inputs=parameter_inputs,
        mistakes=(
            Mistake(
                "connector forgotten",
                save_adapter_only,
                "Only the adapter is saved. The connector learned, too: loaded without it, a new one is made at random, nothing complains, and the model talks nonsense. Save everything that `requires_grad`.",
            ),
            Mistake(
                "adapter forgotten",
                save_connector_only,
                "Only the connector is saved, as after stage 1. In stage 2 the adapters learned as well.",
            ),
            Mistake(
                "everything",
                save_everything,
                "Everything is saved, frozen weights included. It would work, but the file is as large as the model: with LLaVA-7B 14 GB instead of a few hundred MB.",
            ),
            Mistake(
                "what is frozen",
                save_what_is_frozen,
                "The wrong way round: these are the weights that did not change, and that everybody has.",
            ),
            Mistake(
                "B forgotten",
                save_matrices_a_only,
                "`lora_B` is missing. Without it the loaded B is zero, and the adapter does nothing.",
            ),
        ),
        alternatives=(save_by_name, save_by_loop),
        hints=(
            "What will nobody be able to download again?",
            "All `name: parameter` with `parameter.requires_grad`.",
            "```python\nreturn {name: parameter for name, parameter in parameters.items() if ...}\n```",
        ),
    ),
]
