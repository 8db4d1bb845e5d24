"""Pixels look back at the prompt's points: near ones only, none that are padding; prompts that share a picture."""

from dataclasses import replace

import pytest
import torch

from course_lib.seem.data.batches import make_batch
from course_lib.seem.encoder import Features
from course_lib.seem.point_refiner import Nearby, distances
from course_lib.seem.train import stages
from course_lib.seem.train.click_simulator import ask_prompts

SMALL = replace(stages.LIVE, seconds=None, steps=1, batch_size=2, prompts=2)


@pytest.fixture
def inputs():
    torch.manual_seed(0)
    points = torch.tensor([[[0.25, 0.75], [0.75, 0.25]], [[0.5, 0.5], [0.1, 0.1]]])
    valid = torch.tensor([[True, True], [True, False]])
    features = Features([], torch.randn(2, 8, 32, 32))
    return features, points, valid, torch.randn(2, 2, 16), torch.randn(2, 16), torch.zeros(2, 32, 32)


def with_opinion() -> Nearby:
    torch.manual_seed(1)
    nearby = Nearby(16, 8)
    torch.nn.init.normal_(nearby.opinion.weight)
    return nearby


@torch.no_grad()
def test_it_begins_without_an_opinion(inputs):
    assert not Nearby(16, 8)(*inputs).any()


@torch.no_grad()
def test_it_mends_around_the_points_that_are_real(inputs):
    features, points, valid, tokens, query, memory = inputs
    nearby = with_opinion()
    before = nearby(*inputs)
    assert before.shape == (2, 32, 32)
    far = distances(points[1:, :1], 32, 32).view(32, 32) > 0.2  # of the only real point of row 1
    assert before[1][far].abs().max() < 1e-3 < before[1].abs().max()
    tokens, points = tokens.clone(), points.clone()
    tokens[1, 1], points[1, 1] = 99.0, 0.5
    torch.testing.assert_close(nearby(features, points, valid, tokens, query, memory), before)
    tokens[0, 0] += 1
    changed = (nearby(features, points, valid, tokens, query, memory) - before).abs()
    assert changed[0, 24, 8] > 100 * changed[0, 8, 24] and not changed[1].any()  # [y, x]: point 0 is at (8, 24)


@torch.no_grad()
def test_prompts_that_share_a_picture_are_answered_as_if_alone():
    model = stages.new_model(seed=5)
    for part in (model.nearby.opinion.weight, model.nearby.nobody, model.recall, model.fine_place.weight):
        torch.nn.init.normal_(part, std=0.3)
    batch = make_batch(0, SMALL)
    prompts, found = ask_prompts(model, batch.asks), torch.rand(4, 64, 64) > 0.5
    shared, alone = model.encode(batch.images), model.encode(batch.images.repeat_interleave(2, dim=0))
    shared.each = batch.each
    together, apart = model.segment(shared, prompts, found), model.segment(alone, prompts, found)
    torch.testing.assert_close(together.logits, apart.logits, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(together.classes, apart.classes, rtol=1e-3, atol=1e-3)


def test_distances_are_counted_from_pixel_middles():
    squared = distances(torch.tensor([[[1.5 / 8, 0.5 / 4]]]), 4, 8).view(4, 8)
    assert squared[0, 1] == 0 and squared[2, 1] == pytest.approx(0.25) and squared[0, 5] == pytest.approx(0.25)


@torch.no_grad()
def test_chosen_and_joined_features_are_those_of_the_same_pictures():
    torch.manual_seed(0)
    model, pixels = stages.load(), torch.randn(3, 3, 64, 64)
    features, wanted = model.encode(pixels), model.everything(model.encode(pixels[[2, 0]])).logits
    joined = Features.joined([model.encode(pixels[:1]), model.encode(pixels[1:])])
    for found in (features.rows([2, 0]), joined.rows(torch.tensor([2, 0]))):
        assert torch.allclose(model.everything(found).logits, wanted, atol=1e-3)
    assert not torch.allclose(model.everything(features.rows([0, 2])).logits, wanted, atol=1e-3)
