"""The pointing game (Zhang et al., 2016, arXiv 1608.00507): is the patch that speaks most for a name on the thing of that name?

CLIP was never told where anything is. Chance is the share of patches that the thing touches.
"""

from collections.abc import Iterator

import numpy as np
import torch

from course_lib.clip.data import testsets
from course_lib.clip.data.images import normalise, to_tensor
from course_lib.clip.evaluate.zero_shot import classifier
from course_lib.figures import Figure, share
from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, make_scene

PATCH = 8  # pixels


def touched_patches(scene: Scene, thing: int) -> np.ndarray:
    """bool [8, 8]: the patches in which a thing, by its place in the scene, has a pixel."""
    mask = render(scene).instances == thing + 1  # [64, 64]
    side = len(mask) // PATCH
    return mask.reshape(side, PATCH, side, PATCH).any(axis=(1, 3))  # [64, 64] → [8, 8, 8, 8] → [8, 8]


@torch.no_grad()
def brightest_patches(model, scenes: list[Scene], names: list[str]) -> np.ndarray:
    """int [N]: for every scene the number of the patch that speaks most for the name beside it."""
    images = normalise(to_tensor(testsets.render_images(scenes)))
    return model.patch_contributions(images, classifier(model, names).T).argmax(dim=1).numpy()


def pointing_game(model, untrained, n: int = 200) -> Iterator[Figure]:
    """Scenes of one thing and of two, in a style never trained. Where there are two, one is named; the control names the other."""
    for id, count in (("one_thing", 1), ("two_things", 2)):
        spec = SceneSpec(stream="test", styles=("fluent_flat",), count=(count, count), kinds=(1.0, 0.0, 0.0))
        scenes = [make_scene(index, spec, seed=9) for index in range(n)]
        things = np.stack([touched_patches(scene, 0).ravel() for scene in scenes])  # bool [N, 64]
        first, last = ([scene.things[at].name for scene in scenes] for at in (0, -1))
        hit, blind, other = (
            things[np.arange(n), brightest_patches(*who)]
            for who in ((model, scenes, first), (untrained, scenes, first), (model, scenes, last))
        )
        yield share(
            f"clip.pointing.{id}",
            hit,
            chance=round(float(things.mean()), 4),
            control=round(float((blind if count == 1 else other).mean()), 4),
            note=f"on fluent_flat; control: {'untrained twin' if count == 1 else 'the other name'}",
        )
