"""The published GLIGEN's adapter, on a tiny random checkpoint of its format, saved here and loaded by the same call."""

import numpy as np
import pytest
import torch

from course_lib.canvas import Mark
from course_lib.gligen import full
from course_lib.gligen.full import HEN, PublishedPipeline
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.ui.board import DrawBoxes
from course_lib.gligen.ui.pipeline import Request

BOX = Mark("box", ((0.1, 0.1), (0.6, 0.7)), text="a llama")
REQUEST = Request("a llama", (GroundedPhrase("a llama", BOX.xyxy),), guidance_scale=3.0, grounded_fraction=1.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    """Every part of `masterful/gligen-1-4-generation-text-box`, a few numbers wide, with gates that stand open."""
    from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionGLIGENPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    tokenizer = letters()
    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=2,
        norm_num_groups=4,
        attention_type="gated",
    )
    for name, parameter in unet.named_parameters():
        if ".alpha_" in name:
            parameter.data.fill_(1.0)
    vae = AutoencoderKL(
        block_out_channels=(8, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=16,
    )
    words = {"vocab_size": len(tokenizer), "bos_token_id": len(tokenizer) - 2, "eos_token_id": len(tokenizer) - 1}
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_attention_heads": 2, "num_hidden_layers": 2}
    text = CLIPTextModel(CLIPTextConfig(**words, **sizes, pad_token_id=len(tokenizer) - 1, max_position_embeddings=77))
    pipe = StableDiffusionGLIGENPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=PNDMScheduler(beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    place = tmp_path_factory.mktemp("gligen")
    pipe.save_pretrained(place)
    pipe.to(torch.float16).save_pretrained(place, variant="fp16")
    return str(place)


def letters():
    """CLIP's tokenizer with a letter a token."""
    from transformers import CLIPTokenizer

    alphabet = [*"abcdefghijklmnopqrstuvwxyz,"]
    tokens = [*alphabet, *(letter + "</w>" for letter in alphabet), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={token: i for i, token in enumerate(tokens)}, merges=[], model_max_length=77)


@pytest.fixture(scope="module")
def pipeline(folder) -> PublishedPipeline:
    return PublishedPipeline.load((folder, "main"), device="cpu", dtype=torch.float32, steps=3)


def test_boxes_are_heard_and_the_same_request_gives_the_same_pictures(pipeline):
    steps_done = []
    first = pipeline.generate(REQUEST, steps_done.append)
    assert first.shape == (4, 16, 16, 3) and first.dtype == np.uint8 and pipeline.side == 16
    assert steps_done and steps_done == sorted(steps_done)
    assert (first == pipeline.generate(REQUEST)).all() and (first[0] != first[1]).any()
    elsewhere = Request(
        "a llama", (GroundedPhrase("a llama", (0.5, 0.5, 0.9, 0.9)),), guidance_scale=3.0, grounded_fraction=1.0
    )
    assert (pipeline.generate(elsewhere) != first).any()


def test_plain_stable_diffusion_is_the_same_model_with_the_gates_left_out(pipeline):
    plain = pipeline.plain(REQUEST)
    never = Request("a llama", REQUEST.layout, guidance_scale=3.0, grounded_fraction=0.0)
    assert (plain == pipeline.generate(never)).all() and (plain != pipeline.generate(REQUEST)).any()
    assert (pipeline.generate(REQUEST) == pipeline.generate(REQUEST)).all()  # and the gates are back afterwards


def test_it_stands_behind_the_same_board(pipeline):
    board = DrawBoxes(pipeline, caption=HEN.caption)
    assert set(board.settings) == {"guidance_scale", "grounded_fraction"} and board.canvas.problem == ""
    board.generate()
    assert "no box was drawn" in board.problem
    board.draw([BOX])
    board.generate()
    assert board.problem == "" and board.pictures.shape == (4, 16, 16, 3)
    board.draw([Mark("box", BOX.points, text=f"a {'b' * (n % 3 + 1)}") for n in range(31)])
    assert "at most 30" in board.canvas.problem
    with pytest.raises(ValueError, match="changes no scene"):
        board.take(1)
    picture = np.zeros((16, 16, 3), np.uint8)
    with pytest.raises(ValueError, match="changes no scene"):
        DrawBoxes(pipeline, scene=picture)
    with pytest.raises(ValueError, match="no reference picture"):
        DrawBoxes(pipeline, reference=picture)
    pytest.importorskip("ipywidgets")
    assert board.widget is not None and "strength" not in board._front.sliders


def test_in_float16_the_half_size_files_are_read(folder):
    pipeline = PublishedPipeline.load((folder, "main"), device="cpu", dtype=torch.float16)
    assert {pipeline.pipe.unet.dtype, pipeline.pipe.vae.dtype, pipeline.pipe.text_encoder.dtype} == {torch.float16}


def test_the_layout_of_the_hen_is_a_request_that_fits(pipeline):
    assert pipeline.notes(HEN) == [] and len(HEN.layout) == 2
    hen, egg = (one.box for one in HEN.layout)
    assert hen[1] < egg[1] < hen[3] and egg[0] < hen[0] and hen[2] < egg[2]  # on the egg, and smaller


def test_weights_that_cannot_be_had_are_one_sentence(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(full, "best_device", lambda: ("cpu", "float16", "as on a T4"))
    for place in ("nobody/nothing-at-all", str(tmp_path)):
        assert full.load((place, "main")) is None
        said = capsys.readouterr().out
        assert said.startswith(f"{place} could not be loaded (") and said.count("\n") == 1
