"""Details too small to be seen: true text about them teaches a model to guess (LLaVA-1.5, Liu et al., 2024, section 5.2).

A scene gets two more things, four pixels wide, half a patch of the vision tower. Its captions, its description and the questions about
it name them as if they could be seen.
"""

import random
from dataclasses import replace

from course_lib.instruct.formats import from_scene, serialise_context
from course_lib.instruct.reply import parse_turns
from course_lib.instruct.teachers.grammar import write_reply
from course_lib.llava.chat_format import Segments, in_one_word, picture_segments
from course_lib.llava.data.batches import plain_caption, to_messages
from course_lib.llava.data.existence import existence_questions
from course_lib.llava.data.packing import LlavaBatch, collate
from course_lib.llava.data.pictures import render_pixels
from course_lib.llava.data.requests import CAPTIONS, DESCRIPTIONS
from course_lib.llava.recipes import LlavaRecipe
from course_lib.world.scenes import Scene, SceneSpec, Thing, make_scene
from course_lib.world.splits import training_may_see

ARMS = ("too small", "visible", "admitted")
NUM_DETAILS, NUM_EXISTENCE = 2, 4
WIDTHS = {"too small": 4 / 64, "visible": 18 / 64, "admitted": 4 / 64}
ADMISSION = "There is something else, too small for me to make out."


def add_details(scene: Scene, width: float, rng: random.Random) -> Scene:
    """The scene with two things more, which hide at most a third of one that is there; names that it does not hold yet."""
    things = list(scene.things)
    while len(things) < len(scene.things) + NUM_DETAILS:
        (new,) = make_scene(rng.randrange(1_000_000_000), SceneSpec(count=(1, 1), kinds=(1.0, 0.0, 0.0)), 65).things
        new = replace(
            new,
            style=scene.things[0].style,
            width=width,
            size="small",
            x=rng.uniform(0.1, 0.9),
            y=rng.uniform(0.1, 0.9),
        )
        if all(_apart(new, other) and new.name != other.name for other in things):
            things.append(new)
    return replace(scene, things=tuple(things))


def _apart(a: Thing, b: Thing) -> bool:
    reach = (a.width + b.width) / 2
    return abs(a.x - b.x) > reach * 0.8 or abs(a.y - b.y) > reach * 0.8


def detail_scene(rng: random.Random, width: float) -> tuple[Scene, Scene]:
    """(a training scene of one or two things, the same with details)."""
    while True:
        scene = make_scene(rng.randrange(1_000_000_000), SceneSpec(count=(1, 2), kinds=(0.9, 0.1, 0.0)), 64)
        detailed = add_details(scene, width, rng)
        if training_may_see(detailed):
            return scene, detailed


def detail_batch(tokenizer, step: int, recipe: LlavaRecipe, arm: str, share: float) -> LlavaBatch:
    """Pictures, a `share` of them with details that the text names ("admitted": it says that it can't make them out)."""
    if arm not in ARMS:
        raise ValueError(f'There is no arm "{arm}". There are: {", ".join(ARMS)}.')
    rng = random.Random(f"details/{recipe.seed}/{step}")
    shown, rows = [], []
    for _ in range(recipe.batch_size):
        plain, detailed = detail_scene(rng, WIDTHS[arm])
        has_details = rng.random() < share
        shown.append(detailed if has_details else plain)
        said = plain if arm == "admitted" else shown[-1]
        rows.append(conversations(tokenizer, said, rng, ADMISSION if arm == "admitted" and has_details else ""))
    return collate(tokenizer, rows, render_pixels(shown))


def conversations(tokenizer, scene: Scene, rng: random.Random, ending: str = "") -> list[Segments]:
    """A caption, a description and questions about what is there, from the truth of the scene."""
    context = from_scene(scene)
    (turn,) = parse_turns(write_reply(serialise_context(context, boxes=True), "detail"), "detail", context.id)
    turns = [
        (rng.choice(CAPTIONS), plain_caption(scene)),
        (rng.choice(DESCRIPTIONS), f"{turn.answer} {ending}".strip()),
        *((in_one_word(one.text), one.answer) for one in existence_questions(scene, NUM_EXISTENCE, rng)),
    ]
    return [picture_segments(tokenizer, to_messages([one])) for one in turns]
