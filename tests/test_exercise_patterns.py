"""What a wrong result has in common with the right one is named, in every exercise, also where no known mistake fits."""

import dataclasses
import random

import numpy as np
import pytest
import torch
from mutants import mutants
from test_exercise import TASK

from course_lib.checker.checking import check
from course_lib.checker.guard.limit import time_limit
from course_lib.checker.registry import rooms, tasks_of

NAMED = 0.6  # of the refused answers: a known mistake's message, or a pattern's


def task_of(reference, make_inputs):
    return dataclasses.replace(
        TASK, reference=reference, make_inputs=make_inputs, mistakes=(), check_gradient=False, alternatives=()
    )


def matrix(rng):
    rows, columns = int(rng.integers(2, 6)), 2 * int(rng.integers(3, 6))
    return torch.from_numpy(rng.standard_normal((rows, columns))), float(rng.uniform(1.5, 3))


def probabilities(x, t):
    """softmax of x / t: [B, D] → [B, D]."""
    return torch.softmax(x / t, dim=-1)


def squares(x, t):
    """Mean square of each row, times t: [B, D] → [B]."""
    return t * (x**2).mean(dim=-1)


def joined(x, t):
    """sin and cos, one after the other: [B, D] → [B, 2·D]."""
    return torch.cat([torch.sin(x * t), torch.cos(x * t)], dim=-1)


def formula(x, t):
    """No formula in particular: [B, D] → [B, D]."""
    return (x.exp() + x.cos()) / t


def product(x, t):
    """All scalar products of rows: [B, D] → [B, B]."""
    return t * x @ x.transpose(0, 1)


def mask(x, t):
    """What may be seen of what: [B, B] of bool."""
    return torch.ones(len(x), len(x)).tril().bool()


WRONG = [
    ("sum for mean", squares, lambda x, t: t * (x**2).sum(dim=-1)),
    ("mean for sum", lambda x, t: x.sum(0), lambda x, t: x.mean(0)),
    ("root of a size", lambda x, t: x / x.shape[-1] ** 0.5, lambda x, t: x),
    ("axis of size 1", squares, lambda x, t: t * (x**2).mean(dim=-1, keepdim=True)),
    ("not averaged", squares, lambda x, t: t * x**2),
    ("softmax forgotten", probabilities, lambda x, t: x / t),
    ("softmax twice", probabilities, lambda x, t: torch.softmax(probabilities(x, t), dim=-1)),
    ("log", probabilities, lambda x, t: torch.log_softmax(x / t, dim=-1)),
    ("not of length 1", lambda x, t: x / x.norm(dim=-1, keepdim=True), lambda x, t: t * x),
    ("transposed", lambda x, t: x @ x.roll(1, 0).T, lambda x, t: (x @ x.roll(1, 0).T).T),
    ("transposed", mask, lambda x, t: mask(x, t).T),
    ("inverted", mask, lambda x, t: ~mask(x, t)),
    ("diagonal", mask, lambda x, t: torch.ones(len(x), len(x)).tril(-1).bool()),
    ("sign", joined, lambda x, t: -joined(x, t)),
    ("order of parts", joined, lambda x, t: torch.cat([torch.cos(x * t), torch.sin(x * t)], dim=-1)),
    ("interleaved", joined, lambda x, t: torch.stack([torch.sin(x * t), torch.cos(x * t)], dim=-1).flatten(-2)),
    ("reversed", joined, lambda x, t: joined(x, t).flip(0)),
    ("one place late", joined, lambda x, t: joined(x, t).roll(1, -1)),
    ("factor", joined, lambda x, t: 2 * torch.pi * joined(x, t)),
    ("too much", joined, lambda x, t: joined(x, t) + 1),
    ("not limited", lambda x, t: x.clamp(max=0.5), lambda x, t: x),
    ("squared", lambda x, t: x.abs() * t, lambda x, t: (x * t) ** 2),
    ("reciprocal", lambda x, t: x * t, lambda x, t: 1 / (x * t)),
    ("as if", probabilities, lambda x, t: torch.softmax(x, dim=-1)),
    ("as if", probabilities, lambda x, t: torch.softmax(x * t, dim=-1)),
    ("slip", formula, lambda x, t: (x.exp() - x.cos()) / t),
    ("end missing", lambda x, t: list(range(len(x) + 3)), lambda x, t: list(range(len(x)))),
    ("too much at the beginning", lambda x, t: [f"{i}" for i in range(len(x))], lambda x, t: ["a", *map(str, range(len(x)))]),
    ("order", lambda x, t: [f"{v:.3f}" for v in x[0]], lambda x, t: sorted(f"{v:.3f}" for v in x[0])),
    ("letters", lambda x, t: f"Row {len(x)}", lambda x, t: f"row {len(x)}"),
    ("white space", lambda x, t: f"Row {len(x)}", lambda x, t: f"Row {len(x)}\n"),
    ("punctuation", lambda x, t: f"Row: {len(x)}.", lambda x, t: f"Row {len(x)}"),
    ("all the same", squares, lambda x, t: torch.zeros(())),
    ("slip", product, lambda x, t: t * (x @ x)),
    ("special case", lambda x, t: x.sum(), lambda x, t: x.sum() * (1 if x[0, 0] < 1.0 else float(x[0, 0]))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "reference", "wrong"), WRONG, ids=[f"{i}: {one[0]}" for i, one in enumerate(WRONG)])
def test_the_pattern_is_named(name, reference, wrong):
    verdict = check(task_of(reference, matrix), wrong)
    assert (verdict.state, verdict.pattern) == ("wrong", name), verdict
    assert verdict.what and not verdict.mistake


def test_the_argument_that_is_not_used_is_named():
    assert "`t` were 1" in check(task_of(probabilities, matrix), lambda x, t: torch.softmax(x, dim=-1)).what


def test_what_no_pattern_explains_gets_none():
    def chaos(x, t):
        return torch.from_numpy(np.random.default_rng(int(1000 * t)).standard_normal(joined(x, t).shape))

    verdict = check(task_of(joined, matrix), chaos)
    assert verdict.state == "wrong" and not verdict.pattern and "differ" in verdict.raw


def test_long_texts_are_shown_where_they_part():
    text = "".join(chr(97 + i % 26) for i in range(500))
    task = task_of(lambda x, t: text, matrix)
    raw = check(task, lambda x, t: text[:300] + "?" + text[301:]).raw
    assert "at its character 300" in raw and "mn?pq" in raw and "mnopq" in raw and len(raw) < 400


def test_refusing_is_a_part_of_the_answer():
    def root(x, t):
        """The root of t; ValueError where x[0, 0] < 0."""
        if x[0, 0] < 0:
            raise ValueError("negative")
        return t**0.5

    task = dataclasses.replace(task_of(root, matrix), refuses=(ValueError,))

    def in_other_words(x, t):
        if x[0, 0] < 0:
            raise UnicodeError("no")
        return t**0.5

    def always(x, t):
        raise ValueError

    def another_error(x, t):
        assert x[0, 0] >= 0
        return t**0.5

    assert check(task, in_other_words).state == "solved"
    assert "It should raise a ValueError here, but returns" in check(task, lambda x, t: t**0.5).what
    assert "It raises a ValueError where a result is expected" in check(task, always).what
    said = check(task, another_error)
    assert "should raise a ValueError here, but raises another error" in said.what and "AssertionError" in said.raw


@pytest.mark.slow
@pytest.mark.parametrize("room", rooms())
def test_most_refused_mutants_are_named(room):
    refused, unnamed = 0, []
    for task in tasks_of(room).values():
        changed = mutants(task.reference)
        for mutant in random.Random(task.id).sample(changed, min(6, len(changed))):
            verdict = check(task, mutant.code, time_limit(2.0))
            if verdict.state == "wrong":
                refused += 1
                unnamed += [] if verdict.mistake or verdict.pattern else [f"{task.id}: {mutant.change}"]
    assert len(unnamed) <= (1 - NAMED) * refused, unnamed
