"""Sessions and figures: what a lesson's first and last cells say."""

import json
import subprocess
import sys

import pytest

from course_lib import figures, session
from course_lib.session import REPO


def test_pocket_is_the_default_and_every_choice_has_its_reason(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "mine"))
    begun = session.begin("02_clip", seed=3)
    assert (begun.tier, begun.device, begun.dtype_name, begun.seed) == ("pocket", "cpu", "float32", 3)
    assert set(begun.reasons) == {"tier", "device", "folder"} and all(begun.reasons.values())
    assert begun.home.is_dir() and begun.paths().runs == begun.home / "runs" / "02_clip"
    assert begun.paths().checkpoints == REPO / "data" / "checkpoints"
    said = capsys.readouterr().out
    assert "02_clip: pocket tier on cpu in float32, seed 3" in said and begun.reasons["folder"] in said
    assert all(begun.reasons[name] in session.machine() for name in ("tier", "device"))


def test_an_earlier_run_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    (session.begin("02_clip").paths().runs / "live.safetensors").write_bytes(b"")
    assert "earlier run" not in capsys.readouterr().out
    session.begin("02_clip")
    assert "Found from an earlier run: live.safetensors." in capsys.readouterr().out


def test_the_tier_is_asked_for_by_name(monkeypatch):
    monkeypatch.setenv("COURSE_TIER", "Full")
    assert session.tier() == ("full", "COURSE_TIER is full")
    monkeypatch.setenv("COURSE_TIER", "huge")
    name, reason = session.tier()
    assert name == "pocket" and '"huge", which is none of pocket, full' in reason


@pytest.mark.parametrize(("capability", "dtype"), [((7, 5), "float16"), ((8, 0), "bfloat16"), ((9, 0), "bfloat16")])
def test_the_number_format_fits_the_gpu(monkeypatch, capability, dtype):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    device, name, reason = session.best_device()
    assert (device, name) == ("cuda", dtype) and "a GPU" in reason


def test_on_colab_a_mounted_drive_keeps_the_work(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_HOME", raising=False)
    assert session.home() == REPO / ".course"
    monkeypatch.setenv("COLAB_RELEASE_TAG", "2026-08")
    monkeypatch.setattr(session, "DRIVE", tmp_path)
    assert session.home() == tmp_path / "multimodal_from_scratch"


def test_quick_budgets_are_tiny(monkeypatch, tmp_path):
    begun = session.begin("00_welcome")
    monkeypatch.setenv("COURSE_QUICK", "1")
    assert begun.budget(240) == session.QUICK_SECONDS and begun.budget(1) == 1
    monkeypatch.setenv("COURSE_QUICK", "0")
    assert begun.budget(240) == 240


def test_the_package_and_a_pocket_session_import_no_torch():
    code = "import sys, course_lib, course_lib.session as s; s.begin('00'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True).returncode == 0


def test_figures_survive_json_and_fill_only_the_columns_they_need():
    one = figures.Figure("clip.top1", 0.964, low=0.95, high=0.97, n=2000, chance=1 / 160, ceiling=1.0)
    other = figures.Figure("world.scenes_per_s", 2345.6, unit="scenes/s")
    assert figures.from_json(one.to_json()) == one
    assert json.loads(other.to_json())["chance"] is None
    head, _, first, second = figures.table([one, other]).splitlines()
    assert [cell.strip() for cell in head.split("|")[1:-1]] == ["figure", "value", "interval", "n", "chance", "id"]
    assert "96.4 %" in first and "95.0 to 97.0 %" in first and "0.6 %" in first and "2,346 scenes/s" in second
    assert figures.table([]) == "(no figures)"


def test_figures_in_a_notebook_are_a_chart_and_a_folded_table_with_the_numbers_beside_them(monkeypatch):
    shown = []
    monkeypatch.setattr("course_lib.show.in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw: shown.append(bundle))
    missed = figures.Figure("seem.noc85", 4, unit="clicks", control=3.9, bar=2)
    figures.show([figures.Figure("clip.top1", 0.964, 0.95, 0.97), missed, figures.Figure("gligen.ap.ceiling", 1.0)])
    page = shown[0]["text/html"]
    assert (
        page.startswith('<img alt="A chart of measured figures') and "clip.top1 96.4 %; clicks to 85 % overlap" in page
    )
    assert "<details>" in page and "<td>96.4&nbsp;%</td>" in page and "<td>≤ 2 clicks, missed</td>" in page
    assert "ceiling" not in page and "96.4 %" in shown[0]["text/plain"]
    assert [one["value"] for one in shown[0][figures.MIME]] == [0.964, 4, 1.0]


def test_bars_are_missed_from_below_or_from_above():
    for id, value, missed in (
        ("clip.top1", 0.4, True), ("clip.top1", 0.6, False), ("seem.round_ms", 0.6, True), ("seem.round_ms", 0.4, False),
        ("llava.pope.yes_ratio", 0.44, True), ("llava.pope.yes_ratio", 0.45, False), ("seem.wrong_prompt_iou", 1, False),
    ):  # fmt: skip
        assert figures.missed(figures.Figure(id, value, bar=0.5)) == missed, (id, value)
    assert not figures.missed(figures.Figure("clip.top1", 0.4))
    assert figures.missed(figures.Figure("seem.noc90", 6, control=6))


def test_a_figures_name_is_that_of_the_longest_known_beginning():
    assert figures.name("seem.iou.click1") == "mask overlap, one click"
    assert figures.name("seem.iou.two_clicks") == "mask overlap (IoU): two clicks"
    assert figures.name("elsewhere.a") == "elsewhere.a"


def test_a_warning_that_no_learner_can_mend_is_not_shown():
    code = "import course_lib, warnings\nfor what in ('`is_gradient_checkpointing` is deprecated.', 'Mind the gap.'):\n    warnings.warn(what, FutureWarning)"
    said = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True).stderr
    assert "Mind the gap" in said and "checkpointing` is" not in said
