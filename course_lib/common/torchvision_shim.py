"""Lets torchvision be imported beside a CPU build of torch.

Why: open_clip and timm import torchvision, and peft and transformers import what imports it. The torchvision that package
indexes offer for Linux is linked to CUDA. Beside a CPU torch its compiled extension can't be loaded, the operators in it
stay unknown, and torchvision's Python code, which describes two of them (`nms` and `qnms`), ends in "operator
torchvision::nms does not exist". Declaring those two is enough: transforms, box arithmetic and backbones are plain Python.
What needs compiled code stays unavailable (`ops.nms`, detection models, `io.read_image`); the course uses none of it.

Where the extension loads (Colab, a GPU machine, macOS, a CPU build of torchvision) nothing is changed.
"""

import ctypes
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

SCHEMAS = ("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",)
SCHEMAS += tuple(schema.replace("nms(", "qnms(") for schema in SCHEMAS)

_declared = []  # keeps the torch.library.Library alive: its declarations end with it


def install() -> None:
    """Put the hook first among the importers, once. Costs nothing until somebody imports torchvision."""
    if "torchvision" not in sys.modules and not any(isinstance(finder, ShimFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, ShimFinder())


class ShimFinder(MetaPathFinder):
    """Finds torchvision where Python would, and declares the operators just before it is executed.

    Merely asking (`importlib.util.find_spec`, as transformers does) declares nothing and imports nothing.
    """

    def find_spec(self, name: str, path=None, target=None) -> ModuleSpec | None:
        """The usual spec with our loader around its loader; None for every other module."""
        if name != "torchvision":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = ShimLoader(spec.loader, Path(spec.origin or "").parent)
        return spec


class ShimLoader(Loader):
    """The usual loader of torchvision, preceded by the declarations where they are needed."""

    def __init__(self, usual: Loader, folder: Path) -> None:
        self.usual, self.folder = usual, folder

    def create_module(self, spec: ModuleSpec):
        """As usual."""
        return self.usual.create_module(spec)

    def exec_module(self, module) -> None:
        """Declare the operators if the extension in `folder` can't be loaded, then execute torchvision as usual."""
        module.__loader__ = module.__spec__.loader = self.usual
        if not extension_loads(self.folder):
            declare_operators()
        self.usual.exec_module(module)


def extension_loads(folder: Path) -> bool:
    """Can the compiled extension in torchvision's folder be loaded? True if there is none: then nothing is broken."""
    import torch  # noqa: F401  (the extension is linked to torch's libraries, which must be in memory first)

    for file in [*folder.glob("_C*.so"), *folder.glob("_C*.pyd")]:
        try:
            ctypes.CDLL(str(file))
        except OSError:
            return False
    return True


def declare_operators() -> None:
    """Tell torch the names and signatures of the operators that torchvision's Python code describes."""
    import torch

    if _declared:
        return
    library = torch.library.Library("torchvision", "DEF")
    for schema in SCHEMAS:
        library.define(schema)
    _declared.append(library)
