"""Lesson 14's data: faults in answers, Lesson 05's filters on them, finite sets of equal token budgets."""

import random
from collections import Counter
from dataclasses import replace
from functools import cache

import pytest
import torch

from course_lib.instruct.formats import from_scene
from course_lib.llava.data.batches import sample_questions
from course_lib.llava.data.pictures import PicturePool, training_scene
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.small.data import faults, sets
from course_lib.small.recipes import ARMS, NUM_PICTURES, SHORT_RUN, DataArm
from course_lib.world.questions import Question, questions
from course_lib.world.render import render
from course_lib.world.splits import training_may_see

NUM = 30
NOISY = DataArm(NUM, 0.4)


@cache
def pool() -> PicturePool:
    """Training scenes before a tower that sees zeros."""
    rng = random.Random("small test")
    scenes = [training_scene(rng) for _ in range(NUM)]
    return PicturePool(scenes, [render(scene) for scene in scenes], torch.zeros(NUM, 64, 4))


def made(arm: DataArm) -> sets.TaughtSet:
    return sets.make_set(arm, pool())


def test_the_arms_are_what_the_lesson_says():
    clean, noisy, more, filtered = (ARMS[name] for name in ("clean", "noisy", "noisy_x4", "filtered"))
    assert more == replace(noisy, num_pictures=4 * NUM_PICTURES) and filtered == replace(noisy, filtered=True)
    assert clean == replace(noisy, fault_frac=0.0)


@pytest.mark.parametrize(
    ("kind", "answer", "false"),
    [
        ("exist", "no", ("unsupported_noun", "yes")),
        ("exist", "yes", None),
        ("relation", "left", ("wrong_relation", "right")),
        ("related", "no", ("wrong_relation", "yes")),
        ("related", "yes", None),
        ("colour", "red", None),
    ],
)
def test_a_fault_is_a_false_claim_of_lesson_05(kind, answer, false):
    assert faults.false_answer(Question(kind, "?", answer, ()), random.Random(0)) == false


def test_a_wrong_count_is_any_other_number():
    rng, three = random.Random(0), Question("count", "how many things are there?", "three", ())
    assert {faults.false_answer(three, rng)[1] for _ in range(60)} == {"two", "four", "five"}


def test_the_share_of_faults_is_of_answers_that_can_have_one():
    taught = [one for seed in range(12) for one in faulty_answers(seed)]
    can = [one for one in taught if faults.false_answer(one.question, random.Random(0))]
    false = [one for one in taught if one.fault]
    assert 0.3 < len(false) / len(can) < 0.5 and all(one.answer != one.question.answer for one in false)
    assert all(one.answer == one.question.answer for one in taught if not one.fault)


def faulty_answers(seed: int) -> list[faults.TaughtAnswer]:
    rng = random.Random(seed)
    asked = [one for scene in pool().scenes for one in questions(scene, rng)]
    return faults.teach(asked, 0.4, rng)


def test_lesson_05s_filters_find_them_and_leave_true_answers_alone():
    counts = made(replace(NOISY, filtered=True)).counts
    assert counts["hits"] >= 0.85 * counts["faults"] > 0 and counts["hits"] >= 0.9 * counts["flagged"]
    clean = [
        faults.teach(
            [one for one in sample_questions(scene, random.Random(0)) if one.kind != "read"], 0, random.Random()
        )
        for scene in pool().scenes
    ]
    contexts = [
        from_scene(scene, picture=picture) for scene, picture in zip(pool().scenes, pool().pictures, strict=True)
    ]
    flagged = [bad for own, context in zip(clean, contexts, strict=True) for bad in faults.is_flagged(own, context)]
    assert sum(flagged) <= 0.03 * len(flagged)


def test_the_filter_sees_captions_and_boxes_only():
    scene, picture = pool().scenes[0], pool().pictures[0]
    lie = faults.TaughtAnswer(Question("count", "how many things are there?", "one", ()), "five", "wrong_count")
    blamed = replace(lie, fault=None)  # whoever planted it: what is said of it is the same
    context = from_scene(scene, picture=picture)
    assert faults.is_flagged([lie], context) == faults.is_flagged([blamed], context) == [True]


def test_arms_differ_in_answers_only():
    clean, noisy, filtered = (made(arm) for arm in (DataArm(NUM), NOISY, replace(NOISY, filtered=True)))
    assert [[one.question for one in own] for own in clean.pictures] == [
        [one.question for one in own] for own in noisy.pictures
    ]
    assert all(set(few) <= set(own) for few, own in zip(filtered.pictures, noisy.pictures, strict=True))
    fewer = made(replace(NOISY, num_pictures=10))
    assert fewer.pictures == noisy.pictures[:10]
    assert all(one.question.kind != "read" for own in clean.pictures for one in own)


def test_training_sees_nothing_that_is_held_out():
    assert all(training_may_see(scene) for scene in pool().scenes)


def test_steps_cost_as_many_tokens_in_every_arm():
    recipe = replace(SHORT_RUN, batch_size=8)
    batches = [
        sets.SetBatches.make(get_tokenizer(), pool().features, made(arm), recipe)
        for arm in (DataArm(NUM), NOISY, replace(NOISY, filtered=True), DataArm(9))
    ]
    tokens = [one.tokens_until(40) for one in batches]
    assert max(tokens) <= 1.03 * min(tokens) and max(tokens) <= 40 * 8 * recipe.max_question_tokens
    assert batches[0].batch(3).input_ids.tolist() == batches[0].batch(3).input_ids.tolist()
    assert batches[0].batch(3).pixel_values.shape == (8, 64, 4)


def test_a_small_set_comes_again():
    batches = sets.SetBatches.make(get_tokenizer(), pool().features, made(DataArm(9)), replace(SHORT_RUN, batch_size=8))
    seen = Counter(number for step in range(20) for number, _ in batches.picks(step))
    assert set(seen) == set(range(9)) and min(seen.values()) > 10


def test_pictures_without_answers_are_left_out():
    taught = made(DataArm(9))
    empty = replace(taught, pictures=[[], *taught.pictures[1:]])
    batches = sets.SetBatches.make(get_tokenizer(), torch.arange(9.0).view(9, 1, 1), empty, SHORT_RUN)
    assert batches.features.flatten().tolist() == list(range(1, 9))
