"""The instruction set of Lessons 06 and 07: what the grammar teacher writes about training scenes, filtered.

It takes seconds to make and is the same for the same seed, so it is not stored. Training scenes hold nothing that is held
out, and the teacher denies nothing that is.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from course_lib.instruct import reply
from course_lib.instruct.context import ImageContext, from_scene
from course_lib.instruct.conversation import Sample
from course_lib.instruct.grammar import write
from course_lib.instruct.mix import mixed_types
from course_lib.instruct.serialise import serialise
from course_lib.instruct.validate import names as defects_of
from course_lib.instruct.validate import near_duplicate, yes_bias
from course_lib.world.scenes import Recipe, make_scene

TRAINING = Recipe()


@dataclass(frozen=True)
class InstructionSet:
    """The samples, each with the picture in words, and what was filtered out on the way."""

    samples: tuple[Sample, ...]
    contexts: dict[str, ImageContext]
    dropped: Counter[str]  # by defect


def instruction_set(count: int, seed: int = 0, recipe: Recipe = TRAINING) -> InstructionSet:
    """What is written about `count` training scenes, with types mixed as in LLaVA-Instruct, and survives the filters.

    Recipes of another stream are refused with a ValueError: their scenes are for tests.
    """
    if recipe.stream != "train":
        raise ValueError(f'instructions are written for training, but the scenes are of the stream "{recipe.stream}"')
    dropped: Counter[str] = Counter()
    kept = list(_written(count, seed, recipe, dropped))
    doubles = near_duplicate.check([sample for sample, _ in kept])
    dropped[near_duplicate.NAME] += len(doubles)
    kept = [pair for number, pair in enumerate(kept) if number not in doubles]
    samples = tuple(sample for sample, _ in kept)
    dropped.update(defect.name for defect in yes_bias.check(samples))
    return InstructionSet(samples, {context.id: context for _, context in kept}, +dropped)


def _written(count: int, seed: int, recipe: Recipe, dropped: Counter[str]) -> Iterator[tuple[Sample, ImageContext]]:
    """One sample for each scene, unless a filter finds something in it."""
    for index, type in enumerate(mixed_types(count)):
        context = from_scene(make_scene(index, recipe, seed))
        turns = reply.parse(write(serialise(context, boxes=True), type), type, context.id)
        sample = Sample(context.id, context.image, type, turns)
        found = defects_of(sample, context)
        dropped.update(found)
        if not found:
            yield sample, context
