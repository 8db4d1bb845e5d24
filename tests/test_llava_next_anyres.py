"""AnyRes by hand, equal to transformers' LLaVA-NeXT, on sizes of every kind."""

import random

import pytest
import torch

from course_lib.llava_next import anyres
from course_lib.llava_next.anyres import PINPOINTS

REAL = [(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)]  # of llava-v1.6, (height, width)


@pytest.fixture(scope="module")
def theirs():
    """transformers' functions; imported after the course, which makes torchvision importable."""
    from types import SimpleNamespace

    from transformers import image_processing_utils
    from transformers.models.llava_next import modeling_llava_next, processing_llava_next

    parts = (image_processing_utils, modeling_llava_next, processing_llava_next)
    return SimpleNamespace(**{name: value for part in parts for name, value in vars(part).items() if name[0] != "_"})


def sizes(count: int = 1000) -> list[tuple[int, int]]:
    rng = random.Random("sizes")
    return [(rng.randint(20, 1500), rng.randint(20, 1500)) for _ in range(count)]


@pytest.mark.parametrize("pinpoints", [list(PINPOINTS), REAL], ids=["pocket", "real"])
def test_the_resolution_is_transformers_on_a_thousand_sizes(theirs, pinpoints):
    for size in sizes():
        assert anyres.select_resolution(size, pinpoints) == theirs.select_best_resolution(size, pinpoints), size


def test_ten_thousand_odd_sizes_find_a_resolution(theirs):
    rng = random.Random("odd sizes")
    for _ in range(10_000):
        size = (rng.choice((1, 2, 3, rng.randint(1, 9000))), rng.choice((1, 5, rng.randint(1, 9000))))
        assert anyres.select_resolution(size) == theirs.select_best_resolution(size, list(PINPOINTS))


def test_height_comes_first():
    assert anyres.select_resolution((64, 128)) == (64, 128)
    assert anyres.select_resolution((128, 64)) == (128, 64)
    assert anyres.select_resolution((1200, 400), REAL) == (1008, 336)


def test_the_picture_fits_in_as_transformers_has_it(theirs):
    for size in sizes(100):
        picture = torch.ones(1, 3, *size)
        for resolution in PINPOINTS:
            fitted = anyres.resize_and_pad(picture, resolution)
            height, width = theirs.get_patch_output_size(picture[0].numpy(), resolution, theirs.ChannelDimension.FIRST)
            assert fitted.shape == (1, 3, *resolution)
            assert (fitted[0, 0].amax(1) > 0.5).sum() == height and (fitted[0, 0].amax(0) > 0.5).sum() == width


def test_tiles_come_row_by_row_and_go_back_to_their_places():
    pixels = torch.arange(2 * 3 * 8 * 12.0).view(2, 3, 8, 12)
    tiles = anyres.split_tiles(pixels, 4)
    assert tiles.shape == (2, 6, 3, 4, 4)
    assert torch.equal(tiles[:, 1], pixels[:, :, :4, 4:8]) and torch.equal(tiles[:, 3], pixels[:, :, 4:, :4])
    merged = anyres.merge_tiles(tiles.permute(0, 1, 3, 4, 2), 2)
    assert torch.equal(merged, pixels.permute(0, 2, 3, 1))
    with pytest.raises(ValueError, match="whole number of tiles"):
        anyres.split_tiles(pixels, 5)


def test_unpad_is_transformers_on_a_thousand_sizes(theirs):
    for size in sizes():
        rows, columns = theirs.get_anyres_image_grid_shape(size, REAL, 336)
        grid = torch.randn(3, rows * 24, columns * 24)
        expected = theirs.unpad_image(grid, size).permute(1, 2, 0)
        if expected.numel():
            assert torch.equal(anyres.unpad(grid.permute(1, 2, 0)[None], size)[0], expected), size


def test_what_is_too_thin_is_refused_in_words():
    with pytest.raises(ValueError, match="1 × 4000 pixels is too thin"):
        anyres.num_tokens((1, 4000))
    assert anyres.num_tokens((1, 1)) == 64 + 4 * 5 and anyres.num_tokens((5000, 5000)) == 136


def test_newlines_stand_behind_the_rows():
    tokens, newline = torch.randn(2, 3, 4, 5), torch.randn(5)
    out = anyres.add_newlines(tokens, newline)
    assert out.shape == (2, 15, 5)
    assert torch.equal(out[:, 4], newline.expand(2, 5)) and torch.equal(out[:, 5:9], tokens[:, 1])


def test_token_counts_are_the_processors_on_a_thousand_sizes(theirs):
    class Counter:  # what the processor needs of itself
        image_processor = type("Image", (), {"image_grid_pinpoints": REAL})
        patch_size, num_additional_image_tokens = 14, 0
        _get_unpadded_features = theirs.LlavaNextProcessor._get_unpadded_features

    for size in sizes():
        expected = theirs.LlavaNextProcessor._get_number_of_features(Counter(), *size, 336, 336)
        assert anyres.num_tokens(size, REAL, tile=336, aside=24, base=576) == expected


@pytest.mark.parametrize(
    "width, height, tokens",
    [(640, 480, 2340), (480, 640, 2352), (1920, 1080, 1948), (1000, 1000, 2928), (336, 336, 1176), (200, 800, 1944)],
)
def test_known_counts_of_the_real_model(width, height, tokens):
    assert anyres.num_tokens((height, width), REAL, tile=336, aside=24, base=576) == tokens


def test_known_counts_of_ours():
    assert [anyres.num_tokens(size) for size in ((128, 128), (64, 128), (128, 64))] == [136, 100, 104]
