"""The pocket CLIP behaves as open_clip's models do."""

import math

import pytest
import torch

from course_lib.clip.loss import contrastive_loss
from course_lib.clip.model import PocketCLIP, PocketConfig


@pytest.fixture(scope="module")
def model() -> PocketCLIP:
    torch.manual_seed(0)
    model = PocketCLIP().eval()
    with torch.no_grad():
        model.visual.query.normal_()  # as after training: not all patches alike
    return model


def some_tokens(lengths: list[int]) -> torch.Tensor:
    """Random texts of the given lengths (without start and end) → [B, 48]."""
    tokens = torch.zeros(len(lengths), 48, dtype=torch.long)
    for row, length in enumerate(lengths):
        tokens[row, : length + 2] = torch.tensor([1022, *torch.randint(1, 1022, (length,)).tolist(), 1023])
    return tokens


def test_shapes_and_norms(model):
    image, text, scale = model(torch.randn(3, 3, 64, 64), some_tokens([3, 7, 38]))
    assert image.shape == text.shape == (3, 128) and image.dtype == text.dtype == torch.float32
    assert torch.allclose(image.norm(dim=1), torch.ones(3)) and torch.allclose(text.norm(dim=1), torch.ones(3))
    assert math.isclose(scale.item(), 1 / 0.07, rel_tol=1e-5)


def test_size_fits_a_laptop():
    model = PocketCLIP()
    image, text = (sum(p.numel() for p in tower.parameters()) for tower in (model.visual, model.text))
    assert 0.6e6 <= image <= 1.6e6 and text <= 0.7e6


@pytest.mark.parametrize("side", [32, 64, 96])
def test_pictures_of_other_sizes(model, side):
    picture = torch.randn(2, 3, side, side)
    assert model.encode_image(picture).shape == (2, 128)
    assert model.encode_patches(picture).shape == (2, (side // 8) ** 2, 160)


def test_trimming_the_padding_changes_nothing(model):
    tokens = some_tokens([2, 5, 9])
    whole = model.text.states(tokens)  # not trimmed: all 48 places
    at_end = whole[torch.arange(3), tokens.argmax(dim=1)] @ model.text.projection
    assert torch.allclose(model.encode_text(tokens), at_end, atol=1e-5)


def test_what_follows_the_end_of_text_is_not_read(model):
    tokens = some_tokens([4, 20])
    changed = tokens.clone()
    changed[0, 6:] = 17
    assert torch.allclose(model.encode_text(tokens), model.encode_text(changed), atol=1e-6)


def test_a_token_does_not_see_the_future(model):
    tokens = some_tokens([10])
    changed = tokens.clone()
    changed[0, 8] = (tokens[0, 8] + 1) % 1000
    before, after = model.text.states(tokens), model.text.states(changed)
    assert torch.allclose(before[0, :8], after[0, :8], atol=1e-6)
    assert not torch.allclose(before[0, 8:], after[0, 8:], atol=1e-3)


def test_the_picture_is_a_weighted_mean_of_what_its_patches_say(model):
    picture = torch.randn(2, 3, 64, 64)
    said = model.patch_embeddings(picture)  # [2, 64, 128]
    patches = model.visual.norm(model.encode_patches(picture))
    weights = (patches @ model.visual.query / math.sqrt(160)).softmax(dim=1)
    assert torch.allclose(torch.einsum("bn,bnd->bd", weights, said), model.encode_image(picture), atol=1e-4)


def test_penultimate_patches_are_one_block_earlier(model):
    picture = torch.randn(1, 3, 64, 64)
    earlier = model.encode_patches(picture, layer=-2)
    assert torch.allclose(model.visual.blocks[-1](earlier), model.encode_patches(picture, layer=-1), atol=1e-5)


def test_temperature_is_clamped():
    model = PocketCLIP(PocketConfig())
    for value, clamped in ((9.0, math.log(100)), (-1.0, 0.0), (2.0, 2.0)):
        model.logit_scale.data.fill_(value)
        model.clamp_temperature()
        assert math.isclose(model.logit_scale.item(), clamped, rel_tol=1e-6)


def test_an_untrained_model_guesses():
    torch.manual_seed(0)
    model = PocketCLIP()
    with torch.no_grad():
        loss = contrastive_loss(*model(torch.randn(64, 3, 64, 64), some_tokens([5] * 64)))
    assert abs(loss.item() - math.log(64)) < 0.5


def test_one_batch_can_be_learned_by_heart():
    torch.manual_seed(0)
    model = PocketCLIP()
    pictures, tokens = torch.randn(16, 3, 32, 32), some_tokens([6] * 16)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    for _ in range(40):
        loss = contrastive_loss(*model(pictures, tokens))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        model.clamp_temperature()
    assert loss.item() < 0.3


def test_patch_contributions_add_up_to_the_similarity():
    torch.manual_seed(0)
    model = PocketCLIP().eval()
    with torch.no_grad():
        model.visual.query.normal_()  # at birth all patches count alike
        image, direction = torch.randn(3, 3, 64, 64), torch.randn(3, 128)
        parts = model.patch_contributions(image, direction)
        whole = (model.encode_image(image) * direction).sum(-1)
    assert parts.shape == (3, 64)
    assert torch.allclose(parts.sum(dim=1), whole, atol=1e-4)
