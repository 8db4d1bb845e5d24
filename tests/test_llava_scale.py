"""Full-size training, for real, in tiny: two processes are one, a resumed run is the undisturbed one, the data are LLaVA's."""

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from scale_lab import RECIPE, command, write_tiny_models_and_data

from course_lib import checkpoints
from course_lib.__main__ import main
from course_lib.llava.full import PretrainedParts, scale
from course_lib.llava.full.data import InstructionData
from course_lib.llava.full.model import assemble, load
from course_lib.llava.full.scale import Distributed
from course_lib.llava.train.stages import loss_sum, num_label_tokens

ROOT = Path(__file__).resolve().parents[1]
CPU = torch.device("cpu")


@pytest.fixture(scope="module", autouse=True)
def here():
    """Commands run in this interpreter."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch.setenv("COURSE_NO_VENV", "1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A random vision tower, a random chat model, six pictures and eight records."""
    return write_tiny_models_and_data(tmp_path_factory.mktemp("scale"))


def model_and_data(folder: Path):
    model, processor = assemble(PretrainedParts(str(folder / "vision"), str(folder / "language"), lora_rank=4), CPU)
    return model, InstructionData(folder / "data.json", folder, model.tokenizer, processor, model.num_patches)


def losses(printed: str) -> list[float]:
    return [float(line.split("loss ")[1].split(",")[0]) for line in printed.splitlines() if line.startswith("step")]


@pytest.fixture(scope="module")
def alone(folder) -> tuple[list[float], dict[str, torch.Tensor]]:
    """What one process prints as losses, and what it has learned."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(command(folder, folder / "one")) == 0
    return losses(printed.getvalue()), checkpoints.load(folder / "one" / "llava.safetensors")[0]


@pytest.mark.parametrize(
    "launcher",
    [
        ["torch.distributed.run", "--standalone", "--nproc-per-node=2"],  # torchrun
        ["accelerate.commands.launch", "--multi_gpu", "--num_processes=2", "--main_process_port=0"],
    ],
    ids=["torchrun", "accelerate"],
)
def test_two_processes_do_what_one_does(folder, tmp_path, alone, launcher):
    ran = subprocess.run(
        [sys.executable, "-m", *launcher, "-m", "course_lib", *command(folder, tmp_path)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "2 process(es) on cpu" in ran.stdout
    expected, weights = alone
    assert len(expected) == RECIPE.steps
    assert losses(ran.stdout) == pytest.approx(expected, abs=1e-5)
    found, _ = checkpoints.load(tmp_path / "llava.safetensors")
    assert found.keys() == weights.keys()
    assert max((found[name].float() - weights[name].float()).abs().max() for name in weights) < 1e-3


class Half(Distributed):
    """One of two processes, whose sums are taken by the test."""

    def __init__(self, rank: int, tokens: int) -> None:
        super().__init__()
        self.rank, self.world_size, self.tokens = rank, 2, tokens

    def all_reduce(self, tensors):
        if len(tensors) == 1:  # the count of learned tokens
            tensors[0].fill_(self.tokens)


def test_the_gradients_of_two_halves_add_up_to_that_of_the_whole(folder):
    model, data = model_and_data(folder)
    batches = [data.batch([name]) for name in data.sample(0, 4)]
    scaler = torch.amp.GradScaler("cpu", enabled=False)

    def gradient(distributed, share):
        loss = scale.accumulate_gradients(model, share, scaler, torch.float32, distributed)
        return loss, [p.grad.clone() for p in model.parameters() if p.requires_grad]

    tokens = sum(map(num_label_tokens, batches))
    assert len({num_label_tokens(batch) for batch in batches}) > 1  # a mean of means would be another
    whole, expected = gradient(Distributed(), batches)
    halves = [gradient(Half(rank, tokens), batches[rank::2]) for rank in range(2)]
    assert sum(loss for loss, _ in halves) == pytest.approx(whole, abs=1e-6)
    assert max(g.abs().max() for g in expected) > 1e-4
    for one, two, both in zip(*(grads for _, grads in halves), expected, strict=True):
        assert torch.allclose(one + two, both, atol=1e-6)


def test_in_float16_with_a_scale_the_gradient_is_the_same_but_for_rounding(folder):
    """The arithmetic of a T4, on the CPU."""
    model, data = model_and_data(folder)
    batches = [data.batch([name]) for name in data.sample(0, 2)]
    learned = [p for p in model.parameters() if p.requires_grad]
    found = []
    for dtype in (torch.float32, torch.float16):
        scaler = torch.amp.GradScaler("cpu", enabled=dtype == torch.float16)
        scale.accumulate_gradients(model, batches, scaler, dtype, Distributed())
        scaler.unscale_(torch.optim.SGD(learned))
        found.append(torch.cat([p.grad.flatten() for p in learned]))
    exact, rounded = found
    assert not torch.equal(exact, rounded)
    assert (exact - rounded).norm() < 0.02 * exact.norm()


def test_a_run_that_was_cut_off_and_resumed_is_the_undisturbed_one(folder, tmp_path):
    def run(file: Path, cut: int | None = None) -> dict[str, torch.Tensor]:
        def after_step(step, loss):
            if step == cut:
                raise ConnectionError("the notebook is gone")

        model, data = model_and_data(folder)
        scale.train(model, data, RECIPE, file, Distributed(), after_step)
        return {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}

    undisturbed = run(tmp_path / "a.safetensors")
    for cut in (1, 2):
        with pytest.raises(ConnectionError):
            run(tmp_path / "b.safetensors", cut)
    resumed = run(tmp_path / "b.safetensors")
    assert all(torch.equal(resumed[name], tensor) for name, tensor in undisturbed.items())


def test_logits_where_there_are_labels_give_the_loss_of_all_logits(folder):
    model, data = model_and_data(folder)
    batch = data.batch(data.names[:3])
    with torch.no_grad():
        expected, _ = model.eval()(**batch.inputs())
        assert loss_sum(model, batch).item() / num_label_tokens(batch) == pytest.approx(expected.item(), abs=1e-5)


def test_checkpointing_changes_no_gradient(folder):
    model, data = model_and_data(folder)
    batch = data.batch(data.names[:2])
    found = []
    for training in (True, False):  # insides are thrown away and computed again in training only
        model.train(training).zero_grad()
        loss_sum(model, batch).backward()
        found.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.requires_grad]))
    assert model.language_model.is_gradient_checkpointing
    assert torch.allclose(*found, atol=1e-5)


def test_all_that_is_said_about_a_picture_shares_its_row(folder):
    model, data = model_and_data(folder)
    batch = data.batch(["0.png", "2.png"])  # records 0 and 6, record 2
    assert (batch.input_ids == model.image_token).sum(1).tolist() == [16, 16]
    learned = model.tokenizer.decode(batch.input_ids[1][batch.labels[1] >= 0])
    answer = json.loads((folder / "data.json").read_text())[2]["conversations"][1]["value"]
    assert learned == f"{answer}<|im_end|>left<|im_end|>"
    seen = [name for step in range(3) for name in data.sample(step, 2)]
    assert sorted(seen) == data.names


def test_a_text_without_a_picture_is_learned_in_a_row_whose_picture_it_does_not_see(folder, tmp_path):
    model, data = model_and_data(folder)
    text = [{"from": "human", "value": "name a colour."}, {"from": "gpt", "value": "a red one is nice."}]
    records = [*json.loads((folder / "data.json").read_text()), {"id": "text", "conversations": text}]
    (file := tmp_path / "data.json").write_text(json.dumps(records))
    mixed = InstructionData(file, folder, model.tokenizer, data.processor, model.num_patches)
    alone, batch = data.batch(["0.png"]), mixed.batch(["0.png"])
    start = alone.input_ids.shape[1]
    learned = model.tokenizer.decode(batch.input_ids[0][start:][batch.labels[0][start:] >= 0])
    assert learned == "a red one is nice.<|im_end|>" and batch.position_ids[0, start] == 0
    with torch.no_grad():
        _, before = model.eval()(**alone.inputs())
        _, after = model(**batch.inputs())
        _, other = model(**{**batch.inputs(), "pixel_values": batch.pixel_values + 1})
    assert torch.allclose(after[:, :start], before, atol=1e-5), "what is said about the picture is as before"
    assert torch.allclose(after[:, start:], other[:, start:], atol=1e-5), "the text sees nothing of the picture"
    assert not torch.allclose(after[:, :start], other[:, :start], atol=1e-3)


def test_what_was_tuned_is_asked_about_a_picture(folder, alone, capsys):
    file, picture = folder / "one" / "llava.safetensors", folder / "0.png"
    assert main(["llava", "ask", str(file), str(picture), "what is it?", "where is it?"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[: len("what is it?")] for line in lines] == ["what is it?", "where is it"]
    model, processor = load(file, CPU)
    _, weights = alone
    assert torch.equal(model.connector[0].weight.half(), weights["connector.0.weight"])
    pixels = processor(images=[Image.open(picture)], return_tensors="pt")["pixel_values"]
    assert lines[0] == f"what is it? {model.answer(pixels, ['what is it?'])[0]}"


def test_what_cannot_be_asked_is_said_in_a_sentence(folder, alone, tmp_path, capsys):
    file = folder / "one" / "llava.safetensors"
    picture = folder / "0.png"
    for llava, asked_about in (
        (file, folder / "data.json"),  # no picture
        (tmp_path / "none.safetensors", picture),
        (checkpoints.FOLDER / "llava.safetensors", picture),  # a pocket model
    ):
        assert main(["llava", "ask", str(llava), str(asked_about), "what is it?"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3 and all(line.startswith("✗ ") for line in lines)
    assert "no LLaVA of full size" in lines[2]
