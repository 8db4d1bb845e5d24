"""Training the gates: what is given, what may change, and the measures that say whether it helped."""

import json
import os
import signal

import pytest
import torch

from course_lib.checkpoints import CheckpointError
from course_lib.gligen.data.batches import draw_timesteps, make_grounded_batch, true_layout
from course_lib.gligen.data.scenes import PIXELS, draw_scene
from course_lib.gligen.diffusion import NUM_TRAIN_TIMESTEPS
from course_lib.gligen.evaluate.paired import layouts_of, losses_by_caption, losses_by_layout, paired_scenes
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.model import GeneratorConfig, add_gates, is_grounding_parameter, set_strength, transformer_blocks
from course_lib.gligen.sampling import sample
from course_lib.gligen.train import base_generator, gates
from course_lib.gligen.train.gates import GateLog, GatesRecipe, openness, train_gates
from course_lib.gligen.vocabulary import NAMES
from course_lib.world.render import render

TINY = GeneratorConfig(block_out_channels=(16, 32))
BUS = GroundedPhrase("a bus", (0.1, 0.2, 0.6, 0.7))


@pytest.fixture(scope="module")
def base():
    return base_generator.new_base(TINY).model.eval()


@pytest.fixture(scope="module")
def trained(base):
    model = add_gates(base)
    train_gates(model, GatesRecipe(steps=12, batch_size=6))
    return model


def test_the_base_in_it_stays_as_it_was_and_every_gate_moves(base, trained):
    weights = trained.state_dict()
    assert all(torch.equal(weights[name], weight) for name, weight in base.state_dict().items())
    assert len(openness(trained)) == 8 and all(openness(trained).values())
    fresh = add_gates(base).state_dict()
    moved = {name for name, weight in weights.items() if not torch.equal(weight, fresh[name])}
    assert moved and all(map(is_grounding_parameter, moved))


@torch.no_grad()
def test_without_boxes_or_strength_a_gated_model_draws_what_the_base_draws(base, trained):
    alone = sample(base, ["a bus on the beach"], steps=4)
    assert torch.equal(sample(trained, ["a bus on the beach"], steps=4), alone)
    for block in transformer_blocks(trained.unet):
        block.fuser.alpha_attn.fill_(0.8)
    assert torch.equal(sample(trained, ["a bus on the beach"], [[BUS]], steps=4, grounded_fraction=0.0), alone)
    asked = sample(trained, ["a bus on the beach"], [[BUS]], steps=4)
    assert asked.shape == (1, 3, PIXELS, PIXELS) and not torch.equal(asked, alone)
    # null tokens pass the gates, too: no boxes isn't no grounding
    assert not torch.equal(sample(trained, ["a bus on the beach"], [[]], steps=4), alone)
    assert all(block.fuser.beta == 1.0 for block in transformer_blocks(trained.unet))
    set_strength(base, 0.5)  # a base has no gates, and doesn't mind


def test_boxes_are_those_of_the_picture_and_dropped_as_the_recipe_says(base):
    scene = draw_scene(0, "train", (2, 2))
    picture = render(scene, PIXELS)
    for one, thing, box in zip(true_layout(scene, picture), scene.things, picture.boxes, strict=True):
        assert one.phrase.endswith(thing.name)
        torch.testing.assert_close(torch.tensor(one.box) * PIXELS, torch.from_numpy(box).float())
    never = make_grounded_batch(0, GatesRecipe(steps=1, batch_size=4, grounding_dropout=1.0), base.space)
    assert never.grounding["masks"].sum() == 0
    always = make_grounded_batch(
        0, GatesRecipe(steps=1, batch_size=4, grounding_dropout=0.0, caption_dropout=1.0), base.space
    )
    assert always.grounding["masks"].sum(dim=1).min() >= 1
    assert torch.equal(always.text[0], always.text[3])  # both are the empty caption


def test_noisy_levels_come_more_often():
    even, noisy = (draw_timesteps(4000, often, torch.Generator().manual_seed(0)) for often in (False, True))
    for t, middle in ((even, 1 / 2), (noisy, 2 / 3)):
        assert t.min() >= 0 and t.max() == NUM_TRAIN_TIMESTEPS - 1
        assert t.float().mean() / NUM_TRAIN_TIMESTEPS == pytest.approx(middle, abs=0.02)


def test_phrases_are_read_the_same_in_any_company():
    from course_lib.gligen.model import phrase_embeddings

    alone = phrase_embeddings(["a bus"])
    assert alone.shape == (1, 128) and torch.equal(phrase_embeddings(["a pine tree", "a bus"])[1:], alone)
    assert not torch.equal(phrase_embeddings(["a frog"]), alone)


@pytest.fixture(scope="module")
def baked(tmp_path_factory):
    """A folder with a base and gates that were stopped half-way, resumed, and finished."""
    folder = tmp_path_factory.mktemp("baked")
    base_generator.bake_base(folder, base_generator.BaseRecipe(steps=1, batch_size=2))
    recipe = GatesRecipe(steps=4, batch_size=2, learning_rate=1e-2)
    stops = [2]

    class StopOnce(GateLog):
        def __init__(self, model, file):
            super().__init__(model, every=1, file=file)

        def __call__(self, progress):
            super().__call__(progress)
            if progress.step in stops:
                stops.remove(progress.step)
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gates, "GateLog", StopOnce)
        gates.bake_gates(folder, recipe)
        assert not (folder / "gligen_gates.safetensors").exists()
        gates.bake_gates(folder, recipe)
    return folder


def test_baked_gates_are_what_gligen_adds_and_name_their_base(baked):
    files = ["gligen_base.json", "gligen_base.safetensors", "gligen_gates.json", "gligen_gates.safetensors"]
    assert sorted(file.name for file in baked.iterdir()) == files
    base_file, gates_file = baked / files[1], baked / files[3]
    card = json.loads((baked / files[2]).read_text())
    assert [row["step"] for row in card["openness_log"]] == [1, 2, 3, 4]
    assert card["base_sha256"] == json.loads((baked / files[0]).read_text())["sha256"]
    assert card["openness_log"][-1]["gates"] == list(card["openness"].values()) and any(card["openness"].values())
    model, base = gates.load_gated(gates_file, base_file), base_generator.load_base(base_file)
    assert all(torch.equal(model.state_dict()[name], weight) for name, weight in base.state_dict().items())
    assert openness(model) == pytest.approx(card["openness"], abs=1e-3)
    assert all(value != 0 for value in openness(model).values())
    with pytest.raises(CheckpointError, match="bake gligen_gates"):
        gates.load_gated(baked / "elsewhere" / "gligen_gates.safetensors", base_file)


def test_gates_of_another_base_are_refused(baked, tmp_path):
    base_generator.bake_base(tmp_path, base_generator.BaseRecipe(steps=1, batch_size=2, seed=1))
    with pytest.raises(CheckpointError, match="another base than gligen_base.safetensors.*bake gligen_gates"):
        gates.load_gated(baked / "gligen_gates.safetensors", tmp_path / "gligen_base.safetensors")


def test_gates_see_no_picture_that_the_base_has_seen():
    seeds = {base_generator.BAKED.seed, 1, GatesRecipe().seed + 1000}  # the base's, its latent space's, the gates'
    assert len(seeds) == 3


def test_paired_losses_differ_only_in_what_is_said(base, trained):
    paired = paired_scenes(12)
    for scene, true, wrong in zip(paired.scenes, paired.captions["true"], paired.captions["wrong"], strict=True):
        names = {thing.name for thing in scene.things}
        assert all(name in true for name in names) and not any(name in wrong for name in names)
        assert sum(name in wrong for name in NAMES) == len(names)
    losses = losses_by_caption(base, paired, (500,))
    assert torch.equal(losses["true"], losses_by_caption(base, paired, (500,))["true"])
    boxes = layouts_of(paired)
    for true, shuffled in zip(boxes["true"], boxes["shuffled"], strict=True):
        assert [one.phrase for one in true] == [one.phrase for one in shuffled]
    assert sum(a != b for a, b in zip(boxes["true"], boxes["shuffled"], strict=True)) >= 11
    assert all(loss.shape == (1, 12) for loss in losses_by_layout(trained, paired, timesteps=(500,)).values())
