"""int8 weights on disk: how exact they are, and that nothing else is touched."""

import torch

from course_lib import checkpoints
from course_lib.common.int8 import SCALE, from_int8, to_int8


def weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(7, 40, generator=generator) * torch.logspace(-3, 1, 7)[:, None]  # small rows, large rows
    kernel = torch.randn(2, 3, 4, 4, generator=generator)
    return {"matrix": matrix, "zeros": torch.zeros(3, 5), "bias": torch.randn(9, generator=generator), "kernel": kernel}


def test_a_matrix_comes_back_within_half_a_step_of_its_row():
    tensors = weights()
    kept = to_int8(tensors)
    assert kept["matrix"].dtype == torch.int8 and kept["matrix" + SCALE].shape == (7, 1)
    back = from_int8(kept)
    assert back.keys() == tensors.keys() and back["matrix"].dtype == torch.float32
    step = tensors["matrix"].abs().amax(dim=1, keepdim=True) / 127
    assert ((back["matrix"] - tensors["matrix"]).abs() <= 0.6 * step).all()  # a tenth of a step is float16's
    assert torch.equal(back["zeros"], tensors["zeros"])


def test_what_is_no_matrix_is_kept_in_float16():
    tensors, back = weights(), from_int8(to_int8(weights()))
    for name in ("bias", "kernel"):
        assert back[name].dtype == torch.float16 and torch.equal(back[name], tensors[name].half())


def test_weights_that_were_kept_in_float16_come_to_the_same_bytes():
    once = to_int8(weights())
    assert same(to_int8({name: tensor.half() for name, tensor in weights().items()}), once)


def test_a_checkpoint_is_written_in_int8_and_read_in_float32(tmp_path):
    checkpoints.save(tmp_path / "one.safetensors", to_int8(weights()), {"stored_as": "int8"})
    tensors, card = checkpoints.load(tmp_path / "one.safetensors")
    assert same(tensors, from_int8(to_int8(weights()))) and card["stored_as"] == "int8"
    assert not any(name.endswith(SCALE) for name in tensors)


def test_int8_tensors_without_scales_stay_as_they_are():
    counts = {"counts": torch.tensor([[1, -2]], dtype=torch.int8)}
    assert same(from_int8(counts), counts)


def same(first: dict, second: dict) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
