"""Whatever picture a learner brings is understood, or refused in one sentence."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.clip.data.images import PictureError, middle_square, open_picture, prepare

RED, WHITE = (255, 0, 0), (255, 255, 255)


def encoded(picture: Image.Image, form: str = "PNG", **options) -> bytes:
    """The bytes of a file."""
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


def landscape(width: int = 60, height: int = 40) -> Image.Image:
    """A smooth picture, so that JPEG keeps it: red grows to the right, green downwards."""
    across, down = np.linspace(0, 255, width), np.linspace(0, 255, height)
    red, green = np.broadcast_to(across, (height, width)), np.broadcast_to(down[:, None], (height, width))
    return Image.fromarray(np.stack([red, green, np.full((height, width), 90.0)], axis=2).astype(np.uint8))


def one_sentence(error: Exception) -> bool:
    """Short, without a traceback, and ending as sentences do."""
    text = str(error)
    return 20 < len(text) < 200 and "\n" not in text and text.endswith(".")


def refused(source) -> str:
    """The sentence with which a picture is refused."""
    with pytest.raises(PictureError) as caught:
        prepare(source)
    assert one_sentence(caught.value), caught.value
    return str(caught.value)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_usual_files(form, tmp_path):
    file = tmp_path / f"picture.{form.lower()}"
    file.write_bytes(encoded(landscape(), form))
    opened = [np.asarray(open_picture(source)).astype(int) for source in (file, str(file), file.read_bytes())]
    assert opened[0].shape == (40, 60, 3) and all(np.array_equal(opened[0], other) for other in opened)
    assert np.abs(opened[0] - np.asarray(landscape())).mean() < 6  # GIF has 256 colours only
    ready = prepare(file)
    assert ready.shape == (3, 64, 64) and ready.dtype == torch.float32 and ready.isfinite().all()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_truncated(form, kept):
    content = encoded(landscape(300, 200), form)
    assert "damaged or was cut off" in refused(content[: int(len(content) * kept)])


def test_truncated_on_disk_and_opened_by_pillow(tmp_path):
    file = tmp_path / "holiday.jpg"
    content = encoded(landscape(300, 200), "JPEG")
    file.write_bytes(content[: len(content) // 2])
    assert refused(file).startswith("holiday.jpg is damaged")
    assert "damaged" in refused(Image.open(file))  # Pillow decodes late


def test_empty_missing_and_no_picture_at_all(tmp_path):
    file = tmp_path / "empty.png"
    file.touch()
    assert "empty.png is empty (0 bytes)" in refused(file) and "empty" in refused(b"")
    assert refused(tmp_path / "missing.png").startswith("missing.png can't be read")
    assert "can't be read" in refused(tmp_path) and "can't be read" in refused("a\0b.png")
    for content in (b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7 ...", bytes(1000)):
        assert "is no picture that can be read here" in refused(content)
    for thing in (None, 7, ["a.png"], torch.zeros(3, 4, 4)):
        assert "is no picture" in refused(thing)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "TIFF"])
def test_damaged_at_random(form):
    """Either a picture comes out, or a PictureError: nothing else, wherever the damage is."""
    rng, whole = random.Random(form), encoded(landscape(), form)
    outcomes = set()
    for _ in range(150):
        content = bytearray(whole)
        for _ in range(rng.randint(1, 12)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        try:
            outcomes.add(open_picture(bytes(content)).mode)
        except PictureError as error:
            outcomes.add("refused")
            assert one_sentence(error)
    assert outcomes <= {"RGB", "refused"} and "refused" in outcomes


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3)])
def test_tiny_and_very_long(size):
    content = encoded(Image.new("RGB", size, RED))
    assert np.asarray(middle_square(content, 64)).reshape(-1, 3).tolist() == [list(RED)] * 64 * 64
    assert prepare(content).shape == (3, 64, 64)


def png_header(width: int, height: int) -> bytes:
    """The beginning of a PNG that claims a size: enough to be refused by."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize("side", [12_000, 100_000])
def test_huge_is_refused_before_it_fills_the_memory(side):
    idat = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    assert "make it smaller" in refused(png_header(side, side) + idat)


def test_large_jpegs_are_decoded_small():
    content = encoded(Image.new("RGB", (6000, 4000), RED), "JPEG")
    opened = open_picture(content)
    assert opened.size == (3000, 2000) and prepare(content).shape == (3, 64, 64)


def test_cmyk_means_the_same_colours():
    picture = landscape().convert("CMYK")
    opened = np.asarray(open_picture(encoded(picture, "JPEG", quality=95))).astype(int)
    assert np.abs(opened - np.asarray(landscape())).mean() < 12


def test_sixteen_bits_keep_their_greys():
    greys = np.linspace(0, 65_535, 64 * 64).reshape(64, 64).astype(np.uint16)
    for source in (
        encoded(Image.fromarray(greys)),
        greys,
        Image.fromarray(greys),
        Image.fromarray(greys.astype("int32")),
    ):
        opened = np.asarray(open_picture(source)).astype(int)
        assert opened.shape == (64, 64, 3) and np.abs(opened[..., 0] - greys / 257).max() <= 1
    dark = Image.fromarray(np.full((4, 4), 6554, dtype=np.uint16))  # a tenth: stays dark
    assert np.asarray(open_picture(encoded(dark))).max() == 26


def test_palette_grey_and_black_and_white():
    for mode in ("P", "L", "1", "LA", "HSV", "YCbCr", "LAB"):
        picture = Image.new("RGB", (8, 8), RED).convert(mode) if mode != "LAB" else Image.new("LAB", (8, 8))
        assert open_picture(picture).mode == "RGB" and open_picture(picture).size == (8, 8)
    assert open_picture(encoded(Image.new("RGB", (8, 8), RED).convert("P"))).getpixel((3, 3)) == RED


def test_transparent_becomes_white():
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    half = Image.new("RGBA", (8, 8), (255, 0, 0, 128))
    assert open_picture(encoded(clear)).getpixel((0, 0)) == WHITE
    assert open_picture(np.asarray(clear)).getpixel((0, 0)) == WHITE
    assert open_picture(encoded(half)).getpixel((0, 0)) == (255, 127, 127)
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    assert open_picture(encoded(palette, transparency=0)).getpixel((0, 0)) == WHITE
    assert open_picture(encoded(Image.new("L", (8, 8), 40), transparency=40)).getpixel((0, 0)) == WHITE


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_taken(form):
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, (0, 255, 0), (0, 0, 255))]
    content = encoded(frames[0], form, save_all=True, append_images=frames[1:])
    red, green, blue = open_picture(content).getpixel((8, 8))
    assert red > 240 and green < 15 and blue < 15


@pytest.mark.parametrize(("orientation", "corner"), [(1, "nw"), (2, "ne"), (3, "se"), (4, "sw"), (6, "ne"), (8, "sw")])
def test_rotated_by_exif_stands_upright(orientation, corner):
    picture = Image.new("RGB", (60, 40), "white")
    picture.paste(RED, (0, 0, 20, 20))  # in the north-west, as stored
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = open_picture(encoded(picture, "JPEG", exif=exif, quality=95))
    assert opened.size == ((40, 60) if orientation in (6, 8) else (60, 40))
    x, y = 5 if "w" in corner else opened.width - 6, 5 if "n" in corner else opened.height - 6
    assert opened.getpixel((x, y))[0] > 200 > 60 > opened.getpixel((x, y))[1]


def test_broken_exif_does_no_harm():
    content = encoded(landscape(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + bytes(20))
    assert open_picture(content).size == (60, 40)


def test_arrays_of_all_kinds():
    exact = np.asarray(landscape())
    kinds = [exact, exact / 255, (exact / 255).astype("float32"), exact.astype("int64"), exact.astype("uint16") * 257]
    for array in kinds:
        assert np.array_equal(np.asarray(open_picture(array)), exact), array.dtype
    assert open_picture(np.eye(4, dtype=bool)).getpixel((0, 0)) == WHITE
    holes = np.full((4, 4), np.nan)
    assert open_picture(holes).getpixel((0, 0)) == (0, 0, 0)
    for shape in ((4,), (0, 4, 3), (4, 4, 2), (3, 8, 8), (1, 8, 8, 3)):
        assert "is no picture: [H, W]" in refused(np.zeros(shape))
    assert "should run from 0 to 1" in refused(exact.astype(float))  # 0–255 as floats
    assert "should run from 0 to 255" in refused(exact.astype(int) * 100)
    assert "is no picture" in refused(np.full((4, 4), "a"))


def test_the_middle_is_cut_out_and_nothing_is_stretched():
    picture = Image.new("RGB", (300, 100), "white")
    picture.paste(RED, (100, 0, 200, 100))  # the middle third
    assert np.asarray(middle_square(picture, 64))[8:-8, 8:-8].reshape(-1, 3).max(axis=0).tolist() == list(RED)


def test_what_is_prepared_is_what_training_saw():
    from course_lib.clip.data.images import normalise, to_tensor

    scene = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert torch.equal(prepare(scene), normalise(to_tensor(scene[None]))[0])


def test_the_callers_picture_is_left_alone():
    picture, array = landscape().convert("RGBA"), np.asarray(landscape()).copy()
    before = picture.tobytes(), array.copy()
    prepare(picture), prepare(array)
    assert picture.tobytes() == before[0] and picture.mode == "RGBA" and np.array_equal(array, before[1])
