# Set-up: run this first, everywhere. It finds the course (or fetches it), and says what it will run on.
import importlib.util
import os
import re
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

TIER = ""  # @param ["", "pocket", "full"]
KEEP_ON_DRIVE = False  # @param {"type": "boolean"}
REPOSITORY, TAG = "", "v0.0.0"
COURSE = Path(f"multimodal_from_scratch-{TAG}")  # where it is unpacked, if it must be
DRIVE = Path(os.environ.get("COURSE_DRIVE", "/content/drive/MyDrive"))


def course_version(folder):
    """(0, 1, 0), say; () where the folder holds no course_lib."""
    file = folder / "course_lib" / "__init__.py"
    found = re.search(r'__version__ = "([\d.]+)"', file.read_text(encoding="utf-8") if file.exists() else "")
    return tuple(map(int, found[1].split("."))) if found else ()


def find_course():
    """The folder with a course_lib that is not older than this notebook, or None."""
    known = importlib.util.find_spec("course_lib")
    places = [Path(known.origin).parents[1]] if known and known.origin else []
    places += [Path.cwd(), *Path.cwd().parents, COURSE.absolute()]
    return next((place for place in places if course_version(place) >= tuple(map(int, TAG[1:].split(".")))), None)


def fetch_course():
    """Unpack the course here: from its repository, else from a course_bundle.zip. Returns what went wrong."""
    beside = [folder / "course_bundle.zip" for folder in (Path.cwd(), DRIVE, DRIVE / "Colab Notebooks")]
    zips = [f"https://github.com/{REPOSITORY}/archive/refs/tags/{TAG}.zip"] if REPOSITORY else []
    failed = []
    for source in [*zips, *(file.as_uri() for file in beside if file.exists())]:
        try:
            with tempfile.TemporaryDirectory(dir=".") as scratch:  # whole or not at all
                file = Path(scratch) / "course.zip"
                with urllib.request.urlopen(source, timeout=60) as reply:
                    file.write_bytes(reply.read())
                zipfile.ZipFile(file).extractall(scratch)
                next(Path(scratch).glob("*/course_lib")).parent.rename(COURSE)
            return ""
        except (OSError, ValueError, StopIteration, zipfile.BadZipFile) as error:
            failed.append(f"{source} gave no course ({str(error) or 'no course_lib in it'}). ")
    return "".join(failed)


if TIER:
    os.environ["COURSE_TIER"] = TIER
if KEEP_ON_DRIVE and "COLAB_RELEASE_TAG" in os.environ:
    from google.colab import drive

    drive.mount(str(DRIVE.parent))
problem = "" if find_course() else fetch_course()
if not find_course():
    sys.exit(
        f"course_lib {TAG[1:]} is not here. {problem}Open this notebook in the course's folder; or put course_bundle.zip "
        "beside it (on Colab: into the Files panel, or into your Drive, with KEEP_ON_DRIVE ticked) and run this cell again."
    )
sys.path.insert(0, str(find_course()))

from course_lib.surroundings import prepare

prepare(TAG)
