"""Whatever labels a learner types are understood, or refused in one sentence."""

import numpy as np
import pytest

from course_lib.clip.pretrained import build_clip
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.clip.ui import MAX_LETTERS, LabelError, check_labels, probabilities, split_labels


def picture() -> np.ndarray:
    """Noise: what is in it does not matter here."""
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def test_labels_are_tidied():
    assert check_labels(" a cat ,a   dog,,\n a bird \n") == ["a cat", "a dog", "a bird"]
    assert check_labels(["a cat", "", "  ", "a cat", "A Cat", "dog"]) == ["a cat", "dog"]
    assert split_labels("cat, Cat, cat") == ["cat", "Cat", "cat"]
    assert check_labels(label for label in ("cat", "dog")) == ["cat", "dog"]
    assert check_labels("{}, {0}, 100 %, <b>") == ["{}", "{0}", "100 %", "<b>"]


def test_labels_in_other_scripts():
    assert check_labels("猫，狗、鸟") == ["猫", "狗", "鸟"]
    assert check_labels("قطة، كلب") == ["قطة", "كلب"]
    assert check_labels("κότα, кошка, 🐈, mèo") == ["κότα", "кошка", "🐈", "mèo"]
    assert check_labels(["me\u0301", "m\u00e9"]) == ["m\u00e9"]  # composed or not, it is one letter


@pytest.mark.parametrize("labels", ["", "  ", ",,\n,", [], ["", " "], ()])
def test_no_labels(labels):
    with pytest.raises(LabelError, match="no label yet") as caught:
        check_labels(labels)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("labels", [None, 5, [1, 2], ["cat", None]])
def test_labels_that_are_no_texts(labels):
    with pytest.raises(LabelError, match="Labels are texts"):
        check_labels(labels)


def test_an_over_long_label_is_named():
    with pytest.raises(LabelError, match=r"“xxxxx.*has 5,000 letters") as caught:
        check_labels(["cat", "x" * 5000])
    assert len(str(caught.value)) < 200
    assert check_labels("x" * MAX_LETTERS)


@pytest.fixture(scope="module")
def model():
    return build_clip()


def test_strange_labels_still_get_probabilities(model):
    labels = ["猫", "قطة", "🐈" * 3, "{}", "<end>", "cat", "<b>bold</b>", "%s"]
    ranked = probabilities(model, get_tokenizer(), picture(), labels)
    assert sorted(label for label, _ in ranked) == sorted(labels)
    assert sum(chance for _, chance in ranked) == pytest.approx(1, abs=1e-5)
    assert [chance for _, chance in ranked] == sorted((chance for _, chance in ranked), reverse=True)


@pytest.mark.slow
def test_ten_thousand_labels(model):
    ranked = probabilities(model, get_tokenizer(), picture(), [f"thing {i}" for i in range(10_000)])
    assert len(ranked) == 10_000 and sum(chance for _, chance in ranked) == pytest.approx(1, abs=1e-4)
