"""Pixels attend to the prompt's points: near ones only, none that are padding; prompts that share a picture."""

from dataclasses import replace

import pytest
import torch

from course_lib.seem.data.batches import make_batch
from course_lib.seem.data.queries import to_prompts
from course_lib.seem.encoder import Features
from course_lib.seem.point_refiner import PointRefiner, squared_distances
from course_lib.seem.train import stages

SMALL = replace(stages.LIVE, seconds=None, steps=1, batch_size=2, prompts_per_image=2)


@pytest.fixture
def inputs():
    torch.manual_seed(0)
    points = torch.tensor([[[0.25, 0.75], [0.75, 0.25]], [[0.5, 0.5], [0.1, 0.1]]])
    valid = torch.tensor([[True, True], [True, False]])
    features = Features([], torch.randn(2, 8, 32, 32))
    return features, points, valid, torch.randn(2, 2, 16), torch.randn(2, 16), torch.zeros(2, 32, 32)


def refiner_with_values() -> PointRefiner:
    torch.manual_seed(1)
    refiner = PointRefiner(16, 8)
    torch.nn.init.normal_(refiner.value.weight)
    return refiner


@torch.no_grad()
def test_at_first_it_adds_nothing(inputs):
    assert not PointRefiner(16, 8)(*inputs).any()


@torch.no_grad()
def test_it_mends_around_the_points_that_are_real(inputs):
    features, points, valid, tokens, query, prev_mask = inputs
    refiner = refiner_with_values()
    before = refiner(*inputs)
    assert before.shape == (2, 32, 32)
    far = squared_distances(points[1:, :1], 32, 32).view(32, 32) > 0.2  # of the only real point of row 1
    assert before[1][far].abs().max() < 1e-3 < before[1].abs().max()
    tokens, points = tokens.clone(), points.clone()
    tokens[1, 1], points[1, 1] = 99.0, 0.5
    torch.testing.assert_close(refiner(features, points, valid, tokens, query, prev_mask), before)
    tokens[0, 0] += 1
    changed = (refiner(features, points, valid, tokens, query, prev_mask) - before).abs()
    assert changed[0, 24, 8] > 100 * changed[0, 8, 24] and not changed[1].any()  # [y, x]: point 0 is at (8, 24)


@torch.no_grad()
def test_prompts_that_share_a_picture_are_answered_as_if_alone():
    model = stages.new_model(seed=5)
    for parameter in (
        model.point_refiner.value.weight,
        model.point_refiner.null_point,
        model.prev_mask_embed,
        model.pixel_position_proj.weight,
    ):
        torch.nn.init.normal_(parameter, std=0.3)
    batch = make_batch(0, SMALL)
    prompts, prev_mask = to_prompts(model, batch.queries), torch.rand(4, 64, 64) > 0.5
    shared, alone = model.encode(batch.images), model.encode(batch.images.repeat_interleave(2, dim=0))
    shared.prompts_per_image = batch.prompts_per_image
    together, apart = model.segment(shared, prompts, prev_mask), model.segment(alone, prompts, prev_mask)
    torch.testing.assert_close(together.mask_logits, apart.mask_logits, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(together.class_logits, apart.class_logits, rtol=1e-3, atol=1e-3)


def test_distances_are_counted_from_pixel_middles():
    squared = squared_distances(torch.tensor([[[1.5 / 8, 0.5 / 4]]]), 4, 8).view(4, 8)
    assert squared[0, 1] == 0 and squared[2, 1] == pytest.approx(0.25) and squared[0, 5] == pytest.approx(0.25)


@torch.no_grad()
def test_chosen_and_joined_features_are_those_of_the_same_pictures():
    torch.manual_seed(0)
    model, pixels = stages.load(), torch.randn(3, 3, 64, 64)
    features, wanted = model.encode(pixels), model.segment_everything(model.encode(pixels[[2, 0]])).mask_logits
    joined = Features.concat([model.encode(pixels[:1]), model.encode(pixels[1:])])
    for rows in (features.select([2, 0]), joined.select(torch.tensor([2, 0]))):
        assert torch.allclose(model.segment_everything(rows).mask_logits, wanted, atol=1e-3)
    assert not torch.allclose(model.segment_everything(features.select([0, 2])).mask_logits, wanted, atol=1e-3)
