"""The training loop: it learns, stops when asked, and goes on exactly where it stopped."""

import itertools
import os
import signal

import pytest
import torch
from torch import nn

from course_lib import checkpoints, show, training
from course_lib.checkpoints import CheckpointError


def tiny_model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(8, 16), nn.Dropout(0.5), nn.GELU(), nn.Linear(16, 1)
    )  # dropout: random state matters


def batch(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Data of a step: the sum of eight numbers."""
    x = torch.randn(32, 8, generator=torch.Generator().manual_seed(step))
    return x, x.sum(dim=1, keepdim=True)


def loss(model: nn.Module, data) -> torch.Tensor:
    return (model(data[0]) - data[1]).square().mean()


def test_the_loss_falls():
    progress = training.fit(tiny_model(), batch, loss, steps=150, learning_rate=1e-2)
    assert progress.step == len(progress.losses) == 150 and not progress.stopped
    assert sum(progress.losses[-10:]) < 0.5 * sum(progress.losses[:10])


def test_a_stopped_and_resumed_run_is_the_undisturbed_run(tmp_path, capsys):
    undisturbed, resumed = tiny_model(), tiny_model()
    torch.manual_seed(1)
    expected = training.fit(undisturbed, batch, loss, steps=30)

    def stop_at(step: int):
        return lambda progress: os.kill(os.getpid(), signal.SIGINT) if progress.step == step else None

    file = tmp_path / "run.safetensors"
    torch.manual_seed(1)
    first = training.fit(resumed, batch, loss, steps=30, callbacks=[stop_at(11)], state_file=file)
    assert first.stopped and first.step == 11 and file.exists()
    assert "Stopped after step 11" in capsys.readouterr().out
    torch.manual_seed(99)  # as in a new process
    another_process = tiny_model()
    second = training.fit(another_process, batch, loss, steps=30, state_file=file)
    assert "Going on from step 11" in capsys.readouterr().out
    assert second.losses == expected.losses  # exactly, all thirty
    for a, b in zip(undisturbed.parameters(), another_process.parameters(), strict=True):
        assert torch.equal(a, b)
    assert not file.exists()  # nothing left to go on with


def test_signals_are_as_before_after_a_run():
    before = signal.getsignal(signal.SIGINT)
    training.fit(tiny_model(), batch, loss, steps=1)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_in_seconds_ends_in_time_and_with_a_low_rate(monkeypatch):
    clock, rates = itertools.count(0, 0.125), []  # each look at it finds an eighth of a second gone
    monkeypatch.setattr(training.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(training, "_step", lambda model, optimizer, rate, loss, data: rates.append(rate) or 0.0)
    progress = training.fit(tiny_model(), batch, loss, seconds=10)
    assert 10 <= progress.seconds < 10.5 and not progress.stopped
    assert rates[-1] < 0.01 * max(rates)


def test_a_budget_is_needed():
    with pytest.raises(ValueError, match="steps=… or seconds=…"):
        training.fit(tiny_model(), batch, loss)


def test_schedule_rises_then_falls_to_zero():
    rates = [training.schedule(i / 1000, warmup_frac=0.1) for i in range(1001)]
    assert 0 < rates[0] < 0.02 and abs(max(rates) - 1) < 0.02 and rates[-1] < 1e-6
    assert rates[:100] == sorted(rates[:100]) and rates[101:] == sorted(rates[101:], reverse=True)


def test_only_matrices_decay():
    decayed, free = training.parameter_groups(tiny_model(), 0.1)
    assert {p.ndim for p in decayed["params"]} == {2} and {p.ndim for p in free["params"]} == {1}


def test_a_damaged_training_state_is_named(tmp_path):
    file = tmp_path / "run.safetensors"
    file.write_bytes(b"half of a fi")
    with pytest.raises(CheckpointError, match="run.safetensors.*Delete this file to start afresh"):
        training.fit(tiny_model(), batch, loss, steps=1, state_file=file)


def test_a_training_state_of_another_model_is_named(tmp_path):
    file = tmp_path / "run.safetensors"
    other = nn.Linear(2, 2)
    checkpoints.save_training(file, other, torch.optim.AdamW(other.parameters()), {"step": 1})
    with pytest.raises(CheckpointError, match="Delete this file"):
        training.fit(tiny_model(), batch, loss, steps=1, state_file=file)


def test_loss_curve_says_it_in_words(capsys):
    curve = show.LossCurve(chance=5.55, chance_name="ln 256")
    progress = training.Progress(step=3, seconds=2, losses=[5.5, 4.0, 3.0])
    curve(progress)  # nobody watches a test: no drawing while training
    assert capsys.readouterr().out == ""
    curve.draw(progress)
    assert "5.50 →" in capsys.readouterr().out
    assert len(curve.figure(progress).axes[0].lines) == 3
