"""`build --bundle`: the course in one zip, for notebooks that are opened without it. What notebooks fetch, without solutions."""

import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from course_lib.authoring.colab import release
from course_lib.session import REPO

NAME = "course_bundle.zip"
MOST_BYTES = 60_000_000  # what a person uploads without thinking about it
FOLDERS = ("course_lib", "data", "docs", "notebooks")
FILES = ("*.md", "*.txt", "LICENSE", "pyproject.toml")  # of the course's own folder
THE_SAME_DAY = (2026, 1, 1, 0, 0, 0)  # equal content makes an equal zip


def make(target: Path, root: Path = REPO) -> list[str]:
    """Write the zip; returns what is wrong with it. In it, everything lies in one folder with the release's name."""
    top = f"multimodal_from_scratch-{release(root / 'pyproject.toml').tag}"
    beside = target.with_name(f"{target.name}.part")
    beside.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(beside, "w") as bundle:
        for file in contents(root):
            entry = zipfile.ZipInfo(f"{top}/{file.relative_to(root).as_posix()}", THE_SAME_DAY)
            entry.compress_type = zipfile.ZIP_LZMA  # of weights 2.5 % less than deflated; zipfile unpacks it, too
            bundle.writestr(entry, file.read_bytes())
    beside.replace(target)
    if (size := target.stat().st_size) > MOST_BYTES:
        return [f"{target} has {size / 1e6:.1f} MB; at most {MOST_BYTES / 1e6:.0f} MB can be handed out."]
    print(f"✓ {target}: {size / 1e6:.1f} MB. Put it beside a notebook, or into your Drive (docs/COLAB.md).")
    return []


def contents(root: Path) -> Iterator[Path]:
    """The files of the bundle, in order. Solutions stay at home: a class gets this zip."""
    files = [file for pattern in FILES for file in root.glob(pattern)]
    files += [file for folder in FOLDERS for file in (root / folder).rglob("*")]
    for file in sorted(files):
        parts = file.relative_to(root).parts
        if file.is_file() and not any(fnmatch(part, pattern) for part in parts for pattern in LEFT_OUT):
            yield file


OF_THE_TEACHER = ("INSTRUCTORS.md", "SERVER.md", "*_config.py")
LEFT_OUT = ("__pycache__", ".ipynb_checkpoints", "*.tmp", "*.part", "contact_sheets", ".*", *OF_THE_TEACHER)
