"""The pictures of a written data set: sticker scenes, drawn under the names that its records use."""

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from course_lib import show
from course_lib.common.errors import Problem
from course_lib.world.coco import scene_of
from course_lib.world.render import render


def check_folder(folder: Path) -> None:
    """Make the folder for pictures. `Problem`, before anything is asked and paid, if it takes no files."""
    trial = folder / "trial.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not trial.exists():
            _write(trial, b"")
            trial.unlink()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", "") or error
        raise Problem(
            f"--images is {folder}, where no picture can be written: {reason}. Give another folder."
        ) from None


def draw(names: Sequence[str], folder: Path, size: int) -> int:
    """Draw the scene of each file name in `size` × `size` pixels; returns how many were drawn.

    A picture that is there already, whole and in this size, stays, so that an interrupted run goes on. `Problem` where the disk fails.
    """
    from tqdm.auto import tqdm

    missing = [name for name in names if not _is_drawn(folder / name, size)]
    for number, name in enumerate(tqdm(missing, unit="picture", disable=not show.somebody_watches(), leave=False)):
        stream = io.BytesIO()
        Image.fromarray(render(scene_of(name), size).image).save(stream, "PNG")
        try:
            _write(folder / name, stream.getvalue())
        except OSError as error:
            says = f"{folder / name} can't be written: {error.strerror}. {len(missing) - number:,} pictures are missing"
            raise Problem(f"{says}; the same command goes on with them, and asks nothing again.") from None
    return len(missing)


def _write(file: Path, content: bytes) -> None:
    """Write beside the file, then rename: a kill leaves no half picture under its name. OSError."""
    beside = file.with_name(f"{file.name}.tmp")
    beside.write_bytes(content)
    beside.replace(file)


def _is_drawn(file: Path, size: int) -> bool:
    """Is there a picture of this size that can be read to its end?"""
    with contextlib.suppress(OSError, ValueError, SyntaxError), Image.open(file) as picture:  # Pillow has all three
        picture.load()
        return picture.size == (size, size)
    return False
