"""Where a lesson runs: tier, device, number format, folders, each with its reason."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

REPO = Path(__file__).resolve().parents[1]
DRIVE = Path(os.environ.get("COURSE_DRIVE", "/content/drive/MyDrive"))  # where Colab mounts the learner's Google Drive
TIERS = ("pocket", "full")
QUICK_SECONDS = 2.0


@dataclass(frozen=True)
class Session:
    """What `begin` found out. Immutable, so that a lesson can't drift from what its first cell printed."""

    lesson: str
    tier: str  # "pocket": tiny models on the CPU; "full": pretrained ones, best on a GPU
    device: str  # "cpu", "cuda" or "mps"
    dtype_name: str  # "float32", "bfloat16" or "float16": the format of pretrained weights
    seed: int
    home: Path  # the learner's own folder: progress, runs, caches
    colab: bool
    reasons: dict[str, str] = field(repr=False)

    def paths(self) -> SimpleNamespace:
        """The folders: repo, data, checkpoints (shipped), home (the learner's), runs (this lesson's in it)."""
        runs = self.home / "runs" / self.lesson
        runs.mkdir(parents=True, exist_ok=True)
        return SimpleNamespace(
            repo=REPO, data=REPO / "data", checkpoints=REPO / "data" / "checkpoints", home=self.home, runs=runs
        )

    def budget(self, seconds: float) -> float:
        """How long to train: the lesson's own seconds, or two under COURSE_QUICK=1 (tests want the way, not the end)."""
        return min(seconds, QUICK_SECONDS) if quick() else seconds

    @property
    def dtype(self):
        """`dtype_name` as a torch.dtype (imports torch)."""
        import torch

        return getattr(torch, self.dtype_name)

    def __str__(self) -> str:
        where = f"Lesson {self.lesson}: {self.tier} tier on {self.device} in {self.dtype_name}, seed {self.seed}."
        return f"{where}\nYour folder is {_short(self.home)}: {self.reasons['folder']}."


def begin(lesson: str, seed: int = 0) -> Session:
    """Begin a lesson: decide tier, device and folders, print them with their reasons, and return the Session."""
    chosen, why_tier = tier()
    device, dtype_name, why_device = ("cpu", "float32", _POCKET) if chosen == "pocket" else best_device()
    folder, why_home = _writable_home()
    reasons = {"tier": why_tier, "device": why_device, "folder": why_home}
    session = Session(lesson, chosen, device, dtype_name, seed, folder, on_colab(), reasons)
    print(session)
    if unfinished := sorted(file.name for file in session.paths().runs.iterdir() if file.is_file()):
        print(f"Found from an earlier run: {', '.join(unfinished)}. What was interrupted goes on from there.")
    return session


def machine() -> str:
    """One line: tier, GPU and its memory, number format, each with its reason."""
    chosen, why_tier = tier()
    device, dtype_name, why = ("cpu", "float32", _POCKET) if chosen == "pocket" else best_device()
    unused = ", which the pocket tier leaves alone" if chosen == "pocket" else ""
    card = f"{found[0]} with {found[1]:.0f} GB{unused}" if (found := gpu()) else "no GPU"
    return f"{chosen} tier ({why_tier}); {card}; {dtype_name} on {device}: {why}."


def gpu() -> tuple[str, float] | None:
    """Name and memory in GB of the first NVIDIA GPU, as its driver says (torch need not be imported for it)."""
    if not (command := shutil.which("nvidia-smi")):
        return None
    ask = [command, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        output = subprocess.run(ask, capture_output=True, text=True, timeout=20, check=True).stdout
        name, mebibytes = output.splitlines()[0].rsplit(", ", 1)
        return name, float(mebibytes) / 1024
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):  # a driver without a card, or without answer
        return None


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def home() -> Path:
    """The learner's own folder, which survives restarts. It may not exist yet."""
    return _home()[0]


def quick() -> bool:
    """Are budgets tiny, so that a notebook runs in seconds? Set by the tests as COURSE_QUICK=1."""
    return os.environ.get("COURSE_QUICK") == "1"


def few(count: int, quickly: int = 2) -> int:
    """`count`, and at most `quickly` where budgets are tiny: how many steps to train, or things to measure."""
    return min(count, quickly) if quick() else count


def on_colab() -> bool:
    """Does this run on Google Colab?"""
    return "COLAB_RELEASE_TAG" in os.environ


_POCKET = "pocket models are made for a CPU, and one device gives one result"


def tier() -> tuple[str, str]:
    """Tier and reason, from COURSE_TIER."""
    requested = os.environ.get("COURSE_TIER", "").strip().lower()
    if not requested:
        return "pocket", "the default; COURSE_TIER=full loads pretrained weights"
    if requested not in TIERS:
        return "pocket", f'COURSE_TIER is "{requested}", which is none of {", ".join(TIERS)}'
    return requested, f"COURSE_TIER is {requested}"


def best_device() -> tuple[str, str, str]:
    """The best device for pretrained weights, their number format, and why."""
    import torch

    from course_lib.common.precision import compute_dtype

    if torch.cuda.is_available():
        name, dtype_name = torch.cuda.get_device_name(), str(compute_dtype("cuda")).removeprefix("torch.")
        if dtype_name == "bfloat16":
            return "cuda", dtype_name, f"{name} multiplies bfloat16 in hardware"
        return "cuda", dtype_name, f"{name} has no bfloat16, so float16 halves the memory"
    if torch.backends.mps.is_available():
        return "mps", "float16", "Apple's GPU, where float16 halves the memory"
    advice = "; choose Runtime → Change runtime type → T4 GPU, or it takes hours" if on_colab() else ""
    return "cpu", "float32", f"no GPU that this torch can use{advice}"


def _home() -> tuple[Path, str]:
    """The learner's folder and why it is there."""
    if wish := os.environ.get("COURSE_HOME"):
        return Path(wish).expanduser().resolve(), "COURSE_HOME says so"
    if on_colab() and DRIVE.is_dir():
        return DRIVE / "multimodal_from_scratch", "your Drive is mounted, so your work survives a disconnect"
    if on_colab():
        return REPO / ".course", "mount your Drive first if your work should survive a disconnect"
    return REPO / ".course", "beside the course; git ignores it"


def _writable_home() -> tuple[Path, str]:
    """The learner's folder, made if need be. Where that is not allowed, a temporary one, for this process and its children."""
    folder, why = _home()
    try:
        (folder / "runs").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder, why
    except OSError as error:
        instead = Path(tempfile.mkdtemp(prefix="multimodal_from_scratch-"))
        os.environ["COURSE_HOME"] = str(instead)
        short = f"…{str(folder)[-60:]}" if len(str(folder)) > 61 else str(folder)
        return instead, f"{short} can't be written to ({error.strerror}); set COURSE_HOME to a folder that lasts"


def _short(path: Path) -> str:
    """A path as a learner would name it: from the course's folder, where it lies in it."""
    return str(path.relative_to(REPO)) if path.is_relative_to(REPO) else str(path)
