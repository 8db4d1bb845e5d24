"""The ablations: what runs, what is kept, what is summed up. No model learns here for more than a step."""

from dataclasses import asdict

import pytest

from course_lib.__main__ import main
from course_lib.llava.evaluate import ablations
from course_lib.llava.evaluate.ablations import ABLATIONS, DEFAULT, STEPS, Variant


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Rows of runs whose measures are made up: accuracy is the seed in tenths."""
    monkeypatch.setattr(ablations, "train_variant", lambda variant, seed, steps: (variant, seed))
    monkeypatch.setattr(
        ablations,
        "evaluate_model",
        lambda made: {"accuracy": made[1] / 10, "judge": 50.0, "follows": 0.5, "trainable": 7},
    )
    return tmp_path / "rows.jsonl"


def test_a_run_that_two_ablations_share_is_done_once(file):
    ablations.run_all(file, ["stage1", "masking"], [0, 1], steps=1)
    assert len(ablations.read_runs(file)) == 2 * 3  # the usual one, without stage 1, with the user's words


def test_what_is_known_is_not_run_again(file, monkeypatch):
    ablations.run_all(file, ["stage1"], [0], steps=1)
    before = file.read_bytes()
    monkeypatch.setattr(ablations, "train_variant", lambda *_: pytest.fail("trained again"))
    ablations.run_all(file, ["stage1"], [0], steps=1)
    assert file.read_bytes() == before


def test_a_run_that_two_processes_did_at_once_counts_once(file):
    ablations.run_all(file, ["stage1"], [0], steps=1)
    file.write_text(2 * file.read_text())
    assert len(ablations.read_runs(file)) == 2


def test_the_runs_that_are_kept_are_all_there_and_are_drawn(monkeypatch):
    rows = ablations.read_runs(ablations.RUNS_FILE)
    known = {ablations.run_key(row["variant"], row["seed"], row["steps"]) for row in rows}
    wanted = {
        ablations.run_key(asdict(variant), seed, STEPS)
        for variant, seed in ablations.planned_runs(list(ABLATIONS), ablations.SEEDS)
    }
    assert known == wanted
    shown = []
    monkeypatch.setattr(ablations.show, "show_figure", lambda canvas, alt: shown.append((canvas, alt)))
    ablations.chart(list(ablations.figures(rows, list(ABLATIONS))))
    canvas, alt = shown[0]
    labels = [text.get_text() for text in canvas.axes[0].get_yticklabels()]
    assert labels[:2] == ["stage1: with", "without"] and len(labels) == sum(map(len, ABLATIONS.values()))
    assert "rank r64" in alt


def test_figures_are_means_over_seeds_with_their_range(file):
    ablations.run_all(file, ["rank"], [0, 1, 2], steps=1)
    found = {figure.id: figure for figure in ablations.figures(ablations.read_runs(file), ["rank", "layer"])}
    assert len(found) == len(ABLATIONS["rank"])
    figure = found["llava.ablation.rank.r1"]
    assert (figure.value, figure.low, figure.high) == (0.1, 0.0, 0.2)
    assert "3 seeds" in figure.note


def test_every_variant_of_an_ablation_differs():
    for name, variants in ABLATIONS.items():
        assert len(set(variants.values())) == len(variants), name


@pytest.mark.parametrize(
    "variant",
    [
        DEFAULT,
        Variant(connector="linear", connector_init="trained"),
        Variant(layer=-1, connector_init="trained", rank=0),
    ],
)
def test_a_variant_trains_and_can_answer(variant):
    from course_lib.llava.data.testsets import draw, vqa_examples
    from course_lib.llava.evaluate.vqa import answers

    model = ablations.train_variant(variant, seed=0, steps=1)
    one = vqa_examples("colour", 1)[0]
    assert isinstance(answers(model, draw([one.scene]), [one.question.text])[0], str)


def test_the_command_names_the_ablations_that_there_are_and_prints_the_figures_of_those_asked_for(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_NO_VENV", "1")
    assert main(["llava", "ablate", "colour"]) == 1
    assert f"There are: {', '.join(ABLATIONS)}." in capsys.readouterr().err
    monkeypatch.setattr(ablations, "train_variant", lambda *_: pytest.fail("all shipped runs are there"))
    assert main(["llava", "ablate", "rank"]) == 0
    assert capsys.readouterr().out.count('"llava.ablation.rank.') == len(ABLATIONS["rank"])
