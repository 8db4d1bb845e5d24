"""The ablations: what runs, what is kept, what is summed up. No model learns here for more than a step."""

import pytest

from course_lib.llava import ablate
from course_lib.llava.ablate import ABLATIONS, USUAL, Variant


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Rows of runs whose measures are made up: accuracy is the seed in tenths."""
    monkeypatch.setattr(ablate, "trained", lambda variant, seed, steps: (variant, seed))
    monkeypatch.setattr(
        ablate, "measured", lambda made: {"accuracy": made[1] / 10, "judge": 50.0, "follows": 0.5, "trainable": 7}
    )
    return tmp_path / "rows.jsonl"


def test_a_run_that_two_ablations_share_is_done_once(file):
    ablate.run_all(file, ["stage1", "masking"], [0, 1], steps=1)
    assert len(ablate.rows_of(file)) == 2 * 3  # the usual one, without stage 1, with the user's words


def test_what_is_known_is_not_run_again(file, monkeypatch):
    ablate.run_all(file, ["stage1"], [0], steps=1)
    before = file.read_bytes()
    monkeypatch.setattr(ablate, "trained", lambda *_: pytest.fail("trained again"))
    ablate.run_all(file, ["stage1"], [0], steps=1)
    assert file.read_bytes() == before


def test_figures_are_means_over_seeds_with_their_range(file):
    ablate.run_all(file, ["rank"], [0, 1, 2], steps=1)
    found = {figure.id: figure for figure in ablate.figures(ablate.rows_of(file), ["rank", "layer"])}
    assert len(found) == len(ABLATIONS["rank"])
    figure = found["llava.ablation.rank.r1"]
    assert (figure.value, figure.low, figure.high) == (0.1, 0.0, 0.2)
    assert "3 seeds" in figure.note


def test_every_variant_of_an_ablation_differs():
    for name, variants in ABLATIONS.items():
        assert len(set(variants.values())) == len(variants), name


@pytest.mark.parametrize(
    "variant", [USUAL, Variant(connector="linear", before="trained"), Variant(layer=-1, before="trained", rank=0)]
)
def test_a_variant_trains_and_can_answer(variant):
    from course_lib.llava.measure_vqa import answers
    from course_lib.llava.testsets import asked, draw

    model = ablate.trained(variant, seed=0, steps=1)
    one = asked("colour", 1)[0]
    assert isinstance(answers(model, draw([one.scene]), [one.question.text])[0], str)
