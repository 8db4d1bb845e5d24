"""`doctor`: what is there, what is missing, and the one command that mends it."""

import argparse
import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from course_lib import session
from course_lib.cli import environment
from course_lib.cli.packages import GB
from course_lib.surroundings import plain

START = "python -m course_lib start"
REBUILD = "python -m course_lib start --rebuild"
DIRECT = re.compile(r"^([A-Za-z0-9_.-]+)", re.MULTILINE)
STATES = {
    "complete": (True, "complete", ""),
    "missing": (False, "not made yet", START),
    "unfinished": (False, "interrupted half way, or its Python is gone", START),
    "outdated": (False, "made from other lists than requirements*.txt and constraints.txt of today", START),
}
ASK_DEVICE = "from course_lib import session; print(*session.best_device(), sep='; ')"


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    ok: bool
    what: str
    says: str
    mend: str = ""  # the command that mends it


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def main(args: argparse.Namespace) -> int:
    """Print all findings, then the one command that mends what is wrong; exit code 1 if something is."""
    findings = examine(session.REPO)
    for finding in findings:
        print(f"{'✓' if finding.ok else '✗'} {finding.what}: {finding.says}")
    wrong = [finding for finding in findings if not finding.ok]
    commands = [finding.mend for finding in wrong if finding.mend]
    if commands:
        print(f"To mend it: {' && '.join(dict.fromkeys(c for c in commands if c != START or REBUILD not in commands))}")
    print(f"{len(wrong)} thing{'s' * (len(wrong) != 1)} to mend." if wrong else "Everything is as it should be.")
    return 1 if wrong else 0


def examine(root: Path) -> list[Finding]:
    """All findings, the quick ones first. Nothing is changed."""
    current = environment.uses_current()
    findings = [Finding(True, "Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")]
    findings += [disk(root), folder(session.home()), tier(), shipped(root)]
    if current:
        findings.append(Finding(True, "environment", f"the current one, {sys.prefix}"))
    else:
        ok, says, mend = STATES[environment.state(root)]
        findings.append(Finding(ok, "environment .venv", says, mend))
    python = Path(sys.executable) if current else environment.interpreter(root)
    if python.exists():
        findings += [versions(root, python, exact=not current), device(python)]
    return findings


def disk(root: Path) -> Finding:
    """One GB is room enough to work, once the environment is made."""
    free = shutil.disk_usage(root).free / GB
    return Finding(free > 1, "disk", f"{free:.1f} GB free" + ("" if free > 1 else "; the lessons need 1 GB"))


def folder(home: Path) -> Finding:
    """Can the learner's folder be written to?"""
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / "doctor.tmp").write_text("")
        (home / "doctor.tmp").unlink()
    except OSError as error:
        return Finding(
            False, "your folder", f"{home} can't be written to ({error.strerror}); set COURSE_HOME to another"
        )
    return Finding(True, "your folder", str(home))


def tier() -> Finding:
    """Which tier lessons will use, and why."""
    name, reason = session.tier()
    return Finding(True, "tier", f"{name} ({reason})")


def shipped(root: Path) -> Finding:
    """Are the files of data/ that git knows all there, and those of the manifest whole?"""
    command = ["git", "-C", str(root), "ls-files", "--deleted", "data"]
    try:
        lost = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20).stdout.split()
    except (OSError, subprocess.TimeoutExpired):  # no git: a downloaded archive
        lost = []
    lost += [name for name in damaged(root) if name not in lost]
    says = f"{len(lost)} files are missing or damaged, such as {lost[0]}" if lost else "complete"
    return Finding(not lost, "shipped data", says, "git checkout -- data")


def damaged(root: Path) -> list[str]:
    """Files whose SHA-256 is not the one in data/manifest.json."""
    try:
        manifest = json.loads((root / "data" / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # a copy of the folders alone
        return []
    there = {name: root / name for name in manifest if (root / name).exists()}
    return [
        name
        for name, file in there.items()
        if hashlib.sha256(file.read_bytes()).hexdigest() != manifest[name]["sha256"]
    ]


def versions(root: Path, python: Path, exact: bool) -> Finding:
    """The packages the course asks for: all there? And, in its own environment, in the versions that were tested?"""
    wanted = {name for file in environment.LISTS[:2] for name in listed(root / file)}
    if not exact:
        wanted = set(listed(root / environment.LISTS[0]))
    pins = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (root / environment.LISTS[2]).read_text(encoding="utf-8"), re.M))
    pins = {plain(name): version for name, version in pins.items()}
    have = installed(python)
    missing = sorted(name for name in wanted if name not in have)
    other = [
        f"{name} {have[name]} (tested: {pins[name]})"
        for name in sorted(wanted & have.keys() & pins.keys())
        if have[name].split("+")[0] != pins[name]
    ]
    core = ", ".join(
        f"{name} {have[name]}" for name in ("torch", "torchvision", "transformers", "numpy") if name in have
    )
    says = (
        core
        + (f"; missing: {', '.join(missing)}" if missing else "")
        + (f"; other: {', '.join(other)}" if other else "")
    )
    mend = REBUILD if exact else f"{python} -m pip install -r requirements.txt"
    return Finding(not missing and not (other and exact), "packages", says.lstrip("; "), mend)


def listed(file: Path) -> list[str]:
    """The packages that a requirements file names."""
    return [plain(name) for name in DIRECT.findall(file.read_text(encoding="utf-8"))]


def installed(python: Path) -> dict[str, str]:
    """Name → version of what is installed beside an interpreter."""
    if python == Path(sys.executable):
        found = distributions()
    else:
        base = python.parents[1]
        found = distributions(
            path=[str(path) for path in (*base.glob("lib/python3*/site-packages"), base / "Lib/site-packages")]
        )
    return {plain(one.metadata["Name"]): one.version for one in found if one.metadata["Name"]}


def device(python: Path) -> Finding:
    """What torch can use, asked of the environment's own interpreter; and does torch start at all?"""
    answer = subprocess.run(
        [python, "-c", ASK_DEVICE], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        cwd=session.REPO, env=environment.variables(),
    )  # fmt: skip
    if answer.returncode:
        last = answer.stderr.strip().splitlines()[-1:] or ["no reason given"]
        return Finding(False, "device", f"torch does not start: {last[0]}", REBUILD)
    return Finding(True, "device for pretrained weights", answer.stdout.strip())
