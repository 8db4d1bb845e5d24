"""LoRA by hand is peft's LoRA, merges, and leaves the base alone."""

import copy

import pytest
import torch
from torch import nn

from course_lib.checker.checking import check
from course_lib.llava.exercises import STAGE_2
from course_lib.llava.lora import (
    LoraLinear,
    add_lora,
    lora_targets,
    merge_lora_weights,
    modules_of,
)
from course_lib.llava.train.parameters import learning_groups, to_save, trainable_fraction

RANK, ALPHA = 4, 10
TASKS = STAGE_2


def tiny_language_model():
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 40}
    return LlamaForCausalLM(LlamaConfig(vocab_size=50, num_key_value_heads=3, **sizes)).eval()


def targets(model: nn.Module) -> list[str]:
    return lora_targets(modules_of(model))


@pytest.fixture()
def both():
    """The same tiny Llama twice: with peft's adapters, and with ours holding the same, random A and B."""
    from peft import LoraConfig, get_peft_model

    base = tiny_language_model()
    ours, names = copy.deepcopy(base), targets(base)
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=names, lora_dropout=0.0)
    theirs = get_peft_model(copy.deepcopy(base), config)
    ours.requires_grad_(False)
    adapters = add_lora(ours, names, RANK, ALPHA)
    for name, adapter in zip(names, adapters, strict=True):
        layer = theirs.base_model.model.get_submodule(name)
        nn.init.normal_(layer.lora_B["default"].weight)
        adapter.lora_A.data.copy_(layer.lora_A["default"].weight)
        adapter.lora_B.data.copy_(layer.lora_B["default"].weight)
    return base, ours, theirs


IDS = torch.arange(2 * 7).view(2, 7)


def test_logits_equal_pefts(both):
    base, ours, theirs = both
    with torch.no_grad():
        plain, mine, other = (model(input_ids=IDS).logits for model in (base, ours, theirs))
    assert (mine - other).abs().max() < 1e-6 * other.abs().max().clamp(min=1)
    assert (mine - plain).abs().max() > 0.01  # the adapters do change something


def test_gradients_equal_pefts(both):
    _, ours, theirs = both
    for model in (ours, theirs):
        model(input_ids=IDS, labels=IDS).loss.backward()
    compared = 0
    for name, module in ours.named_modules():
        if isinstance(module, LoraLinear):
            layer = theirs.base_model.model.get_submodule(name)
            for mine, other in ((module.lora_A, layer.lora_A), (module.lora_B, layer.lora_B)):
                assert torch.allclose(mine.grad, other["default"].weight.grad, atol=1e-6)
                compared += 1
            assert module.base_layer.weight.grad is None
    assert compared == 2 * 14


def test_trainable_numbers_equal_pefts(both):
    _, ours, theirs = both
    assert trainable_fraction(ours) == pytest.approx(trainable_fraction(theirs))
    assert 0.05 < trainable_fraction(ours) < 0.5


def test_new_adapters_change_nothing_and_spread_as_pefts():
    base = tiny_language_model()
    ours = copy.deepcopy(base)
    ours.requires_grad_(False)
    adapters = add_lora(ours, targets(base), RANK, ALPHA)
    with torch.no_grad():
        assert torch.equal(ours(input_ids=IDS).logits, base(input_ids=IDS).logits)
    assert all(not a.lora_B.any() and a.lora_A.abs().max() <= a.base_layer.in_features**-0.5 for a in adapters)
    assert all(
        a.lora_A.std().item() == pytest.approx((3 * a.base_layer.in_features) ** -0.5, rel=0.25) for a in adapters
    )
    ours(input_ids=IDS, labels=IDS).loss.backward()
    assert all(a.lora_B.grad.abs().sum() > 0 and a.lora_A.grad.abs().sum() == 0 for a in adapters)


def test_merging_changes_nothing_but_the_weights(both):
    _, ours, theirs = both
    with torch.no_grad():
        before = ours(input_ids=IDS).logits
        weights = {name: m.base_layer.weight.clone() for name, m in ours.named_modules() if isinstance(m, LoraLinear)}
        merge_lora_weights(ours)
        merge_lora_weights(ours)  # a second time must not add the change again
        assert (ours(input_ids=IDS).logits - before).abs().max() < 1e-5
        merged = theirs.merge_and_unload()
        for name, weight in weights.items():
            assert torch.allclose(
                ours.get_submodule(name).base_layer.weight, merged.get_submodule(name).weight, atol=1e-6
            )
            assert not torch.equal(ours.get_submodule(name).base_layer.weight, weight)


def test_a_bias_stays():
    layer = nn.Linear(5, 3)
    adapter = LoraLinear(layer, 2, 4.0)
    nn.init.normal_(adapter.lora_B)
    x = torch.randn(4, 5)
    expected = layer(x) + 2.0 * (adapter.lora_B @ (adapter.lora_A @ x.T)).T
    assert torch.allclose(adapter(x), expected, atol=1e-6)


def test_only_the_language_models_layers_get_adapters():
    names = [
        ("vision.blocks.0.mlp.0", True),
        ("connector", True),
        ("connector.2", True),
        ("language_model.lm_head", True),
        ("language_model.model.norm", False),
        ("language_model.model.layers.0.self_attn.q_proj", True),
    ]
    assert lora_targets(names) == ["language_model.model.layers.0.self_attn.q_proj"]
    assert len(targets(tiny_language_model())) == 2 * 7


def test_impossible_wishes_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="rank of an adapter must be 1 or more"):
        LoraLinear(nn.Linear(2, 2), 0, 1.0)
    with pytest.raises(TypeError, match="model.norm is no linear layer"):
        add_lora(tiny_language_model(), ["model.norm"])


def test_what_learned_is_saved_and_has_its_own_rate():
    parameters = {name: nn.Parameter(torch.randn(2)) for name in ("connector.0.weight", "lm.lora_A", "lm.weight")}
    parameters["lm.weight"].requires_grad_(False)
    assert set(to_save(parameters)) == {"connector.0.weight", "lm.lora_A"}
    adapters, connector = learning_groups(parameters, 2e-4, 2e-5)
    assert adapters["lr"] == 2e-4 and [id(p) for p in adapters["params"]] == [id(parameters["lm.lora_A"])]
    assert connector["lr"] == 2e-5 and [id(p) for p in connector["params"]] == [id(parameters["connector.0.weight"])]
    torch.optim.AdamW([adapters, connector])


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_exercises_know_their_right_answers_and_mistakes(task):
    assert check(task, task.reference).state == "solved"
    assert all(check(task, right).state == "solved" for right in task.alternatives)
    for mistake in task.mistakes:
        verdict = check(task, mistake.code)
        assert (verdict.state, verdict.mistake) == ("wrong", mistake.name), verdict
