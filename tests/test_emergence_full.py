"""Lesson 09's full tier: a tiny random LLaVA-NeXT of the published format, loaded and asked by the lesson's own calls."""

import numpy as np
import pytest
from test_full_tier import FULL, cells, run
from test_llava_next_full import folder  # noqa: F401  the tiny model, as a fixture

from course_lib import show
from course_lib.emergence import full
from course_lib.llava_next import full as llava_next
from course_lib.world.stickers import class_named


def test_a_published_model_is_asked_in_seven_languages(folder, capsys):  # noqa: F811
    model, processor = llava_next.load_real(folder)
    shares = full.name_stickers(model, processor, ("cat", "house"))
    printed = capsys.readouterr().out
    assert shares.shape == (len(full.QUESTIONS), 2) and ((shares >= 0) & (shares <= 1)).all()
    assert printed.count("cat: ") == printed.count("house: ") == len(full.QUESTIONS)


def test_the_lessons_cell_asks_it(folder, monkeypatch):  # noqa: F811
    shown = []
    monkeypatch.setattr(full, "load", lambda: llava_next.load_real(folder))
    monkeypatch.setattr(show, "matrix", lambda values, *names, alt: shown.append((values, *names)))
    said = run(cells("09_emergence", "full.name_stickers("), session=FULL, show=show)
    ((values, rows, columns),) = shown
    assert values.shape == (len(rows), len(columns)) and said.count("banana: ") == len(rows)


def test_right_replies_count_in_their_language_and_english_ones_apart(monkeypatch):
    said = {question: class_named("cat").names[code] for code, question in full.QUESTIONS.items()}
    monkeypatch.setattr(llava_next, "ask_real", lambda model, processor, image, question, _: (said[question], 0))
    assert np.allclose(full.name_stickers(None, None, ("cat",)), [[1, code == "en"] for code in full.QUESTIONS])
    monkeypatch.setattr(llava_next, "ask_real", lambda *_: ("A Cat.", 0))
    english_only = full.name_stickers(None, None, ("cat",))
    assert english_only[:, 1].all() and not english_only[1:, 0].any()


def test_words_are_found_in_scripts_without_spaces():
    assert full.names_it("这是一只猫。", "cat", "zh") and full.names_it("Eine KATZE.", "cat", "de")
    assert not full.names_it("这是一只狗。", "cat", "zh") and not full.names_it("", "cat", "fr")


def test_the_sticker_asked_about_is_alone_in_its_picture():
    pictures = [full.sticker(name) for name in ("cat", "house")]
    assert [one.shape for one in pictures] == [(full.SIZE, full.SIZE, 3)] * 2 and not np.array_equal(*pictures)
    assert set(full.QUESTIONS) <= set(class_named("cat").names)


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_without_a_gpu_nothing_is_downloaded(monkeypatch, capsys, device):
    monkeypatch.setattr(full, "best_device", lambda: (device, "float32", "a test"))
    monkeypatch.setattr(llava_next, "load_real", lambda *_: pytest.fail("nothing may be loaded"))
    assert full.load() is None and "wants a GPU (a test)" in capsys.readouterr().out


def test_on_a_gpu_it_is_loaded_with_fewer_tiles(monkeypatch):
    limits = []
    monkeypatch.setattr(full, "best_device", lambda: ("cuda", "float16", "a test"))
    monkeypatch.setattr(llava_next, "load_real", lambda *hub: ("model", "processor") if hub == full.HUB else None)
    monkeypatch.setattr(llava_next, "limit_tiles", lambda *call: limits.append(call))
    assert full.load() == ("model", "processor") and limits == [("model", "processor", full.MAX_TILES)]
    monkeypatch.setattr(llava_next, "load_real", lambda *hub: None)
    assert full.load() is None and len(limits) == 1
