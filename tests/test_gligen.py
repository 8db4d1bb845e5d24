"""Lesson 10's generator: its layers beside diffusers', its base without a box, its gates shut at birth."""

import os
import random
import signal

import pytest
import torch

from course_lib.checkpoints import CheckpointError
from course_lib.clip.data.images import to_tensor
from course_lib.gligen.data import batches
from course_lib.gligen.data import scenes as scene_data
from course_lib.gligen.diffusion import NUM_TRAIN_TIMESTEPS, add_noise, alphas_cumprod, min_snr_weight, velocity
from course_lib.gligen.gated_attention import GatedSelfAttention
from course_lib.gligen.grounding import GroundingNet, fourier_features
from course_lib.gligen.latents import PatchSpace
from course_lib.gligen.model import (
    MAX_TEXT_TOKENS,
    Generator,
    GeneratorConfig,
    add_gates,
    phrase_embeddings,
    text_states,
    transformer_blocks,
)
from course_lib.gligen.sampling import ddim_step, sample, timesteps
from course_lib.gligen.train import base_generator
from course_lib.gligen.vocabulary import NAMES

TINY = GeneratorConfig(block_out_channels=(16, 32))


@pytest.fixture(scope="module")
def base():
    return base_generator.new_base(TINY).model.eval()


def random_boxes(generator: torch.Generator, count: int, n: int) -> torch.Tensor:
    """[count, n, 4], x0 < x1 and y0 < y1."""
    corners = torch.rand(count, n, 2, 2, generator=generator).sort(dim=2).values  # [count, n, ends, xy]
    return corners.flatten(2)


def test_a_training_scene_holds_nothing_back_for_the_tests():
    scenes = [scene_data.draw_scene(index) for index in range(400)]
    assert all(scene_data.allowed_in_training(scene) for scene in scenes)
    assert {thing.name for scene in scenes for thing in scene.things} == set(NAMES)
    held_out = [scene_data.draw_scene(index, "test") for index in range(400)]
    assert 0.05 < sum(not scene_data.allowed_in_training(scene) for scene in held_out) / 400 < 0.5


def test_things_lie_whole_inside_the_picture_and_little_over_each_other():
    for index in range(200):
        scene = scene_data.draw_scene(index, "val", (1, 4))
        assert len({thing.name for thing in scene.things}) == len(scene.things) >= 1
        for thing in scene.things:
            half = thing.width / 2
            assert min(thing.x, thing.y) >= half and max(thing.x, thing.y) <= 1 - half


@pytest.mark.filterwarnings("error")
def test_no_caption_is_cut():
    scenes = [scene_data.draw_scene(index, "val", (1, 2)) for index in range(500)]
    for templates in ("train", "test"):
        text = text_states([scene_data.caption_of(scene, random.Random(1), templates) for scene in scenes])
        assert text.shape == (500, MAX_TEXT_TOKENS, 128)


def test_latents_give_the_picture_back():
    images = to_tensor(batches.render_images([scene_data.draw_scene(index) for index in range(120)]))
    space = PatchSpace().fit(images[:60])
    latents = space.encode(images[60:])
    error = (space.decode(latents) - images[60:]).square().mean()
    assert 10 * torch.log10(1 / error) > 27  # decibels
    assert abs(latents.std() - 1) < 0.1 and latents.mean().abs() < 0.1
    assert (space.encode(space.decode(latents)) - latents).square().mean() < 0.01  # but for what is cut to 0–1


def test_noise_and_velocity_are_those_of_diffusers():
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(NUM_TRAIN_TIMESTEPS, beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction")
    clean, noise, t = torch.randn(3, 2, 4, 4), torch.randn(3, 2, 4, 4), torch.tensor([0, 400, 999])
    torch.testing.assert_close(add_noise(clean, noise, t), scheduler.add_noise(clean, noise, t))
    torch.testing.assert_close(velocity(clean, noise, t), scheduler.get_velocity(clean, noise, t))


def test_noisy_levels_count_fully_and_clean_ones_less():
    weights = min_snr_weight(torch.arange(NUM_TRAIN_TIMESTEPS))
    assert weights[600:].eq(1).all() and weights[0] < 0.01 and weights.diff().min() > -1e-6


@pytest.mark.parametrize("steps", [10, 20, 50])
def test_ddim_is_that_of_diffusers(steps):
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(
        NUM_TRAIN_TIMESTEPS, beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction", clip_sample=False
    )
    scheduler.set_timesteps(steps)
    levels = timesteps(steps)
    assert scheduler.timesteps.tolist() == levels
    x = mine = torch.randn(2, 4, 3, 3)
    alpha_bar = torch.cat([alphas_cumprod()[levels], torch.ones(1)])
    for i, t in enumerate(levels):
        v = torch.randn(2, 4, 3, 3)
        x, mine = scheduler.step(v, t, x).prev_sample, ddim_step(mine, v, alpha_bar[i], alpha_bar[i + 1])
        torch.testing.assert_close(mine, x, atol=1e-5, rtol=1e-5)


def test_ddim_with_the_true_velocity_comes_home():
    clean, noise = torch.randn(1, 2, 3, 3), torch.randn(1, 2, 3, 3)
    t = torch.tensor([700])
    noisy, v = add_noise(clean, noise, t), velocity(clean, noise, t)
    here, there = alphas_cumprod()[[700, 300]]
    torch.testing.assert_close(ddim_step(noisy, v, here, torch.tensor(1.0)), clean)
    torch.testing.assert_close(ddim_step(noisy, v, here, there), add_noise(clean, noise, torch.tensor([300])))


def test_fourier_features_are_those_of_diffusers():
    from diffusers.models.embeddings import get_fourier_embeds_from_boundingbox

    boxes = random_boxes(torch.Generator().manual_seed(0), 3, 5)
    torch.testing.assert_close(fourier_features(boxes), get_fourier_embeds_from_boundingbox(8, boxes))


def test_grounding_tokens_are_those_of_diffusers():
    from diffusers.models.embeddings import GLIGENTextBoundingboxProjection

    theirs, mine = GLIGENTextBoundingboxProjection(positive_len=12, out_dim=20), GroundingNet(12, 20)
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    mine.load_state_dict(theirs.state_dict())
    boxes, phrases = random_boxes(torch.Generator().manual_seed(1), 2, 4), torch.randn(2, 4, 12)
    masks = torch.tensor([[1.0, 1, 0, 0], [0, 0, 0, 0]])
    got = mine(boxes, masks, phrases)
    torch.testing.assert_close(got, theirs(boxes, masks, phrases), atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(got[0, 2:], got[1, :2])  # an empty place is the same everywhere


def test_the_gated_layer_is_that_of_diffusers():
    from diffusers.models.attention import GatedSelfAttentionDense

    theirs, mine = GatedSelfAttentionDense(32, 20, 4, 8), GatedSelfAttention(32, 20, 4)
    for alpha in (theirs.alpha_attn, theirs.alpha_dense):
        torch.nn.init.constant_(alpha, 0.7)
    mine.load_state_dict(theirs.state_dict())
    x, tokens = torch.randn(2, 9, 32), torch.randn(2, 4, 20)
    with torch.no_grad():
        torch.testing.assert_close(mine(x, tokens), theirs(x, tokens), atol=1e-6, rtol=1e-6)
        mine.beta = 0.0
        assert torch.equal(mine(x, tokens), x)


def grounding(count: int) -> dict:
    """Two boxes and two empty places for each of `count` pictures."""
    boxes = random_boxes(torch.Generator().manual_seed(2), count, 4)
    masks = torch.tensor([[1.0, 1, 0, 0]]).expand(count, -1)
    phrases = phrase_embeddings(["a bus", "a frog", "", ""]).expand(count, -1, -1)
    return {"boxes": boxes, "masks": masks, "positive_embeddings": phrases}


@torch.no_grad()
def test_at_birth_the_gated_model_is_the_base_bit_for_bit_and_open_gates_change_it(base):
    gated = add_gates(base)
    x, t, text = torch.randn(2, 12, 16, 16), torch.tensor([20, 700]), text_states(["a bus", "a frog"])
    before = base.velocity(x, t, text)
    boxes = grounding(2)
    assert torch.equal(gated.velocity(x, t, text, boxes), before)
    for block in transformer_blocks(gated.unet):
        block.fuser.alpha_attn.fill_(0.5)
    after = gated.velocity(x, t, text, boxes)
    assert not torch.allclose(after, before, atol=1e-4)


def test_only_what_gligen_adds_is_trained(base):
    gated = add_gates(base)
    free = {name for name, parameter in gated.named_parameters() if parameter.requires_grad}
    assert free == {name for name, _ in gated.named_parameters()} - {name for name, _ in base.named_parameters()}
    assert len(transformer_blocks(gated.unet)) == 4
    with pytest.raises(ValueError, match="without gates"):
        add_gates(gated)


def test_training_the_base_reads_no_box_and_no_mask(monkeypatch):
    """The base gets pictures, captions and noise. Boxes and masks could be anything: the batch stays the same."""
    recipe = base_generator.BaseRecipe(steps=1, batch_size=4)
    space = base_generator.new_base(TINY).model.space
    before = batches.make_batch(3, recipe, space)
    assert set(vars(before)) == {"latents", "text", "noise", "t"}
    true_render = batches.render

    class OnlyTheImage:
        def __init__(self, picture):
            self.image = picture.image  # reading boxes or instances would be an AttributeError

    monkeypatch.setattr(batches, "render", lambda *arguments: OnlyTheImage(true_render(*arguments)))
    after = batches.make_batch(3, recipe, space)
    assert all(torch.equal(getattr(before, name), getattr(after, name)) for name in vars(before))


def test_the_base_learns_and_goes_on_where_it_was_stopped(tmp_path):
    recipe = base_generator.BaseRecipe(steps=8, batch_size=4, learning_rate=3e-3)
    whole = base_generator.new_base(TINY)
    progress = base_generator.train_base(whole, recipe)
    assert sum(progress.losses[-2:]) < sum(progress.losses[:2])

    def stop(progress):
        if progress.step == 5:
            os.kill(os.getpid(), signal.SIGINT)

    state = tmp_path / "state.safetensors"
    assert base_generator.train_base(base_generator.new_base(TINY), recipe, callbacks=[stop], state_file=state).stopped
    resumed = base_generator.new_base(TINY)
    assert base_generator.train_base(resumed, recipe, state_file=state).losses == progress.losses
    assert all(map(torch.equal, resumed.state_dict().values(), whole.state_dict().values()))  # the average, too


def test_a_baked_base_is_the_average_and_comes_with_its_card(tmp_path):
    base_generator.bake_base(tmp_path, base_generator.BaseRecipe(steps=2, batch_size=2))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["gligen_base.json", "gligen_base.safetensors"]
    loaded = base_generator.load_base(tmp_path / "gligen_base.safetensors")
    pictures = sample(loaded, ["a bus on the beach", ""], steps=2)
    assert pictures.shape == (2, 3, scene_data.PIXELS, scene_data.PIXELS) and pictures.isfinite().all()
    with pytest.raises(CheckpointError, match="bake gligen_base"):
        base_generator.load_base(tmp_path / "elsewhere" / "gligen_base.safetensors")


def test_the_average_follows_the_weights():
    model = base_generator.EmaModel(Generator(TINY))
    with torch.no_grad():
        for parameter in model.model.parameters():
            parameter.add_(1.0)
    gap = [model.average.unet.conv_in.bias.sub(model.model.unet.conv_in.bias).abs().max().item()]
    for _ in range(3):
        model.update()
        gap.append(model.average.unet.conv_in.bias.sub(model.model.unet.conv_in.bias).abs().max().item())
    assert gap[0] == 1 and gap == sorted(gap, reverse=True) and gap[-1] > 0
    assert alphas_cumprod().diff().max() < 0
