"""The published LLaVA-NeXT-Video, on a tiny random one of its format, saved here and loaded by the same call."""

import copy

import numpy as np
import pytest
import torch

from course_lib.lm.tokenizer import get_tokenizer
from course_lib.video import full

TINY = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
TEMPLATE = (
    "{% for m in messages %}{% for part in m['content'] %}{% if part['type'] == 'video' %}<video>{% else %}"
    "{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    from transformers import (
        CLIPVisionConfig,
        LlamaConfig,
        LlavaNextImageProcessor,
        LlavaNextVideoConfig,
        LlavaNextVideoForConditionalGeneration,
        LlavaNextVideoProcessor,
        LlavaNextVideoVideoProcessor,
    )

    place = tmp_path_factory.mktemp("tiny llava-next-video")
    tokenizer = copy.deepcopy(get_tokenizer())
    tokenizer.add_special_tokens({"additional_special_tokens": ["<image>", "<video>"]})
    config = LlavaNextVideoConfig(
        vision_config=CLIPVisionConfig(image_size=32, patch_size=8, **TINY),
        text_config=LlamaConfig(vocab_size=len(tokenizer), num_key_value_heads=2, **TINY),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
    )
    torch.manual_seed(0)
    LlavaNextVideoForConditionalGeneration(config).save_pretrained(place)
    square = {"height": 32, "width": 32}
    clips = LlavaNextVideoVideoProcessor(size={"shortest_edge": 32}, crop_size=square)
    pictures = LlavaNextImageProcessor(size=square, crop_size=square)
    options = {"patch_size": 8, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    LlavaNextVideoProcessor(clips, pictures, tokenizer, chat_template=TEMPLATE, **options).save_pretrained(place)
    return str(place)


def test_it_is_loaded_and_asked_and_its_tokens_are_those_that_we_count(folder):
    model, processor = full.load_real(folder)
    noise = np.random.default_rng(0)
    for frames, height, width in ((8, 64, 64), (4, 32, 32), (5, 40, 60)):
        clip = noise.integers(0, 256, (frames, height, width, 3), dtype=np.uint8)
        said, num_tokens = full.ask_real(model, processor, clip, "What vanishes?", max_new_tokens=2)
        assert isinstance(said, str) and num_tokens == full.num_tokens(model, frames) == frames * 4


def test_the_frames_arrive_in_their_order(folder):
    model, processor = full.load_real(folder)
    clip = np.random.default_rng(1).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    given = []
    model.generate = lambda **inputs: given.append(inputs["pixel_values_videos"]) or inputs["input_ids"]
    for frames in (clip, clip[::-1]):
        full.ask_real(model, processor, frames, "What?", max_new_tokens=1)
    forwards, backwards = given  # [1, T, 3, 32, 32]
    assert torch.allclose(forwards.flip(1), backwards) and not torch.allclose(forwards, backwards)


def test_what_is_not_there_is_told_in_one_sentence(capsys):
    assert full.load_real("/nowhere/at/all") is None
    assert "could not be loaded" in capsys.readouterr().out
