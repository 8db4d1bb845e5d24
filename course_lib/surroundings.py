"""What a notebook's set-up cell does once it has found the course: packages, versions, and one line on the machine."""

import importlib
import re
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, distributions, packages_distributions, version
from pathlib import Path

import course_lib
from course_lib import session
from course_lib.common import pip_settings

REQUIREMENT = re.compile(r"^([\w.-]+)>=([\d.]+)", re.MULTILINE)


def prepare(tag: str) -> None:
    """Add what is missing on Colab, name what is too old, and end with tier, GPU, number format and the reasons.

    `tag` is the release that the notebook was built for, such as "v0.1.0". Run again, it finds all done and changes nothing.
    """
    if numbers(course_lib.__version__) < numbers(tag):
        sys.exit(
            "An older course_lib is loaded. Restart the kernel (Colab: Runtime → Restart session) and run this again."
        )
    missing, outdated = probe(session.REPO / "requirements.txt")
    if missing and session.on_colab():
        missing = add(missing)
    if missing:
        print(f"✗ Missing: {', '.join(missing)}. {advice()}")
    for name, installed, required in outdated:
        print(
            f"✗ {name} is {installed}, and the course was made for {required} or newer. It is left as it is. {advice()}"
        )
    print(f"✓ course_lib {course_lib.__version__}: {session.machine()}")


def advice() -> str:
    """How to get packages right, here."""
    if session.on_colab():
        return "Runtime → Disconnect and delete runtime gives a fresh machine; docs/COLAB.md says more."
    return "`python -m course_lib start` makes an environment that has everything."


def probe(file: Path) -> tuple[list[str], list[tuple[str, str, str]]]:
    """(requirements of which nothing is installed, [(name, version that is there, version that is asked for), …]).

    Versions are read, nothing is imported: a package that can be imported may still be too old.
    """
    missing, outdated = [], []
    wanted = (
        file.read_text(encoding="utf-8") if file.exists() else ""
    )  # a copy of the folders alone has no list, and runs
    for name, required in REQUIREMENT.findall(wanted):
        try:
            if numbers(installed := version(name)) < numbers(required):
                outdated.append((name, installed, required))
        except PackageNotFoundError:
            missing.append(f"{name}>={required}")
    return missing, outdated


def try_all(lists: list[str]) -> None:
    """Import every package that these requirement files name, printing each before it; then a "✗" for each that is not right.

    That is, one which is missing, does not start, or comes from outside this environment.
    """
    modules = {}
    for module, packages in packages_distributions().items():
        for package in packages:
            modules.setdefault(plain(package), []).append(module)
    for file in lists:
        for name in re.findall(r"^[\w.-]+", Path(file).read_text(encoding="utf-8"), re.MULTILINE):
            print(name, flush=True)  # an extension that ends Python is the last one named
            if fault := try_one(sorted(modules.get(plain(name), []), key=lambda module: module.startswith("_"))):
                print(f"✗ {name} {fault}", flush=True)


def try_one(modules: list[str]) -> str:
    """What is wrong with a package of these modules, of which the first is imported; "" where all is well."""
    if not modules:
        return "is not there"
    try:
        module = importlib.import_module(modules[0])
    except Exception as error:  # an extension may raise anything
        return f"does not start ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
    place = Path(module.__file__ or next(iter(module.__path__))).absolute()
    return "" if place.is_relative_to(sys.prefix) else f"is that of {place.parent}, outside the environment"


def plain(name: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def numbers(text: str) -> tuple[int, ...]:
    """ "v2.11.0+cu128" → (2, 11, 0)."""
    return tuple(int(part) for part in re.match(r"v?([\d.]*)", text)[1].split(".") if part)


def add(missing: list[str]) -> list[str]:
    """Install these and change nothing that is there: pip is held to all present versions. Returns what it could not do."""
    held = {item.metadata["Name"]: item.version for item in distributions() if item.metadata["Name"]}
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "as_it_is.txt"
        constraints.write_text("".join(f"{name}=={installed}\n" for name, installed in held.items()), encoding="utf-8")
        command = [*pip_settings.pip(sys.executable), "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*command, "-c", str(constraints), *missing], capture_output=True, text=True, check=False,
            env=pip_settings.variables(sys.executable),
        )  # fmt: skip
    importlib.invalidate_caches()
    if done.returncode:
        print(f"pip said: {(done.stderr.strip().splitlines() or ['nothing'])[-1]}")
        return missing
    print(f"Added {', '.join(missing)}; nothing else was changed.")
    return []
