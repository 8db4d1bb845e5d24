"""The viewer from its Python side: leaf through samples, keep those with defects, meet odd texts."""

import io
import re
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

from course_lib import show
from course_lib.instruct.formats import Box, Defect, ImageContext, Sample, Turn
from course_lib.instruct.resources import photographs
from course_lib.instruct.ui import SIDE, choices, picture_html, show_in_words, show_samples, viewer, written_html

pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")

CONTEXT = ImageContext("p", "p.png", ("a dog & a <b>cat</b>",), (Box("dog", 0.1, 0.2, 0.3, 0.4),))
GOOD = Sample("p", "p.png", "conversation", (Turn("What is here?", "A <i>dog</i>."), Turn("Is it red?", "Yes.")))
BAD = Sample("q", "q.png", "detail", (Turn("Describe it.", "The caption says: a dog."),))
SAMPLES = [(GOOD, CONTEXT), (BAD, CONTEXT)]
PICTURES = {"p.png": np.zeros((10, 20, 3), np.uint8)}


def check(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for the turn, and one for the whole, of the bad sample."""
    return [Defect("leakage", 0, "says <caption>"), Defect("other", None, "as a whole")] if sample is BAD else []


class Viewer:
    """The parts of a viewer by name."""

    def __init__(self, samples=SAMPLES, **options) -> None:
        self.whole = viewer(samples, PICTURES, check=check, **options)
        (self.choice, self.only), (self.image, self.seen) = (row.children for row in self.whole.children[:2])
        self.written = self.whole.children[2]


def test_it_shows_picture_source_text_and_verdict():
    shown = Viewer()
    assert 'alt="The picture p.png"' in shown.image.value
    assert "a dog &amp; a &lt;b&gt;cat&lt;/b&gt;" in shown.seen.value
    assert "A &lt;i&gt;dog&lt;/i&gt;." in shown.written.value and "✓ No filter fired" in shown.written.value


def test_boxes_are_shown_where_the_teacher_had_them():
    assert "0.100" not in Viewer().seen.value  # conversations have captions only
    assert "dog: [0.100, 0.200, 0.300, 0.400]" in Viewer(boxes_for_all=True).seen.value
    shown = Viewer()
    shown.choice.value = 1
    assert "dog: [0.100" in shown.seen.value


def test_defects_stand_at_their_turn_and_are_escaped():
    shown = Viewer()
    shown.choice.value = 1
    page = shown.written.value
    assert page.index("The caption says") < page.index("says &lt;caption&gt;") < page.index("as a whole")
    assert "No filter fired" not in page and "q.png is not at hand" in shown.image.value


def test_only_samples_with_defects_and_back():
    shown = Viewer()
    shown.only.value = True
    assert [number for _, number in shown.choice.options] == [1] and "caption" in shown.written.value
    shown.only.value = False
    assert len(shown.choice.options) == 2 and "dog" in shown.written.value


def test_nothing_to_show_is_said():
    shown = Viewer([(GOOD, CONTEXT)])
    shown.only.value = True
    assert "No filter fired in any" in shown.written.value and shown.image.value == shown.seen.value == ""
    shown.only.value = False
    assert "✓ No filter fired" in shown.written.value


def test_choices_name_the_defects():
    labels = [label for label, _ in choices(SAMPLES, [[], check(BAD, CONTEXT)], False)]
    assert labels == ["p, conversation", "q, detail ✗ leakage, other"]


@pytest.mark.parametrize("shape", [(10, 20, 3), (600, 300, 3), (1, 700, 3)])
def test_pictures_keep_their_form(shape):
    page = picture_html(np.zeros(shape, np.uint8), 'a"b')
    data = b64decode(re.search(r"base64,([^\"]+)", page)[1])
    assert max(Image.open(io.BytesIO(data)).size) == SIDE and "a&quot;b" in page


def test_a_sample_without_turns_is_no_error():
    assert "What it wrote" in written_html(Sample("e", "e.png", "detail", ()), [])


@pytest.fixture
def still(monkeypatch):
    """The figures that were shown, and their descriptions."""
    shown = []
    monkeypatch.setattr(show, "show_figure", lambda figure, alt: shown.append((figure, alt)))
    return shown


def test_a_picture_in_words_has_its_boxes_and_all_of_its_text(still):
    show_in_words(PICTURES["p.png"], CONTEXT)
    (left, right), alt = still[0][0].axes, still[0][1]
    assert left.texts[0].get_text() == "dog" and left.patches[0].get_bbox().bounds == pytest.approx((2, 2, 4, 2))
    assert right.texts[0].get_text() == "a dog & a <b>cat</b>\n\ndog: [0.100, 0.200, 0.300, 0.400]" and "0.300" in alt


def test_samples_as_a_still_picture_say_what_was_written_and_what_fired(still):
    show_samples([(GOOD, CONTEXT), (Sample("p", "p.png", "detail", BAD.turns), CONTEXT)], PICTURES)
    good, bad = (row.texts[0].get_text() for row in still[0][0].axes[1::2])
    assert "Question: Is it red?" in good and "✓ No filter fired." in good
    assert "✗ leakage" in bad and "✗ leakage" in still[0][1]


def test_photographs_are_those_of_scikit_image_and_their_boxes_lie_inside():
    from skimage import data

    for name, context in photographs().items():
        assert getattr(data, name)().ndim == 3 and len(context.captions) == 5
        for box in context.boxes:
            assert 0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1
