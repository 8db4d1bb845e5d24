"""Lesson 14's grid: rows that survive a stop, figures from rows, calibration and recovery by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from test_small_data import pool
from test_small_model import tiny

from course_lib.checkpoints import CheckpointError
from course_lib.figures import name
from course_lib.llava.data.testsets import vqa_examples
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.small import evaluate
from course_lib.small.evaluate import asking, grid, statistics
from course_lib.small.recipes import ARMS, SEEDS, SHORT_RUN, SIZES

NUM = 40
SHARE = {"clean": 0.8, "filtered": 0.75, "noisy": 0.6, "noisy_x4": 0.65}


def made_up(size: str, data: str, seed: int) -> dict:
    """A row in which larger models and cleaner data are better."""
    right = SHARE[data] - 0.05 * list(SIZES)[::-1].index(size)
    bits = {kind: "".join("1" if i < round(NUM * right) else "0" for i in range(NUM)) for kind in asking.KINDS}
    counts = {"answers": 1000, "faults": 200, "flagged": 190, "hits": 188}
    return {
        "size": size,
        "data": data,
        "seed": seed,
        "steps": 250,
        "minutes": 2.0,
        "tokens": 300_000 + seed,
        "counts": counts,
        "right": bits,
        "right_int8": bits,
        "blank": "01" * NUM,
        "yes": [[0.9, True], [0.4, False]],
        "ms": 20.0,
        "ms_int8": 25.0,
        "bytes": 4_000_000,
        "bytes_int8": 1_100_000,
        "int8_error": 0.008,
    }


def rows() -> list[dict]:
    return [made_up(*run.split(":")[:2], int(run.split(":")[2])) for run in grid.all_runs()]


def test_there_are_24_runs():
    assert len(grid.all_runs()) == len(set(grid.all_runs())) == len(SIZES) * len(ARMS) * len(SEEDS) == 24


def test_rows_that_are_there_are_not_made_again(tmp_path, monkeypatch):
    runs = []

    def run(wanted, folder):
        runs.append(wanted)
        return None if len(runs) == 3 else made_up(*wanted.split(":")[:2], int(wanted[-1]))

    monkeypatch.setattr(grid, "run", run)
    assert len(list(grid.run_all(tmp_path))) == 2  # the third was stopped
    assert len(list(grid.run_all(tmp_path, grid.all_runs()[:5]))) == 3
    assert runs == [*grid.all_runs()[:3], *grid.all_runs()[2:5]]
    assert [grid.name_of(row) for row in grid.read_rows(tmp_path / "rows.jsonl")] == grid.all_runs()[:5]


def test_a_run_is_trained_and_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(grid, "pool_of", lambda seed, num: pool())
    monkeypatch.setattr(grid, "load_language_model", lambda size: None)
    monkeypatch.setattr(grid, "build_model", lambda _: tiny())
    row = grid.run("half:filtered:1", tmp_path, replace(SHORT_RUN, steps=2, batch_size=2), num_per_kind=2)
    assert json.loads(json.dumps(row)) == row
    assert set(row) == set(made_up("half", "clean", 0)) | {"parameters", "language_model"}
    assert {len(bits) for bits in row["right"].values()} == {2} and len(row["blank"]) == 2 * len(asking.KINDS)
    assert all(0 <= p <= 1 for p, _ in row["yes"]) and row["counts"]["flagged"] > 0


def test_figures_of_rows():
    figures = {one.id: one for one in evaluate.figures(rows())}
    assert figures["small.grid.two.clean"].value == 0.8 and figures["small.grid.two.clean"].n == 2 * NUM * len(
        asking.KINDS
    )
    assert figures["small.grid.half.noisy_x4"].control == 0.5
    assert figures["small.monotone"].value == 1.0 and figures["small.tokens"].value == pytest.approx(1, abs=1e-4)
    assert figures["small.claim.half"].value == 0.7 and figures["small.claim.half"].baseline == 0.65
    assert figures["small.recovery"].value == pytest.approx(0.75, abs=0.01)
    assert figures["small.recovery"].low < 0.75 < figures["small.recovery"].high
    assert figures["small.recovery"].control == pytest.approx(0.25, abs=0.01)
    assert figures["small.cost_of_faults.one"].value == pytest.approx(0.2, abs=0.001)
    assert figures["small.int8_loss.half"].value == 0 and figures["small.bytes.two"].value == 1100
    assert figures["small.filter.recall"].value == 0.94


def test_a_filter_that_could_not_help_has_no_recovery():
    same = np.arange(10) < 5
    assert not list(evaluate.recovery_figure("small.recovery", same, same, same, same))


def test_calibration_by_hand():
    assert statistics.calibration_error([0.95, 0.95, 0.05, 0.95], [True, True, False, False]) == pytest.approx(0.2)
    assert statistics.calibration_error([1.0, 0.0], [True, False]) == 0
    assert statistics.calibration_error([0.5, 0.65], [True, False]) == pytest.approx((0.5 + 0.65) / 2)


def test_seeds_share_no_question_and_a_difference_has_an_interval_around_it():
    first, second = (
        {(one.scene.index, one.question.text) for one in asking.examples(seed, 3)["exist"]} for seed in SEEDS
    )
    assert len(first) == 3 and not first & second
    value, low, high = statistics.paired_difference(np.arange(50) < 40, np.arange(50) < 30)
    assert value == pytest.approx(0.2) and low < value < high


def test_the_probability_of_yes_is_that_of_the_first_word_said():
    model, asked = tiny(), vqa_examples("exist", 4)
    together = asking.yes_probabilities(model, asked)
    alone = torch.cat([asking.yes_probabilities(model, [one]) for one in asked])
    assert torch.allclose(together, alone, atol=1e-4)  # padding changes nothing
    assert (together - 0.5).abs().min() > 1e-4
    yes, no = (get_tokenizer()(f" {word}", add_special_tokens=False)["input_ids"][0] for word in ("yes", "no"))
    with torch.no_grad():
        model.language_model.lm_head.weight[yes] = model.language_model.lm_head.weight[no]
    assert torch.allclose(asking.yes_probabilities(model, asked), torch.tensor(0.5))  # both words say the same now


def test_the_shipped_rows_are_all_there_and_every_figure_has_a_name():
    shipped = grid.read_rows()
    assert sorted(map(grid.name_of, shipped)) == sorted(grid.all_runs())
    assert all(name(one.id) != one.id for one in evaluate.figures(shipped))


def test_rows_of_other_weights_are_refused():
    rows = grid.read_rows()
    grid.refuse_other_models(rows)
    with pytest.raises(CheckpointError, match="The rows of half come from other weights"):
        grid.refuse_other_models([{**rows[0], "language_model": "another"}, *rows[1:]])
