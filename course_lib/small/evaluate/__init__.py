"""The figures of the grid: which of model and data counts for more, what a filter brings back, what int8 costs.

All are computed from the rows of `data/small_grid.jsonl` (`grid`), on questions that no run was trained on or chosen by.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from course_lib.figures import Figure, share
from course_lib.small.evaluate import grid
from course_lib.small.evaluate.statistics import (
    calibration_error,
    filter_recovery,
    paired_difference,
    resample,
)
from course_lib.small.recipes import ARMS, SIZES

BROKEN_KINDS = ("exist", "count", "relation")
OF_RECOVERY = ("clean", "noisy", "filtered", "noisy_x4")
BAR_RECOVERY, BAR_INT8, BAR_TOKENS = 0.7, 0.01, 1.02
Rows = Sequence[dict]


def figures(rows: Rows | None = None) -> Iterator[Figure]:
    """All figures of the room."""
    if rows is None:
        grid.refuse_other_models(rows := grid.read_rows())
    yield from grid_figures(rows)
    yield from quality_figures(rows)
    yield from claim_figures(rows)
    yield from filter_figures(rows)
    for size in SIZES:
        yield from int8_figures(rows, size)
        yield from weakness_figures(rows, size)


def of_cell(rows: Rows, size: str, data: str) -> list[dict]:
    """The rows of a cell of the grid, seed after seed."""
    found = [row for row in rows if (row["size"], row["data"]) == (size, data)]
    return sorted(found, key=lambda row: row["seed"])


def right(rows: Rows, size: str, data: str, kinds: Sequence[str] = (), field: str = "right") -> np.ndarray:
    """Was each question answered right? Both seeds, all kinds or these: bool [n], in the same order for every cell."""
    parts = [
        bits for row in of_cell(rows, size, data) for kind, bits in row[field].items() if not kinds or kind in kinds
    ]
    return grid.from_bits("".join(parts))


def right_of_all_sizes(rows: Rows, data: str) -> np.ndarray:
    """By what share of the three sizes each question was answered right, after training on this arm: float [n]."""
    return np.mean([right(rows, size, data) for size in SIZES], axis=0)


def accuracy(rows: Rows, size: str, data: str) -> float:
    """The share of right answers of a cell."""
    return round(float(right(rows, size, data).mean()), 4)


def grid_figures(rows: Rows) -> Iterator[Figure]:
    """A cell each; and that all runs cost equally many tokens."""
    for size in SIZES:
        for data in ARMS:
            cell = of_cell(rows, size, data)
            blank = grid.from_bits("".join(row["blank"] for row in cell))
            by_seed = " and ".join(f"{100 * right([row], size, data).mean():.1f}" for row in cell)
            minutes = np.mean([row["minutes"] for row in cell])
            note = f"{cell[0]['steps']} steps, {minutes:.1f} min a run; by seed {by_seed} %; control: blank pictures"
            company = {"control": round(float(blank.mean()), 4), "ceiling": 1.0}
            yield share(f"small.grid.{size}.{data}", right(rows, size, data), **company, note=note)
    tokens = [row["tokens"] for row in rows]
    ratio, note = (
        round(max(tokens) / min(tokens), 4),
        f"most of any run, to the fewest, {min(tokens):,}; without pictures",
    )
    yield Figure("small.tokens", ratio, n=len(rows), bar=BAR_TOKENS, unit="times", note=note)


def difference(id: str, first: np.ndarray, second: np.ndarray, **company) -> Figure:
    """How much more the first answered right, with its interval over questions."""
    value, low, high = (round(one, 4) for one in paired_difference(first, second))
    return Figure(id, value, low, high, len(first), **company)


def quality_figures(rows: Rows) -> Iterator[Figure]:
    """For each size what faults cost, and what four times as many faulty data gain; and whether quality orders the arms."""
    for size in SIZES:
        clean, noisy, more = (right(rows, size, data) for data in ("clean", "noisy", "noisy_x4"))
        yield difference(f"small.cost_of_faults.{size}", clean, noisy, note="clean minus faulty, as many pictures")
        yield difference(f"small.gain_of_amount.{size}", more, noisy, note="faulty, four times as many, minus faulty")
    orders = [[accuracy(rows, size, data) for data in ("noisy", "filtered", "clean")] for size in SIZES]
    note = "sizes at which faulty ≤ filtered ≤ clean"
    yield share("small.monotone", [one == sorted(one) for one in orders], note=note)


def claim_figures(rows: Rows) -> Iterator[Figure]:
    """Small models on clean data beside the largest on four times as many faulty ones: does the interval reach it?"""
    large, fewer = right(rows, "two", "noisy_x4"), accuracy(rows, "two", "noisy")
    for size in ("half", "one"):
        small = right(rows, size, "clean")
        gap, low, high = (100 * one for one in paired_difference(small, large))
        note = (
            f"baseline: two million, faulty × 4, on the same questions; {gap:+.1f} points ({low:+.1f} to {high:+.1f})"
        )
        note += f"; two million, faulty × 1: {100 * fewer:.1f} %"
        yield share(f"small.claim.{size}", small, baseline=round(float(large.mean()), 4), note=note)


def filter_figures(rows: Rows) -> Iterator[Figure]:
    """Lesson 05's filters on these answers, and how much of the loss they bring back, over all sizes and for each."""
    seeds = [row["counts"] for row in of_cell(rows, "two", "filtered")]  # the other sizes learn from the same sets
    answers, faults, flagged, hits = (sum(one[name] for one in seeds) for name in seeds[0])
    chance, left = round(faults / answers, 4), (faults - hits) / (answers - flagged)
    note = f"{100 * chance:.1f} % of all answers are false, {100 * left:.1f} % of those that are left"
    yield share("small.filter.recall", np.arange(faults) < hits, note=note)
    yield share("small.filter.precision", np.arange(flagged) < hits, chance=chance, note="chance: flagged at random")
    yield from recovery_figure("small.recovery", *(right_of_all_sizes(rows, data) for data in OF_RECOVERY))
    for size in SIZES:
        yield from recovery_figure(f"small.recovery.{size}", *(right(rows, size, data) for data in OF_RECOVERY))


def recovery_figure(
    id: str, clean: np.ndarray, noisy: np.ndarray, filtered: np.ndarray, more: np.ndarray
) -> Iterator[Figure]:
    """The share of the loss that filtering brings back; none where faults cost nothing. control: more data in its place."""
    if clean.mean() <= noisy.mean():
        return
    value, low, high = (round(one, 4) for one in filter_recovery(clean, noisy, filtered, resample(len(clean))))
    control = round(float((more.mean() - noisy.mean()) / (clean.mean() - noisy.mean())), 4)
    note = "share of the loss; control: four times as many faulty data in place of the filter"
    yield Figure(id, value, low, high, len(clean), control=control, bar=BAR_RECOVERY, note=note)


def int8_figures(rows: Rows, size: str) -> Iterator[Figure]:
    """What int8 weights cost in accuracy, and save in bytes; milliseconds an answer. Clean data."""
    cell = of_cell(rows, size, "clean")
    full, small = right(rows, size, "clean"), right(rows, size, "clean", field="right_int8")
    note = f"float32 minus int8; largest relative error of a layer {100 * max(row['int8_error'] for row in cell):.2f} %"
    yield difference(f"small.int8_loss.{size}", full, small, bar=BAR_INT8, note=note)
    kilobytes, before = (round(cell[0][name] / 1000, 1) for name in ("bytes_int8", "bytes"))
    note = "connector and language model in int8; baseline: float32"
    yield Figure(f"small.bytes.{size}", kilobytes, baseline=before, unit="kB", note=note)
    time, slower = (round(float(np.median([row[name] for row in cell])), 1) for name in ("ms", "ms_int8"))
    note = f"median, an answer, picture included; int8 weights, without kernels for them: {slower} ms"
    yield Figure(f"small.ms.{size}", time, n=len(cell), unit="ms", note=note)


def weakness_figures(rows: Rows, size: str) -> Iterator[Figure]:
    """Where a size breaks: by kind of question, and how far its yes and no are to be believed."""
    for kind in BROKEN_KINDS:
        clean, noisy = (right(rows, size, data, (kind,)) for data in ("clean", "noisy"))
        baseline = round(float(noisy.mean()), 4)
        yield share(f"small.kind.{kind}.{size}", clean, baseline=baseline, note="clean data; baseline: faulty")
    pairs = {data: [pair for row in of_cell(rows, size, data) for pair in row["yes"]] for data in ("clean", "noisy")}
    clean, noisy = (round(calibration_error(*zip(*of_data, strict=True)), 4) for of_data in pairs.values())
    note = "yes and no, clean data; baseline: faulty"
    yield Figure(f"small.ece.{size}", clean, n=len(pairs["clean"]), baseline=noisy, note=note)
