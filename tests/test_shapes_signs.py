"""The shapes and signs that are drawn, not taken from an atlas."""

import hashlib

import numpy as np
import pytest

from course_lib.world.shapes import SHAPES, shape_sprites
from course_lib.world.signs import WORDS_TEST, WORDS_TRAIN, sign_sprite
from course_lib.world.stickers import COLOURS

SHAPES_SHA256 = "9cc6da924d171866e54c2860a57d0abeed11175fdbefa6cec1c4adfb64109ae6"
WORDS = (*WORDS_TRAIN, *WORDS_TEST)


def test_eighty_shapes_and_no_two_alike():
    sprites = shape_sprites()
    assert sprites.shape == (80, 48, 48, 4) and sprites.dtype == np.uint8
    assert len(SHAPES) * len(COLOURS) == len({sprite.tobytes() for sprite in sprites}) == 80


def test_colours_of_a_shape_share_its_outline():
    outlines = shape_sprites()[..., 3].reshape(len(SHAPES), len(COLOURS), 48, 48)  # [shape, colour, 48, 48]
    assert (outlines == outlines[:, :1]).all()
    assert len({outline[0].tobytes() for outline in outlines}) == len(SHAPES)


def test_shapes_are_the_same_bytes_everywhere():
    assert hashlib.sha256(shape_sprites().tobytes()).hexdigest() == SHAPES_SHA256


def test_training_reads_no_word_of_the_test():
    assert not set(WORDS_TRAIN) & set(WORDS_TEST)
    assert len(set(WORDS)) == len(WORDS)


@pytest.mark.parametrize("word", WORDS)
def test_a_sign_lies_inside_its_cell(word):
    alpha = sign_sprite(word, "blue")[..., 3]
    border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    assert (alpha == 255).any() and border.max() < 255  # a plate that is cut off would fill pixels of the border


@pytest.mark.parametrize("word", WORDS)
def test_letters_stand_clear_of_the_rim(word):
    sign = sign_sprite(word, "blue").astype(int)
    row = sign[19]  # through the middle of the plate
    white = (row[:, :3].min(axis=1) > 120) & (row[:, 3] > 0)
    columns = np.flatnonzero(row[:, 3] > 0)
    inside = white[columns[0] : columns[-1] + 1]
    assert not inside[2:4].any() and not inside[-4:-2].any()  # rim, then plate, then letters


def test_every_sign_says_something_else():
    assert len({sign_sprite(word, "blue").tobytes() for word in WORDS}) == len(WORDS)


def test_a_word_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="five letters fit"):
        sign_sprite("WATERMELONS", "red")
