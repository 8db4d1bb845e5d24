"""POPE in miniature: what is denied is absent, yes and no are balanced, and garbage is no yes."""

import json
import os
import random
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from course_lib import __main__ as cli
from course_lib.llava.data import existence
from course_lib.llava.evaluate import pope, pope_files
from course_lib.world.nouns import could_be
from course_lib.world.render import render


@pytest.mark.parametrize("negatives", pope.NEGATIVES)
def test_what_is_asked_is_certain_and_balanced(negatives):
    asked = pope.pope_questions(negatives, num_scenes=40)
    assert asked == pope.pope_questions(negatives, num_scenes=40)
    assert Counter(question.answer for question in asked) == {"yes": 120, "no": 120}
    for question in asked:
        there = [name for name in {thing.name for thing in question.scene.things} if f" {name}" in question.text]
        assert bool(there) == (question.answer == "yes"), question
    assert all(question.scene.stream == "test" and len(question.scene.things) >= 3 for question in asked)


@pytest.mark.parametrize("negatives", pope.NEGATIVES)
def test_absent_names_could_not_be_meant_by_anything_in_the_scene(negatives):
    for question in pope.pope_questions(negatives, num_scenes=30):
        there = {name for thing in question.scene.things for name in could_be(thing.name)}
        absent = pope.absent_names(question.scene, negatives, random.Random(0))
        assert not there & set(absent) and len(absent) >= pope.PER_ANSWER


def test_adversarial_names_are_of_a_group_that_is_there_and_popular_ones_are_frequent():
    for question in pope.pope_questions("adversarial", num_scenes=30):
        groups = {existence.group_of(thing.name) for thing in question.scene.things}
        assert all(
            existence.group_of(n) in groups for n in pope.absent_names(question.scene, "adversarial", random.Random(1))
        )
    scene = pope.pope_questions("popular", num_scenes=1)[0].scene
    assert set(pope.absent_names(scene, "popular", random.Random(2))) <= set(pope.popular_names())
    assert {"circle", "star"} <= set(pope.popular_names())


def test_other_negatives_are_refused():
    with pytest.raises(ValueError, match="random, popular, adversarial"):
        pope.absent_names(pope.pope_questions("random", 1)[0].scene, "rare", random.Random(0))


@pytest.mark.parametrize(
    ("reply", "ours", "theirs"),
    [
        ("yes", "yes", "yes"),
        ("No.", "no", "no"),
        ("No, there is none", "no", "no"),
        ("a cat a cat a cat", None, "yes"),  # garbage counts as yes in POPE's own parser
        ("", None, "yes"),
        ("there is not. yes", None, "no"),
        ("NO", "no", "yes"),  # what follows looks wrong, and is what evaluate.py does
        ("Not at all", None, "yes"),
        ("no!", "no", "yes"),
        ("no\nno", "no", "yes"),
        ("  No , there", "no", "no"),
        ("yes. no", "yes", "yes"),
    ],
)
def test_parsers(reply, ours, theirs):
    assert (pope.parse(reply), pope.parse_as_pope(reply)) == (ours, theirs)


def test_scores_of_extremes():
    truth = ["yes", "no"] * 50
    always = pope.scores(truth, ["yes"] * 100)
    assert always["accuracy"] == 0.5 and always["yes_ratio"] == 1 and always["f1"] == pytest.approx(2 / 3)
    assert pope.scores(truth, truth)["f1"] == 1.0
    garbage = pope.scores(truth, [None] * 100)
    assert garbage == {"accuracy": 0, "f1": 0, "yes_ratio": 0, "unparsed": 1}


EVALUATE = """
import json, sys
answers = [json.loads(line) for line in open(sys.argv[1], "r")]
labels = [json.loads(line)["label"] for line in open(sys.argv[2], "r")]
said = ["no" if {"No", "no", "not"} & set(a["answer"].split(".")[0].replace(",", "").split(" ")) else "yes" for a in answers]
assert len(said) == len(labels)
right = sum(a == b for a, b in zip(said, labels)) / len(labels)
both = sum(a == b == "yes" for a, b in zip(said, labels))
print(right, 2 * both / (said.count("yes") + labels.count("yes")), said.count("yes") / len(said))
"""


class Parrot:
    """Says the same to everything."""

    def __init__(self, *said):
        self.said = said

    def image_features(self, pixels):
        return pixels

    def answer(self, features, questions, max_new_tokens=60):
        return [self.said[len(text) % len(self.said)] for text in questions]


def test_popes_own_script_reads_the_files_and_finds_the_same(tmp_path):
    found = pope_files.write_pope(Parrot("No, é.", "yes\n", "NO"), tmp_path / "new" / "folder", num_scenes=3)
    assert list(found) == list(pope.NEGATIVES)
    for negatives, values in found.items():
        questions, answers = (tmp_path / "new" / "folder" / f"pope_{negatives}{end}.json" for end in ("", "_answers"))
        command = [sys.executable, "-c", EVALUATE, str(answers), str(questions)]
        ran = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"})
        theirs = [float(value) for value in ran.stdout.split()]
        assert theirs == pytest.approx([values[name] for name in ("accuracy", "f1", "yes_ratio")])


def test_questions_stand_beside_their_pictures(tmp_path):
    pope_files.write_pope(Parrot("yes"), tmp_path, num_scenes=3)
    asked = pope.pope_questions("popular", 3)
    lines = [json.loads(line) for line in (tmp_path / "pope_popular.json").read_text(encoding="utf-8").splitlines()]
    replies = [json.loads(line) for line in (tmp_path / "pope_popular_answers.json").read_text().splitlines()]
    assert [line["question_id"] for line in lines] == [line["question_id"] for line in replies] == list(range(1, 19))
    for line, reply, question in zip(lines, replies, asked, strict=True):
        assert (line["text"], line["label"]) == (question.text, question.answer) and reply["question"] == question.text
        shown = np.asarray(Image.open(tmp_path / "images" / line["image"]))
        assert (shown == render(question.scene).image).all()


def test_a_folder_that_can_t_be_made_is_one_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COURSE_NO_VENV", "1")
    (tmp_path / "file").write_text("")
    for words, said in (
        ([str(tmp_path / "file")], "file"),
        ([str(tmp_path), "--scenes", "0"], "--scenes must be 1 or more"),
    ):
        assert cli.main(["llava", "pope", *words]) == 1
        told = capsys.readouterr().err
        assert told.startswith("✗ ") and said in told and "Traceback" not in told
