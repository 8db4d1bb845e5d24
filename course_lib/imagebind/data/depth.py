"""The disparity of a scene: how near each pixel is, as a stereo camera would measure it.

Disparity is one over the distance: large is near, the sky is 0. The ground comes nearer from the horizon to the lower edge. What
was painted later lies in front of what was painted before, and, of two things that look alike, the larger one is the nearer.
"""

import numpy as np
from scipy.ndimage import distance_transform_edt

from course_lib.world.backdrops import HORIZON
from course_lib.world.render import render
from course_lib.world.scenes import Scene

NOISE = 0.02  # of the sensor
BULGE = 0.15  # by how much the middle of a thing is nearer than its rim


def disparity(scene: Scene, size: int = 64) -> np.ndarray:
    """float32 [size, size], 0 (infinitely far) to about 1 (near), with a sensor's noise."""
    rows = (np.arange(size) + 0.5) / size
    horizon = HORIZON[scene.backdrop]
    ground = 0.4 * np.clip((rows - horizon) / max(1 - horizon, 0.1), 0, 1)
    depth = np.repeat(ground[:, None], size, axis=1)
    instances = render(scene, size).instances
    for k, thing in enumerate(scene.things, 1):
        mask = instances == k
        near = 0.3 + 0.12 * k + 0.4 * thing.width
        relief = np.minimum(distance_transform_edt(mask) / (0.1 * size), 1)  # things are round, not cut from paper
        depth[mask] = (near + BULGE * relief)[mask]
    rng = np.random.default_rng([scene.index, scene.seed, len(scene.stream)])
    return (depth + NOISE * rng.standard_normal(depth.shape)).astype(np.float32)
