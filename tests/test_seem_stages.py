"""The training stages ask, forget and train as they say; and AP is that of pycocotools."""

from dataclasses import replace

import pytest
import torch

from course_lib.seem.data.batches import make_batch
from course_lib.seem.evaluate.ap import ap
from course_lib.seem.train import stages

SMALL = replace(stages.LIVE, seconds=None, steps=1, batch_size=2, prompts=2)


def test_questions_are_asked_as_often_as_ordered():
    only = replace(SMALL, shares={"click": 0.5, "absent": 0.5})
    assert {ask.way for step in range(4) for ask in make_batch(step, only).asks} == {"click", "absent"}


def test_a_stage_trains_the_parts_that_it_names():
    model = stages.new_model(seed=4)
    before = {name: part.clone() for name, part in model.state_dict().items()}
    stages.train(model, replace(SMALL, only=("to_mask",), rounds=(1,)))
    changed = {name for name, part in model.state_dict().items() if not torch.equal(part, before[name])}
    assert changed and all(name.startswith("to_mask") for name in changed)
    assert not model.query.requires_grad
    stages.train(model, SMALL)
    assert model.query.requires_grad and not torch.equal(model.query, before["query"])


def test_rounds_are_sometimes_played_without_memory():
    recipe = replace(SMALL, rounds=(0, 3), forgetful=0.5)
    drawn = {stages.rounds_of(step, recipe) for step in range(40)}
    assert drawn == {(0, True), (0, False), (3, True), (3, False)}
    assert all(remember for _, remember in (stages.rounds_of(step, SMALL) for step in range(40)))


def test_pycocotools_gives_the_same_ap():
    model = stages.new_model(seed=2)
    torch.nn.init.zeros_(model.nothing)  # untrained, but it does not call everything nothing
    ours, theirs = ap(model, count=6, stream="val")
    assert ours.value == pytest.approx(theirs.value, abs=1e-4) and ours.n == theirs.n == 6
