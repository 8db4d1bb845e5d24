"""PocketBench and the controls: fixed, balanced, and scored as they say."""

import json
from collections import Counter

import numpy as np
import pytest
import torch

from course_lib.llava_next import evaluate
from course_lib.llava_next.data import forms
from course_lib.llava_next.evaluate import pocketbench
from course_lib.llava_next.model import Views
from course_lib.world.nouns import could_be


@pytest.fixture(scope="module")
def bench():
    return pocketbench.items(2)


class Knows:
    """Sees nothing, and replies what it was told to, prompt by prompt."""

    def __init__(self, replies):
        self.replies, self.shown = replies, []

    def image_features(self, pixels):
        self.shown.append(tuple(pixels.shape[1:]))
        return Views(torch.zeros(len(pixels), 64, 3), torch.zeros(len(pixels), 16, 16, 3), (128, 128))

    def answer(self, views, prompts, max_new_tokens):
        return [self.replies(prompt) for prompt in prompts]


def test_it_is_always_the_same_and_has_all_columns(bench):
    assert pocketbench.items(2) == bench
    assert {item.column for item in bench} == set(pocketbench.COLUMNS)
    assert all(item.scene.stream == "test" for item in bench)


def test_each_option_is_first_once_and_each_letter_is_right_equally_often():
    assert pocketbench.rotations("abc") == [list("abc"), list("bca"), list("cab")]
    letters = Counter(item.answer for item in pocketbench.items(4) if item.column == "letter")
    assert letters["A"] == letters["B"] and letters["C"] == letters["D"]


def test_the_truth_scores_one_and_a_habit_scores_nothing_by_rotation(bench):
    said = [item.answer for item in bench]
    scores = pocketbench.score(bench, said)
    assert all(scores[column] == 1 for column in pocketbench.COLUMNS if column != "claims")
    assert pocketbench.score(bench, ["A"] * len(bench))["letter"] == 0
    assert pocketbench.score(bench, ["no"] * len(bench))["yes_no"] == 0.5


def test_replies_come_in_the_items_order_in_the_form_that_is_asked_for(bench):
    model = Knows(lambda prompt: prompt)
    assert pocketbench.answered(model, bench) == [item.prompt for item in bench]
    assert set(model.shown) == {(3, 128, 128)}
    pocketbench.answered(model, bench, "whole")
    assert model.shown[-1] == (3, 64, 64)


def test_a_stranger_can_score_it(bench, tmp_path):
    pocketbench.export(tmp_path, bench)
    prompts = json.loads((tmp_path / "prompts.json").read_text())
    answers = json.loads((tmp_path / "answers.json").read_text())
    assert len(prompts) == len(answers) == len(bench) and "answer" not in prompts[0]
    assert all((tmp_path / one["image"]).exists() for one in prompts)
    said = {one["id"]: one["answer"] for one in answers}
    assert pocketbench.score(bench, [said[one["id"]] for one in prompts])["reading"] == 1


def test_small_questions_are_about_small_things_and_half_are_yes():
    asked = evaluate.small_questions(20)
    assert Counter(one.answer for one in asked) == {"yes": 20, "no": 20}
    for one in asked:
        small = [t.name for t in one.scene.things if t.width < evaluate.SMALL_WIDTH]
        names = {name for thing in one.scene.things for name in could_be(thing.name)}
        if one.answer == "yes":
            assert any(name in one.text for name in small)
        else:
            assert not any(f" {name}?" in one.text or f" {name} " in one.text for name in names if " " in name)


def test_permuted_tiles_are_whole_and_elsewhere():
    tiles = torch.zeros(1, 16, 16, 1)
    tiles[0, 2, 3] = 1
    moved = evaluate.permuted(Views(torch.zeros(1, 64, 1), tiles, (128, 128)))
    assert moved.tiles[0, 10, 11] == 1 and moved.tiles.sum() == 1 and moved.whole.sum() == 0


@pytest.mark.parametrize(
    "says, kept", [(lambda p: "red" if p.endswith("only.") else "The cat is red.", 1.0), (lambda p: "red", 0.5)]
)
def test_the_form_is_kept_or_not(says, kept):
    (figure,) = evaluate.format_figures(Knows(says), 5)
    assert figure.value == kept and figure.id == "next.format"


def test_bars_are_set_beside_what_they_are_measured_against():
    figures = list(evaluate.small_figures(Knows(lambda p: "yes"), 3, ceiling=0.9))
    assert [one.value for one in figures] == [0.5, 0.5]
    assert figures[0].bar == pytest.approx(0.7) and figures[1].bar == pytest.approx(0.53)
    (repeat,) = [
        f
        for f in evaluate.description_figures(Knows(lambda p: "There is a cat. There is a cat."), 3)
        if "repeat" in f.id
    ]
    assert repeat.value == 0


def test_unseen_format_is_unseen():
    assert pocketbench.UNSEEN_FORMAT not in forms.short_form("what?", "red")[0]
    assert np.isclose(pocketbench.circular_accuracy([1, 1, 2, 2], [True, True, True, False]), 0.5)


def test_the_command_writes_it_and_scores_replies(tmp_path, monkeypatch, capsys):
    from course_lib.__main__ import main

    monkeypatch.setattr(pocketbench, "items", lambda items=pocketbench.items: items(1))
    assert main(["llava", "bench", str(tmp_path)]) == 0
    answers = json.loads((tmp_path / "answers.json").read_text())
    file = tmp_path / "replies.json"
    file.write_text(json.dumps([{"id": one["id"], "text": one["answer"]} for one in answers if one["id"] % 2]))
    assert main(["llava", "bench", str(tmp_path), "--replies", str(file)]) == 0
    said = capsys.readouterr().out
    assert "prompts.json" in said and "letter" in said and "0.0 %" in said


def test_the_eyes_are_asked_without_the_language_model():
    from course_lib.llava_next.evaluate.eyes import name_scores
    from course_lib.llava_next.train import build_model

    model = build_model()
    model.language_model = None
    rows = evaluate.small_names(3)
    shown, names, there = zip(*rows, strict=True)
    scores = name_scores(model, shown, names, "tiles")
    assert scores.shape == (6,) and there == (True, False) * 3
    assert (scores != name_scores(model, shown, names, "whole")).all()


def test_a_crop_shows_the_thing_large_and_stays_within_the_picture():
    from course_lib.llava_next.evaluate import ceilings

    rows = evaluate.small_names(12, "val")
    for scene, name, there in rows:
        if there:
            thing = next(one for one in scene.things if one.name == name)
            shown = ceilings.crop(scene, thing)
            assert shown.shape == (64, 64, 3) and shown.any(axis=-1).mean() > 0.5
    texts = iter(["yes", "no"] * 12)
    figure = ceilings.crop_figure(Knows(lambda prompt: next(texts)), rows)
    assert (figure.value, figure.n) == (1.0, 24)
