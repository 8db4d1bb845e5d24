"""The benchmarks' own arithmetic, and that each can be asked for. They are run by hand: `python benchmarks`."""

import sys

import pytest

from course_lib.session import REPO

sys.path.insert(0, str(REPO / "benchmarks"))
import floor
import profiles


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("aten::addmm", "products"),
        ("aten::convolution_backward", "products"),
        ("aten::_scaled_dot_product_flash_attention_for_cpu", "products"),
        ("aten::mkldnn_linear", "products"),
        ("aten::copy_", "moves"),
        ("aten::index_put_", "moves"),
        ("aten::cat", "moves"),
        ("aten::gelu", "others"),
        ("aten::native_layer_norm", "others"),
        ("Optimizer.step#AdamW.step", "others"),
    ],
)
def test_operations_are_sorted_into_kinds(operation, kind):
    assert profiles.kind(operation) == kind


def test_the_shares_of_a_profile_add_up(monkeypatch):
    import torch

    a = torch.randn(256, 256)
    monkeypatch.setitem(profiles.WORK, "products_alone", lambda: lambda: a @ a)
    monkeypatch.setattr(profiles, "LONG_ENOUGH", 0.05)
    found = {figure.id.rsplit(".", 1)[1]: figure.value for figure in profiles.figures("products_alone")}
    assert sum(found.values()) == pytest.approx(1, abs=0.01)
    assert found["products"] > 0.5 > found["moves"] + found["others"]


def test_a_share_of_the_floor_is_operations_over_time_over_rate(monkeypatch):
    import torch

    monkeypatch.setattr(floor, "multiplied", lambda dtype: (1e9, 1e9, 1e9))
    a = torch.ones(100, 50)
    figure = floor.share("made_up", lambda: a @ a.T, took=2e-3)  # 2 · 100 · 50 · 100 = a million operations
    assert figure.value == 0.5 and figure.id == "bench.made_up.share_of_floor"
