"""Samples without defects, to plant defects in and to see whether the filters leave them alone."""

import random
from collections.abc import Iterable

from course_lib.instruct import reply
from course_lib.instruct.formats import TYPES, ImageContext, Sample, Turn, from_scene
from course_lib.instruct.resources import CleanAnswer, clean_pictures
from course_lib.instruct.run import generate
from course_lib.instruct.teachers.base import Teacher
from course_lib.world.language import join, phrase
from course_lib.world.questions import clear_relations, questions
from course_lib.world.scenes import Scene, SceneSpec, make_scene

Pair = tuple[Sample, ImageContext]
RELATION_TEMPLATES = {  # true statements about a relation
    "left": ("{a} is to the left of {b}.", "{b} has {a} on its left."),
    "right": ("{a} is to the right of {b}.", "To the right of {b} there is {a}."),
    "above": ("{a} is above {b}.", "{a} is higher up than {b}."),
    "below": ("{a} is below {b}.", "Below {b} one finds {a}."),
}
LIST_TEMPLATES = ("The picture shows {}.", "There is {}.", "I see {}, and nothing else.", "One can make out {} here.")


def handwritten_samples(answers: Iterable[CleanAnswer]) -> list[Pair]:
    """The hand-written answers, each as a sample of one turn."""
    pictures = clean_pictures()
    return [
        (Sample(name, pictures[name].image, "conversation", (Turn(question, answer),)), pictures[name])
        for name, question, answer in answers
    ]


def world_samples(stream: str, count: int) -> list[Pair]:
    """Conversations about scenes: the world's own questions and answers, and true statements."""
    pairs = []
    for index in range(count):
        scene = make_scene(index, SceneSpec(stream=stream))
        context, rng = from_scene(scene), random.Random(f"clean/{stream}/{index}")
        world_questions = questions(scene, rng, "test" if stream == "test" else "train")
        turns = [
            Turn(q.text[0].upper() + q.text[1:], q.answer)
            for q in world_questions
            if _visible(q.things, context, scene)
        ]
        listing = Turn("What does the picture show?", " ".join(statements(scene, rng)))
        pairs.append((Sample(context.id, context.image, "conversation", (*turns, listing)), context))
    return pairs


def _visible(things: tuple[int, ...], context: ImageContext, scene: Scene) -> bool:
    """Is nothing hidden completely? Else the boxes say less than the scene."""
    return len(context.boxes) == len(scene.things)


def statements(scene: Scene, rng: random.Random) -> list[str]:
    """What is there, and where one thing lies seen from another."""
    sentences = [rng.choice(LIST_TEMPLATES).format(join([phrase(thing) for thing in scene.things]))]
    for i, j, direction in clear_relations(scene)[:1]:
        a, b = (f"the {scene.things[k].name}" for k in (i, j))
        sentences.append(rng.choice(RELATION_TEMPLATES[direction]).format(a=a, b=b))
    return [text[0].upper() + text[1:] for text in sentences]


def teacher_samples(teacher: Teacher, contexts: Iterable[ImageContext]) -> list[Pair]:
    """What a teacher writes, of each type once for every picture. Replies out of form are left out."""
    pairs = []
    for context in contexts:
        for type in TYPES:
            text = teacher.ask(generate.Job(context, type).messages()).text
            try:
                pairs.append(
                    (Sample(context.id, context.image, type, reply.parse_turns(text, type, context.id)), context)
                )
            except reply.ReplyError:
                continue
    return pairs
