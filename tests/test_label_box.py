"""The label box from its Python side: choose, type, upload, and get it wrong."""

import io
import re
from datetime import datetime, timezone

import numpy as np
import pytest
from PIL import Image

from course_lib.clip.pretrained import build_clip
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.clip.ui import MAX_SHOWN, OWN, bars_html, label_box, probabilities, uploaded_bytes

widgets = pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")


@pytest.fixture(scope="module")
def model():
    return build_clip(seed=2)


@pytest.fixture
def pictures() -> dict[str, np.ndarray]:
    """Two different pictures."""
    rng = np.random.default_rng(0)
    return {name: rng.integers(0, 256, (64, 64, 3), dtype=np.uint8) for name in ("noise", '"quoted" <b>')}


class Box:
    """The parts of a label box by name."""

    def __init__(self, model, pictures, **options) -> None:
        self.whole = label_box(model, get_tokenizer(), pictures, **options)
        (self.choice, self.upload), self.words = self.whole.children[0].children, self.whole.children[1]
        self.image, self.answer = self.whole.children[2].children

    def shares(self) -> dict[str, float]:
        """Label → percent, as the page says them."""
        rows = re.findall(r"<th[^>]*>(.*?)</th>.*?<td>([\d.]+) %</td>", self.answer.value)
        return {label: float(percent) for label, percent in rows}

    def upload_bytes(self, content: bytes) -> None:
        """As the browser does, in the form of the ipywidgets that is installed."""
        if int(widgets.__version__.split(".")[0]) >= 8:
            entry = {"name": "x", "type": "image/png", "size": len(content), "content": memoryview(content)}
            self.upload.value = ({**entry, "last_modified": datetime.now(timezone.utc)},)
        else:
            self.upload.metadata, self.upload.data = [{"name": "x"}], [content]
            self.upload._counter += 1  # this makes ipywidgets 7 look


@pytest.fixture
def box(model, pictures) -> Box:
    return Box(model, pictures, labels="a cat, a dog, a bus")


def png(colour: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (30, 20), colour).save(stream, "PNG")
    return stream.getvalue()


def test_it_starts_with_an_answer(box, model, pictures):
    expected = probabilities(model, get_tokenizer(), pictures["noise"], ["a cat", "a dog", "a bus"])
    assert box.shares() == {label: pytest.approx(100 * chance, abs=0.06) for label, chance in expected}
    assert list(box.shares().values()) == sorted(box.shares().values(), reverse=True)
    assert sum(box.shares().values()) == pytest.approx(100, abs=0.3)


def test_typing_labels_moves_the_probabilities(box):
    before = box.answer.value
    box.words.value = "a red car, 猫\n{}, <b>"
    assert set(box.shares()) == {"a red car", "猫", "{}", "&lt;b&gt;"} and box.answer.value != before


def test_choosing_another_picture_changes_picture_and_answer(box):
    image, answer = box.image.value, box.answer.value
    box.choice.value = '"quoted" <b>'
    assert box.image.value != image and box.answer.value != answer
    assert 'alt="The chosen picture: &quot;quoted&quot; &lt;b&gt;"' in box.image.value


def test_uploads_one_after_the_other_and_back(box):
    start = box.image.value
    box.upload_bytes(png("red"))
    red = box.image.value, box.answer.value
    assert box.choice.value == OWN and red[0] != start and f"The chosen picture: {OWN}" in red[0]
    box.upload_bytes(png("blue"))
    assert box.choice.value == OWN and box.image.value != red[0] and box.answer.value != red[1]
    box.choice.value = "noise"
    assert box.image.value == start
    box.words.value = "a dog, a cat"
    assert box.image.value == start and len(box.shares()) == 2


@pytest.mark.parametrize("content", [b"", b"no picture", png("red")[:40]])
def test_a_bad_upload_is_one_sentence_and_the_picture_stays(box, content):
    start = box.image.value
    box.upload_bytes(content)
    assert re.fullmatch(r'<p role="alert">✗ the upload [^<]+\.</p>', box.answer.value)
    assert box.image.value == start and box.choice.value == "noise"
    box.words.value = "a cat, a dog"
    assert len(box.shares()) == 2  # and it goes on


@pytest.mark.parametrize("typed", ["", " , ,", "x" * 300])
def test_bad_labels_are_one_sentence(box, typed):
    box.words.value = typed
    assert re.fullmatch(r'<p role="alert">✗ [^<]+\.</p>', box.answer.value) and not box.shares()


def test_notes_say_what_became_of_the_labels(box):
    box.words.value = "cat, Cat, dog, cat"
    assert "2 repeated label(s) left out" in box.answer.value and len(box.shares()) == 2
    box.words.value = "cat"
    assert "nothing to choose" in box.answer.value and box.shares() == {"cat": 100.0}
    box.words.value = "cat, " + "鸟" * 100
    assert "cut to 48 tokens" in box.answer.value and len(box.shares()) == 2


def test_many_labels_are_not_all_shown(box):
    box.words.value = ", ".join(f"thing {i}" for i in range(1200))
    assert len(box.shares()) == MAX_SHOWN and "and 1,188 more labels" in box.answer.value


def test_bars_are_text_first():
    page = bars_html([("a cat", 0.875), ("a dog", 0.125), ("nothing", 0.0)])
    assert "87.5 %" in page and "width:87.5%" in page and "width:0.5%" in page
    assert page.count('aria-hidden="true"') == page.count('scope="row"') == 3 and 'aria-live="polite"' in page


def test_both_forms_of_an_upload_are_read():
    assert uploaded_bytes({"a.png": {"metadata": {}, "content": b"abc"}}) == b"abc"  # ipywidgets 7
    assert uploaded_bytes(({"name": "a.png", "content": memoryview(b"abc")},)) == b"abc"  # ipywidgets 8
    assert uploaded_bytes(()) is None and uploaded_bytes({}) is None
