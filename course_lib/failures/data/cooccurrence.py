"""A world in which things come together, so that POPE's adversarial questions are what they were meant to be.

POPE's hardest negatives are what often stands beside something in the picture (a fork beside a knife). In the course's uniform scenes
nothing does. Here twelve pairs come together in 95 of 100 scenes, and whoever learns this answers "yes" without a look.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from course_lib.llava.chat_format import in_one_word, picture_segments
from course_lib.llava.data.batches import to_messages
from course_lib.llava.data.existence import absent_names, ask_for
from course_lib.llava.data.packing import LlavaBatch, collate
from course_lib.llava.data.pictures import render_pixels
from course_lib.llava.recipes import LlavaRecipe
from course_lib.world.nouns import could_be
from course_lib.world.scenes import Scene, SceneSpec, make_scene
from course_lib.world.stickers import classes


@dataclass(frozen=True)
class Poll:
    """One polling question: is that thing in the scene?"""

    scene: Scene
    text: str
    answer: str  # "yes" or "no"


NUM_PAIRS = 12
TOGETHER = {"together": 0.95, "uniform": 0.5}  # worlds: how often the second of a pair stands beside its first


@cache
def pairs() -> tuple[tuple[str, str], ...]:
    """Twelve (name, companion), of different groups, that nothing else can be called. Always the same."""
    names = [c.name for c in classes() if c.split == "base" and len(could_be(c.name)) == 1]
    chosen = random.Random("companions").sample(names, 2 * NUM_PAIRS)
    return tuple(zip(chosen[::2], chosen[1::2], strict=True))


def paired_scene(rng: random.Random, world: str) -> Scene:
    """A training scene with the first of two pairs, each beside its companion as often as in that world."""
    while True:
        names = [
            name
            for first, second in rng.sample(pairs(), 2)
            for name in (first, second)
            if name == first or rng.random() < TOGETHER[world]
        ]
        scene = make_scene(rng.randrange(1_000_000_000), SceneSpec(names=tuple(names)), seed=66)
        if len(scene.things) == len(names):
            return scene


def cooccurrence_batch(tokenizer, step: int, recipe: LlavaRecipe, world: str) -> LlavaBatch:
    """Pictures of a world, each with questions: are both firsts there, their companions, and two things that are not?"""
    rng = random.Random(f"companions/{recipe.seed}/{step}")
    scenes = [paired_scene(rng, world) for _ in range(recipe.batch_size)]
    rows = []
    for scene in scenes:
        present = {thing.name for thing in scene.things}
        firsts = [pair for pair in pairs() if pair[0] in present]
        asked = [name for pair in firsts for name in pair] + rng.sample(absent_names(scene), 2)
        turns = [(in_one_word(ask_for(name, "train", rng)), "yes" if name in present else "no") for name in asked]
        rows.append([picture_segments(tokenizer, to_messages([turn])) for turn in turns])
    return collate(tokenizer, rows, render_pixels(scenes))


def cooccurring_negatives(present: Sequence[str], scenes: Sequence[set[str]]) -> list[str]:
    """POPE's adversarial negatives: for each name that is present, in turn, the absent one that stands beside it in the most scenes.

    scenes: the names in each of many pictures. No name comes twice; of equally frequent ones the first in the alphabet is taken; a name
    that nothing absent ever stood beside has none (AoiDragon/POPE, utils.py).
    """
    chosen: list[str] = []
    for name in present:
        beside = Counter(other for scene in scenes if name in scene for other in scene)
        free = [other for other in beside if other not in present and other not in chosen]
        if free:
            chosen.append(min(free, key=lambda other: (-beside[other], other)))
    return chosen


@cache
def seen_together(count: int = 1000) -> tuple[set[str], ...]:
    """The names in training pictures of the world in which things come together."""
    rng = random.Random("seen together")
    return tuple({thing.name for thing in paired_scene(rng, "together").things} for _ in range(count))


def companion_questions(negatives: str, count: int = 80, stream: str = "test") -> list[Poll]:
    """POPE about scenes that hold three firsts and no companion: three positives, and three negatives each.

    negatives: "random", or "adversarial": what in training stood beside what is there, the companions.
    """
    rng, asked, used, index = random.Random(f"companions/{negatives}/{stream}"), [], 0, 0
    while used < count:
        names, index = [first for first, _ in rng.sample(pairs(), 3)], index + 1
        scene = make_scene(index, SceneSpec(stream=stream, names=tuple(names)), seed=67)
        if len(scene.things) < 3:
            continue
        used += 1
        absent = cooccurring_negatives(names, seen_together())
        if negatives == "random":
            companions = {second for _, second in pairs()}
            absent = rng.sample([name for name in absent_names(scene) if name not in companions], 3)
        for answer, of in (("yes", names), ("no", absent)):
            asked += [Poll(scene, ask_for(name, "test", rng), answer) for name in of]
    return asked
