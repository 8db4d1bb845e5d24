"""Lesson 12's full tier: trl's DPO on a tiny random LLaVA of the published format."""

import builtins
import copy

import numpy as np
import pytest
import torch

from course_lib.common.errors import Problem
from course_lib.failures import full
from course_lib.llava.full import published
from course_lib.lm.pretrained import get_tokenizer
from course_lib.world.scenes import SceneSpec, make_scene

TINY = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{% if m['content'] is string %}{{ m['content'] }}{% else %}{% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<image>{% else %}{{ c['text'] }}{% endif %}{% endfor %}{% endif %}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture
def llava(tmp_path, monkeypatch):
    """(model, processor) of the published format, random, saved and loaded by the lesson's own call."""
    from transformers import (
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
        Qwen2Config,
        SiglipImageProcessor,
        SiglipVisionConfig,
    )

    tokenizer = copy.deepcopy(get_tokenizer())
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})
    strategy = {"vision_feature_select_strategy": "full"}
    config = LlavaConfig(
        vision_config=SiglipVisionConfig(image_size=32, patch_size=8, **TINY),
        text_config=Qwen2Config(vocab_size=len(tokenizer), num_key_value_heads=2, **TINY),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"), vision_feature_layer=-1, **strategy,
    )  # fmt: skip
    torch.manual_seed(0)
    LlavaForConditionalGeneration(config).save_pretrained(tmp_path)
    pictures = SiglipImageProcessor(size={"height": 32, "width": 32})
    LlavaProcessor(pictures, tokenizer, patch_size=8, chat_template=TEMPLATE, **strategy).save_pretrained(tmp_path)
    monkeypatch.setattr(published, "HUB", (str(tmp_path), "main"))
    return published.load_real_llava()


def scene():
    return make_scene(3, SceneSpec("val", names=("cat", "bus"), backdrop="meadow"))


def test_a_pair_prefers_the_truer_text_and_alike_ones_make_none():
    made = full.pair(scene(), ["A cat and a dog.", "A cat.", "A cat and a bus.", "A lemon and a dog."])
    assert made["chosen"][0]["content"] == "A cat and a bus."
    assert made["rejected"][0]["content"] == "A lemon and a dog."
    assert made["images"][0].shape == (full.SIZE, full.SIZE, 3) and made["images"][0].dtype == np.uint8
    assert full.pair(scene(), ["A cat.", "A cat and a bus."]) is None


def test_a_published_llava_describes_a_scene_several_times(llava):
    assert len(full.describe(*llava, scene(), 3, max_new_tokens=4)) == 3


def test_without_trl_it_says_what_to_install(monkeypatch, tmp_path):
    real = builtins.__import__

    def without(name, *args, **options):
        if name in ("trl", "datasets"):
            raise ImportError(f"No module named '{name}'")
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Problem, match="pip install trl"):
        full.train(torch.nn.Linear(1, 1), None, [], tmp_path)


def test_trl_learns_by_adapters_from_a_pair(llava, tmp_path):
    pytest.importorskip("trl", reason="trl is optional")
    model, processor = llava
    pairs = [full.pair(scene(), ["A cat and a bus.", "A lemon and a dog."])] * 8
    trainer = full.train(model, processor, pairs, tmp_path / "run", steps=2)
    learned = {name: p for name, p in trainer.model.named_parameters() if p.requires_grad}
    assert learned and all("lora_" in name and "language_model" in name for name in learned)
    assert any("lora_B" in name and p.abs().sum() > 0 for name, p in learned.items())
