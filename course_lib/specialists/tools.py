"""The set of tools: every specialist as a callable with a name, a description, and a JSON schema of its arguments.

Lesson 01 wires some of them by rules; Lesson 13 hands all of them to a language model. Each takes a picture, uint8 [64, 64, 3], and
returns what JSON can hold, but for `draw`, which returns a picture. Boxes are [x0, y0, x1, y1], shares of the side.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from PIL import Image

from course_lib.clip.data.images import normalise, to_images, to_tensor
from course_lib.clip.pretrained import load_clip
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.clip.zero_shot import classify, zero_shot_classifier
from course_lib.gligen.detector import detect
from course_lib.gligen.inpainting import edit
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.train.gates import load_gated
from course_lib.llava.evaluate.vqa import answers
from course_lib.llava.train import letters, saved
from course_lib.seem.data.queries import class_names
from course_lib.seem.encoder import clip_patch_features
from course_lib.seem.prompts import Prompt
from course_lib.seem.train import stages
from course_lib.specialists.boxes import non_maximum_suppression
from course_lib.specialists.detector import load_noun_detector
from course_lib.specialists.reader import read_signs
from course_lib.world.backdrops import BACKDROPS
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

MIN_SCORE = (
    0.5  # of a detection that counts: the best of the sweep on the stream "val" (`evaluate.boxes.threshold_sweep`)
)
MAX_IOU = 0.5  # of two things: where two names are found in one place, the surer one stays
LABELLED_PLACES = 1500  # pictures whose place somebody has named
CLOSE_UP = 32  # pixels a side of a part of the picture, as CLIP has seen them in training
TEXT, BOX = {"type": "string"}, {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}


@dataclass(frozen=True)
class Tool:
    """A specialist with its manual."""

    name: str
    description: str
    properties: Mapping[str, dict]  # JSON schema of each argument but the picture
    required: tuple[str, ...]
    call: Callable[..., object]

    def __call__(self, image: np.ndarray, **arguments) -> object:
        """Use it on a picture uint8 [64, 64, 3]."""
        return self.call(image, **arguments)

    def schema(self) -> dict:
        """As chat models are told of tools: {"name", "description", "parameters": a JSON schema}."""
        required = list(self.required)
        parameters = {"type": "object", "properties": dict(self.properties), "required": required}
        return {"name": self.name, "description": self.description, "parameters": parameters}


def find(image: np.ndarray) -> list[dict]:
    """Each thing that the detector finds: its name, its box, and how sure it is, the surest first."""
    [found] = detect(detector(), to_tensor(image[None]), MIN_SCORE)
    keep = non_maximum_suppression(found.boxes, found.scores, MAX_IOU)
    rows = zip(found.classes[keep].tolist(), found.boxes[keep].tolist(), found.scores[keep].tolist(), strict=True)
    return [{"name": class_names()[number], "box": box, "score": score} for number, box, score in rows]


def read(image: np.ndarray) -> str:
    """What the sign says, "" without one."""
    return read_signs(_letters(), image[None])[0]


def ask(image: np.ndarray, question: str, brief: bool = True) -> str:
    """LLaVA's answer."""
    return answers(_llava(), image[None], [question], brief)[0]


@torch.no_grad()
def choose(image: np.ndarray, options: Sequence[str], box: Sequence[float] | None = None) -> str:
    """Which of the texts CLIP finds most like the picture, or like the part of it in a box."""
    part = image if box is None else close_up(image, box)
    features = load_clip().encode_image(normalise(to_tensor(part[None])))
    weights = _classifier(tuple(options))
    return options[int(classify(features, weights, 1.0).argmax())]


@torch.no_grad()
def place(image: np.ndarray) -> str:
    """Which of the ten places this is: a linear classifier on CLIP's patches, fitted when it is first asked for."""
    return BACKDROPS[int((_place_features(image[None]) @ _place_weights()).argmax())]


def _place_features(images: np.ndarray) -> torch.Tensor:
    """CLIP's patches, their mean and their maximum, and a 1: [B, 321]."""
    patches = clip_patch_features(load_clip(), normalise(to_tensor(images))).flatten(2)  # [B, 160, 8, 8] → [B, 160, 64]
    return torch.cat([patches.mean(dim=2), patches.amax(dim=2), torch.ones(len(images), 1)], dim=1)


@cache
@torch.no_grad()
def _place_weights() -> torch.Tensor:
    """Ridge regression on labelled training scenes: [321, 10]."""
    labelled = [make_scene(index, SceneSpec(), seed=79) for index in range(LABELLED_PLACES)]
    images = np.stack([render(scene).image for scene in labelled])
    features = torch.cat([_place_features(images[i : i + 100]) for i in range(0, len(images), 100)])  # [N, 321]
    targets = torch.eye(len(BACKDROPS))[[BACKDROPS.index(scene.backdrop) for scene in labelled]]  # [N, 10]
    return torch.linalg.solve(features.T @ features + torch.eye(features.shape[1]), features.T @ targets)


def close_up(image: np.ndarray, box: Sequence[float]) -> np.ndarray:
    """The smallest square around a box, as a picture of its own: uint8 [32, 32, 3]."""
    centre, side = (np.array(box[:2]) + box[2:]) / 2, max(box[2] - box[0], box[3] - box[1])
    corners = np.concatenate([centre - side / 2, centre + side / 2]) * len(image)
    picture = Image.fromarray(image).resize((CLOSE_UP, CLOSE_UP), Image.Resampling.BICUBIC, corners.clip(0, len(image)))
    return np.asarray(picture)


@torch.no_grad()
def mask(image: np.ndarray, phrase: str) -> dict:
    """What SEEM segments for a phrase: the share of the picture, a box around it, and how sure it is that there is such a thing."""
    model = _seem()
    output = model.segment(model.encode(normalise(to_tensor(image[None]))), [Prompt(text=phrase)])
    inside = (output.mask_logits[0, 0] > 0).numpy()  # [64, 64]
    rows, columns = inside.any(axis=1).nonzero()[0], inside.any(axis=0).nonzero()[0]
    box = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1] if len(rows) else [0, 0, 0, 0]
    sure = float(output.objectness[0, 0].sigmoid())
    return {"area": float(inside.mean()), "box": [int(edge) / len(inside) for edge in box], "score": sure}


def draw(image: np.ndarray, phrase: str, box: Sequence[float], seed: int = 0, steps: int = 20) -> np.ndarray:
    """The picture with a thing drawn into a box by GLIGEN, in so many steps of denoising: uint8 [64, 64, 3]. It knows twelve things."""
    layout = [GroundedPhrase(phrase, tuple(box))]
    return to_images(edit(_generator(), to_tensor(image[None])[0], layout, count=1, seed=seed, steps=steps))[0]


TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool("find", "Detects things of 168 names, each with its box and score.", {}, (), find),
        Tool("read", "Reads the letters on a sign.", {}, (), read),
        Tool("ask", "Answers a question about the picture.", {"question": TEXT, "brief": {"type": "boolean"}}, ("question",), ask),
        Tool(
            "choose",
            "Chooses the text that fits the picture, or a part of it, best.",
            {"options": {"type": "array", "items": TEXT, "minItems": 2}, "box": BOX},
            ("options",),
            choose,
        ),
        Tool("place", "Names the place, one of ten.", {}, (), place),
        Tool("mask", "Segments what a phrase names: area, box, score.", {"phrase": TEXT}, ("phrase",), mask),
        Tool(
            "draw",
            "Draws what a phrase names into a box of the picture.",
            {"phrase": TEXT, "box": BOX, "seed": {"type": "integer"}},
            ("phrase", "box"),
            draw,
        ),
    )
}  # fmt: skip

detector = cache(load_noun_detector)
_letters, _seem, _generator = cache(letters.load), cache(stages.load), cache(load_gated)


@cache
def _llava():
    """The assistant of Lesson 07."""
    return saved.load("2")


@cache
def _classifier(options: tuple[str, ...]) -> torch.Tensor:
    """Zero-shot weights [D, C]; the texts are whole phrases already."""
    return zero_shot_classifier(load_clip(), get_tokenizer(), options, ("{}",))
