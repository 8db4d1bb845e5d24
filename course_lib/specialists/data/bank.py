"""The question bank: six tasks that are known before the rules are written, and six that are revealed afterwards.

Questions and answers come from the world's own code and fixed seeds, never from a model. This file was committed before the rules
(`specialists/rules.py`), which are not tuned on what it asks: they were tried on the stream "val" only, and are measured once on "test".
The tasks that are made here are worded as LLaVA took them best, of some wordings each, on the stream "val".
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from course_lib.instruct.resources import complex_wordings
from course_lib.llava.data.testsets import VqaExample, vqa_examples
from course_lib.llava.evaluate.vqa import is_correct
from course_lib.seem.data.queries import base_names
from course_lib.specialists.groups import ANIMALS, DANGERS, HARMLESS, LAND, WATER
from course_lib.world.nouns import NUMBERS
from course_lib.world.questions import Question, clear_relations
from course_lib.world.scenes import Scene, SceneSpec, Thing, make_scene
from course_lib.world.stickers import class_named

NUM_QUESTIONS = 100  # a task
SEED = 77  # of the scenes of the tasks below


@dataclass(frozen=True)
class BankTask:
    """One task of the bank."""

    id: str
    revealed: bool  # after the rules were written; the other six were known
    trained: bool  # did LLaVA's training ask questions of this kind?
    make: Callable[[int, str], list[VqaExample]]  # (number of questions, stream)
    brief: bool = True  # is the one model asked for one word?

    def examples(self, count: int = NUM_QUESTIONS, stream: str = "test") -> list[VqaExample]:
        """Its first `count` questions about scenes of the stream, the same at every call."""
        return self.make(count, stream)


def _of_world(kind: str) -> Callable[[int, str], list[VqaExample]]:
    """Questions that `world.questions` makes, in the wordings that no training uses."""
    return lambda count, stream: vqa_examples(kind, count, stream)


def need(scene: Scene, rng: random.Random) -> Question | None:
    """Which thing serves: of all that one could eat, drink, wear, play or ride, there is exactly one."""
    uses = [use_of(thing) for thing in scene.things]
    alone = [i for i, use in enumerate(uses) if use and uses.count(use) == 1]
    if not alone or len(scene.things) < 2:
        return None
    i = rng.choice(alone)
    return Question("need", f"I want to {uses[i]} something. What here can I use?", scene.things[i].name, (i,))


def use_of(thing: Thing) -> str | None:
    """What one does with it, by its supercategory; None for animals, buildings, shapes and the like."""
    return complex_wordings().uses.get(class_named(thing.name).supercategory) if thing.kind == "sticker" else None


def group(scene: Scene, rng: random.Random) -> Question:
    """How many animals: one, two and three, about equally often."""
    there = [i for i, thing in enumerate(scene.things) if is_animal(thing.name)]
    return Question("group", "how many animals are there?", NUMBERS[len(there)], tuple(there))


def is_animal(name: str) -> bool:
    """Is the sticker of this name an animal?"""
    return class_named(name).supercategory in ANIMALS


def sign_thing(scene: Scene, rng: random.Random) -> Question | None:
    """What the sign beside a thing says; a second sign, if there is one, is not beside it."""
    signs = [(i, j, how) for i, j, how in clear_relations(scene) if scene.things[i].text and how in ("left", "right")]
    if not signs:
        return None
    i, j, how = rng.choice(signs)
    text = f"what does the sign {how} of the {scene.things[j].name} say?"
    return Question("sign_thing", text, scene.things[i].text, (i, j))


def swim(scene: Scene, rng: random.Random) -> Question:
    """Safe is water without a shark, a crocodile or an octopus."""
    safe = scene.backdrop in WATER and not any(thing.name in DANGERS for thing in scene.things)
    return Question("swim", "would it be safe to swim here?", "yes" if safe else "no", ())


def _spec(task: str, index: int, stream: str) -> SceneSpec:
    """The scenes of a task."""
    if task == "sign_thing":
        return SceneSpec(stream, (2, 3), kinds=(0.5, 0.0, 0.5))
    if task == "need":
        return SceneSpec(stream, (2, 4), kinds=(1.0, 0.0, 0.0))
    rng = random.Random(f"{task}/{stream}/{index}")
    if task == "group":  # one, two or three animals, and one thing that is none
        animals, others = ([name for name in base_names() if is_animal(name) == wanted] for wanted in (True, False))
        return SceneSpec(stream, names=(rng.choice(others), *rng.sample(animals, index % 3 + 1)))
    # every second one is safe; of the others half have a danger in the water, and half are on land
    names = rng.sample(HARMLESS, 2)
    if index % 4 == 1:
        names[0] = rng.choice(DANGERS)
    place = rng.choice(LAND if index % 4 == 3 else WATER)
    return SceneSpec(stream, placement="plausible", names=tuple(names), backdrop=place)


def _made(ask: Callable[[Scene, random.Random], Question | None], count: int, stream: str) -> list[VqaExample]:
    """The first `count` questions that `ask` finds in scenes of its own."""
    rng, examples, index = random.Random(f"bank/{ask.__name__}/{stream}"), [], 0
    while len(examples) < count:
        scene = make_scene(index, _spec(ask.__name__, index, stream), SEED)
        question = ask(scene, rng)
        examples += [VqaExample(scene, question)] if question else []
        index += 1
    return examples


KNOWN = tuple(
    BankTask(kind, False, True, _of_world(kind)) for kind in ("exist", "count", "relation", "related", "size", "read")
)
REVEALED = (
    BankTask("place", True, True, _of_world("place")),
    BankTask("colour", True, True, _of_world("colour")),
    BankTask("sign_thing", True, False, partial(_made, sign_thing)),
    BankTask("need", True, True, partial(_made, need), brief=False),  # in other words, among its "complex" instructions
    BankTask("group", True, False, partial(_made, group)),
    BankTask("swim", True, False, partial(_made, swim)),
)


@cache
def bank() -> dict[str, BankTask]:
    """All twelve tasks by their id."""
    return {task.id: task for task in KNOWN + REVEALED}


def right(task: BankTask, replies: Sequence[str | None], examples: Sequence[VqaExample]) -> list[bool]:
    """Which replies are right: the same words, but for capitals and a full stop; for "need" the thing that is named first.

    None is an answer that was not given, and never right.
    """
    said = [reply or "" for reply in replies]
    if task.id == "need":
        said = [_named_first(reply, one.scene) for reply, one in zip(said, examples, strict=True)]
    return is_correct(said, [one.question.answer for one in examples]).tolist()


def _named_first(reply: str, scene: Scene) -> str:
    """The thing of the scene that a reply names first, "" for none."""
    names = [thing.name for thing in scene.things if thing.name in reply]
    return min(names, key=reply.find, default="")
