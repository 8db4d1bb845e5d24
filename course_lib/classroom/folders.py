"""What was handed in, as a tree of folders and files; archives are opened like folders, in memory, and nothing is unpacked.

A name that can't be read is kept, with the reason in `problem`: one odd file never stops the others.
"""

import contextlib
import io
import lzma
import os
import stat
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

LARGEST = 300_000_000  # bytes of a file, also of one in an archive that claims to be small
LARGEST_BESIDE = 5_000_000  # bytes of what is neither notebook nor archive in a tar, which must be read at once
DEEPEST = 40  # folders and archives in each other
TARS = (".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")
ARCHIVES = (*TARS, ".zip")
CLOSED = (".rar", ".7z", ".gz", ".bz2", ".xz", ".zst")  # archives that Python does not open
NEVER = ("__MACOSX", "__pycache__", "node_modules", "site-packages", "venv")  # nobody hands these in on purpose
CHECKPOINTS = ".ipynb_checkpoints"
DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
    *(EOFError, ValueError, KeyError, IndexError, OverflowError, MemoryError, RecursionError),
)


class Unreadable(Exception):
    """Its text says why."""


@dataclass
class File:
    """A file on the disk or in an archive."""

    path: Path  # in an archive: the archive's own path and the name within
    modified: float = 0.0
    open: Callable[[], BinaryIO] = io.BytesIO
    problem: str = ""

    def content(self) -> bytes:
        """All of it. `Unreadable`."""
        if self.problem:
            raise Unreadable(self.problem)
        with reasons(), self.open() as stream:
            content = stream.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise Unreadable(f"larger than {LARGEST // 1_000_000} MB")
        return content


@dataclass
class Folder:
    """A folder, or an archive as if it were unpacked."""

    path: Path
    folders: list["Folder"] = field(default_factory=list)
    files: list[File] = field(default_factory=list)

    def all_files(self) -> Iterator[File]:
        """Those in folders below, too."""
        yield from self.files
        for folder in self.folders:
            yield from folder.all_files()

    def add(self, file: File, depth: int) -> None:
        """Take the file in; an archive as a folder. One that can't be opened stays a file, with the reason."""
        if file.path.name.lower().endswith(CLOSED) and not file.path.name.lower().endswith(ARCHIVES):
            file.problem = file.problem or "an archive that the course can't open: unpack it"
        elif not file.problem and is_archive(file):
            try:
                self.folders.append(unpacked(file, depth + 1))
                return
            except Unreadable as error:
                file.problem = str(error)
        self.files.append(file)


@contextlib.contextmanager
def reasons() -> Iterator[None]:
    """Turn what goes wrong with files and archives into `Unreadable`."""
    try:
        yield
    except OSError as error:
        raise Unreadable(f"can't be read ({error.strerror or error})") from None
    except NotImplementedError:  # zipfile's, of a compression that it does not know
        raise Unreadable("packed in a way that can't be opened here: unpack it") from None
    except DAMAGED:
        raise Unreadable("a damaged archive") from None
    except RuntimeError:  # zipfile's, of a file that is encrypted
        raise Unreadable("locked with a password") from None


def scan(path: Path) -> Folder:
    """The tree below a folder, or in an archive."""
    if path.is_dir():
        return scanned(path, [])
    return unpacked(File(path, open=lambda: open(path, "rb")), 0)


def scanned(folder: Path, above: list[Path]) -> Folder:
    """A folder on the disk. `above`: those that it lies in, from the outermost."""
    found = Folder(folder)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        found.files.append(File(folder, problem=f"can't be read ({error.strerror})"))
        return found
    for entry in entries:
        path = folder / entry.name
        if is_passed_over(entry.name):
            continue
        problem = link_problem(path, [*above, folder]) if entry.is_symlink() else ""
        if problem or not path.is_dir():
            found.add(on_disk(path, problem), len(above))
        elif len(above) < DEEPEST:
            found.folders.append(scanned(path, [*above, folder]))
        else:
            found.files.append(File(path, problem=f"more than {DEEPEST} folders deep"))
    return found


def on_disk(path: Path, problem: str) -> File:
    """A file on the disk; what is no file (a pipe would never end) is a problem."""
    try:
        state = path.stat()
    except OSError as error:
        return File(path, problem=problem or f"can't be read ({error.strerror})")
    problem = problem or ("" if stat.S_ISREG(state.st_mode) else "no file, but a device or a pipe")
    return File(path, state.st_mtime, lambda: open(path, "rb"), problem)


def link_problem(path: Path, above: list[Path]) -> str:
    """Why a link is not followed: it leads nowhere, in a circle, or from what one student handed in to somewhere else."""
    target = Path(os.path.realpath(path))
    if not target.exists():
        return "a link that leads nowhere"
    if any(target == Path(os.path.realpath(folder)) for folder in above):
        return "a link that leads in a circle"
    if len(above) > 1 and not target.is_relative_to(os.path.realpath(above[1])):
        return "a link to something that was not handed in with it"
    return ""


def is_passed_over(name: str) -> bool:
    """Hidden files, and what systems and tools add. Jupyter's own copies are looked at, to be named."""
    return name in NEVER or (name.startswith(".") and name != CHECKPOINTS)


def is_archive(file: File) -> bool:
    """By its name; also what is called a notebook, and is a zip."""
    name = file.path.name.lower()
    if name.endswith(ARCHIVES):
        return True
    if ".ipynb" not in name:
        return False
    with contextlib.suppress(Exception), file.open() as stream:
        return stream.read(4) == b"PK\x03\x04"
    return False


def unpacked(archive: File, depth: int) -> Folder:
    """What lies in an archive. `Unreadable`."""
    if depth > DEEPEST:
        raise Unreadable(f"more than {DEEPEST} archives deep")
    root = Folder(archive.path)
    folders = {(): root}

    def folder_at(parts: tuple[str, ...]) -> Folder:
        if parts not in folders:
            folders[parts] = Folder(root.path.joinpath(*parts))
            folder_at(parts[:-1]).folders.append(folders[parts])
        return folders[parts]

    with reasons():
        members = list(tar_members(archive) if archive.path.name.lower().endswith(TARS) else zip_members(archive))
    for name, member in members:
        parts = tuple(part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..", "."))
        if not parts or len(parts) > DEEPEST or any(map(is_passed_over, parts)):
            continue
        if member is None:
            folder_at(parts)
        else:
            member.path = root.path.joinpath(*parts)
            folder_at(parts[:-1]).add(member, depth)
    return root


def zip_members(archive: File) -> Iterator[tuple[str, File | None]]:
    """(name, file) of a zip's members, None for a folder."""

    def opener(member: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
        def read() -> BinaryIO:
            with archive.open() as stream, zipfile.ZipFile(stream) as opened, opened.open(member) as content:
                return io.BytesIO(content.read(LARGEST + 1))

        return read

    with archive.open() as stream, zipfile.ZipFile(stream) as opened:
        for member in opened.infolist():
            name = member.filename
            if not member.flag_bits & 0x800:  # no mark for UTF-8, which macOS writes all the same
                with contextlib.suppress(UnicodeError):
                    name = name.encode("cp437").decode("utf-8")
            link = stat.S_ISLNK(member.external_attr >> 16)
            changed = time.mktime((*member.date_time, 0, 0, -1)) if member.date_time[0] > 1980 else 0.0
            file = File(archive.path, changed, opener(member), "a link, and not the file itself" if link else "")
            yield name, None if member.is_dir() else file


def tar_members(archive: File) -> Iterator[tuple[str, File | None]]:
    """(name, file) of a tar's members, None for a folder. Read at once, as a tar can't be entered in its middle."""
    with archive.open() as stream, tarfile.open(fileobj=stream, mode="r:*") as opened:
        for member in opened:
            name = member.name
            if member.isdir():
                yield name, None
            elif not member.isfile():
                yield name, File(archive.path, problem="a link, and not the file itself")
            elif member.size > (LARGEST if name.lower().endswith((".ipynb", *ARCHIVES)) else LARGEST_BESIDE):
                yield name, File(archive.path, member.mtime, problem="too large to be read in a tar: unpack it")
            elif not any(map(is_passed_over, PurePosixPath(name).parts)):
                content = opened.extractfile(member).read()
                yield name, File(archive.path, member.mtime, lambda content=content: io.BytesIO(content))
