"""The CLIP room beside open_clip: equal loss, equal zero-shot head; and training that keeps to what it may see."""

import math
import os
import random
import re
import signal
from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from course_lib.clip import train
from course_lib.clip.data import batches
from course_lib.clip.loss import clamp_logit_scale, contrastive_loss
from course_lib.clip.model import PocketCLIP
from course_lib.clip.pretrained import build_clip
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.clip.zero_shot import classify, zero_shot_classifier
from course_lib.world.language import RELATIONS, SAYS, TEST_TEMPLATES
from course_lib.world.splits import training_may_see, training_may_use_template

TINY = train.ClipRecipe(steps=3, batch_size=16)


def anything(step: int, batch_size: int, seed: int = 0) -> batches.PictureBatch:
    """The shortcut left open."""
    return batches.close_ups(step, batch_size, seed, distinct=False, sparing=False)


KINDS = (batches.close_ups, anything, batches.painted, batches.singles, batches.multi_thing_scenes)


@pytest.fixture(scope="module")
def open_clip():
    """open_clip, or a skip that says so where it is not installed."""
    return pytest.importorskip("open_clip", reason="open_clip is not installed: nothing to compare with")


def features_and_scale(batch: int, width: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Random features [B, D], [B, D] of length 1, and a scale between 1 and 100, all with gradients."""
    generator = torch.Generator().manual_seed(seed)
    image, text = (F.normalize(torch.randn(batch, width, generator=generator), dim=-1) for _ in range(2))
    scale = 1 + 99 * torch.rand((), generator=generator)
    return image.requires_grad_(), text.requires_grad_(), scale.requires_grad_()


@pytest.mark.parametrize(("batch", "width", "seed"), [(1, 4, 0), (2, 8, 1), (7, 16, 2), (64, 128, 3), (128, 512, 4)])
def test_the_loss_and_its_gradients_are_open_clips(open_clip, batch, width, seed):
    ours, theirs = features_and_scale(batch, width, seed), features_and_scale(batch, width, seed)
    mine, right = contrastive_loss(*ours), open_clip.ClipLoss()(*theirs)
    assert mine.shape == right.shape == () and abs(mine.item() - right.item()) < 1e-5
    mine.backward()
    right.backward()
    for a, b in zip(ours, theirs, strict=True):
        assert torch.allclose(a.grad, b.grad, atol=1e-5)


def test_one_pair_costs_nothing_and_equal_pairs_cost_ln_b():
    alone = contrastive_loss(*features_and_scale(1, 8, seed=0))
    alike = F.normalize(torch.ones(128, 8), dim=-1)
    assert alone.item() == 0
    assert contrastive_loss(alike, alike, torch.tensor(14.0)).item() == pytest.approx(math.log(128), abs=1e-4)


def test_the_zero_shot_head_is_open_clips(open_clip):
    model, tokenizer = build_clip(seed=5), get_tokenizer()
    names = ["cat", "fire truck", "Schloß", "猫", "{}", "a very small red car"] * 3  # more than open_clip's ten a chunk
    templates = ["a photo of a {}.", "{}", "a drawing of the {}, please"]
    mine = zero_shot_classifier(model, tokenizer, names, templates)
    for forms in (templates, [lambda name, t=t: t.format(name) for t in templates]):  # it takes texts and callables
        right = open_clip.build_zero_shot_classifier(model, tokenizer, names, forms)
        assert mine.shape == right.shape == (128, len(names))
        assert torch.allclose(mine, right, atol=1e-5)
    assert torch.allclose(mine.norm(dim=0), torch.ones(len(names)), atol=1e-5) and not mine.requires_grad


def test_ours_runs_open_clips_own_model(open_clip):
    towers = {"layers": 1, "width": 32}
    vision = open_clip.model.CLIPVisionCfg(**towers, head_width=16, patch_size=8, image_size=32)
    text = open_clip.model.CLIPTextCfg(**towers, heads=2, vocab_size=get_tokenizer().vocab_size, context_length=48)
    model = open_clip.model.CLIP(24, vision, text).eval()
    names, templates = ["cat", "dog", "bus"], ["a photo of a {}", "the {}"]
    mine = zero_shot_classifier(model, get_tokenizer(), names, templates)
    assert torch.allclose(
        mine, open_clip.build_zero_shot_classifier(model, get_tokenizer(), names, templates), atol=1e-5
    )
    picture = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        image, words, scale = model(picture, get_tokenizer()(["cat", "dog"]))
        probabilities = classify(model.encode_image(picture), words.T, scale)
    assert torch.allclose(probabilities, (scale * image @ words.T).softmax(dim=-1), atol=1e-5)


@pytest.mark.parametrize("value", [-5.0, 0.0, 2.6593, math.log(100), 4.7, 100.0])
def test_the_temperature_stays_between_one_and_a_hundred(value):
    kept = clamp_logit_scale(torch.tensor(value))
    assert 1 <= kept.exp().item() <= 100 * (1 + 1e-5)
    assert kept.item() == pytest.approx(min(max(value, 0), math.log(100)))  # what is inside stays as it is


def test_training_uses_the_loss_it_is_given():
    calls = []

    def another_loss(image_features, text_features, logit_scale):
        calls.append((image_features.shape, text_features.shape, logit_scale.item()))
        return (image_features - text_features).square().sum(dim=-1).mean() + 0 * logit_scale

    model = build_clip()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    progress = train.train(model, TINY, loss=another_loss)
    assert progress.step == len(calls) == 3 and calls[0] == ((16, 128), (16, 128), pytest.approx(1 / 0.07, rel=1e-4))
    assert not torch.equal(before["visual.projection"], model.visual.projection)
    usual = train.train(build_clip(), TINY)
    assert abs(usual.losses[0] - progress.losses[0]) > 0.1


def test_training_clamps_the_temperature_after_every_step():
    model, seen = build_clip(), []
    model.logit_scale.data.fill_(9.0)
    train.train(model, TINY, callbacks=[lambda progress: seen.append(model.logit_scale.item())])
    assert len(seen) == 3 and max(seen) <= math.log(100) + 1e-6


def test_a_batch_depends_on_its_number_alone():
    recipe = replace(train.LIVE, batch_size=8)
    steps = (3, 700, 1200, 1499)
    first = {step: train.make_batch(step, recipe) for step in steps}
    random.seed(1)
    torch.manual_seed(1)  # another state of the world
    for step in reversed(steps):
        again = train.make_batch(step, recipe)
        assert torch.equal(again.images, first[step].images) and torch.equal(again.texts, first[step].texts)
    assert not torch.equal(first[3].texts, train.make_batch(3, replace(recipe, seed=1)).texts)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_batches_show_only_what_training_may_see(kind, monkeypatch):
    shown, usual = [], batches.make_scene
    monkeypatch.setattr(batches, "make_scene", lambda *args: shown.append(usual(*args)) or shown[-1])
    texts = [text for number in range(6) for text in kind(number, 48).captions]
    assert len(shown) == len(texts) == 6 * 48
    assert all(training_may_see(scene) for scene in shown)
    for scene, text in zip(shown, texts, strict=True):
        assert all(thing.name in text or len(scene.things) > 1 for thing in scene.things), text


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_captions_use_only_training_wordings(kind):
    held_out = [re.escape(wording).replace(r"\{\}", ".+") for _, wording in TEST_TEMPLATES]
    held_out += [rf".+ {way} .+" for ways in RELATIONS["test"].values() for way in ways]
    held_out += [rf".+ {says} .+" for says in SAYS["test"]]
    assert not any(training_may_use_template(name) for name, _ in TEST_TEMPLATES)
    for text in (text for number in range(20) for text in kind(number, 64).captions):
        assert not any(re.fullmatch(pattern, text) for pattern in held_out), text


def test_things_of_one_batch_of_close_ups_all_differ():
    for kind in (batches.close_ups, batches.singles, batches.painted):
        texts = kind(5, 64).captions
        assert len(set(texts)) == 64


def test_a_stopped_and_resumed_run_equals_an_undisturbed_one(tmp_path, capsys):
    undisturbed, first, another = (build_clip() for _ in range(3))
    expected = train.train(undisturbed, TINY)

    def stop(progress) -> None:
        if progress.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    file = tmp_path / "live.safetensors"
    assert train.train(first, TINY, callbacks=[stop], state_file=file).stopped and file.exists()
    resumed = train.train(another, TINY, state_file=file)
    assert "Stopped after step 2" in capsys.readouterr().out
    assert resumed.losses == expected.losses and len(resumed.losses) == 3 and not file.exists()
    for (name, a), b in zip(undisturbed.named_parameters(), another.parameters(), strict=True):
        assert torch.equal(a, b), name


def test_the_same_seed_is_born_the_same():
    a, b, c = build_clip(3), build_clip(3), build_clip(4)
    assert isinstance(a, PocketCLIP) and torch.equal(a.visual.projection, b.visual.projection)
    assert not torch.equal(a.visual.projection, c.visual.projection)
