"""The chat from its Python side: ask, get it wrong, upload; and what is said of where the model looked."""

import io
import re
from datetime import datetime, timezone

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.llava import ui
from course_lib.llava.evaluate import patches
from course_lib.llava.evaluate.patches import occluded
from course_lib.llava.ui import QuestionError, ask, brightest_part, overlay_png, show_turns

widgets = pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")


class Painter:
    """Says the picture's colour: a model simple enough to know what a chat should show."""

    def image_features(self, pixels):
        return pixels

    def answer(self, pictures, texts, max_new_tokens=60):
        names = ("red", "green", "blue")
        return [f"{names[int(picture.mean((1, 2)).argmax())]} <b>" for picture in pictures]


@pytest.fixture(autouse=True)
def bright_parts_matter(monkeypatch):
    """To this model's answers, what is bright in the picture matters."""

    def brightness(model, pixels, question, answer):
        return torch.nn.functional.avg_pool2d(pixels.mean(1), 8)[0].clamp(min=0).numpy()

    monkeypatch.setattr(ui, "occlusion_map", brightness)


@pytest.fixture
def pictures() -> dict[str, np.ndarray]:
    """A red one that is brightest at the top left, and a blue one."""
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0], red[:16, :16] = 200, (255, 160, 160)
    return {"red": red, '"blue" <i>': np.tile(np.array([0, 0, 200], np.uint8), (64, 64, 1))}


class Box:
    """The parts of a chat by name."""

    def __init__(self, pictures) -> None:
        self.whole = ui.chat(Painter(), pictures)
        (self.choice, self.upload), (self.question, self.button) = (row.children for row in self.whole.children[:2])
        self.image, self.output = self.whole.children[2].children

    def upload_bytes(self, content: bytes) -> None:
        """As the browser does, in the form of the ipywidgets that is installed."""
        if int(widgets.__version__.split(".")[0]) >= 8:
            entry = {"name": "x", "type": "image/png", "size": len(content), "content": memoryview(content)}
            self.upload.value = ({**entry, "last_modified": datetime.now(timezone.utc)},)
        else:
            self.upload.metadata, self.upload.data = [{"name": "x"}], [content]
            self.upload._counter += 1  # this makes ipywidgets 7 look


@pytest.fixture
def box(pictures) -> Box:
    return Box(pictures)


def test_an_answer_comes_with_where_it_looked(box):
    assert box.output.value == "" and 'alt="The chosen picture: red"' in box.image.value
    box.question.value = "what colour is it?"
    assert "what colour is it?" in box.output.value and "<b>red &lt;b&gt;</b>" in box.output.value
    assert 'alt="Where it looked: most of all at the top left"' in box.output.value
    assert 'aria-live="polite"' in box.output.value


def test_the_button_asks_again_and_the_newest_answer_comes_first(box):
    box.question.value = "first?"
    box.question.value = "second?"
    box.button.click()
    assert re.findall(r"<p>(\w+)\?", box.output.value) == ["second", "second", "first"]


def test_another_picture_begins_anew(box):
    box.button.click()
    box.choice.value = '"blue" <i>'
    assert box.output.value == "" and "&quot;blue&quot; &lt;i&gt;" in box.image.value
    box.button.click()
    assert "<b>blue" in box.output.value


@pytest.mark.parametrize(("words", "sentence"), [("  ", "Nothing was asked"), ("why " * 80, "319 letters; 200")])
def test_questions_that_cannot_be_asked_are_refused_in_a_sentence(box, pictures, words, sentence):
    box.button.click()
    box.question.value = words
    assert sentence in box.output.value and 'role="alert"' in box.output.value and "<b>red" in box.output.value
    with pytest.raises(QuestionError, match=sentence):
        ask(Painter(), pictures["red"], words)


def test_an_upload_is_asked_about_and_a_broken_one_is_not(box):
    box.upload_bytes(b"no picture")
    assert 'role="alert"' in box.output.value and box.choice.value == "red"
    stream = io.BytesIO()
    Image.new("RGB", (90, 70), "blue").save(stream, "PNG")
    box.upload_bytes(stream.getvalue())
    box.button.click()
    assert "<b>blue" in box.output.value


def test_without_widgets_there_is_a_picture_with_everything_in_words(pictures, capsys):
    show_turns(Painter(), pictures["red"], ["what colour?", "and where?"])
    said = capsys.readouterr().out
    assert "what colour? red <b> (most of all at the top left)" in said and "and where?" in said


@pytest.mark.parametrize(
    ("at", "words"),
    [((0, 7), "at the top right"), ((4, 4), "in the middle"), ((7, 4), "at the bottom"), ((4, 0), "at the left")],
)
def test_places_in_words(at, words):
    importance = np.zeros((8, 8))
    assert brightest_part(importance) == "nowhere in particular"
    importance[at] = 1
    assert brightest_part(importance) == f"most of all {words}"


def test_the_overlay_is_bright_where_it_mattered_and_dim_elsewhere():
    importance = np.zeros((8, 8))
    importance[0, 0] = 2.0
    picture = np.asarray(Image.open(io.BytesIO(overlay_png(np.full((64, 64, 3), 200, np.uint8), importance))))
    assert picture[2, 2].min() > 190 and picture[-2, -2].max() == 50


def test_every_cell_is_covered_once_and_nothing_else():
    pixels = torch.ones(1, 3, 64, 64)
    grey = (occluded(pixels) == 0).all(1)  # [64, 64, 64]
    assert grey.shape == (64, 64, 64)
    assert grey.sum((1, 2)).max() == 16 * 16  # inside; less at the edges
    for row in range(8):
        for column in range(8):
            where_grey = grey[row * 8 + column].nonzero().float().mean(0)
            if 0 < row < 7 and 0 < column < 7:
                assert where_grey.tolist() == [row * 8 + 3.5, column * 8 + 3.5]
    assert torch.equal(pixels, torch.ones_like(pixels))


@pytest.fixture(scope="module")
def llava():
    """A MiniLlava that has learned nothing."""
    from course_lib.clip.pretrained import build_clip
    from course_lib.llava.connector import make_connector
    from course_lib.llava.model import MiniLlava
    from course_lib.llava.vision import PocketVisionTower
    from course_lib.lm.pretrained import build_lm
    from course_lib.lm.tokenizer import get_tokenizer

    torch.manual_seed(0)
    return MiniLlava(PocketVisionTower(build_clip()), make_connector(160, 192), build_lm(), get_tokenizer())


def test_an_answers_probability_is_that_of_its_tokens(llava):
    pixels = torch.randn(2, 3, 64, 64)
    ids, labels = llava.encode("where is this?", "at sea")
    features = llava.image_features(pixels)
    found = patches.answer_log_probs(llava, features, "where is this?", "at sea")
    for row in range(2):
        with torch.no_grad():
            one = torch.tensor([ids])
            loss, _ = llava(one, torch.ones_like(one), torch.tensor([labels]), features=features[row : row + 1])
        learned = sum(label != -100 for label in labels)
        assert found[row].item() == pytest.approx(-loss.item() * learned, abs=1e-3)


def test_an_occlusion_map_is_finite_and_of_a_grey_picture_nothing_matters(llava):
    found = patches.occlusion_map(llava, torch.randn(1, 3, 64, 64), "what is it?", "a cat")
    assert found.shape == (8, 8) and (found >= 0).all() and np.isfinite(found).all() and found.max() > 0
    assert patches.occlusion_map(llava, torch.zeros(1, 3, 64, 64), "what is it?", "a cat").max() < 1e-4


def test_only_its_language_model_gets_adapters(llava):
    from course_lib.llava.lora import lora_targets, modules_of

    names = lora_targets(modules_of(llava))
    assert len(names) == 4 * 7 and all(name.startswith("language_model.model.layers") for name in names)
