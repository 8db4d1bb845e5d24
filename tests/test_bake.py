"""A bake goes on where it was, however it ended; but never from what another recipe, or another input, has left."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

from course_lib import checkpoints, training
from course_lib.cli import artefacts, bake
from course_lib.cli.registry import BAKES, Bake


@dataclass(frozen=True)
class ToyRecipe:
    steps: int = 6
    learning_rate: float = 0.01


TWO_STAGES = (ToyRecipe(), ToyRecipe(steps=4))


def two_stages(folder: Path, recipes: tuple[ToyRecipe, ...] = TWO_STAGES, stop_at: list[int] | None = None) -> None:
    """In two stages, as SEEM and LLaVA are baked. `stop_at`: after these steps, counted over all stages, it is killed."""
    torch.manual_seed(0)
    model, done = nn.Linear(4, 1), 0

    def batch(step: int) -> torch.Tensor:
        return torch.randn(8, 4, generator=torch.Generator().manual_seed(step))

    def die(_) -> None:
        nonlocal done
        done += 1
        if stop_at and done == stop_at[0]:
            stop_at.pop(0)
            raise KeyboardInterrupt

    for number, recipe in enumerate(recipes):
        stage = folder / f"toy.stage{number}.safetensors"
        if stage.with_suffix(".json").exists():
            checkpoints.load_into(model, stage)
            continue
        training.fit(
            model,
            batch,
            lambda model, x: (model(x)[:, 0] - x.sum(dim=1)).square().mean(),
            steps=recipe.steps,
            learning_rate=recipe.learning_rate,
            callbacks=[die],
            state_file=stage.with_suffix(".training.safetensors"),
            save_every=0,
        )
        checkpoints.save(stage, model, {})
    checkpoints.save(folder / "toy.safetensors", model, {"recipe": [vars(recipe) for recipe in recipes]})


@pytest.fixture
def toy(monkeypatch):
    """Make `bake toy` call this function."""

    def use(function):
        for module in (artefacts, bake):
            monkeypatch.setattr(module, "find", lambda *_: function)

    monkeypatch.setitem(BAKES, "toy", Bake("test_bake:two_stages"))

    use(two_stages)
    return use


def weights(folder: Path) -> bytes:
    return (folder / "toy.safetensors").read_bytes()


def undisturbed(folder: Path, recipes=TWO_STAGES) -> bytes:
    folder.mkdir()
    two_stages(folder, recipes)
    return weights(folder)


@pytest.mark.parametrize("deaths", [[3], [6], [8], [2, 3, 5], [10]])
def test_killed_in_either_stage_it_comes_to_the_same_weights(tmp_path, toy, deaths):
    def dying(folder, recipes=TWO_STAGES):
        two_stages(folder, recipes, stop_at=deaths)

    toy(dying)
    (tmp_path / "here").mkdir()
    while deaths:
        with pytest.raises(KeyboardInterrupt):
            bake.bake_one("toy", tmp_path / "here")
    assert bake.bake_one("toy", tmp_path / "here")
    assert weights(tmp_path / "here") == undisturbed(tmp_path / "there")
    left = sorted(file.name for file in (tmp_path / "here").iterdir())
    assert left == [".bake.lock", "toy.json", "toy.safetensors"]


def test_killed_while_it_tidies_up_it_is_finished(tmp_path, toy, monkeypatch):
    unlink = Path.unlink

    def killed(file, **options):
        if file.name == "toy.stage1.training.safetensors":
            raise KeyboardInterrupt
        unlink(file, **options)

    with monkeypatch.context() as dying:
        dying.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            bake.bake_one("toy", tmp_path)
    assert bake.halves("toy", tmp_path)
    toy(lambda folder: pytest.fail("it was made anew"))
    assert bake.bake_one("toy", tmp_path)
    assert weights(tmp_path) == undisturbed(tmp_path / "there")
    assert not bake.halves("toy", tmp_path) and not (tmp_path / "toy.begun").exists()


def test_another_recipe_begins_afresh(tmp_path, toy, capsys):
    (tmp_path / "here").mkdir()

    def half(folder, recipes=TWO_STAGES):
        two_stages(folder, recipes, stop_at=[8])

    toy(half)
    with pytest.raises(KeyboardInterrupt):
        bake.bake_one("toy", tmp_path / "here")
    other = (ToyRecipe(learning_rate=0.05), ToyRecipe(steps=4))

    def otherwise(folder, recipes=other):
        two_stages(folder, recipes)

    toy(otherwise)
    assert bake.bake_one("toy", tmp_path / "here")
    told = capsys.readouterr().out
    assert "toy was begun with another recipe" in told and "Going on" not in told
    assert weights(tmp_path / "here") == undisturbed(tmp_path / "there", other)
    card = json.loads((tmp_path / "here" / "toy.json").read_text(encoding="utf-8"))
    assert card["recipe"][0]["learning_rate"] == 0.05


def test_another_input_begins_afresh(tmp_path, toy, monkeypatch, capsys):
    monkeypatch.setitem(BAKES, "toy", Bake("test_bake:two_stages", ("source",)))
    (tmp_path / "source.safetensors").write_bytes(b"one")

    def half(folder, recipes=TWO_STAGES):
        two_stages(folder, recipes, stop_at=[3])

    toy(half)
    with pytest.raises(KeyboardInterrupt):
        bake.bake_one("toy", tmp_path)
    (tmp_path / "source.safetensors").write_bytes(b"another")
    toy(two_stages)
    assert bake.bake_one("toy", tmp_path)
    assert "begins afresh" in capsys.readouterr().out


def started(name: str, folder: Path) -> None:
    """Read what this bake begins with, from this folder alone."""
    from course_lib.llava.train import saved
    from course_lib.llava_next import train as tiles
    from course_lib.video import train as video

    begins = {
        "llava": lambda: saved.load("mixture", folder),
        "failures_assistant": lambda: saved.load("2", folder),
        "llava_next": lambda: tiles.build_model(folder),
        "video": lambda: video.build_model(folder),
    }
    begins[name]()


@pytest.mark.parametrize("name", ["llava", "failures_assistant", "llava_next", "video"])
def test_what_a_bake_says_that_it_is_made_of_is_all_that_it_reads(tmp_path, name):
    for one in BAKES[name].inputs:
        for file in checkpoints.SHIPPED.glob(f"{one}.*"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    started(name, tmp_path)
    for one in ("llava_words", "llava_letters", "llava_mixture"):  # and without one of them it can't begin
        if one in BAKES[name].inputs:
            (tmp_path / f"{one}.safetensors").rename(tmp_path / "elsewhere")
            with pytest.raises(checkpoints.CheckpointError, match=one):
                started(name, tmp_path)
            (tmp_path / "elsewhere").rename(tmp_path / f"{one}.safetensors")
