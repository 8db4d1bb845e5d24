"""Answers that are no part of the exercises (tests/answers_<room>.py): right ones pass, wrong ones are refused, most by name."""

import importlib
import traceback
from pathlib import Path

import numpy as np
import pytest
import torch
from answers import RIGHT, WRONG
from answers_llava import GAUSSIANS

from course_lib.checker import checking
from course_lib.checker.checking import check, describe_error
from course_lib.checker.diagnose.errors import in_words
from course_lib.checker.registry import all_tasks, find_task
from course_lib.checker.running import describe_inputs

for file in sorted(Path(__file__).parent.glob("answers_*.py")):
    importlib.import_module(file.stem)
ROOMS = sorted({task_id.partition(".")[0] for task_id, _ in WRONG})


@pytest.mark.parametrize(
    ("task_id", "answer"), RIGHT, ids=[f"{task_id}: {answer.__name__}" for task_id, answer in RIGHT]
)
def test_right_answers_pass(task_id, answer):
    verdict = check(find_task(task_id), answer)
    assert verdict.state == "solved", verdict


@pytest.mark.parametrize("room", ROOMS)
def test_wrong_answers_are_refused_and_most_are_named_without_text_of_the_libraries(room, monkeypatch):
    untold = []

    def describe(outcome, written):
        line = traceback.extract_tb(outcome.error.__traceback__)[-1].line or ""
        by_hand = line.startswith(("raise", "assert")) or isinstance(outcome.error, KeyError)
        if not by_hand and not in_words(outcome.said):
            untold.append(outcome.said)
        return describe_error(outcome, written)

    monkeypatch.setattr(checking, "describe_error", describe)
    answers = [(task_id, answer) for task_id, answer in WRONG if task_id.startswith(f"{room}.")]
    verdicts = {answer.__name__: check(find_task(task_id), answer) for task_id, answer in answers}
    assert [name for name, verdict in verdicts.items() if verdict.state != "wrong"] == []
    nameless = [name for name, verdict in verdicts.items() if not (verdict.mistake or verdict.what)]
    assert len(nameless) <= 0.4 * len(verdicts), nameless
    assert untold == []
    assert [name for name, verdict in verdicts.items() if "Traceback" in verdict.what + verdict.raw] == []


def test_inputs_are_called_by_the_names_of_the_statement():
    for task in all_tasks().values():
        assert "argument 1" not in describe_inputs(task, 0), task.id


def test_right_numbers_in_another_type_are_told_about_the_type_alone():
    task = find_task("gligen.grounding_strengths")
    verdict = check(
        task,
        lambda steps, grounded_fraction, decay_fraction=0.0: np.array(
            task.reference(steps, grounded_fraction, decay_fraction)
        ),
    )
    assert verdict.what.startswith("The result is an array, but should be a list") and not verdict.pattern, verdict


@pytest.mark.parametrize(
    ("task_id", "answer", "said"),
    [
        ("gligen.gated_self_attention", "gate_slice_forgotten", "Keep the first V of the answers"),
        ("gligen.gated_self_attention", "gate_slice_of_the_batch", "Keep the first V of the answers"),
        ("gligen.ddim_step", "step_noise_taken_off", "you take the noise *off*"),
        ("gligen.ddim_step", "step_signs_exchanged", "The two signs are exchanged"),
        ("gligen.ddim_step", "step_v_taken_off", "v counts *plus*"),
        ("gligen.fourier_features", "waves_coordinate_major", "The *frequency* is the outer loop"),
        ("gligen.fourier_features", "waves_of_one_coordinate_after_the_other", "eight cosines and eight sines of x0"),
        ("seem.masked_attention", "a_added", "in float32 a score is rounded away"),
        ("seem.masked_attention", "a_added_ten_thousand", "a query may attend to nothing"),
        ("seem.dice_loss", "d_ones_forgotten", "The ones are missing"),
        ("seem.dice_loss", "d_small_ones", "The ones are missing"),
        ("seem.next_click", "c_nopad", "That edge counts as one"),
        ("seem.next_click", "c_padoff", "Take them off again"),
        ("seem.next_click", "c_frame_never_put_on", "but none was put on"),
        ("llava.splice", "splice_by_mask", "Compare the counts first"),
        ("llava.splice", "splice_as_many_as_fit", "places and patches differ in number"),
        ("llava.splice", "splice_counting_up", "places and patches differ in number"),
        ("llava.new_adapter", "adapter_b_alone_random", "B is random"),
        ("llava.new_adapter", "adapter_another_uniform", "±1/√in"),
        *(("llava.new_adapter", f"adapter_{name}", "A is Gaussian") for name in GAUSSIANS),
    ],
)
def test_answers_that_once_got_no_words_of_their_own_do_now(task_id, answer, said):
    verdict = check(find_task(task_id), {code.__name__: code for _, code in WRONG}[answer])
    assert said in verdict.what, verdict


def test_sizes_that_do_not_fit_are_named():
    def joined_along_channels(visual, tokens, attention, norm, alpha, beta=1.0):
        return visual + beta * alpha.tanh() * attention(norm(torch.cat([visual, tokens], dim=-1)))[:, : visual.shape[1]]

    verdict = check(find_task("gligen.gated_self_attention"), joined_along_channels)
    assert "`visual.shape[1]`" in verdict.what and "`tokens.shape[1]`" in verdict.what, verdict
