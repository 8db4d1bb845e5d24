"""`bake`: the shipped checkpoints, made again from their seed."""

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from course_lib.cli.registry import BAKES, find
from course_lib.common import processes
from course_lib.common.errors import Problem
from course_lib.common.files import write_atomically
from course_lib.session import REPO

SHIPPED = REPO / "data" / "checkpoints"
MANIFEST = REPO / "data" / "manifest.json"
FINISHED = "finished"
STOPPED = 130  # the exit code of a command that Ctrl-C has ended


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """NAME, --all, --manifest, --out."""
    parser.add_argument("name", nargs="?", metavar="NAME", help=", ".join(BAKES))
    parser.add_argument("--all", action="store_true", help="make, in order, all that is missing, damaged or outdated")
    parser.add_argument("--dry-run", action="store_true", help="with --all: only say what would be made, and how long")
    parser.add_argument("--manifest", action="store_true", help="only write data/manifest.json anew")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="folder (default: data/checkpoints)")


def main(args: argparse.Namespace) -> int:
    """Write the checkpoint and its card into the folder. Interrupted, it goes on when called again."""
    if args.all:
        return bake_all(args.out.resolve(), args.dry_run)
    if not args.manifest and not args.name:
        raise Problem(f"Which checkpoint? Give --all, or one of {', '.join(BAKES)}.")
    from course_lib.checkpoints import FOLDER

    if not args.manifest and args.out.resolve() != FOLDER.resolve():
        return bake_elsewhere(args.name, args.out.resolve())
    finished = args.manifest or bake_one(args.name, args.out)
    if args.out == SHIPPED and finished:
        from course_lib.cli import artefacts

        artefacts.write_manifest(MANIFEST)
    return 0 if finished else STOPPED


def bake_one(name: str, folder: Path) -> bool:
    """Make one, of what the folder holds; False if it was stopped.

    What its training leaves on the way is kept until checkpoint and card are written, or until the recipe, the world or an
    input has changed: then it begins afresh.
    """
    function = find(BAKES, name, "checkpoint")
    from course_lib.cli import artefacts
    from course_lib.training import states_kept

    file = artefacts.file_of(name, folder)
    with alone(name, folder):
        if not begin(name, folder, artefacts.identity(name, folder)):
            return True
        before = stamp(file)
        try:
            with states_kept():
                function(folder)
        except OSError as error:
            raise Problem(
                f"{name} can't be written into {folder}: {error.strerror or error}. What is trained is kept; "
                f"make room, or give another --out, and `bake {name}` goes on."
            ) from None
        if stamp(file) == before:
            return False
        artefacts.complete_card(name, folder)
        tidy(name, folder)
    return True


def begin(name: str, folder: Path, identity: str) -> bool:
    """Write down what is being made. False if it was made before, and only tidying up was interrupted.

    What another recipe, world or input has left half-done is thrown away: going on from it would be neither the one nor the other.
    """
    note = folder / f"{name}.begun"
    written = note.read_text(encoding="utf-8") if note.exists() else ""
    if written == FINISHED:
        tidy(name, folder)
        return False
    if written != identity:
        if left := halves(name, folder):
            print(f"{name} was begun with another recipe, world or input. It begins afresh.")
        for file in left:
            file.unlink()
        write_atomically(note, identity.encode())
    return True


def halves(name: str, folder: Path) -> list[Path]:
    """What a bake leaves on the way: states of its training, and the weights and cards of its stages."""
    finished = {f"{name}.{end}" for end in ("safetensors", "json", "begun")}
    return [file for file in folder.glob(f"{name}.*") if file.name not in finished]


def tidy(name: str, folder: Path) -> None:
    """Remove what a finished bake has left on the way; killed meanwhile, it is known to be finished."""
    note = folder / f"{name}.begun"
    write_atomically(note, FINISHED.encode())
    for file in halves(name, folder):
        file.unlink()
    note.unlink()


@contextlib.contextmanager
def alone(name: str, folder: Path) -> Iterator[None]:
    """One process at a time bakes into a folder. `Problem` if another one does, or if it can't be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        stream = open(folder / ".bake.lock", "w")  # noqa: SIM115  (open as long as the lock is held)
    except OSError as error:
        raise Problem(f"{folder} can't be written to ({error.strerror}). Give another folder with --out.") from None
    with stream:
        if not processes.try_lock(stream.fileno()):
            raise Problem(f"Another process is baking into {folder}. Wait for it, or give {name} another --out.")
        yield


def stamp(file: Path) -> tuple[int, int] | None:
    """What changes whenever a file is written anew; None if there is none."""
    return (file.stat().st_ino, file.stat().st_mtime_ns) if file.exists() else None


def bake_elsewhere(name: str, folder: Path) -> int:
    """Make one in another folder, of what that folder holds; inputs that it lacks are the shipped ones."""
    from course_lib.cli.artefacts import file_of
    from course_lib.common.processes import stop_request

    find(BAKES, name, "checkpoint")
    with alone(name, folder):
        for one in BAKES[name].inputs:
            if not file_of(one, folder).exists():
                print(f"{one} is not in {folder}: the shipped one is copied there.", flush=True)
                for part in SHIPPED.glob(f"{one}.*"):
                    write_atomically(folder / part.name, part.read_bytes())
    with stop_request():  # Ctrl-C is the child's: it saves its state, and must not be killed meanwhile
        return own_process(name, folder)


def own_process(name: str, folder: Path) -> int:
    """`bake NAME` in a process that reads the other checkpoints from the folder, too. Returns its exit code."""
    variables = {**os.environ, "COURSE_CHECKPOINTS": str(folder), "COURSE_NO_VENV": "1"}
    command = [sys.executable, "-m", "course_lib", "bake", name, "--out", str(folder)]
    return subprocess.call(command, cwd=REPO, env=variables)


def bake_all(folder: Path, dry_run: bool) -> int:
    """Make what is not current, one after the other. What can't be made holds up only what is made of it."""
    from course_lib.cli import artefacts
    from course_lib.common.processes import stop_request

    wanted = outdated(folder)
    print(f"{len(BAKES) - len(wanted)} of {len(BAKES)} are current. {estimate(wanted)}", flush=True)
    for name, reasons in wanted.items():
        print(f"  {name}: {'; '.join(reasons)}", flush=True)
    failed: list[str] = []
    with stop_request() as stop:
        for name in [] if dry_run else wanted:
            if any(one in failed for one in BAKES[name].inputs):
                failed.append(name)
                continue
            if not artefacts.problems(name, folder):  # what it is made of came out as it was
                print(f"{name} is current after all.", flush=True)
                continue
            print(f"Baking {name} …", flush=True)
            code = own_process(name, folder)
            if stop.is_set() or code == STOPPED:
                raise Problem(f"{name} is not finished. The same command goes on where it was.")
            failed += [name] if code else []
    if failed:
        raise Problem(f"Not made: {', '.join(failed)}; why is said above. The same command goes on with them.")
    return 0


def outdated(folder: Path) -> dict[str, list[str]]:
    """Name → why it must be made: by itself, or because something that it is made from must."""
    from course_lib.cli import artefacts

    reasons_of: dict[str, list[str]] = {}
    for name in BAKES:
        reasons = artefacts.problems(name, folder)
        reasons += [f"{one} is made anew" for one in BAKES[name].inputs if one in reasons_of]
        if reasons:
            reasons_of[name] = reasons
    return reasons_of


def estimate(names) -> str:
    """A sentence: how long these take, as the shipped cards say."""
    from course_lib.checkpoints import read_card
    from course_lib.cli.artefacts import file_of

    weights = [file for name in names if (file := file_of(name, SHIPPED)).suffix == ".safetensors"]
    known = {file.stem: read_card(file)["minutes"] for file in weights if file.with_suffix(".json").exists()}
    unknown = [file.stem for file in weights if file.stem not in known]
    beside = f", and {', '.join(unknown)}, whose time no card says" if unknown else ""
    return f"To make: {len(names)}, about {sum(known.values()):.0f} minutes as on the machines of their cards{beside}."
