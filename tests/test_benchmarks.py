"""The benchmarks' own arithmetic, and that each can be asked for. They are run by hand: `python benchmarks`."""

import runpy
import sys

import numpy as np
import pytest

from course_lib.figures import Figure, from_json
from course_lib.session import REPO
from course_lib.world.evaluate import naive_render
from course_lib.world.scenes import make_scene

sys.path.insert(0, str(REPO / "benchmarks"))
import floor
import profiles
import world_speed


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


def test_the_pillow_loops_draw_the_same_scenes():
    for scene in map(make_scene, range(200)):
        naive, pasted, small_first = (
            np.asarray(draw(scene)).astype(int)
            for draw in (naive_render, world_speed.pasted_render, world_speed.resized_first_render)
        )
        assert abs(naive - pasted).max() <= 1  # versions of Pillow may round differently
        if not any(thing.tilt for thing in scene.things):
            assert (pasted == small_first).all()


def test_the_bar_stands_at_naive_pillow_alone(monkeypatch):
    monkeypatch.setattr(world_speed, "SCENES", 2)
    found = {figure.id: figure for figure in world_speed.figures(1)}
    ratios = [id for id in found if "ratio" in id]
    assert ratios == [f"bench.scenes.ratio{peer}" for peer in ("", "_paste", "_resize_first")]
    assert [found[id].bar for id in ratios] == [5, None, None]


def test_a_full_run_takes_no_quick_figures_for_its_own(tmp_path, monkeypatch):
    (tmp_path / "tiny.py").write_text(
        f"import sys\nprint({Figure('bench.tiny', 1).to_json()!r}.replace('1', str(len(sys.argv))))"
    )
    benchmarks = runpy.run_path(str(REPO / "benchmarks" / "__main__.py"))["main"]
    monkeypatch.setitem(benchmarks.__globals__, "HERE", tmp_path)
    monkeypatch.setitem(benchmarks.__globals__, "RUNS", {"tiny": ("--rounds", "1")})
    out = tmp_path / "out"
    for options, folder, words in ((["--quick"], out / "quick", 3), ([], out, 1), (["--quick"], out / "quick", 3)):
        monkeypatch.setattr(sys, "argv", ["benchmarks", "--out", str(out), *options])
        assert benchmarks() == 0
        figure = from_json((folder / "benchmarks.jsonl").read_text(encoding="utf-8").splitlines()[0])
        assert (figure.id, figure.value) == ("bench.tiny", words)
        assert sorted(file.name for file in folder.glob("*.*")) == ["benchmarks.jsonl", "benchmarks.svg", "tiny.jsonl"]
