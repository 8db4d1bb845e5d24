"""torchvision beside a torch that its compiled part does not fit, and beside one that it fits."""

import subprocess
import sys

import pytest

from course_lib.session import REPO


def run(code: str, *path) -> subprocess.CompletedProcess:
    """Run code in a fresh process, with folders in front of its path."""
    lines = f"import sys; sys.path[:0] = {[str(REPO), *map(str, path)]!r}\n{code}"
    return subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, cwd=path[0] if path else REPO)


@pytest.mark.slow
@pytest.mark.parametrize("use", [
    "import open_clip; open_clip.get_tokenizer('ViT-B-32')",
    "import peft; peft.LoraConfig",
    "from transformers import CLIPModel",
    "import importlib.util; importlib.util.find_spec('torchvision'); import torchvision.transforms",
])  # fmt: skip
def test_what_needs_torchvision_imports(use):
    ran = run(f"import course_lib\n{use}")
    assert ran.returncode == 0, ran.stderr[-2000:]


@pytest.fixture
def world(tmp_path):
    """A folder with a pretended torch and torchvision; the latter says when it is executed."""
    (tmp_path / "torch.py").write_text(
        "calls = []\nclass library:\n    class Library:\n        def __init__(self, *a): calls.append(a)\n"
        "        def define(self, schema): calls.append(schema)\n"
    )
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text("import torch\ncalls_before = list(torch.calls)\n")
    return tmp_path


def test_operators_are_declared_before_torchvision_runs_where_its_extension_is_broken(world):
    (world / "torchvision" / "_C.so").write_bytes(b"no library")
    (world / "torchvision" / "_C.pyd").write_bytes(b"no library")
    ran = run("import course_lib, torchvision; print(len(torchvision.calls_before))", world)
    assert ran.stdout.strip() == "3", ran.stderr  # the library, nms, qnms


def test_nothing_is_declared_where_nothing_is_broken(world):
    code = "import course_lib, torchvision; print(torchvision.calls_before, type(torchvision.__loader__).__name__)"
    ran = run(code, world)
    assert ran.stdout.strip() == "[] SourceFileLoader", ran.stderr


def test_asking_whether_torchvision_is_there_changes_nothing(world):
    (world / "torchvision" / "_C.so").write_bytes(b"no library")
    code = "import course_lib, importlib.util, sys\nassert importlib.util.find_spec('torchvision')\n"
    code += "assert 'torch' not in sys.modules and 'torchvision' not in sys.modules"
    assert run(code, world).returncode == 0


def test_a_missing_torchvision_is_missing_as_usual(world):
    code = (
        "import course_lib, sys; sys.path[:] = sys.path[:2] + [p for p in sys.path[2:] if 'site-packages' not in p]\n"
    )
    code += "import shutil; shutil.rmtree('torchvision')\ntry: import torchvision\nexcept ModuleNotFoundError as e: print(e)"
    assert run(code, world).stdout.strip() == "No module named 'torchvision'"
