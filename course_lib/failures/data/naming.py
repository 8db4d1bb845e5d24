"""One narrow task, to forget the others by: what is this? As EMT does with image classification (Zhai et al., 2023, arXiv 2309.10313).

Tuned on the names of stickers, a model is asked the same of shapes, which it knew before; and given instructions without a picture.
"""

import random
from dataclasses import replace

from course_lib.llava.chat_format import in_one_word, picture_segments
from course_lib.llava.data.batches import stage2_batch, to_messages
from course_lib.llava.data.packing import LlavaBatch, collate
from course_lib.llava.data.pictures import render_pixels
from course_lib.llava.data.testsets import VqaExample
from course_lib.llava.recipes import VARIED, LlavaRecipe
from course_lib.world.questions import Question
from course_lib.world.scenes import SceneSpec, make_scene

STICKERS, SHAPES = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)  # `SceneSpec.kinds`
QUESTIONS = ("what is this?", "what do you see?", "name the thing.", "what is in the picture?")
TEST_QUESTION = "what does the picture show?"
REPLAY = VARIED  # the recipe whose batches are mixed in, of all that the assistant had learned


def naming_batch(tokenizer, step: int, recipe: LlavaRecipe, replay_frac: float = 0.0) -> LlavaBatch:
    """Pictures of one sticker each, asked for its name; `replay_frac` of the steps are of the assistant's earlier training instead."""
    rng = random.Random(f"naming/{recipe.seed}/{step}")
    if rng.random() < replay_frac:
        return stage2_batch(tokenizer, rng.randrange(REPLAY.steps), replace(REPLAY, batch_size=recipe.batch_size))
    spec = SceneSpec(count=(1, 1), kinds=STICKERS)
    scenes = [make_scene(rng.randrange(1_000_000_000), spec, seed=69) for _ in range(4 * recipe.batch_size)]
    turns = [(in_one_word(rng.choice(QUESTIONS)), scene.things[0].name) for scene in scenes]
    rows = [[picture_segments(tokenizer, to_messages([turn]))] for turn in turns]
    return collate(tokenizer, rows, render_pixels(scenes))


def naming_examples(kinds: tuple[float, float, float], count: int = 100, stream: str = "test") -> list[VqaExample]:
    """Pictures of one sticker or one shape each, in a wording that training never used."""
    scenes = [make_scene(i, SceneSpec(stream=stream, count=(1, 1), kinds=kinds), seed=70) for i in range(count)]
    return [VqaExample(scene, Question("name", TEST_QUESTION, scene.things[0].name, (0,), {})) for scene in scenes]
