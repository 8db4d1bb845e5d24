"""MiniSeem: who reads whom, what a prompt may not disturb, and measures that can't be fooled."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from course_lib.seem.attention import READS, may_read
from course_lib.seem.data.batches import make_batch
from course_lib.seem.data.queries import phrases, random_ask, visible
from course_lib.seem.data.strokes import WAYS, drawn
from course_lib.seem.data.testsets import ambiguous, questions
from course_lib.seem.evaluate import clicks
from course_lib.seem.evaluate.masks import cumulative_iou, flood_fill, iou, mean_iou, panoptic_quality, superpixel
from course_lib.seem.prompts import Prompt
from course_lib.seem.train import stages
from course_lib.seem.train.click_simulator import ask_prompts, clicked, play_rounds
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.splits import TRAIN_STYLES

SMALL = replace(stages.LIVE, batch_size=2)


@pytest.fixture(scope="module")
def model():
    return stages.new_model(seed=3)


@pytest.fixture(scope="module")
def batch():
    return make_batch(0, SMALL)


def test_the_table_is_what_the_model_obeys():
    kinds = ["object", "query", "memory", "text", "visual", "visual"]
    valid = torch.tensor([[True, True, True, True, True, False]])
    allowed = may_read(kinds, valid)[0]
    for reader, row in zip(kinds, allowed, strict=True):
        read = {kind for kind, may in zip(kinds, row, strict=True) if may}
        assert read == {kind for kind in READS[reader] if kind in kinds}
    assert not allowed[:, 5].any()  # padding is read by nobody
    assert [kind for kind, read in READS.items() if "text" in read] == ["query", "text"]


@torch.no_grad()
def test_a_prompt_does_not_disturb_everything_nor_another_prompt(model, batch):
    features = model.encode(batch.images)
    before = model.everything(features)
    prompts = [Prompt(text="a cat"), Prompt(positive=batch.asks[0].target)]
    one = model.segment(features, prompts)
    after = model.everything(features)
    assert torch.equal(before.logits, after.logits) and torch.equal(before.classes, after.classes)
    other = model.segment(features, [prompts[0], Prompt(negative=batch.asks[0].target)])
    torch.testing.assert_close(one.logits[0], other.logits[0])
    assert not torch.allclose(one.logits[1], other.logits[1])


@torch.no_grad()
def test_every_part_of_a_prompt_is_heard(model, batch):
    features = model.encode(batch.images[:1])
    size = (64, 64)
    click = np.zeros(size, bool)
    click[20, 30] = True
    token = torch.randn(3, model.config.width)
    found = torch.from_numpy(drawn("box", batch.instances[0] == batch.instances[0].max(), random.Random(0)))[None]
    plain = model.segment(features, [Prompt(positive=click)]).logits
    for prompt in (
        Prompt("a cat", click),
        Prompt("", None, click),
        Prompt("", click, click.T),
        Prompt("", click, None, token),
    ):
        assert not torch.allclose(model.segment(features, [prompt]).logits, plain, atol=1e-4)
    assert not torch.allclose(model.segment(features, [Prompt(positive=click)], found).logits, plain, atol=1e-6)
    nothing = torch.zeros(1, *size, dtype=torch.bool)
    torch.testing.assert_close(model.segment(features, [Prompt(positive=click)], nothing).logits, plain)


def test_a_batch_is_made_of_its_number_and_learned_from(model, batch):
    again = make_batch(0, SMALL)
    assert torch.equal(batch.images, again.images) and [a.text for a in batch.asks] == [a.text for a in again.asks]
    student = stages.new_model(seed=3)
    stages.batch_loss(student, batch, rounds=2).backward()
    missing = [name for name, part in student.named_parameters() if part.grad is None]
    assert missing in ([], ["elsewhere"])  # which only a reference moves


def test_the_clip_inside_is_neither_trained_nor_saved(model):
    assert not any(part.requires_grad for part in model.clip.parameters())
    assert (
        not any(name.startswith(("clip", "_clip")) for name in model.state_dict()) and "words" not in model.state_dict()
    )


@pytest.mark.parametrize("way", WAYS)
def test_what_people_draw_lies_about_where_the_thing_is(way):
    mask = np.zeros((64, 64), bool)
    mask[10:30, 20:40] = True
    for seed in range(20):
        area = drawn(way, mask, random.Random(seed))
        assert area.any() and not (area & ~np.pad(mask[1:-1, 1:-1], 1) & ~grown(mask)).any()


def grown(mask):
    return np.roll(mask, 1, 0) | np.roll(mask, -1, 0) | np.roll(mask, 1, 1) | np.roll(mask, -1, 1) | box_grown(mask)


def box_grown(mask):
    ys, xs = np.nonzero(mask)
    out = np.zeros_like(mask)
    out[ys.min() - 1 : ys.max() + 2, xs.min() - 1 : xs.max() + 2] = True
    return out


def test_phrases_mean_one_thing():
    told = 0
    for index in range(60):
        scene = make_scene(index, SceneSpec(names=("cat", "cat", "dog")))
        for k, thing in enumerate(scene.things):
            twins = [t for t in scene.things if t.name == thing.name and t is not thing]
            for text in phrases(scene, k):
                told += bool(twins)
                if twins and "left" in text:
                    assert all(thing.x < t.x for t in twins)
                if twins and thing.colour and thing.colour in text:
                    assert all(t.colour != thing.colour for t in twins)
                assert not twins or text not in (f"a {thing.name}", thing.name, f"the {thing.name}")
    assert told > 20


def test_absent_things_are_absent():
    for index in range(20):
        scene = make_scene(index, SceneSpec(count=(2, 4)))
        ask = random_ask(scene, render(scene).instances, random.Random(index), "absent")
        assert not ask.target.any() and not any(thing.name == ask.text.split(" ", 1)[-1] for thing in scene.things)


def test_questions_are_held_out_the_same_each_time_and_as_ordered():
    tests = questions("text", 6)
    assert [a.text for a in tests.asks] == [a.text for a in questions("text", 6).asks]
    assert {scene.stream for scene in tests.scenes} == {"test"} and {a.way for a in tests.asks} == {"text"}
    assert {t.style for s in tests.scenes for t in s.things} <= set(TRAIN_STYLES)
    for ask, scene in zip((found := ambiguous(8)).asks, found.scenes, strict=True):
        assert [thing.name for thing in scene.things].count(ask.name) >= 2


def test_measures_have_the_ceiling_and_count_failures():
    tests = questions("click", 6)
    truth = tests.targets()
    assert iou(truth, truth).tolist() == [1.0] * 6 and iou(truth, ~truth).max() == 0
    scores = np.array([[0.5, 0.9, 0.95], [0.2, 0.3, 0.4]])
    assert clicks.number_of_clicks(scores, 0.85).tolist() == [2.0, 3.0]  # a failure counts as the limit
    assert all(flood_fill(i, a.positive)[a.positive].all() for i, a in zip(tests.images, tests.asks, strict=True))
    assert all(superpixel(i, a.positive)[a.positive].all() for i, a in zip(tests.images, tests.asks, strict=True))


def test_panoptic_quality_of_the_truth_is_one(model):
    tests = questions("click", 4)
    queries, words = 6, model.words.shape[0]
    logits, classes = torch.full((4, queries, 64, 64), -9.0), torch.zeros(4, queries, words + 1)
    classes[..., words] = 9.0
    for n, scene in enumerate(tests.scenes):
        for q, k in enumerate(visible(scene, tests.instances[n])):
            logits[n, q][torch.from_numpy(tests.instances[n] == k + 1)] = 9.0
            classes[n, q, stages.class_number()[scene.things[k].name]] = 20.0
    masks = model.everything(model.encode(tests.pixels()))
    masks.logits, masks.classes = logits, classes
    assert panoptic_quality(masks, tests) == pytest.approx(1.0)
    assert panoptic_quality(masks, tests, shuffled=True) < 0.2
    assert mean_iou(masks, tests) == 1.0 and mean_iou(masks, tests, shuffled=True) < 0.2
    truth = tests.targets()
    assert cumulative_iou(truth, truth) == 1.0
    assert (
        cumulative_iou(truth, np.zeros_like(truth))
        == 0.0
        < cumulative_iou(truth, truth | tests.instances.astype(bool))
        < 1
    )


def test_rounds_add_a_click_each_where_it_is_wrong(model, batch):
    features = model.encode(batch.images)
    features.each = batch.each
    prompts = ask_prompts(model, batch.asks)
    played = play_rounds(model, features, batch.asks, prompts, 2)
    assert played.found.shape == (len(batch.asks), 64, 64)
    assert play_rounds(model, features, batch.asks, prompts, 2, remember=False).found is None
    quiet = [after is before for after, before in zip(played.prompts, prompts, strict=True)]
    assert all(quiet[3::4]) and not quiet[0]  # every fourth person says nothing
    truth = batch.asks[0].target
    assert clicked(Prompt(), truth, truth) == Prompt()
    assert truth[clicked(Prompt(), np.zeros_like(truth), truth).positive].all()
