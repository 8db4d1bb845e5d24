"""Test sets for visual question answering (VQA), and the pictures shown: the true one, a blank one, another scene's.

Scenes come from the stream "test", wordings from those that training never uses. A recipe is chosen with the stream "val".
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from course_lib.clip.data.images import MEAN
from course_lib.world.questions import KINDS, Question, questions
from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, make_scene
from course_lib.world.splits import DRAWN_IN_HELD_OUT_COLOUR

NUM_QUESTIONS = 200  # questions of a kind
SCORED_KINDS = (
    "exist",
    "count",
    "colour",
    "relation",
    "place",
    "size",
    "read",
)  # "related" asks the same as "relation"
SCENE_SPECS = {"read": {"kinds": (0.6, 0.1, 0.3)}}  # signs are rare, so scenes for reading have more of them
NO_LIMIT = 1_000_000


@dataclass(frozen=True)
class VqaExample:
    """A question about a scene."""

    scene: Scene
    question: Question


def vqa_examples(
    kind: str, count: int = NUM_QUESTIONS, stream: str = "test", templates: str = "test", **spec
) -> list[VqaExample]:
    """`count` questions of a kind, each about another scene of the stream; `spec` narrows the scenes."""
    if kind not in KINDS:
        raise ValueError(f'There are no questions of the kind "{kind}". There are: {", ".join(KINDS)}.')
    scene_spec = SceneSpec(stream=stream, **{**SCENE_SPECS.get(kind, {}), **spec})
    return _first(count, kind, scene_spec, templates, lambda scene, question: True)


def colour_apart(count: int = NUM_QUESTIONS, stream: str = "test") -> list[VqaExample]:
    """Colour questions about scenes where two or more colours are painted, so that a colour must be bound to its thing."""

    def several(scene: Scene, question: Question) -> bool:
        return len({thing.colour for thing in scene.things if thing.colour}) >= 2

    return _first(count, "colour", SceneSpec(stream=stream, count=(2, 4)), "test", several)


def unseen_pairs(count: int = NUM_QUESTIONS) -> list[VqaExample]:
    """Colour questions about things in the one colour that training never paints them in."""

    def unseen(scene: Scene, question: Question) -> bool:
        thing = scene.things[question.things[0]]
        return thing.kind != "sign" and thing.name not in DRAWN_IN_HELD_OUT_COLOUR

    return _first(count, "colour", SceneSpec(stream="test", colour="held out"), "test", unseen)


def trained_words(count: int = NUM_QUESTIONS) -> list[VqaExample]:
    """Reading questions about test scenes whose signs say words that training signs say, too."""
    from course_lib.world.signs import WORDS_TRAIN

    rng, examples = random.Random("trained words"), []
    for one in vqa_examples("read", count):
        number = one.question.things[0]
        text = rng.choice(WORDS_TRAIN)
        things = list(one.scene.things)
        things[number] = replace(things[number], text=text)
        examples.append(VqaExample(replace(one.scene, things=tuple(things)), replace(one.question, answer=text)))
    return examples


def _first(
    count: int, kind: str, spec: SceneSpec, templates: str, fits: Callable[[Scene, Question], bool]
) -> list[VqaExample]:
    rng, examples = random.Random(f"asked/{kind}/{spec.stream}"), []
    for index in range(NO_LIMIT):
        if len(examples) == count:
            break
        scene = make_scene(index, spec, seed=31)
        of_kind = [q for q in questions(scene, rng, templates) if q.kind == kind and fits(scene, q)]
        examples += [VqaExample(scene, question) for question in of_kind]
    return examples


def draw(scenes: Sequence[Scene]) -> np.ndarray:
    """uint8 [N, 64, 64, 3]."""
    return np.stack([render(scene).image for scene in scenes])


def blank(count: int) -> np.ndarray:
    """As many pictures of nothing, in the mean grey of the world: uint8 [N, 64, 64, 3]."""
    return np.full((count, 64, 64, 3), round(255 * MEAN), np.uint8)


def shuffled(images: np.ndarray) -> np.ndarray:
    """Every picture in another one's place: [N, …] → [N, …]. A sound picture, only of another scene."""
    return np.roll(images, 1, axis=0)
