"""The set-up cell on a stand-in for Colab: other folders, another Drive, other GPUs, a machine that is taken away."""

import functools
import os
import shutil
import subprocess
import sys
import threading
import venv
import zipfile
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest

from course_lib import __version__, session, surroundings
from course_lib.authoring import bundle, colab
from course_lib.authoring.master import LessonError, masters, read_lesson
from course_lib.session import REPO

DRIVE_MODULE = """
import os
def mount(folder):
    os.makedirs(os.path.join(folder, "MyDrive"), exist_ok=True)
    print("Mounted at", folder)
"""
SMI = '#!/bin/sh\necho "{name}, {mebibytes}"\n'
GPUS = {"T4": ("Tesla T4", 15360, (7, 5)), "A100": ("NVIDIA A100-SXM4-40GB", 40960, (8, 0))}
WITH_GPU = """
import torch
torch.cuda.is_available = lambda: True
torch.cuda.get_device_name = lambda: {name!r}
torch.cuda.get_device_capability = lambda device: {capability}
"""
TRAIN = """
import os, sys, torch
from course_lib.session import begin
from course_lib.training import fit
session = begin(lesson="02_clip")
def loss(model, data):
    return model(data).pow(2).mean()
def die(progress):
    if progress.step == 5 and "die" in sys.argv:
        os._exit(9)  # as a machine that is taken away
model = torch.nn.Linear(3, 1)
run = fit(model, lambda step: torch.ones(2, 3), loss, steps=8, callbacks=[die],
          state_file=session.paths().runs / "live.safetensors", save_every=0)
print("done at", run.step)
"""


class Machine:
    """A fresh machine: an empty content folder, a Drive that outlives it, nothing of the course."""

    def __init__(self, folder: Path, zipped: Path) -> None:
        self.folder, self.zipped = folder, zipped
        self.content, self.drive = folder / "content", folder / "drive" / "MyDrive"
        self.variables = {"COLAB_RELEASE_TAG": "release-colab-2026", "COURSE_DRIVE": str(self.drive)}
        self.cell = colab.setup_cell(colab.Release("", f"v{__version__}"))
        module = folder / "site" / "google" / "colab"
        module.mkdir(parents=True)
        (module / "__init__.py").write_text("")
        (module / "drive.py").write_text(DRIVE_MODULE)
        self.fresh()

    def fresh(self) -> None:
        """Google takes the machine away and gives another one."""
        shutil.rmtree(self.content, ignore_errors=True)
        self.content.mkdir()

    def bundle_in(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.zipped, folder / bundle.NAME)

    def gpu(self, kind: str) -> str:
        """Put a card into the machine; returns what makes torch believe it."""
        name, mebibytes, capability = GPUS[kind]
        command = self.folder / "bin" / "nvidia-smi"
        command.parent.mkdir()
        command.write_text(SMI.format(name=name, mebibytes=mebibytes))
        command.chmod(0o755)
        return WITH_GPU.format(name=name, capability=capability)

    def run(self, before: str = "", after: str = "", words: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
        """The set-up cell in a new process, after and before other code."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("COURSE_", "COLAB_"))}
        kept |= {"PYTHONPATH": str(self.folder / "site"), "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin", "CI": "1"}
        code = [sys.executable, "-c", f"{before}\n{self.cell}\n{after}", *words]
        return subprocess.run(
            code, cwd=self.content, env=kept | self.variables, capture_output=True, text=True, timeout=1200, check=False
        )


@pytest.fixture(scope="module")
def zipped(tmp_path_factory):
    target = tmp_path_factory.mktemp("bundle") / bundle.NAME
    assert bundle.make(target) == []
    return target


@pytest.fixture
def machine(tmp_path, zipped):
    return Machine(tmp_path, zipped)


def test_every_notebook_begins_with_the_same_set_up_cell():
    release = colab.release()
    assert release.tag == f"v{__version__}"
    for file in [*(REPO / "notebooks").glob("*.ipynb"), *(REPO / "solutions").glob("*.ipynb")]:
        first = next(cell for cell in nbformat.read(file, 4).cells if cell.cell_type == "code")
        assert first.source == colab.setup_cell(release), file
        assert first.metadata.jupyter.source_hidden and first.metadata.cellView == "form", (
            "collapsed, here and on Colab"
        )
        assert not any(line.lstrip().startswith(("!", "%")) for line in first.source.splitlines()), "pure Python"


def test_without_the_course_one_sentence_says_where_to_put_it(machine):
    done = machine.run()
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "put course_bundle.zip beside it" in done.stderr and list(machine.content.iterdir()) == []


def test_the_first_run_unpacks_the_bundle_and_the_second_does_nothing(machine):
    machine.bundle_in(machine.content)
    first = machine.run()
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1] == (
        f"✓ course_lib {__version__}: pocket tier (the default; COURSE_TIER=full loads pretrained weights); no GPU; "
        "float32 on cpu: pocket models are made for a CPU, and one device gives one result."
    )
    names = {file.name for file in machine.content.iterdir()}
    assert names == {bundle.NAME, f"multimodal_from_scratch-v{__version__}"}
    (machine.content / bundle.NAME).unlink()  # nothing is fetched again
    assert machine.run(after=machine.cell).stdout == first.stdout * 2


def test_a_bundle_on_drive_serves_when_the_learner_asked_for_drive(machine):
    machine.bundle_in(machine.drive / "Colab Notebooks")
    machine.cell = machine.cell.replace("KEEP_ON_DRIVE = False", "KEEP_ON_DRIVE = True")
    done = machine.run(after="from course_lib.session import begin\nprint(begin('02_clip').home)")
    assert done.stdout.startswith("Mounted at") and "your work survives a disconnect" in done.stdout
    assert done.stdout.splitlines()[-1] == str(machine.drive / "multimodal_from_scratch")
    assert not list(machine.drive.rglob("course_lib")), "unpacked on the machine, where it is quick"


def test_without_drive_the_learner_is_told_what_that_means(machine):
    machine.bundle_in(machine.content)
    done = machine.run(after="from course_lib.session import begin\nbegin('02_clip')")
    assert "mount your Drive first if your work should survive" in done.stdout


@pytest.mark.parametrize(("kind", "dtype", "memory"), [("T4", "float16", 15), ("A100", "bfloat16", 40)])
def test_the_last_line_names_the_gpu_its_memory_and_the_number_format(machine, kind, dtype, memory):
    machine.bundle_in(machine.content)
    torch_sees = machine.gpu(kind)
    said = machine.run(torch_sees, words=()).stdout.splitlines()[-1]
    assert f"{GPUS[kind][0]} with {memory} GB, which the pocket tier leaves alone; float32 on cpu" in said
    machine.cell = machine.cell.replace('TIER = ""', 'TIER = "full"')
    said = machine.run(torch_sees).stdout.splitlines()[-1]
    assert (
        f"full tier (COURSE_TIER is full); {GPUS[kind][0]} with {memory} GB; {dtype} on cuda: {GPUS[kind][0]}" in said
    )


def test_the_full_tier_without_a_gpu_says_to_change_the_runtime_type(machine):
    machine.bundle_in(machine.content)
    machine.variables["COURSE_TIER"] = "full"
    said = machine.run("import torch; torch.cuda.is_available = lambda: False").stdout.splitlines()[-1]
    assert "no GPU; float32 on cpu" in said and "Runtime → Change runtime type → T4 GPU" in said


@pytest.mark.parametrize("drive", [True, False])
def test_after_a_machine_was_lost_in_a_training_drive_lets_it_go_on(machine, drive):
    if drive:
        machine.drive.mkdir(parents=True)
    machine.bundle_in(machine.content)
    assert machine.run(after=TRAIN, words=("die",)).returncode == 9
    machine.fresh()
    machine.bundle_in(machine.content)
    again = machine.run(after=TRAIN)
    assert again.stdout.splitlines()[-1] == "done at 8"
    assert ("Going on from step 4 (live.safetensors" in again.stdout) == drive  # the 5th was not yet saved
    assert ("Found from an earlier run: live.safetensors." in again.stdout) == drive


def test_the_pinned_tag_is_fetched_from_the_repository(machine, tmp_path):
    pages = tmp_path / "pages"
    archive = pages / "some" / "course" / "archive" / "refs" / "tags" / f"v{__version__}.zip"
    archive.parent.mkdir(parents=True)
    shutil.copy(machine.zipped, archive)
    machine.cell = colab.setup_cell(colab.Release("some/course", f"v{__version__}"))
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(pages))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        machine.cell = machine.cell.replace("https://github.com", f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert machine.run().returncode == 0
        server.shutdown()
    machine.fresh()
    done = machine.run()  # the server is gone
    assert done.returncode == 1 and "gave no course" in done.stderr and "Traceback" not in done.stderr
    machine.bundle_in(machine.content)
    assert machine.run().returncode == 0, "the bundle steps in"


def test_a_damaged_bundle_is_named_and_leaves_nothing_behind(machine):
    (machine.content / bundle.NAME).write_bytes(machine.zipped.read_bytes()[:500_000])
    done = machine.run()
    assert done.returncode == 1 and "not a zip file" in done.stderr and "Traceback" not in done.stderr
    assert [file.name for file in machine.content.iterdir()] == [bundle.NAME]


def test_an_older_course_is_passed_over(machine):
    old = machine.content / "course_lib"
    old.mkdir()
    (old / "__init__.py").write_text('__version__ = "0.0.9"\n')
    assert machine.run().returncode == 1
    machine.bundle_in(machine.content)
    assert f"✓ course_lib {__version__}" in machine.run().stdout
    with pytest.raises(SystemExit, match="older course_lib is loaded. Restart the kernel"):
        surroundings.prepare("v99.0.0")  # a loaded module can't be exchanged


def wheel(folder: Path, name: str, version: str, needs: str = "") -> None:
    """A package of nothing but its name."""
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + (
        f"Requires-Dist: {needs}\n" if needs else ""
    )
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{info}/METADATA", about)
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")


@pytest.mark.slow
def test_pip_adds_what_is_missing_and_changes_nothing(tmp_path):
    for name, version, needs in [("shipped", "1.0", ""), ("shipped", "2.0", ""), ("modest", "1.0", "shipped"), ("greedy", "1.0", "shipped>=2")]:  # fmt: skip
        wheel(tmp_path, name, version, needs)
    venv.create(tmp_path / "env", with_pip=True)
    python = str(tmp_path / "env" / "bin" / "python")
    offline = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PYTHONPATH": str(REPO)}
    subprocess.run([python, "-m", "pip", "install", "-q", "shipped==1.0"], env=offline, check=True)
    ask = "from course_lib.surroundings import add, version; print(add([{!r}])); print(version('shipped'))"
    for package, left in [("modest>=1.0", "[]"), ("greedy>=1.0", "['greedy>=1.0']")]:
        done = subprocess.run([python, "-c", ask.format(package)], env=offline, capture_output=True, text=True)
        assert done.stdout.splitlines()[-2:] == [left, "1.0"], done


def test_versions_are_probed_not_importability(tmp_path, capsys, monkeypatch):
    file = tmp_path / "requirements.txt"
    file.write_text("# a comment>=1\npytest>=1.0\nnumpy>=99.0  # too new\nno-such-package>=2\n")
    assert surroundings.probe(tmp_path / "no_list.txt") == ([], [])
    missing, outdated = surroundings.probe(file)
    assert missing == ["no-such-package>=2"] and [(name, wants) for name, _, wants in outdated] == [("numpy", "99.0")]
    monkeypatch.setattr(surroundings, "probe", lambda file: (missing, outdated))
    surroundings.prepare(f"v{__version__}")
    said = capsys.readouterr().out
    assert "Missing: no-such-package>=2. `python -m course_lib start`" in said and "It is left as it is" in said


def test_every_requirement_is_of_the_form_that_the_probe_reads():
    lines = (REPO / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith("#")]
    assert len(surroundings.REQUIREMENT.findall("\n".join(lines))) == len(wanted)
    assert surroundings.numbers("v2.11.0+cu128") == (2, 11, 0) > surroundings.numbers("2.9")


def test_the_bundle_is_small_the_same_each_time_and_without_solutions(zipped, tmp_path):
    assert bundle.make(tmp_path / bundle.NAME) == []
    assert (tmp_path / bundle.NAME).read_bytes() == zipped.read_bytes()
    assert zipped.stat().st_size < bundle.MOST_BYTES
    names = zipfile.ZipFile(zipped).namelist()
    assert not any(word in name for name in names for word in ("/solutions/", "__pycache__", "INSTRUCTORS"))
    for needed in ("course_lib/session.py", "data/checkpoints/clip.safetensors", "requirements.txt", "LICENSE"):
        assert f"multimodal_from_scratch-v{__version__}/{needed}" in names


def test_the_progress_table_needs_no_solutions(machine):
    machine.bundle_in(machine.content)
    after = "from course_lib.exercise import progress_table\nprint(progress_table())"
    assert "00_welcome" in machine.run(after=after).stdout


def test_badges_come_of_the_same_setting():
    lesson = read_lesson(masters(REPO / "solutions")[0])
    text = "a\n<!-- colab:begin -->\nold\n<!-- colab:end -->\nb"
    address = "https://colab.research.google.com/github/some/course/blob/v0.1.0/notebooks/00_welcome.ipynb"
    assert address in colab.badge(colab.Release("some/course", "v0.1.0"), "00_welcome")
    assert colab.badge(colab.Release("", "v0.1.0"), "00_welcome") == ""
    with_link = colab.readme(text, colab.Release("some/course", "v0.1.0"), [lesson])
    without = colab.readme(text, colab.Release("", "v0.1.0"), [lesson])
    assert address in with_link and "course_bundle.zip" in without and "old" not in with_link + without
    assert with_link.startswith("a\n") and with_link.endswith("\nb")


@pytest.mark.parametrize(
    "section", ["", '[tool.course]\ntag = "v1.0.0"', '[tool.course]\nrepository = "a b"\ntag = "v1.0.0"', '[tool.course]\nrepository = ""\ntag = "1"']
)  # fmt: skip
def test_a_setting_of_another_form_is_refused(tmp_path, section):
    (tmp_path / "pyproject.toml").write_text(section)
    with pytest.raises(LessonError, match=r"\[tool\.course\]"):
        colab.release(tmp_path / "pyproject.toml")


def test_a_driver_without_a_card_is_no_gpu(monkeypatch):
    monkeypatch.setattr(session.shutil, "which", lambda name: "/bin/false")
    assert session.gpu() is None
