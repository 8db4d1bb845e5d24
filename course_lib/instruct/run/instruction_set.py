"""An instruction set as Lessons 06 and 07 need it: what the grammar teacher writes about training scenes, filtered.

It takes seconds to make and is the same for the same seed, so it is not stored. Training scenes hold nothing that is held
out, and the teacher denies nothing that is.
"""

import itertools
from collections import Counter
from dataclasses import dataclass

from course_lib.instruct import reply
from course_lib.instruct.filters import across_samples, defect_names
from course_lib.instruct.formats import ImageContext, Sample, from_scene, serialise_context
from course_lib.instruct.run import plan
from course_lib.instruct.teachers.grammar import write_reply
from course_lib.world.scenes import Scene, SceneSpec, make_scene

TRAINING = SceneSpec()
ROUNDS = 10  # of writing anew what was filtered out

Candidate = tuple[Sample, ImageContext, Scene]


@dataclass(frozen=True)
class InstructionSet:
    """The samples, each picture (by its id) in words and as a scene, and what was filtered out on the way."""

    samples: tuple[Sample, ...]
    contexts: dict[str, ImageContext]
    scenes: dict[str, Scene]
    dropped: Counter[str]  # by defect


def instruction_set(count: int, seed: int = 0, spec: SceneSpec = TRAINING) -> InstructionSet:
    """`count` samples about training scenes that survive the filters, with types mixed as in LLaVA-Instruct.

    What is filtered out is replaced by a sample of the same type about a later scene. Specs so narrow that everything
    repeats itself lead to fewer samples; those of another stream are refused with a ValueError, as their scenes are for tests.
    """
    if spec.stream != "train":
        raise ValueError(f'instructions are written for training, but the scenes are of the stream "{spec.stream}"')
    dropped: Counter[str] = Counter()
    places: dict[int, Candidate | None] = dict.fromkeys(range(count))  # place in the set → what stands there
    types, indices = plan.mixed_types(count), itertools.count()
    for _ in range(ROUNDS):
        # write a sample for each empty place, about the next scene
        for place in [place for place, candidate in places.items() if candidate is None]:
            places[place] = _write_one(make_scene(next(indices), spec, seed), types[place], dropped)
        # empty the places of near-duplicates again
        filled = [place for place, candidate in places.items() if candidate]
        duplicates = across_samples.check_near_duplicates([places[place][0] for place in filled])
        dropped["near_duplicate"] += len(duplicates)
        places |= dict.fromkeys(filled[number] for number in duplicates)
        if all(places.values()):
            break
    complete = [candidate for candidate in places.values() if candidate]
    samples = tuple(sample for sample, _, _ in complete)
    dropped.update(defect.name for defect in across_samples.check_yes_bias(samples))
    contexts = {context.id: context for _, context, _ in complete}
    return InstructionSet(samples, contexts, {context.id: scene for _, context, scene in complete}, +dropped)


def _write_one(scene: Scene, type: str, dropped: Counter[str]) -> Candidate | None:
    """The sample about a scene; None, and counted, if a filter finds something in it."""
    context = from_scene(scene)
    turns = reply.parse_turns(write_reply(serialise_context(context, boxes=True), type), type, context.id)
    sample = Sample(context.id, context.image, type, turns)
    defects = defect_names(sample, context)
    dropped.update(defects)
    return None if defects else (sample, context, scene)
