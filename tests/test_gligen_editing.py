"""Editing a scene: inside the boxes something new, outside them the scene."""

import pytest
import torch

from course_lib.clip.data.images import to_tensor
from course_lib.gligen.data.batches import render_images
from course_lib.gligen.data.scenes import draw_scene
from course_lib.gligen.inpainting import edit, inpainting_mask, move
from course_lib.gligen.latents import PATCH_SIZE
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.model import GeneratorConfig, add_gates
from course_lib.gligen.train import base_generator

BUS, OLD = GroundedPhrase("a bus", (0.5, 0.5, 0.9, 0.9)), (0.0, 0.1, 0.3, 0.4)


@pytest.fixture(scope="module")
def model():
    return add_gates(base_generator.new_base(GeneratorConfig(block_out_channels=(16, 32))).model.eval())


@pytest.fixture(scope="module")
def scene() -> torch.Tensor:
    return to_tensor(render_images([draw_scene(1, "val")]))[0]


def test_outside_the_boxes_the_scene_stays_and_inside_it_changes(model, scene):
    edited = edit(model, scene, [BUS], [OLD], count=3, steps=4)
    assert edited.shape == (3, 3, 64, 64)
    known = model.space.decode(model.space.encode(scene[None]))
    inside = (
        inpainting_mask([BUS.box, OLD]).repeat_interleave(PATCH_SIZE, 0).repeat_interleave(PATCH_SIZE, 1)
    )  # [64, 64]
    torch.testing.assert_close(edited[..., ~inside], known[..., ~inside].expand(3, -1, -1), atol=1e-4, rtol=0)
    assert ((edited - known).abs().mean(dim=1)[:, inside].mean(dim=1) > 0.05).all()


def test_the_same_seed_gives_the_same_and_another_another(model, scene):
    first, again, other = (edit(model, scene, [BUS], count=2, steps=2, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])


def test_what_is_painted_reads_what_is_outside(model, scene):
    darker = scene * 0.5
    inside = inpainting_mask([BUS.box]).repeat_interleave(PATCH_SIZE, 0).repeat_interleave(PATCH_SIZE, 1)
    one, two = (edit(model, base, [BUS], count=1, steps=4)[..., inside] for base in (scene, darker))
    assert not torch.allclose(one, two)


def test_steps_are_heard_and_settings_reach_the_sampler(model, scene):
    heard = []
    edit(
        model,
        scene,
        [BUS],
        count=1,
        steps=3,
        callback_on_step_end=lambda step, x: heard.append(step) or x,
        guidance_scale=1.0,
        grounded_fraction=0.5,
    )
    assert heard == [0, 1, 2]
    with pytest.raises(ValueError, match="nothing is to be changed"):
        edit(model, scene, [])


def test_to_move_is_to_put_there_and_away_from_here(model, scene):
    moved = move(model, scene, GroundedPhrase("a bus", OLD), BUS.box, count=1, steps=2)
    assert torch.equal(moved, edit(model, scene, [BUS], [OLD], count=1, steps=2))


def test_a_cell_belongs_to_a_box_that_touches_it():
    assert inpainting_mask([(0.0, 0.0, 1 / 16, 1 / 16)]).sum() == 1
    cells = inpainting_mask([(0.5, 0.25, 0.501, 0.3)])  # x in column 8; y from row 4 into row 4
    assert cells.nonzero().tolist() == [[4, 8]]
    both = inpainting_mask([(0.0, 0.0, 0.125, 1.0), (0.0, 0.0, 1.0, 0.125)])
    assert both[:, :2].all() and both[:2].all() and not both[2:, 2:].any()
    assert inpainting_mask([(0.0, 0.0, 1.0, 1.0)]).all()
