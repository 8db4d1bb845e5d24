"""MiniSeem: who attends to whom, what a prompt may not disturb, and measures that can't be fooled."""

import copy
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from course_lib.seem.attention import ATTENDS_TO, attention_mask
from course_lib.seem.data.batches import make_batch
from course_lib.seem.data.queries import (
    NEED_BOTH,
    class_indices,
    random_query,
    referring_phrases,
    to_prompts,
    visible_things,
)
from course_lib.seem.data.strokes import DRAWN_TYPES, draw_prompt
from course_lib.seem.data.testsets import ambiguous_test_set, make_test_set
from course_lib.seem.evaluate.clicks import number_of_clicks
from course_lib.seem.evaluate.metrics import cumulative_iou, flood_fill, iou, mean_iou, panoptic_quality, superpixel
from course_lib.seem.prompts import Prompt
from course_lib.seem.train import stages
from course_lib.seem.train.click_simulator import RoundPlan, add_click, play_rounds
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


def test_attention_is_masked_as_the_table_says():
    kinds = ["object", "query", "memory", "text", "visual", "visual"]
    valid = torch.tensor([[True, True, True, True, True, False]])
    allowed = attention_mask(kinds, valid)[0]
    for query, row in zip(kinds, allowed, strict=True):
        keys = {kind for kind, may in zip(kinds, row, strict=True) if may}
        assert keys == {kind for kind in ATTENDS_TO[query] if kind in kinds}
    assert not allowed[:, 5].any()  # nothing attends to padding
    assert [kind for kind, keys in ATTENDS_TO.items() if "text" in keys] == ["query", "text"]


@torch.no_grad()
def test_a_prompt_does_not_disturb_everything_nor_another_prompt(model, batch):
    features = model.encode(batch.images)
    before = model.segment_everything(features)
    prompts = [Prompt(text="a cat"), Prompt(positive=batch.queries[0].target)]
    one = model.segment(features, prompts)
    after = model.segment_everything(features)
    assert torch.equal(before.mask_logits, after.mask_logits) and torch.equal(before.class_logits, after.class_logits)
    other = model.segment(features, [prompts[0], Prompt(negative=batch.queries[0].target)])
    torch.testing.assert_close(one.mask_logits[0], other.mask_logits[0])
    assert not torch.allclose(one.mask_logits[1], other.mask_logits[1])


@torch.no_grad()
def test_every_part_of_a_prompt_is_heard(model, batch):
    features = model.encode(batch.images[:1])
    size = (64, 64)
    click = np.zeros(size, bool)
    click[20, 30] = True
    token = torch.randn(3, model.config.width)
    prev_mask = torch.from_numpy(draw_prompt("box", batch.instances[0] == batch.instances[0].max(), random.Random(0)))[
        None
    ]
    plain = model.segment(features, [Prompt(positive=click)]).mask_logits
    for prompt in (
        Prompt("a cat", click),
        Prompt("", None, click),
        Prompt("", click, click.T),
        Prompt("", click, None, token),
    ):
        assert not torch.allclose(model.segment(features, [prompt]).mask_logits, plain, atol=1e-4)
    assert not torch.allclose(
        model.segment(features, [Prompt(positive=click)], prev_mask).mask_logits, plain, atol=1e-6
    )
    nothing = torch.zeros(1, *size, dtype=torch.bool)
    torch.testing.assert_close(model.segment(features, [Prompt(positive=click)], nothing).mask_logits, plain)


def test_a_batch_is_made_of_its_number_and_learned_from(model, batch):
    again = make_batch(0, SMALL)
    assert torch.equal(batch.images, again.images) and [q.text for q in batch.queries] == [
        q.text for q in again.queries
    ]
    student = stages.new_model(seed=3)
    stages.batch_loss(student, batch, RoundPlan(2)).backward()
    missing = [name for name, part in student.named_parameters() if part.grad is None]
    assert missing in ([], ["reference_embed"])  # which only a reference trains


def test_the_clip_inside_is_neither_trained_nor_saved(model):
    assert not any(part.requires_grad for part in model.clip.parameters())
    assert (
        not any(name.startswith(("clip", "_clip")) for name in model.state_dict())
        and "class_text_embeddings" not in model.state_dict()
    )


@pytest.mark.parametrize("prompt_type", DRAWN_TYPES)
def test_what_people_draw_lies_about_where_the_thing_is(prompt_type):
    mask = np.zeros((64, 64), bool)
    mask[10:30, 20:40] = True
    for seed in range(20):
        area = draw_prompt(prompt_type, mask, random.Random(seed))
        assert area.any() and not (area & ~np.pad(mask[1:-1, 1:-1], 1) & ~grown(mask)).any()


def grown(mask):
    return np.roll(mask, 1, 0) | np.roll(mask, -1, 0) | np.roll(mask, 1, 1) | np.roll(mask, -1, 1) | box_grown(mask)


def box_grown(mask):
    ys, xs = np.nonzero(mask)
    out = np.zeros_like(mask)
    out[ys.min() - 1 : ys.max() + 2, xs.min() - 1 : xs.max() + 2] = True
    return out


def test_phrases_mean_one_thing():
    num_told_apart = 0
    for index in range(60):
        scene = make_scene(index, SceneSpec(names=("cat", "cat", "dog")))
        for k, thing in enumerate(scene.things):
            duplicates = [t for t in scene.things if t.name == thing.name and t is not thing]
            for text in referring_phrases(scene, k):
                num_told_apart += bool(duplicates)
                if duplicates and "left" in text:
                    assert all(thing.x < t.x for t in duplicates)
                if duplicates and thing.colour and thing.colour in text:
                    assert all(t.colour != thing.colour for t in duplicates)
                assert not duplicates or text not in (f"a {thing.name}", thing.name, f"the {thing.name}")
    assert num_told_apart > 20


def test_absent_things_are_absent():
    for index in range(20):
        scene = make_scene(index, SceneSpec(count=(2, 4)))
        query = random_query(scene, render(scene).instances, random.Random(index), "absent")
        assert not query.target.any() and not any(thing.name == query.text.split(" ", 1)[-1] for thing in scene.things)


def test_test_sets_are_held_out_the_same_each_time_and_as_ordered():
    tests = make_test_set("text", 6)
    assert [a.text for a in tests.queries] == [a.text for a in make_test_set("text", 6).queries]
    assert {scene.stream for scene in tests.scenes} == {"test"} and {a.prompt_type for a in tests.queries} == {"text"}
    assert {t.style for s in tests.scenes for t in s.things} <= set(TRAIN_STYLES)
    ambiguous = ambiguous_test_set(8)
    for query, scene in zip(ambiguous.queries, ambiguous.scenes, strict=True):
        assert [thing.name for thing in scene.things].count(query.name) >= 2


def test_measures_have_the_ceiling_and_count_failures():
    tests = make_test_set("click", 6)
    truth = tests.targets()
    assert iou(truth, truth).tolist() == [1.0] * 6 and iou(truth, ~truth).max() == 0
    scores = np.array([[0.5, 0.9, 0.95], [0.2, 0.3, 0.4]])
    assert number_of_clicks(scores, 0.85).tolist() == [2.0, 3.0]  # a failure counts as the limit
    assert all(flood_fill(i, a.positive)[a.positive].all() for i, a in zip(tests.images, tests.queries, strict=True))
    assert all(superpixel(i, a.positive)[a.positive].all() for i, a in zip(tests.images, tests.queries, strict=True))


def test_panoptic_quality_of_the_truth_is_one(model):
    tests = make_test_set("click", 4)
    num_queries, num_classes = 6, len(model.class_text_embeddings)
    logits, classes = torch.full((4, num_queries, 64, 64), -9.0), torch.zeros(4, num_queries, num_classes + 1)
    classes[..., num_classes] = 9.0
    for n, scene in enumerate(tests.scenes):
        for q, k in enumerate(visible_things(scene, tests.instances[n])):
            logits[n, q][torch.from_numpy(tests.instances[n] == k + 1)] = 9.0
            classes[n, q, class_indices()[scene.things[k].name]] = 20.0
    output = model.segment_everything(model.encode(tests.pixels()))
    output.mask_logits, output.class_logits = logits, classes
    assert panoptic_quality(output, tests) == pytest.approx(1.0)
    assert panoptic_quality(output, tests, shuffled=True) < 0.2
    assert mean_iou(output, tests) == 1.0 and mean_iou(output, tests, shuffled=True) < 0.2
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
    features.prompts_per_image = batch.prompts_per_image
    prompts = to_prompts(model, batch.queries)
    rollout = play_rounds(model, features, batch.queries, prompts, RoundPlan(2))
    assert rollout.prev_mask.shape == (len(batch.queries), 64, 64)
    assert play_rounds(model, features, batch.queries, prompts, RoundPlan(2, use_memory=False)).prev_mask is None
    quiet = [after is before for after, before in zip(rollout.prompts, prompts, strict=True)]
    assert all(quiet[3::4]) and not quiet[0]  # every fourth person says nothing
    truth = batch.queries[0].target
    newest = play_rounds(model, features, batch.queries, prompts, RoundPlan(3, newest_only=True)).prompts[0]
    drawn = [mask for mask in (newest.positive, newest.negative) if mask is not None]
    assert len(drawn) == 1 and drawn[0].sum() == 1  # whatever was said before
    assert add_click(Prompt(), truth, truth) == Prompt()
    assert truth[add_click(Prompt(), np.zeros_like(truth), truth).positive].all()


def test_nobody_clicks_a_place_twice():
    truth, nothing = np.zeros((64, 64), bool), np.zeros((64, 64), bool)
    truth[10:14, 10:14] = True
    clicked = nothing.copy()
    for number in range(1, 17):
        add_click(Prompt(), nothing, truth, clicked)
        assert clicked.sum() == number and (clicked <= truth).all()
    assert add_click(Prompt(), nothing, truth, clicked) == Prompt()


def test_without_mask_input_only_the_memory_tokens_know_of_the_last_mask(model, batch):
    features = model.encode(batch.images[:1])
    click, mask = batch.queries[0].target, torch.zeros(1, 64, 64, dtype=torch.bool)
    mask[:, 20:40, 20:40] = True
    prompt = [Prompt(positive=click)]
    none, tokens = model.segment(features, prompt), model.segment(features, prompt, mask, mask_input=False)
    assert not torch.allclose(none.mask_logits, tokens.mask_logits, atol=1e-5)
    muted = copy.deepcopy(model)
    torch.nn.init.ones_(muted.prev_mask_embed)  # what the pixels would add
    torch.testing.assert_close(muted.segment(features, prompt, mask, mask_input=False).mask_logits, tokens.mask_logits)
    assert not torch.allclose(muted.segment(features, prompt, mask).mask_logits, tokens.mask_logits, atol=1e-3)


@pytest.mark.parametrize("prompt_type", NEED_BOTH)
def test_prompts_that_need_each_other_mean_two_things_alone(prompt_type):
    tests = make_test_set(prompt_type, 12, stream="val")
    for query, scene, instances in zip(tests.queries, tests.scenes, tests.instances, strict=True):
        seen = [k for k in visible_things(scene, instances) if scene.things[k].name == query.name]
        assert len(seen) == 2  # the words fit twins
        meant = next(k for k in seen if ((instances == k + 1) == query.target).all())
        twin = instances == next(k for k in seen if k != meant) + 1
        if prompt_type == "exclude":
            assert query.positive is None and (query.negative <= twin).all() and query.negative.any()
        else:
            assert query.positive.any() and not (query.positive & twin).any()
