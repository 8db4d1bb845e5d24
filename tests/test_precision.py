"""Which number format is used is a matter of the machine, not of the moment."""

import pytest
import torch

from course_lib import checkpoints
from course_lib.common import precision


@pytest.fixture
def fresh():
    """The answer is kept for a process: forget it before and after."""
    precision.bfloat16_is_faster.cache_clear()
    yield
    precision.bfloat16_is_faster.cache_clear()


@pytest.mark.parametrize("answers", [(False, False), (True, False), (False, True)])
def test_the_processor_is_asked_for_its_instructions(fresh, monkeypatch, answers):
    for name, answer in zip(precision.INSTRUCTIONS, answers, strict=True):
        monkeypatch.setattr(torch.cpu, name, lambda answer=answer: answer)
    monkeypatch.setattr(torch.Tensor, "__matmul__", lambda *_: pytest.fail("it multiplies, to measure"))
    assert precision.bfloat16_is_faster() == any(answers)
    assert checkpoints.machine().endswith("bfloat16" if any(answers) else "float32")
    with precision.mixed_precision():
        assert torch.is_autocast_enabled("cpu") == any(answers)


def test_a_torch_that_can_not_say_uses_float32(fresh, monkeypatch):
    for name in precision.INSTRUCTIONS:
        monkeypatch.delattr(torch.cpu, name)
    assert not precision.bfloat16_is_faster()


def test_both_questions_are_known_to_the_torch_that_is_tested():
    assert all(isinstance(getattr(torch.cpu, name)(), bool) for name in precision.INSTRUCTIONS)


def test_pretrained_weights_are_float32_on_a_cpu_and_float16_on_apples_gpu():
    assert precision.compute_dtype() == precision.compute_dtype(torch.device("cpu")) == torch.float32
    assert precision.compute_dtype("mps") == torch.float16
