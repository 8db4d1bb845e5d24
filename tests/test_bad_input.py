"""Whatever is read, from a file, a browser or a server, is understood or refused in the course's own words.

COURSE_LONG=1 python -m course_lib test tests/test_bad_input.py     more than 10,000 cases
python -m course_lib test tests/test_bad_input.py                   25 of each kind
"""

import io
import json
import tarfile
import zipfile
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import bad_input
import numpy as np
import pytest
import torch
from bad_input import CALM, anything, changed, damaged, deep, letters, one_sentence, written
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from course_lib import checkpoints
from course_lib.authoring import build, master
from course_lib.canvas.marks import MarkError, covered, marks_from_json
from course_lib.checker import progress, table
from course_lib.checkpoints import CheckpointError
from course_lib.classroom import submissions
from course_lib.cli import run
from course_lib.clip.data.images import PictureError, open_picture
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.clip.ui import LabelError, check_labels
from course_lib.common.errors import Problem
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.instruct import reply
from course_lib.instruct.filters import check_record
from course_lib.instruct.formats import Box, ImageContext, check_llava_format
from course_lib.instruct.run import journal, plan, shards
from course_lib.instruct.run.generate import Job, find_problem
from course_lib.instruct.teachers.base import Completion, TryAgain
from course_lib.instruct.teachers.endpoint import EndpointTeacher
from course_lib.llava.full import data as scale_data
from course_lib.seem.prompts import Prompt
from course_lib.seem.prompts import check as check_prompt
from course_lib.session import REPO
from course_lib.training import fit
from course_lib.world.stickers import load_atlas

TOY = Path(__file__).parent / "toy_course" / "solutions" / "07_toy.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """One folder for all cases of a test: hypothesis makes many."""
    return tmp_path_factory.mktemp("bad")


def picture_bytes(form: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)).save(stream, form)
    return stream.getvalue()


PICTURES = {form: picture_bytes(form) for form in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")}


@CALM
@given(st.sampled_from(sorted(PICTURES)).flatmap(lambda form: damaged(PICTURES[form])))
def test_pictures(content):
    found = one_sentence(open_picture, content, errors=PictureError)
    assert isinstance(found, PictureError) or found.mode == "RGB"


@CALM
@given(damaged(PICTURES["WEBP"]))
def test_atlases(folder, content):
    assert isinstance(one_sentence(load_atlas, written(folder / "atlas.webp", content)), ValueError)


INSTANCES = {
    "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 64}],
    "categories": [{"id": 5, "name": "cat"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 5, "bbox": [1, 2, 30, 40]}],
}
CAPTIONS = {"images": INSTANCES["images"], "annotations": [{"id": 1, "image_id": 1, "caption": "a cat"}]}


@CALM
@given(changed(INSTANCES) | damaged(json.dumps(INSTANCES).encode()), changed(CAPTIONS) | st.just(CAPTIONS))
def test_coco(folder, instances, captions):
    def messages():
        files = written(folder / "instances.json", instances), written(folder / "captions.json", captions)
        return [job.messages() for job in plan.coco_jobs(*files, 1)]

    found = one_sentence(messages, errors=Problem)
    assert isinstance(found, Problem) or len(found) == 1


TURNS = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "A cat."}]
LLAVA = [{"id": "a", "image": "a.png", "conversations": TURNS}, {"id": "b", "conversations": TURNS}]
CONTEXTS = {"a": ImageContext("a", "a.png", ("a cat",), (Box("cat", 0.1, 0.2, 0.3, 0.4),))}


@CALM
@given(changed(LLAVA) | damaged(json.dumps(LLAVA).encode()))
def test_llava_json(folder, value):
    def turns():
        records = scale_data.read_records(written(folder / "llava.json", value))
        return [scale_data.read_turns(record, number) for number, record in enumerate(records)]

    one_sentence(turns, errors=scale_data.DataError)
    if not isinstance(value, bytes):
        breaches = one_sentence(check_llava_format, value)
        assert isinstance(breaches, list) and all(isinstance(one, str) for one in breaches)
        if isinstance(value, list):
            for record in value:
                if isinstance(record, dict):
                    one_sentence(check_record, record, CONTEXTS)


@CALM
@given(letters | st.lists(letters | anything, max_size=4) | anything)
def test_labels(labels):
    found = one_sentence(check_labels, labels, errors=LabelError)
    assert isinstance(found, LabelError) or get_tokenizer()(found[:3]).shape[0] == len(found[:3])


@CALM
@given(letters | anything, st.lists(st.floats(-0.5, 1.5), min_size=4, max_size=4) | anything)
def test_boxes(phrase, box):
    one_sentence(GroundedPhrase, phrase, box)


MARK = {"kind": "scribble", "points": [[0.1, 0.2], [0.5, 0.9]], "positive": True, "text": ""}


@CALM
@given(changed([MARK, {**MARK, "kind": "box"}, {"kind": "text", "text": "a cat"}]) | anything)
def test_strokes(value):
    found = one_sentence(marks_from_json, value, errors=MarkError)
    for mark in [] if isinstance(found, MarkError) else found:
        if mark.points:
            assert covered(mark, 16, 24).shape == (16, 24)


@CALM
@given(st.sampled_from((bool, np.uint8, float)), st.lists(st.integers(0, 9), max_size=3), letters)
def test_masks_of_prompts(kind, shape, text):
    one_sentence(check_prompt, Prompt(text=text, positive=np.zeros(shape, kind)), 8)


def saved(folder: Path) -> tuple[bytes, bytes]:
    torch.manual_seed(0)
    checkpoints.save(folder / "whole.safetensors", nn.Linear(3, 2), {"seed": 5})
    return tuple((folder / name).read_bytes() for name in ("whole.safetensors", "whole.json"))


@CALM
@given(st.data())
def test_checkpoints(folder, data):
    weights, card = saved(folder)
    either = data.draw(st.booleans())
    new = data.draw(damaged(weights if either else card))
    written(folder / "a.safetensors", new if either else weights)
    written(folder / "a.json", card if either else new)
    found = one_sentence(checkpoints.load, folder / "a.safetensors", errors=CheckpointError)
    if isinstance(found, CheckpointError):
        assert "a.safetensors" in str(found) and "bake a" in str(found)
    else:
        assert not either or new == weights  # no damage to weights goes unnoticed


@CALM
@given(st.data())
def test_training_states(folder, data):
    torch.manual_seed(0)
    file, model = folder / "run.safetensors", nn.Linear(3, 2)
    checkpoints.save_training(file, model, torch.optim.AdamW(model.parameters()), {"step": 3, "losses": [0.5]})
    whole = file.read_bytes()
    new = written(file, data.draw(damaged(whole))).read_bytes()
    fresh = nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(fresh.parameters())
    found = one_sentence(checkpoints.load_training, file, fresh, optimizer, errors=CheckpointError)
    if isinstance(found, CheckpointError):
        assert "run.safetensors" in str(found) and "Delete this file" in str(found)
    else:
        assert found == {"step": 3, "losses": [0.5]}
        assert new == whole or torch.equal(fresh.weight, model.weight)


ENTRY = asdict(journal.Entry("p1", "detail", "v", "t", "abc", "A cat.", 5, 3, 0.1))


@CALM
@given(st.lists(changed(ENTRY) | st.just(ENTRY), max_size=3) | damaged((json.dumps(ENTRY) + "\n").encode() * 3))
def test_journals(folder, lines):
    content = lines if isinstance(lines, bytes) else "".join(json.dumps(line) + "\n" for line in lines).encode()
    file = written(folder / "a.jsonl", content)
    merged = folder / "merged.jsonl"
    merged.unlink(missing_ok=True)  # what the case before has left there would count
    one_sentence(shards.merge, [file], merged, errors=Problem)

    def keys():
        with journal.Journal(file) as opened:
            return list(opened.replies)

    one_sentence(keys, errors=Problem)


ANSWER = {
    "choices": [{"message": {"content": "Question:\nWhat?\n===\nAnswer:\nA cat.\n==="}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 7},
}


@CALM
@given(changed(ANSWER).map(json.dumps) | deep | st.text(max_size=20))
def test_replies_of_endpoints(body):
    def create(**_):
        return SimpleNamespace(http_response=SimpleNamespace(content=body.encode("utf-8", "replace"), history=[]))

    raw = SimpleNamespace(completions=SimpleNamespace(with_raw_response=SimpleNamespace(create=create)))
    teacher = EndpointTeacher.__new__(EndpointTeacher)
    teacher._model, teacher._limit = "m", "max_tokens"
    teacher._client = SimpleNamespace(api_key="sk-planted", chat=raw)
    found = one_sentence(teacher.ask, [{"role": "user", "content": "?"}], errors=TryAgain)
    if isinstance(found, Completion):
        assert isinstance(found.text, str) and min(found.prompt_tokens, found.completion_tokens) >= 0
        for kind in ("conversation", "detail", "complex"):
            assert isinstance(find_problem(found, Job(CONTEXTS["a"], kind)), str)


@CALM
@given(letters | st.lists(st.sampled_from(("Question:", "Answer:", "===", "\n", "a", " "))).map("".join))
def test_what_teachers_write(text):
    for kind in ("conversation", "detail", "complex"):
        one_sentence(reply.parse_turns, text, kind, "p", errors=reply.ReplyError)


NOTEBOOK = {
    "cells": [
        {
            "cell_type": "code",
            "source": ["begin(lesson='02_clip')"],
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 4,
}


@CALM
@given(changed(NOTEBOOK) | damaged(json.dumps(NOTEBOOK).encode()))
@example({**NOTEBOOK, "nbformat_minor": None})  # nbformat asserts that it is a number
def test_notebooks(folder, value):
    file = written(folder / "02_clip.ipynb", value)
    (found,) = one_sentence(submissions.find, file.parent, ["02_clip"])
    assert found.lesson == "02_clip" and (not found.problem or found.problem.startswith("not a notebook"))
    assert isinstance(one_sentence(table.source_of, file), str)
    one_sentence(run.read, file, errors=Problem)
    stored = one_sentence(build.stored, file)
    assert stored is None or isinstance(build.without_outputs(stored), str)


def packed(form: str) -> bytes:
    """An archive that holds a notebook."""
    content, text = io.BytesIO(), json.dumps(NOTEBOOK).encode()
    if form == "zip":
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("ada/02_clip.ipynb", text)
    else:
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            member = tarfile.TarInfo("ada/02_clip.ipynb")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return content.getvalue()


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_archives_of_submissions(folder, form):
    @CALM
    @given(damaged(packed(form)))
    def read(content):
        (folder / form).mkdir(exist_ok=True)
        written(folder / form / f"ada.{form}", content)
        assert all(one.problem or one.cells for one in one_sentence(submissions.find, folder / form, ["02_clip"]))

    read()


@CALM
@given(damaged(TOY.read_bytes()))
def test_masters(folder, content):
    one_sentence(master.read_lesson, written(folder / "07_toy.py", content), errors=master.LessonError)


PROGRESS = {"clip.loss": {"state": "solved", "tries": 3, "when": "2026-01-31 12:00"}}


@CALM
@given(changed(PROGRESS) | damaged(json.dumps(PROGRESS).encode()))
def test_progress_files(folder, value):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_HOME", str(folder))
        written(folder / "progress.json", value)
        assert isinstance(one_sentence(progress.record, "clip.loss", False), str)
        entries, _ = progress.load()
        assert isinstance(
            table.row("02", SimpleNamespace(id="a", difficulty=1, importance=1, minutes=1), entries["clip.loss"]), tuple
        )


@CALM
@given(letters)
def test_words_of_the_command_line(text):
    one_sentence(plan.Shard.parse, text, errors=Problem)
    one_sentence(run.choose, REPO / "solutions", [text], errors=Problem)


ONE_CASE = "a_state_of_other_notes_is_named"


def test_a_state_of_other_notes_is_named(tmp_path):
    model = nn.Linear(3, 2)
    file = tmp_path / "run.safetensors"
    checkpoints.save_training(file, model, torch.optim.AdamW(model.parameters()), {"steps": 3})
    found = one_sentence(lambda: fit(model, int, None, steps=1, state_file=file), errors=CheckpointError)
    assert isinstance(found, CheckpointError) and "Delete this file" in str(found)


@pytest.mark.skipif(not bad_input.LONG, reason="the long run: COURSE_LONG=1")
def test_that_was_many():
    for what, count in bad_input.cases.items():
        print(f"{what.replace('_', ' ')}: {count:,} cases")
    print(f"{bad_input.cases.total():,} cases in all")
    assert bad_input.cases.total() >= 10_000
    assert all(count >= bad_input.EACH for what, count in bad_input.cases.items() if what != ONE_CASE)
