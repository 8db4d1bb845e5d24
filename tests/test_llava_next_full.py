"""The published LLaVA-NeXT, on a tiny random one of its format, saved here and loaded by the same call."""

import copy

import numpy as np
import pytest
import torch

from course_lib.llava_next import anyres, full
from course_lib.lm.tokenizer import get_tokenizer

TINY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
PINPOINTS = [[32, 64], [64, 32], [64, 64]]
TEMPLATE = (
    "{% for m in messages %}{% for part in m['content'] %}{% if part['type'] == 'image' %}<image>{% else %}"
    "{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaNextConfig,
        LlavaNextForConditionalGeneration,
        LlavaNextImageProcessor,
        LlavaNextProcessor,
    )

    place = tmp_path_factory.mktemp("tiny llava-next")
    tokenizer = copy.deepcopy(get_tokenizer())
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>"]})
    config = LlavaNextConfig(
        vision_config=CLIPVisionConfig(image_size=32, patch_size=8, **TINY),
        text_config=LlamaConfig(vocab_size=len(tokenizer), num_key_value_heads=2, **TINY),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=PINPOINTS,
    )
    torch.manual_seed(0)
    LlavaNextForConditionalGeneration(config).save_pretrained(place)
    square = {"height": 32, "width": 32}
    pictures = LlavaNextImageProcessor(size=square, crop_size=square, image_grid_pinpoints=PINPOINTS)
    options = {"patch_size": 8, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    LlavaNextProcessor(pictures, tokenizer, chat_template=TEMPLATE, **options).save_pretrained(place)
    return str(place)


def counted(height: int, width: int, pinpoints) -> int:
    return anyres.num_tokens((height, width), [tuple(one) for one in pinpoints], tile=32, aside=4, base=16)


def test_it_is_loaded_and_asked_and_its_tokens_are_those_that_we_count(folder):
    model, processor = full.load_real(folder)
    noise = np.random.default_rng(0)
    for height, width in ((40, 60), (60, 30), (50, 50), (32, 100)):
        image = noise.integers(0, 256, (height, width, 3), dtype=np.uint8)
        said, num_tokens = full.ask_real(model, processor, image, "What is this?", max_new_tokens=2)
        assert isinstance(said, str) and num_tokens == counted(height, width, PINPOINTS)


def test_fewer_tiles_cost_fewer_tokens(folder):
    model, processor = full.load_real(folder)
    image = np.zeros((64, 64, 3), np.uint8)
    before = full.ask_real(model, processor, image, "What?", max_new_tokens=1)[1]
    assert full.limit_tiles(model, processor, 2) == [(32, 64), (64, 32)]
    after = full.ask_real(model, processor, image, "What?", max_new_tokens=1)[1]
    assert after == counted(64, 64, PINPOINTS[:2]) < before
    with pytest.raises(ValueError, match="No pinpoint has at most 1 tiles"):
        full.limit_tiles(model, processor, 1)


def test_what_is_not_there_is_told_in_one_sentence(capsys):
    assert full.load_real("/nowhere/at/all") is None
    assert "could not be loaded" in capsys.readouterr().out
