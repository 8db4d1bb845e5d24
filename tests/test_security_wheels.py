"""Where the wheels of constraints.txt hook in: no command and no plugin of theirs begins in a module that reads pickles."""

import ast
import json
import re
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

from course_lib.session import REPO

READERS = {"pickle", "cPickle", "_pickle", "dill", "joblib", "marshal", "shelve", "cloudpickle"}
SAFE = {"weights_only": True, "allow_pickle": False}  # any other value lets a reader run what it reads
IMPORTERS = {"import_module", "__import__"}
NOTHING_TO_READ = "no source to read"
KNOWN = {  # module → why the course never comes there
    "torch.distributed.flight_recorder.fr_trace": "`torchfrtrace` reads what a cluster left behind when it hung: a command "
    "of its own, which the course neither calls nor names",
    "setuptools.command.bdist_egg": "writes eggs, with marshal: pip installs wheels, and the course builds no package",
    "numpy._core.lib.pkgconfig": "a folder with a text file for C compilers: the course compiles nothing",
    "huggingface_hub.HfFileSystem": "a class, not a module: fsspec's for addresses that begin with hf://, which the course opens nowhere",
}


def plain(name: str) -> str:
    """A distribution's name as pip compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def constrained() -> set[str]:
    """The names in constraints.txt."""
    lines = (REPO / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {plain(re.match(r"[\w.-]+", line)[0]) for line in lines if line and not line.startswith("#")}


def hooks(wheel: Distribution) -> dict[str, str]:
    """Module → who calls it: entry points (commands, kernels, exporters, pytest's plugins …) and extensions of Jupyter's server."""
    found = {point.module: f"{point.group}: {point.name}" for point in wheel.entry_points}
    for file in wheel.files or []:
        if file.parent.name == "jupyter_server_config.d":
            settings = json.loads(Path(wheel.locate_file(file)).read_text(encoding="utf-8"))
            found |= dict.fromkeys(settings["ServerApp"]["jpserver_extensions"], "Jupyter's server")
    return found


def source(wheel: Distribution, module: str) -> str | None:
    """The module's text. It is looked up, not imported: an import would run it."""
    place = module.replace(".", "/")
    files = [Path(wheel.locate_file(name)) for name in (f"{place}.py", f"{place}/__init__.py")]
    return next((file.read_text(encoding="utf-8") for file in files if file.exists()), None)


def pickle_readers(text: str) -> list[str]:
    """What of this source imports a reader of pickles, or calls one."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in READERS]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found += [node.module] if node.module.split(".")[0] in READERS else []
        elif isinstance(node, ast.Call):
            found += [ast.unparse(node)] if runs_what_it_reads(node) else []
    return found


def runs_what_it_reads(call: ast.Call) -> bool:
    """Does this call ask for pickles by a named argument, import their reader by name, or use pandas'?"""
    if any(ast.unparse(word.value) != str(SAFE[word.arg]) for word in call.keywords if word.arg in SAFE):
        return True
    called = ast.unparse(call.func).split(".")[-1]
    named = {given.value for given in call.args if isinstance(given, ast.Constant)}
    return called == "read_pickle" or (called in IMPORTERS and bool(named & READERS))


def suspects(wheels: Iterable[Distribution]) -> dict[str, list[str]]:
    """Module → who calls it, and what in it reads pickles; also those that can't be read."""
    found = {}
    for wheel in wheels:
        for module, caller in hooks(wheel).items():
            text = source(wheel, module)
            readers = [NOTHING_TO_READ] if text is None else pickle_readers(text)
            if readers:
                found[module] = [f"{wheel.name}, {caller}", *readers]
    return found


def test_no_entry_point_leads_to_a_pickle_reader():
    wheels = [wheel for wheel in distributions() if plain(wheel.name) in constrained()]
    callers = [caller for wheel in wheels for caller in hooks(wheel).values()]
    for kind in ("console_scripts", "nbconvert.exporters", "pytest11", "Jupyter's server"):
        assert any(caller.startswith(kind) for caller in callers), kind
    assert {module: found for module, found in suspects(wheels).items() if module not in KNOWN} == {}


def made_up(folder: Path, text: str | None) -> list[Distribution]:
    """A distribution of one module, to which a command and an extension of Jupyter's server lead."""
    about, settings = folder / "made_up-1.0.dist-info", folder / "etc" / "jupyter_server_config.d" / "made_up.json"
    about.mkdir()
    settings.parent.mkdir(parents=True)
    settings.write_text('{"ServerApp": {"jpserver_extensions": {"made_up.served": true}}}')
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: made_up\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[console_scripts]\nmade-up = made_up.command:main\n")
    (about / "RECORD").write_text(f"{settings.relative_to(folder).as_posix()},,\n")
    if text is not None:
        (folder / "made_up" / "served").mkdir(parents=True)
        (folder / "made_up" / "command.py").write_text(text)
        (folder / "made_up" / "served" / "__init__.py").write_text(text)
    return list(distributions(path=[str(folder)]))


@pytest.mark.parametrize("text", [
    "import pickle", "def late():\n    from joblib import load", "import dill as d", "torch.load(f, weights_only=False)",
    "torch.load(f, weights_only=chosen)", "np.load(f, allow_pickle=True)", "pd.read_pickle(f)", "import_module('pickle')", None,
])  # fmt: skip
def test_that_test_can_fail(tmp_path, text):
    found = suspects(made_up(tmp_path, text))
    assert set(found) == {"made_up.command", "made_up.served"}
    assert found["made_up.command"][0] == "made_up, console_scripts: made-up" and len(found["made_up.command"]) == 2


@pytest.mark.parametrize("text", [
    "import json", "from .pickle import x", "torch.load(f, weights_only=True)", "np.load(f, allow_pickle=False)",
])  # fmt: skip
def test_what_reads_no_pickle_is_left_alone(tmp_path, text):
    assert suspects(made_up(tmp_path, text)) == {}


def test_nothing_of_ours_names_an_exception():
    ours = [file.read_text(encoding="utf-8") for file in (REPO / "course_lib").rglob("*.py")]
    commands = ("torchfrtrace", "flight_recorder", "bdist_egg", "pkgconfig", "HfFileSystem", "hf://")
    assert not [word for word in commands if any(word in text for text in ours)]
