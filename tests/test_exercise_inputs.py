"""What exercises of Lessons 05 and 11 are tried with: each case comes, and nothing on which right answers may differ."""

import re

import numpy as np
from scipy.ndimage import distance_transform_edt

from course_lib.checker.registry import find_task
from course_lib.checker.running import seeded


def inputs_of(task_id: str) -> list[tuple]:
    """The arguments of every draw."""
    task = find_task(task_id)
    found = []
    for draw in range(task.draws):
        with seeded(task, draw) as rng:
            found.append(task.make_inputs(rng))
    return found


def test_each_click_has_one_place():
    """Statement and reference say "the pixel furthest from the edge", and not which of several."""
    kinds = set()
    for mask, truth in inputs_of("seem.next_click"):
        missed, extra = truth & ~mask, mask & ~truth
        kinds.add((np.sign(int(missed.sum()) - int(extra.sum())), missed.any(), extra.any(), truth.any()))
        for area in (missed, extra):
            depth = distance_transform_edt(np.pad(area, 1))
            assert not area.any() or (depth == depth.max()).sum() == 1
    assert {(0, True, True, True), (0, False, False, True), (0, False, False, False)} < kinds, "a tie, and no error"
    assert {(1, True, False, True), (-1, False, True, True), (1, True, True, True), (-1, True, True, True)} < kinds


def test_no_share_lies_between_two_thousandths():
    """There, (x + w) / W and x / W + w / W may be rounded differently."""
    for _, boxes, width, height in inputs_of("instruct.serialise"):
        for _, (x, y, w, h) in boxes:
            thousandths = 1000 * np.array([x / width, y / height, (x + w) / width, (y + h) / height])
            assert (np.abs(thousandths % 1 - 0.5) > 1e-9).all()


def test_replies_in_form_and_out_of_form():
    texts = [text for (text,) in inputs_of("instruct.parse_reply")]
    reference = find_task("instruct.parse_reply").reference
    assert {None, 1, 2, 3} == {result and len(result) for result in map(reference, texts)}
    assert "" in texts and any(re.search("^answer:", text, re.MULTILINE) for text in texts)
    assert any("===\n\n===" in text for text in texts), "an empty part"


def test_mixtures_with_ties_and_without_replies():
    draws = inputs_of("instruct.mix")
    assert {0, 1} < {count for count, _ in draws}
    assert any(len(set(shares.values())) == 1 < len(shares) for _, shares in draws)
    assert any(list(shares) != sorted(shares) for _, shares in draws)


def test_answers_with_words_in_words_and_denials_of_every_kind():
    draws = inputs_of("instruct.unsupported_nouns")
    text = " ".join(answer.lower() for answer, _, _ in draws)
    assert "" in [answer for answer, _, _ in draws]
    assert all(re.search(rf"\b{word}\b", text) for word in ("no", "not", "without", "know", "another", "category"))
    assert re.search(r"\bno \w+, \w+", text), "a comma that ends no denial"
    assert set() in [supported for _, _, supported in draws]


def test_masks_that_cover_a_cell_by_exactly_the_least_coverage():
    coverages = [
        prev_mask.float().unflatten(1, (height, -1)).unflatten(3, (width, -1)).sum((2, 4))
        for prev_mask, height, width in inputs_of("seem.memory_update")
        if prev_mask.shape[1] == 20
    ]
    assert any((covered == 6).any() for covered in coverages), "6 of 20"
