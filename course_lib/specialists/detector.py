"""Lesson 10's detector, trained further: from twelve classes to every noun that training may see.

It keeps the trunk and its weights, gets a class head of 168 names, and CLIP's frozen patches beside its own features, so that it looks
through the same eyes as LLaVA. Whatever it does worse is not for want of a good look.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib import checkpoints
from course_lib.clip.data.images import normalise, to_tensor
from course_lib.clip.pretrained import load_clip
from course_lib.gligen.data.batches import DetectionBatch, cell_targets, degrade
from course_lib.gligen.detector import Detector
from course_lib.gligen.train.detector import DetectorRecipe, load_detector, train_detector
from course_lib.seem.data.queries import class_indices, class_names
from course_lib.seem.encoder import clip_patch_features
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

CHECKPOINT = checkpoints.FOLDER / "specialists_detector.safetensors"
WIDTH, CLIP_WIDTH, HEAD_WIDTH = 64, 160, 192


class NounDetector(nn.Module):
    """Pictures [B, 3, S, S] in 0–1 → class logits [B, 168, S/4, S/4] and distances to the sides [B, 4, S/4, S/4], shares."""

    def __init__(self, clip: nn.Module, trained: Detector) -> None:
        super().__init__()
        self._clip = (clip,)  # in a tuple, so that it is no part of this module
        self.stem, self.down, self.up = trained.stem, trained.down, trained.up
        self.mix, self.sides = trained.mix, trained.sides
        self.clip_proj = nn.Conv2d(CLIP_WIDTH, WIDTH, 1)
        self.hidden = nn.Conv2d(WIDTH + CLIP_WIDTH, HEAD_WIDTH, 1)
        self.classes = nn.Conv2d(HEAD_WIDTH, len(class_names()), 1)
        nn.init.zeros_(self.clip_proj.weight)  # training begins with the features of Lesson 10
        nn.init.zeros_(self.clip_proj.bias)
        nn.init.constant_(self.classes.bias, -6.0)  # almost no cell is the middle of anything

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        patches = clip_patch_features(self._clip[0], normalise(images))  # [B, 160, S/8, S/8]
        fine = self.stem((images - 0.5) / 0.25)  # [B, 64, S/4, S/4]
        wide = F.interpolate(self.up(self.down(fine)) + self.clip_proj(patches), scale_factor=2.0)
        x = self.mix(torch.cat([fine, wide], dim=1))  # [B, 64, S/4, S/4]
        hidden = self.hidden(torch.cat([x, F.interpolate(patches, scale_factor=2.0, mode="bilinear")], dim=1))
        return self.classes(F.silu(hidden)), (self.sides(x) - 2).exp()


BAKED = DetectorRecipe(steps=6400)
SCENES_SEED = 41  # scenes of its own
PLACEMENTS = ("uniform", "plausible")


def make_detection_batch(step: int, recipe: DetectorRecipe) -> DetectionBatch:
    """The batch of a step, from its number alone: scenes that training may see, every second batch plausible ones."""
    spec, first = SceneSpec(placement=PLACEMENTS[step % 2]), step * recipe.batch_size
    scenes = [make_scene(first + i, spec, SCENES_SEED + recipe.seed) for i in range(recipe.batch_size)]
    pictures = [render(scene) for scene in scenes]
    targets = []
    for scene, picture in zip(scenes, pictures, strict=True):
        visible = picture.boxes[:, 2] > picture.boxes[:, 0]
        numbers = [class_indices()[thing.name] for thing, seen in zip(scene.things, visible, strict=True) if seen]
        boxes = torch.from_numpy(picture.boxes[visible]) / picture.image.shape[0]
        targets.append(cell_targets(numbers, boxes, len(class_names())))
    classes, boxes = (torch.stack(part) for part in zip(*targets, strict=True))
    images = torch.cat([to_tensor(picture.image[None]) for picture in pictures])
    return DetectionBatch(degrade(images, torch.Generator().manual_seed(first)), classes, boxes)


def build_detector(recipe: DetectorRecipe) -> NounDetector:
    """The detector before its further training: Lesson 10's weights, and new ones where there were none."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return NounDetector(load_clip(), load_detector())


def bake(out_folder: Path, recipe: DetectorRecipe = BAKED) -> None:
    """Train the shipped detector. Interrupted, it goes on where it was when called again."""
    model = build_detector(recipe)
    state_file = out_folder / "specialists_detector.training.safetensors"
    progress = train_detector(model, recipe, make_batch=make_detection_batch, state_file=state_file)
    if progress.stopped:
        return
    data = "the sticker world, stream train: what course_lib.world.splits allows"
    card = checkpoints.card("specialists_detector", data, recipe, progress.seconds / 60, progress.losses)
    weights = {name: weight.half() for name, weight in model.state_dict().items()}
    checkpoints.save(out_folder / CHECKPOINT.name, weights, card)


def load_noun_detector(file: Path = CHECKPOINT) -> NounDetector:
    """The baked detector."""
    model = NounDetector(load_clip(), Detector())
    checkpoints.load_into(model, file)
    return model.eval()
