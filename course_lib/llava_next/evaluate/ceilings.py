"""Ceilings: what the same model can do at most. The thing cropped alone, for its eyes; a perfect description, for its language model."""

import random
from collections.abc import Sequence

import numpy as np
from PIL import Image

from course_lib.figures import Figure, share
from course_lib.llava.data.existence import ask_for
from course_lib.llava.data.testsets import VqaExample, vqa_examples
from course_lib.llava.evaluate.vqa import is_correct
from course_lib.llava_next.anyres import TILE
from course_lib.llava_next.data import forms, scenes
from course_lib.llava_next.evaluate.pocketbench import SHORT_KINDS, replies
from course_lib.lm.chat import Message, encode_prompt
from course_lib.lm.data.documents import describe
from course_lib.lm.generate import generate_batch
from course_lib.world.scenes import Scene, Thing

CROP_SIDE = 2.5  # of the crop, in widths of the thing: it gets as large before the eyes as those of Lesson 02 were


def crop(scene: Scene, thing: Thing) -> np.ndarray:
    """The thing and little else of the 128 px picture, as a whole view: uint8 [64, 64, 3]."""
    image, side = scenes.picture(scene), scenes.SIDE
    half = thing.width * CROP_SIDE / 2
    left, top = (side * min(max(centre - half, 0), 1 - 2 * half) for centre in (thing.x, thing.y))
    box = (left, top, left + 2 * half * side, top + 2 * half * side)
    return np.asarray(Image.fromarray(image).crop(box).resize((TILE, TILE), Image.Resampling.BILINEAR))


def crop_figure(model, rows: Sequence[tuple[Scene, str, bool]]) -> Figure:
    """The questions about small things, each about the small thing alone; `rows` of `small_names`, yes and no in turn."""
    rng = random.Random("cropped")
    things = [next(t for t in scene.things if t.name == name) for scene, name, there in rows if there]
    images = np.stack([crop(scene, things[number // 2]) for number, (scene, _, _) in enumerate(rows)])
    prompts = [forms.short_form(ask_for(name, "test", rng), "")[0] for _, name, _ in rows]
    right = is_correct(replies(model, images, prompts), ["yes" if there else "no" for *_, there in rows])
    return share("next.ceiling.crop", right, chance=0.5, note="the same questions, the thing cropped alone")


def text_figure(model, num_per_kind: int) -> Figure:
    """Its language model alone: a perfect description in words in place of the picture, and the question behind it."""
    examples: list[VqaExample] = [one for kind in SHORT_KINDS for one in vqa_examples(kind, num_per_kind)]
    told = [describe(one.scene, random.Random(number), places=True) for number, one in enumerate(examples)]
    asked = [f"{text} {one.question.text}" for text, one in zip(told, examples, strict=True)]
    prompts = [encode_prompt(model.tokenizer, [Message(role="user", content=text)]) for text in asked]
    said = generate_batch(model.language_model, model.tokenizer, prompts)
    right = is_correct(said, [one.question.answer for one in examples])
    return share(
        "next.ceiling.text",
        right,
        note="count, colour, relation, place, size; a perfect description in words, no picture",
    )
