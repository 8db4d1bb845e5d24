"""Attention by plain products is the attention of the model: whatever the mask, in loss and in what is learned from it."""

from dataclasses import replace

import pytest
import torch

from course_lib.llava import recipes
from course_lib.llava.data.batches import stage2_batch
from course_lib.llava.train import stages as llava_learn
from course_lib.llava.train.stages import loss_sum
from course_lib.lm import attention as lm_attention
from course_lib.lm import train
from course_lib.lm.pretrained import build_lm
from course_lib.lm.tokenizer import get_tokenizer

RECIPE = recipes.LlavaRecipe(steps=1, batch_size=2, learning_rate=1e-3, max_question_tokens=60)


@pytest.fixture
def bfloat16_pays(monkeypatch):
    """Whether it does here or not; the number format stays float32, so that results can be compared closely."""
    monkeypatch.setattr(lm_attention, "bfloat16_is_faster", lambda: True)


@pytest.fixture
def model():
    """A small Llama in which two heads share their keys, as SmolLM2's do."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=50, attn_implementation="sdpa", **sizes, **heads))


def shared(rows: int, length: int) -> torch.Tensor:
    """A mask of one's own, bool [B, 1, T, T]: a beginning, and two texts behind it that don't see each other."""
    mask = torch.ones(length, length, dtype=torch.bool).tril()
    mask[2 * length // 3 :, length // 3 : 2 * length // 3] = False
    return mask.expand(rows, 1, length, length)


@pytest.mark.parametrize("kind", ["none", "padded right", "padded left", "of one's own"])
def test_plain_products_give_the_logits_and_gradients_of_the_fused_attention(bfloat16_pays, model, kind):
    ids, mask = torch.randint(50, (3, 12)), torch.ones(3, 12, dtype=torch.long)
    mask[1, 7:], mask[2, 4:] = 0, 0
    given = {"none": None, "padded right": mask, "padded left": mask.flip(1), "of one's own": shared(3, 12)}[kind]
    read = mask.bool() if kind == "padded right" else mask.flip(1).bool() if kind == "padded left" else mask >= 0

    def outcome() -> tuple[torch.Tensor, torch.Tensor]:
        model.zero_grad()
        logits = model(input_ids=ids, attention_mask=given, use_cache=False).logits
        logits[read].logsumexp(-1).sum().backward()
        return logits.detach()[read], model.model.layers[0].self_attn.k_proj.weight.grad.clone()

    fused = outcome()
    with lm_attention.quickest_attention(model):
        assert model.config._attn_implementation == lm_attention.MATMUL_ATTENTION
        ours = outcome()
    assert model.config._attn_implementation == "sdpa"
    torch.testing.assert_close(ours, fused, atol=1e-5, rtol=1e-4)


def test_in_stage_2_no_answer_sees_what_comes_behind_it_or_the_other_conversations(bfloat16_pays):
    """Rows of stage 2 have a mask of bools: added to the scores as numbers, as "eager" would, it hides nothing."""
    batch = stage2_batch(get_tokenizer(), 3, RECIPE)
    model = llava_learn.build_model()
    with torch.no_grad():
        fused = loss_sum(model, batch)
        with lm_attention.quickest_attention(model.language_model):
            assert loss_sum(model, batch).item() == pytest.approx(fused.item(), rel=1e-5)


@pytest.mark.parametrize(("pays", "kind"), [(True, lm_attention.MATMUL_ATTENTION), (False, "sdpa")])
def test_both_trainings_use_it_where_bfloat16_pays_and_leave_the_model_as_it_was(monkeypatch, pays, kind):
    monkeypatch.setattr(lm_attention, "bfloat16_is_faster", lambda: pays)
    llava, words, seen = llava_learn.build_model(), build_lm(), []

    def note(model):
        return [lambda _: seen.append(model.config._attn_implementation)]

    recipe = replace(RECIPE, batch_size=1, rank=4, short_answer_frac=1.0)
    llava_learn.stage2(llava, recipe, callbacks=note(llava.language_model))
    train.tune(words, train.LmRecipe(steps=1, batch_size=1, learning_rate=1e-3), callbacks=note(words))
    assert seen == [kind, kind]
    assert {model.config._attn_implementation for model in (llava.language_model, words)} == {"sdpa"}
