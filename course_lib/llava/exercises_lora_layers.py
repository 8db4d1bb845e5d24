"""Exercise of Lesson 07: which layers get an adapter."""

from course_lib.exercises.task import Mistake, Task
from course_lib.llava.lora import lora_targets

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
    found = []
    for name, linear in modules:
        if linear and name.split(".")[0] == "language_model" and "lm_head" not in name:
            found.append(name)
    return found


TASKS = [
    Task(
        id="llava.lora_targets",
        title="Which layers get an adapter?",
        difficulty=2,
        importance=4,
        minutes=8,
        reference=lora_targets,
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
]
