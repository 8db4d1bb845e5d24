"""What docs/SECURITY.md promises: no pickles, no code from elsewhere, no key in any file, a licence for every drawing."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from course_lib.clip import full as clip
from course_lib.common.errors import Problem
from course_lib.instruct.evaluate.faults import FaultyServer, FirstLine
from course_lib.instruct.teachers.base import Completion
from course_lib.instruct.teachers.local import LocalTeacher
from course_lib.lm.full import load_from_hub
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.session import REPO

OURS = sorted(
    file for folder in ("course_lib", "solutions", "tools", "benchmarks") for file in (REPO / folder).rglob("*.py")
)
READERS = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "cloudpickle"}
CALLS = {
    "torch.load",
    "torch.save",
    "torch.hub.load",
    "os.system",
    "os.popen",
    "eval",
    "exec",
    "pd.read_pickle",
    "yaml.load",
}
WORDS = {"trust_remote_code", "allow_pickle", "shell", "weights_only"}
KEY = "sk-planted-in-test-security-4711"
LOADS = re.compile(r"(from_pretrained|from_single_file|create_model\w*|hf_hub_download|snapshot_download)$")
TEXT_ONLY = re.compile(r"(Tokenizer|Processor|Config)\.from_pretrained$")  # they read JSON and text
TENSORS_ONLY = (
    "a .safetensors file first; where there is none, torch's reader for tensors only (weights_only=True, the default)"
)
ALLOWED = {  # loads without `use_safetensors=True` → why
    "course_lib/clip/evaluate/real_towers.py: timm.create_model": "nothing is fetched: random weights, which are replaced",
    "course_lib/clip/full.py: open_clip.create_model_and_transforms": TENSORS_ONLY,  # open_clip has no such argument
    "course_lib/common/smollm2.py: AutoModelForCausalLM.from_pretrained": "a GGUF file, which is none of pickle's forms",
    "course_lib/imagebind/full.py: hf_hub_download": "the file `model.safetensors` by its name, at a pinned commit",
    "course_lib/llava/train/smollm2.py: AutoModelForCausalLM.from_pretrained": "the folder that `course_lib.common.smollm2` wrote, as safetensors",
}
PACKAGED = (
    "a file of a package that its user installed, whose code runs anyway, read by torch's reader for tensors only"
)
OWN_CODE = {  # code that is run from a syntax tree, or a file that is no safetensors → why
    "course_lib/checker/diagnose/slips.py: exec": "a reference of the course's own, with one operator or constant changed",
    "course_lib/clip/evaluate/real_towers.py: torch.load": PACKAGED,
    "course_lib/clip/evaluate/real_towers.py: weights_only": PACKAGED,
}
HUB_ID = re.compile(r"[A-Za-z][\w.-]*/[A-Za-z][\w.]*[-\d][\w.-]*")  # "owner/name-2b", and no "text/html"
NO_MODELS = {"Lib/site-packages"}  # folders of that form
REVIEW = (REPO / "docs" / "SECURITY.md").read_text(encoding="utf-8")


def breaches(source: str) -> list[str]:
    """Imports, calls and named arguments that could run what was read."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in READERS]
        elif isinstance(node, ast.ImportFrom):
            found += [node.module] if (node.module or "").split(".")[0] in READERS else []
        elif isinstance(node, ast.Call):
            found += [name] if (name := ast.unparse(node.func)) in CALLS else []
            found += [word.arg for word in node.keywords if word.arg in WORDS]
    return found


def test_nothing_of_ours_reads_a_pickle_or_runs_what_it_reads():
    assert len(OURS) > 200
    texts = {file.relative_to(REPO).as_posix(): file.read_text(encoding="utf-8") for file in OURS}
    assert {f"{place}: {name}" for place, text in texts.items() for name in breaches(text)} == set(OWN_CODE)


@pytest.mark.parametrize("source", [
    "import pickle", "from joblib import load", "torch.load(f)", "eval(x)", "f(trust_remote_code=True)",
    "np.load(f, allow_pickle=True)", "subprocess.run(x, shell=True)", "torch.load(f, weights_only=False)",
])  # fmt: skip
def test_that_test_can_fail(source):
    assert breaches(source)


def test_notebooks_hold_to_it_too():
    for file in sorted((REPO / "notebooks").glob("*.ipynb")):
        cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            source = "".join(cell["source"])
            if cell["cell_type"] == "code" and not re.search(r"^\s*[%!]", source, re.MULTILINE):
                assert breaches(source) == [], file.name


def loads(source: str) -> list[str]:
    """Calls that fetch or read a model's weights and don't insist on safetensors."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    careless = [call for call in calls if "use_safetensors=True" not in map(ast.unparse, call.keywords)]
    names = [ast.unparse(call.func) for call in careless]
    return [name for name in names if LOADS.search(name) and not TEXT_ONLY.search(name)]


def test_weights_come_as_safetensors_or_for_a_reason():
    texts = {file.relative_to(REPO).as_posix(): file.read_text(encoding="utf-8") for file in OURS}
    found = {f"{place}: {name}" for place, text in texts.items() for name in loads(text)}
    assert found == set(ALLOWED)  # whoever makes one safer takes it out of the list


def test_loads_are_found():
    careless = ["AutoModel.from_pretrained(x)", "timm.create_model(x)", "M.from_pretrained(x, use_safetensors=False)"]
    assert all(loads(source) for source in careless)
    assert loads("AutoTokenizer.from_pretrained(x); AutoModel.from_pretrained(x, use_safetensors=True)") == []


def hub_ids(tree: ast.AST) -> set[str]:
    """The texts in this code that look like a model's name on the hub."""
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {text for text in texts if HUB_ID.fullmatch(text)} - NO_MODELS


def test_every_model_that_is_fetched_stands_in_the_list_of_licences():
    listed = set(re.findall(rf"`({HUB_ID.pattern})`", REVIEW.split("## Licences")[1]))
    fetched = set().union(*(hub_ids(ast.parse(file.read_text(encoding="utf-8"))) for file in OURS))
    assert len(fetched) > 6 and fetched == listed
    assert f"`{clip.WEIGHTS}`" in REVIEW  # open_clip knows its weights by a tag
    assert hub_ids(ast.parse("HUB = ('nobody/some-model', 'main')")) == {"nobody/some-model"}


def revisions(tree: ast.AST) -> list[str]:
    """The second halves of the pairs (a model's name on the hub, revision) in this code."""
    tuples = [node.elts for node in ast.walk(tree) if isinstance(node, ast.Tuple) and len(node.elts) == 2]
    return [ast.literal_eval(second) for first, second in tuples if isinstance(first, ast.Constant) and hub_ids(first)]


def test_the_review_says_which_revisions_are_followed():
    found = [revision for file in OURS for revision in revisions(ast.parse(file.read_text(encoding="utf-8")))]
    assert len(found) >= 6 and all(re.fullmatch("main|[0-9a-f]{40}", revision) for revision in found)
    assert ("no revision is pinned" in REVIEW) == (set(found) == {"main"})


def test_a_repository_with_nothing_but_a_pickle_is_refused(tmp_path, capsys):
    get_tokenizer().save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    torch.save({}, tmp_path / "pytorch_model.bin")
    assert load_from_hub(str(tmp_path), "main") is None
    assert "no file named model.safetensors" in capsys.readouterr().out
    with pytest.raises(Problem, match="no file named model.safetensors"):
        LocalTeacher(str(tmp_path))


def tracked() -> list[Path]:
    """The files of the repository, as git knows them, else all that lie there."""
    said = subprocess.run(
        ["git", "-C", str(REPO), "ls-files", "-z"], capture_output=True, text=True, check=False
    ).stdout
    names = [name for name in said.split("\0") if name]
    return [REPO / name for name in names] or [
        f for f in REPO.rglob("*") if f.is_file() and not any(p[0] == "." for p in f.relative_to(REPO).parts)
    ]


def test_no_shipped_file_is_a_pickle():
    files = [file for file in tracked() if file.exists()]
    assert not [
        file for file in files if file.suffix in (".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".npy", ".npz")
    ]
    starts = {file: file.read_bytes()[:2] for file in files if file.suffix not in (".safetensors", ".webp")}
    assert not [
        file
        for file, start in starts.items()
        if start[:1] == b"\x80" and start[1:] in (b"\x02", b"\x03", b"\x04", b"\x05")
    ]


class Echo(FirstLine):
    """A server that puts the key into its replies."""

    def ask(self, messages) -> Completion:
        reply = super().ask(messages)
        said = reply.text.replace("What is this?", f"What is this, {KEY}?")
        return Completion(said if KEY in said else f"{said} {KEY}", reply.prompt_tokens, reply.completion_tokens)


def test_a_planted_key_reaches_no_file_and_no_output(tmp_path):
    home = tmp_path / "home"
    with FaultyServer(Echo(), share=0.05, seed=1, slow=0.05) as server:
        variables = {
            **os.environ, "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": server.url, "COURSE_HOME": str(home), "HOME": str(home),
            "COURSE_NO_VENV": "1", "PYTHONPATH": str(REPO), "OPENAI_LOG": "debug", "XDG_CACHE_HOME": str(home / "cache"),
        }  # fmt: skip
        command = ["instruct", "write", "--teacher", "endpoint", "--model", "m", "--count", "12", "--out"]
        done = subprocess.run(
            [sys.executable, "-m", "course_lib", *command, str(tmp_path / "data.json")],
            env=variables, cwd=REPO, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (tmp_path / "data.journal.jsonl").exists() and len(server.requests) >= 12
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    texts = {str(file): file.read_bytes().decode(errors="replace") for file in files} | {
        "output": done.stdout + done.stderr
    }
    assert len(files) >= 2 and [name for name, text in texts.items() if KEY in text] == []
    assert "[key]" in texts[str(tmp_path / "data.journal.jsonl")]


def test_no_key_of_ours_lies_in_the_repository():
    looks_like_a_key = re.compile(rb"sk-[A-Za-z0-9_]{20,}|hf_[A-Za-z]{30,}|ghp_[A-Za-z0-9]{30,}|AKIA[0-9A-Z]{16}")
    assert not [file for file in tracked() if file.exists() and looks_like_a_key.search(file.read_bytes())]


def test_every_atlas_has_a_credit_and_a_licence():
    credits = (REPO / "data" / "stickers" / "CREDITS.md").read_text(encoding="utf-8")
    for atlas in (REPO / "data" / "stickers").glob("*.webp"):
        line = next(line for line in credits.splitlines() if f"`{atlas.name}`" in line)
        licence = re.search(r"\((LICENSES/[\w.-]+)\)", line)[1]
        assert len((atlas.parent / licence).read_text(encoding="utf-8")) > 500
    for named in re.findall(r"\]\(([^)#:]+)\)", REVIEW):
        assert (REPO / "docs" / named).exists(), named


def test_the_tests_that_the_review_names_exist():
    named = set(re.findall(r"`(test_\w+)`", REVIEW))
    there = {file.stem for file in (REPO / "tests").rglob("test_*.py")}
    assert named and named <= there
