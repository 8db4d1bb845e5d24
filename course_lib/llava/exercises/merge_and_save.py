"""Exercises of Lesson 07 on what comes after training: merging an adapter into its matrix, and what is saved."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.llava.exercises.lora import normal, sizes
from course_lib.llava.exercises.targets import LM
from course_lib.llava.lora import merged_weight
from course_lib.llava.train.parameters import to_save


def merge_inputs(rng) -> tuple[Tensor, Tensor, Tensor, float]:
    """weight [out, in], a [r, in], b [out, r], α."""
    wide, narrow, r, lora_alpha = sizes(rng)
    return normal(rng, narrow, wide), normal(rng, r, wide), normal(rng, narrow, r), lora_alpha


def merge_without_scale(weight, a, b, lora_alpha):
    return weight + b @ a


def merge_scale_inverted(weight, a, b, lora_alpha):
    return weight + a.shape[0] / lora_alpha * (b @ a)


def merge_twice(weight, a, b, lora_alpha):
    return weight + 2 * lora_alpha / a.shape[0] * (b @ a)


def merge_subtracted(weight, a, b, lora_alpha):
    return weight - lora_alpha / a.shape[0] * (b @ a)


def merge_wrong_order(weight, a, b, lora_alpha):
    return weight + lora_alpha / a.shape[0] * (a @ b)


def merge_in_place(weight, a, b, lora_alpha):
    weight += lora_alpha / a.shape[0] * (b @ a)
    return weight


def merge_without_rank(weight, a, b, lora_alpha):
    return weight + lora_alpha * (b @ a)


def merge_scale_by_root(weight, a, b, lora_alpha):
    return weight + lora_alpha / a.shape[0] ** 0.5 * (b @ a)


def merge_over_inputs(weight, a, b, lora_alpha):
    return weight + lora_alpha / a.shape[1] * (b @ a)


def merge_over_outputs(weight, a, b, lora_alpha):
    return weight + lora_alpha / b.shape[0] * (b @ a)


def merge_without_base(weight, a, b, lora_alpha):
    return lora_alpha / a.shape[0] * (b @ a)


def merge_all_scaled(weight, a, b, lora_alpha):
    return lora_alpha / a.shape[0] * (weight + b @ a)


def merge_transposed(weight, a, b, lora_alpha):
    return weight + lora_alpha / a.shape[0] * (a.T @ b.T)


def merge_result_transposed(weight, a, b, lora_alpha):
    return merged_weight(weight, a, b, lora_alpha).T


def merge_by_einsum(weight, a, b, lora_alpha):
    return weight + torch.einsum("or,ri->oi", b, a) * lora_alpha / len(a)


def merge_by_addmm(weight, a, b, lora_alpha):
    return torch.addmm(weight, b, a, alpha=lora_alpha / b.shape[1])


def merge_by_sum(weight, a, b, lora_alpha):
    merged = weight.clone()
    for column, row in zip(b.T, a, strict=True):
        merged += torch.outer(column, row) * (lora_alpha / len(a))
    return merged


def parameter_inputs(rng) -> tuple[dict[str, Tensor]]:
    """A LLaVA's parameters: vision and language model are frozen, connector and adapters learn."""
    learns = {"vision.stem.weight": False, "connector.0.weight": True, "connector.0.bias": True}
    for layer in range(int(rng.integers(1, 4))):
        learns[f"{LM}.{layer}.q_proj.base_layer.weight"] = False
        learns |= {f"{LM}.{layer}.q_proj.lora_{letter}": True for letter in "AB"}
    learns["language_model.lm_head.weight"] = False
    return ({name: normal(rng, int(rng.integers(2, 9))).requires_grad_(on) for name, on in learns.items()},)


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


def save_with_gradient(parameters):
    return {name: parameter for name, parameter in parameters.items() if parameter.grad is not None}


def save_names(parameters):
    return [name for name, parameter in parameters.items() if parameter.requires_grad]


def save_list(parameters):
    return list(to_save(parameters).values())


def save_weights_only(parameters):
    return {name: parameter for name, parameter in to_save(parameters).items() if not name.endswith("bias")}


def save_last_names(parameters):
    return {name.split(".")[-1]: parameter for name, parameter in to_save(parameters).items()}


def save_by_loop(parameters):
    saved = {}
    for name in parameters:
        if parameters[name].requires_grad:
            saved[name] = parameters[name].detach().clone()
    return saved


def save_by_filter(parameters):
    return dict(filter(lambda pair: pair[1].requires_grad, parameters.items()))


TASKS = [
    Task(
        id="llava.merged_weight",
        title="Merging",
        difficulty=2,
        importance=4,
        minutes=7,
        reference=merged_weight,
        used_at=("llava.lora:merged_weight",),
        make_inputs=merge_inputs,
        draws=6,
        mistakes=(
            Mistake(
                "scale forgotten",
                merge_without_scale,
                "The merged matrix holds B @ A without α/r, so the merged model is not the one that was trained.",
            ),
            Mistake("α/r inverted", merge_scale_inverted, "The change is scaled by r/α. In training it was α/r."),
            Mistake(
                "not divided by r",
                merge_without_rank,
                "The change is scaled by α alone. In training it was α/r, and the merged model must be the trained one.",
            ),
            Mistake(
                "α/√r",
                merge_scale_by_root,
                "The change is scaled by α/√r, as in *rank-stabilised* LoRA. Here it was α/r in training.",
            ),
            Mistake(
                "divided by the number of inputs",
                merge_over_inputs,
                "The change is scaled by α / in. The rank is the first axis of a, [r, in]: `a.shape[0]`.",
            ),
            Mistake(
                "divided by the number of outputs",
                merge_over_outputs,
                "The change is scaled by α / out. The rank is the second axis of b, [out, r], or `a.shape[0]`.",
            ),
            Mistake(
                "base forgotten",
                merge_without_base,
                "This is the change alone. The merged matrix is the frozen one *plus* the change.",
            ),
            Mistake(
                "base scaled too",
                merge_all_scaled,
                "α/r multiplies the frozen matrix as well. Only B @ A is scaled; mind the brackets.",
            ),
            Mistake(
                "transposed change",
                merge_transposed,
                "The change is transposed: a.T @ b.T is [in, out], and even where in = out its numbers stand at the wrong places. It is B @ A.",
            ),
            Mistake(
                "transposed result",
                merge_result_transposed,
                "The right matrix, transposed. A weight is [out, in], as in `nn.Linear`.",
            ),
            Mistake(
                "merged twice",
                merge_twice,
                "The change is in there twice. It happens when a model that was merged already is merged again: the layer must remember that it is.",
            ),
            Mistake(
                "subtracted",
                merge_subtracted,
                "The change is taken away instead of added. That is how one *un*merges.",
            ),
            Mistake(
                "A @ B",
                merge_wrong_order,
                "A @ B can't be multiplied: A is [r, in], B is [out, r]. The change of a [out, in] matrix is B @ A.",
            ),
            Mistake(
                "in place",
                merge_in_place,
                "The base matrix itself was changed (`+=`). Return a new one: who merges several adapters needs the base again.",
            ),
        ),
        alternatives=(merge_by_einsum, merge_by_addmm, merge_by_sum),
        hints=(
            "x W.T + s x A.T B.T = x (…).T: what stands in the brackets?",
            "$W' = W + \\frac{\\alpha}{r} BA$, again $[out, in]$.",
            "```python\nreturn weight + lora_alpha / ... * (... @ ...)\n```",
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
            Mistake(
                "what has a gradient",
                save_with_gradient,
                "`.grad` is None before the first step and after `zero_grad()`, so nothing is saved. Whether a parameter learns says `requires_grad`.",
            ),
            Mistake(
                "biases forgotten",
                save_weights_only,
                "The connector's bias is missing. It learned as well: save everything that `requires_grad`.",
            ),
            Mistake(
                "names only",
                save_names,
                "These are the right names, without their numbers. Return a dict, {name: parameter}.",
            ),
            Mistake(
                "numbers without names",
                save_list,
                "The right parameters, without their names: nobody could load them into a model. Return a dict, {name: parameter}.",
            ),
            Mistake(
                "the last part of the name",
                save_last_names,
                "Only the last part of each name is kept, so that layers overwrite each other: every adapter has a `lora_A`. Keep whole names.",
            ),
        ),
        alternatives=(save_by_name, save_by_loop, save_by_filter),
        hints=(
            "What will nobody be able to download again?",
            "All `name: parameter` with `parameter.requires_grad`.",
            "```python\nreturn {name: parameter for name, parameter in parameters.items() if ...}\n```",
        ),
    ),
]
