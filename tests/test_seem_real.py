"""The pretrained segmenters' adapters, on tiny random checkpoints that are saved here and loaded by the same calls."""

import importlib

import numpy as np
import pytest
import torch

from course_lib.canvas import Mark, PromptCanvas
from course_lib.seem import full
from course_lib.seem.full.clipseg import ClipSeg
from course_lib.seem.full.grounded_sam2 import GroundedSam2, as_mark, contains
from course_lib.seem.full.sam2 import Sam2, click_points

CLICK, NOT_THERE = Mark("click", ((0.5, 0.5),)), Mark("click", ((0.2, 0.2),), False)
BOX, CAT = Mark("box", ((0.1, 0.1), (0.9, 0.9))), Mark("text", text="a cat")
REGION = Mark("reference", ((0.1, 0.1), (0.5, 0.5)))


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def clipseg(tmp_path_factory) -> tuple[str, str]:
    """A CLIPSeg with 8 pixels a patch and a letter a token."""
    from transformers import (
        CLIPSegConfig,
        CLIPSegForImageSegmentation,
        CLIPSegProcessor,
        CLIPTokenizer,
        ViTImageProcessor,
    )

    letters = [*"abcdefghijklmnopqrstuvwxyz"]
    tokens = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    end = len(tokens) - 1
    small = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2}
    ids = {"vocab_size": len(tokens), "bos_token_id": end - 1, "eos_token_id": end, "pad_token_id": end}
    config = CLIPSegConfig(
        text_config={**small, **ids, "num_hidden_layers": 2, "max_position_embeddings": 20},
        vision_config={**small, "num_hidden_layers": 3, "image_size": 32, "patch_size": 8},
        projection_dim=12,
        extract_layers=[0, 1, 2],
        reduce_dim=8,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=16,
    )
    tokenizer = CLIPTokenizer(vocab={token: i for i, token in enumerate(tokens)}, merges=[], model_max_length=20)
    processor = CLIPSegProcessor(ViTImageProcessor(size={"height": 48, "width": 48}), tokenizer)
    torch.manual_seed(0)
    return saved(tmp_path_factory.mktemp("clipseg"), CLIPSegForImageSegmentation(config), processor)


@pytest.fixture(scope="module")
def sam2(tmp_path_factory) -> tuple[str, str]:
    """A SAM 2 for 64 pixels."""
    from transformers import Sam2Config, Sam2ImageProcessor, Sam2Model, Sam2Processor

    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 8,
        "image_size": [64, 64],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "blocks_per_stage": [1, 2, 2, 1],
        "num_attention_heads_per_stage": [1, 1, 1, 1],
        "window_size_per_stage": [4, 4, 4, 4],
        "global_attention_blocks": [4],
    }
    vision = {"backbone_config": backbone, "backbone_channel_list": [64, 32, 16, 8], "fpn_hidden_size": 32}
    vision["backbone_feature_sizes"] = [[16, 16], [8, 8], [4, 4]]
    decoder = {
        "hidden_size": 32,
        "mlp_dim": 32,
        "num_attention_heads": 2,
        "iou_head_hidden_dim": 16,
        "iou_head_depth": 2,
    }
    prompts = {"hidden_size": 32, "image_size": 64, "patch_size": 16, "mask_input_channels": 8}
    config = Sam2Config(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder)
    size = {"height": 64, "width": 64}
    processor = Sam2Processor(Sam2ImageProcessor(size=size, mask_size={"height": 16, "width": 16}), target_size=64)
    torch.manual_seed(0)
    return saved(tmp_path_factory.mktemp("sam2"), Sam2Model(config), processor)


@pytest.fixture(scope="module")
def dino(tmp_path_factory) -> tuple[str, str]:
    """A GroundingDINO that knows four words."""
    from transformers import (
        BertConfig,
        BertTokenizer,
        GroundingDinoConfig,
        GroundingDinoForObjectDetection,
        GroundingDinoImageProcessor,
        GroundingDinoProcessor,
        SwinConfig,
    )

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "a", "cat", "dog", "?"]
    levels = ["stage2", "stage3", "stage4"]
    swin = SwinConfig(image_size=64, embed_dim=8, depths=[1] * 4, num_heads=[1] * 4, window_size=4, out_features=levels)
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    layers = {
        f"{part}_{name}": n for part in ("encoder", "decoder") for name, n in (("ffn_dim", 16), ("attention_heads", 2))
    }
    config = GroundingDinoConfig(
        backbone_config=swin,
        text_config=BertConfig(vocab_size=len(words), max_position_embeddings=64, **small),
        num_queries=8,
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        max_text_len=32,
        **layers,
    )
    image_processor = GroundingDinoImageProcessor(size={"shortest_edge": 64, "longest_edge": 96})
    processor = GroundingDinoProcessor(image_processor, BertTokenizer(vocab={word: i for i, word in enumerate(words)}))
    torch.manual_seed(0)
    return saved(tmp_path_factory.mktemp("dino"), GroundingDinoForObjectDetection(config), processor)


def saved(folder, model, processor) -> tuple[str, str]:
    """(folder, revision), as the table of the real ones has them."""
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return str(folder), "main"


def test_clipseg_answers_to_text_and_to_a_region_of_a_picture(clipseg, picture):
    model = ClipSeg.load(clipseg).look(picture, reference=255 - picture)
    assert model.ask([]) is None
    by_text, by_region, by_both = (model.ask(marks) for marks in ([CAT], [REGION], [CAT, REGION]))
    assert all(answer.mask is None or answer.mask.shape == (40, 60) for answer in (by_text, by_region, by_both))
    conditions = [model._condition(mark) for mark in (CAT, REGION)]
    assert not torch.allclose(*conditions)


def test_clipseg_looks_once_and_says_what_the_whole_model_says(clipseg, picture):
    model = ClipSeg.load(clipseg).look(picture)
    inputs = model.processor(text=["a cat"], images=[picture], return_tensors="pt")
    with torch.no_grad():
        whole = model.model(**inputs).logits
        parts = model.model.decoder(model._activations, model._condition(CAT)).logits
    torch.testing.assert_close(parts.reshape(whole.shape), whole)


def test_sam_takes_clicks_strokes_and_a_box_and_remembers_the_last_mask(sam2, picture):
    model = Sam2.load(sam2).look(picture)
    first = model.ask([CLICK])
    assert first.mask.shape == (40, 60) and 0 <= first.score <= 1
    second = model.ask([CLICK, NOT_THERE])
    without_memory = Sam2.load(sam2).look(picture).play([CLICK, NOT_THERE], None).answer
    assert (second.mask != without_memory.mask).any()  # the mask of the round before made a difference
    assert model.ask([CLICK]) is first  # taking back asks nothing
    stroke = Mark("scribble", tuple((x / 20, 0.5) for x in range(20)))
    assert model.ask([stroke, BOX]).mask.shape == (40, 60)
    with pytest.raises(ValueError, match="exclude with clicks"):
        model.ask([Mark("box", BOX.points, False)])


def test_sam_gets_marks_in_its_own_pixels(sam2, picture):
    model = Sam2.load(sam2).look(picture)
    prompts = model._prompts([CLICK, NOT_THERE, BOX])
    torch.testing.assert_close(prompts["input_points"], torch.tensor([[[[32.0, 32.0], [12.8, 12.8]]]]))  # x before y
    assert prompts["input_labels"].tolist() == [[[1, 0]]]
    torch.testing.assert_close(prompts["input_boxes"], torch.tensor([[[6.4, 6.4, 57.6, 57.6]]]))
    assert len(click_points(Mark("scribble", tuple((x / 20, 0.5) for x in range(20))))) == 8
    assert click_points(Mark("scribble", ((0.5, 0.5),))) == [(0.5, 0.5)] and click_points(BOX) == []


def test_words_find_a_box_and_the_box_a_mask(dino, sam2, picture):
    model = GroundedSam2.load(dino, sam2).look(picture)
    boxes = model.boxes("A cat")
    assert boxes and [score for score, _ in boxes] == sorted((score for score, _ in boxes), reverse=True)
    assert all(0 <= part <= 1 for _, box in boxes for part in box.xyxy)
    answer = model.ask([CAT])
    assert answer.label == "a cat" and answer.mask.shape == (40, 60) and "box(es)" in answer.note
    assert model.ask([CLICK]).label == ""  # without words it is SAM alone
    model._boxes["a cat"] = []
    assert model.ask([CAT]).mask is None and "no “a cat”" in model.ask([CAT]).note


def test_a_click_chooses_among_the_boxes():
    left, right = Mark("box", ((0.0, 0.0), (0.4, 1.0))), Mark("box", ((0.6, 0.0), (1.0, 1.0)))
    there = [Mark("click", ((0.8, 0.5),)), Mark("click", ((0.2, 0.5),), False)]
    assert contains(right, there) and not contains(left, there) and not contains(left, [])
    assert as_mark([-5, -5, 30, 20], (40, 60)) == Mark("box", ((0.0, 0.0), (0.5, 0.5)))
    assert as_mark([70, 0, 80, 20], (40, 60)) is None


def test_they_answer_on_the_canvas(sam2, picture):
    model = Sam2.load(sam2).look(picture)
    canvas = PromptCanvas(picture, tools=model.takes, ask=model.ask)
    canvas.take([CLICK.to_json()])
    assert canvas.answer.mask.shape == (40, 60) and canvas.problem == ""
    canvas.take([{"kind": "box", "points": [[0, 0], [1, 1]], "positive": False}])
    assert "exclude with clicks" in canvas.problem


def test_every_segmenter_of_the_table_has_its_class():
    for place, _ in full.HUB.values():
        module, class_name = place.split(":")
        assert callable(getattr(importlib.import_module(f"course_lib.seem.full.{module}"), class_name).load)


def test_weights_that_cannot_be_had_are_one_sentence(monkeypatch, capsys):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setitem(full.HUB, "CLIPSeg", ("clipseg:ClipSeg", (("nobody/nothing-at-all", "main"),)))
    assert full.load("CLIPSeg") is None
    printed = capsys.readouterr().out
    assert printed.startswith("CLIPSeg could not be loaded (") and printed.count("\n") == 1
    assert "No module" not in printed
    assert set(full.CANNOT) == set(full.HUB)
