"""Exercise of Lesson 07: which layers get an adapter."""

from course_lib.checker.task import Mistake, Task
from course_lib.llava.lora import lora_targets

LM = "language_model.model.layers"
CONNECTORS = (  # an MLP, a single layer
    [("connector", False), ("connector.0", True), ("connector.1", False), ("connector.2", True)],
    [("connector", True)],
)
LIKE_OTHERS = [  # layers whose names hold another part's name
    (f"{LM}.0.vision_proj", True),
    (f"{LM}.0.connector_gate", True),
    (f"{LM}.0.lm_head_mix", True),
    ("vision.language_model_proj", True),
    (f"{LM}.0.vision_norm", False),
]


def target_inputs(rng) -> tuple[list[tuple[str, bool]]]:
    """The modules of a LLaVA of random depth, with either connector, in random order; in every other draw `LIKE_OTHERS`, too."""
    modules = [("", False), ("vision", False), ("vision.norm", False), *rng.in_turn(CONNECTORS)]
    modules += [(f"vision.blocks.{i}.{part}", True) for i in range(int(rng.integers(1, 3))) for part in ("qkv", "mlp")]
    parts = ("self_attn.q_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj")
    modules += [(f"{LM}.{i}.{part}", True) for i in range(int(rng.integers(1, 4))) for part in parts]
    modules += [("language_model.model.norm", False), ("language_model.model.embed_tokens", False)]
    modules += [("language_model.lm_head", True), ("language_model", False), *rng.in_turn(([], [], LIKE_OTHERS))]
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


def targets_by_substring(modules):
    others = ("vision", "connector", "lm_head")
    return [name for name, linear in modules if linear and not any(other in name for other in others)]


def targets_with_language_model_in_the_name(modules):
    return [name for name, linear in modules if linear and "language_model" in name and not name.endswith(".lm_head")]


def targets_of_attention(modules):
    return [name for name in lora_targets(modules) if ".self_attn." in name]


def targets_of_no_linear(modules):
    return [name for name, linear in modules if not linear and name.startswith("language_model")]


def targets_in_pairs(modules):
    chosen = set(lora_targets(modules))
    return [(name, linear) for name, linear in modules if name in chosen]


def targets_sorted(modules):
    return sorted(lora_targets(modules))


def targets_last_part(modules):
    return [name.split(".")[-1] for name in lora_targets(modules)]


def targets_by_prefix(modules):
    return [n for n, linear in modules if linear and n.startswith("language_model.") and n != "language_model.lm_head"]


def targets_by_loop(modules):
    names = []
    for name, linear in modules:
        part, *path = name.split(".")
        if linear and part == "language_model" and path[-1] != "lm_head":
            names.append(name)
    return names


def targets_by_filter(modules):
    of_the_words = filter(lambda module: module[0].partition(".")[0] not in ("vision", "connector"), modules)
    return tuple(name for name, linear in of_the_words if linear and not name.endswith(".lm_head"))


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
        draws=6,
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
            Mistake(
                "attention only",
                targets_of_attention,
                "Only the layers of attention. LLaVA takes those of the MLPs, too: every linear layer of the language model.",
            ),
            Mistake(
                "by a part of the name",
                targets_by_substring,
                "Layers of the language model are missing whose names only *contain* another part's name, such as `…vision_proj` or `…lm_head_mix`. Compare whole parts: `name.split('.')`.",
            ),
            Mistake(
                "language_model anywhere in the name",
                targets_with_language_model_in_the_name,
                "A layer of the vision tower is among them, `vision.language_model_proj`, since the word stands in its name. Where a module lives is the *first* part of its name.",
            ),
            Mistake(
                "what is not linear",
                targets_of_no_linear,
                "The wrong way round: these are the modules that are *not* linear. The second of each pair is true for a linear layer.",
            ),
            Mistake(
                "pairs",
                targets_in_pairs,
                "The right layers, but each with its truth value. Only names are wanted.",
            ),
            Mistake(
                "sorted",
                targets_sorted,
                "The right layers in another order. Leave them in the order of `modules`.",
            ),
            Mistake(
                "the last part of the name",
                targets_last_part,
                "Only the last part of each name is returned, and `q_proj` alone could be any layer's. Return the whole name.",
            ),
        ),
        alternatives=(targets_by_prefix, targets_by_loop, targets_by_filter),
        hints=(
            "A name such as `language_model.model.layers.0.mlp.up_proj` says where a module lives.",
            "All names with linear = True whose parts (`name.split('.')`) hold none of `vision`, `connector`, `lm_head`.",
            "```python\nreturn [name for name, linear in modules if linear and ...]\n```",
        ),
    ),
]
