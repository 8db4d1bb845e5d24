"""The training stages mix prompts, drop memory and train what they say; and AP is that of pycocotools."""

from dataclasses import replace

import pytest
import torch

from course_lib.seem.data.batches import make_batch
from course_lib.seem.evaluate.ap import ap_figures
from course_lib.seem.train import stages

SMALL = replace(stages.LIVE, seconds=None, steps=1, batch_size=2, prompts_per_image=2)


def test_prompt_types_come_as_often_as_ordered():
    recipe = replace(SMALL, prompt_mix={"click": 0.5, "absent": 0.5})
    assert {query.prompt_type for step in range(4) for query in make_batch(step, recipe).queries} == {"click", "absent"}


def test_a_stage_trains_the_parameters_that_it_names():
    model = stages.new_model(seed=4)
    before = {name: part.clone() for name, part in model.state_dict().items()}
    stages.train(model, replace(SMALL, trainable_prefixes=("mask_embed",), rounds=(1,)))
    changed = {name for name, part in model.state_dict().items() if not torch.equal(part, before[name])}
    assert changed and all(name.startswith("mask_embed") for name in changed)
    assert not model.prompt_query.requires_grad
    stages.train(model, SMALL)
    assert model.prompt_query.requires_grad and not torch.equal(model.prompt_query, before["prompt_query"])


def test_rounds_are_sometimes_played_without_memory():
    recipe = replace(SMALL, rounds=(0, 3), memory_dropout=0.5)
    plans = [stages.draw_rounds(step, recipe) for step in range(40)]
    drawn = {(plan.num_rounds, plan.use_memory) for plan in plans}
    assert drawn == {(0, True), (0, False), (3, True), (3, False)}
    plans = [stages.draw_rounds(step, SMALL) for step in range(40)]
    assert all(plan.use_memory and plan.mask_input and not plan.newest_only for plan in plans)


def test_pycocotools_gives_the_same_ap():
    model = stages.new_model(seed=2)
    torch.nn.init.zeros_(model.no_object_embed)  # untrained, but it does not call everything "no object"
    ours, theirs = ap_figures(model, count=6, stream="val")
    assert ours.value == pytest.approx(theirs.value, abs=1e-4) and ours.n == theirs.n == 6
