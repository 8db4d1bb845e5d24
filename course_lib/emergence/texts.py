"""The text-only data: a scene described in words, and questions about it, in three languages. No picture is ever shown."""

import random
import re
from functools import cache
from typing import NamedTuple

from course_lib.emergence.arms import ALL, Arm
from course_lib.emergence.languages import Language, get_language, permuted
from course_lib.llava.data.practice_signs import practice_scene
from course_lib.lm.chat import Message, encode_chat
from course_lib.lm.data.batches import TextBatch, pack
from course_lib.lm.train import LmRecipe
from course_lib.world.questions import Question, questions
from course_lib.world.scenes import Scene, SceneSpec, make_scene

ROUNDS = 2  # questions of each kind about a scene
SIGN_FRAC = 0.3  # of the scenes
# What a picture gives the language model are no sentences. Asked about pictures before stage 2, stream "val", n = 400: of 1,800 steps of
# sentences English 67 %, French 59, cipher 54; the last 300 of them with key words in half, 78, 68 and 65.
KEYWORDS_FRAC = 0.5
EXIST_ROUNDS, EXIST_THINGS = 5, (1, 3)


class Mixture(NamedTuple):
    """What share of the conversations is of which sort."""

    # "Is there a cat?" asks whether two words mean the same. Among everything else that stays at the level of guessing; asked again
    # and again about few things, it is found out, as in Lesson 04.
    exist: float
    crossed: float  # told in English and asked in a new language, or the other way round


# To find the same word again is learned before its translation is.
EARLY, LATE, LATE_FROM = Mixture(exist=0.4, crossed=0.5), Mixture(exist=0.6, crossed=0.8), 0.6

__all__ = ["ALL", "described", "drawn_questions", "language_of", "scene_questions", "text_batch", "text_conversation"]


@cache
def language_of(arm: Arm, code: str) -> Language:
    """A language as this arm's texts have it: the new ones permuted, where the arm says so."""
    language = get_language(code)
    return permuted(language) if arm.permuted and code != "en" else language


def drawn_questions(scene: Scene, rng: random.Random, rounds: int = ROUNDS) -> list[Question]:
    """Different English questions about a scene, of every kind."""
    drawn = [one for _ in range(rounds) for one in questions(scene, rng)]
    return list({one.text: one for one in drawn}.values())


def scene_questions(scene: Scene, rng: random.Random, kinds: tuple[str, ...], rounds: int = ROUNDS) -> list[Question]:
    """Different English questions of these kinds about a scene. Of signs only "read" asks what they say."""
    return [one for one in drawn_questions(scene, rng, rounds) if one.kind in kinds and '"' not in one.text]


def text_conversation(arm: Arm, rng: random.Random, mixture: Mixture = EARLY) -> list[Message]:
    """A description and questions about it; or, where the arm has them, a phrase and its translation."""
    new = [code for code in arm.languages if code != "en"]
    asked = language_of(arm, rng.choice(new) if new and rng.random() < arm.new_share else "en")
    # English questions about what is told in a new language get rarer with the share of the new ones.
    crossed_frac = mixture.crossed * (1 if asked.code != "en" else arm.new_share / ALL.new_share)
    crossed = arm.crossed and new and rng.random() < crossed_frac
    told = language_of(arm, "en" if asked.code != "en" else rng.choice(new)) if crossed else asked
    if new and rng.random() < arm.translations:
        told = language_of(arm, rng.choice([code for code in arm.languages if code != asked.code]))
        return translation(text_scene(rng, (1, 4)), asked, told, rng)
    if rng.random() < mixture.exist:
        scene = text_scene(rng, EXIST_THINGS)
        chosen = scene_questions(scene, rng, ("exist",), EXIST_ROUNDS)
        if chosen:  # none where all that is there are signs
            return described(scene, chosen, told, asked, rng, repeated=arm.repeated)
    scene = text_scene(rng, (1, 4))
    chosen = scene_questions(scene, rng, kinds_of(arm, asked))
    return described(scene, chosen, told, asked, rng, repeated=arm.repeated)


def kinds_of(arm: Arm, language: Language) -> tuple[str, ...]:
    """What this arm's texts ask in a language."""
    return tuple(kind for kind in arm.kinds if kind != "count" or arm.counted or language.code != "ci")


def text_scene(rng: random.Random, things: tuple[int, int]) -> Scene:
    """A training scene; in some are signs, which say random letters, so that what they say must be copied and can't be guessed."""
    if rng.random() < SIGN_FRAC:
        return practice_scene(rng)
    return make_scene(rng.randrange(1_000_000_000), SceneSpec(count=things))


def described(
    scene: Scene,
    chosen: list[Question],
    told: Language,
    asked: Language,
    rng: random.Random,
    templates: str = "train",
    repeated: bool = False,
) -> list[Message]:
    """A conversation: the scene in the words of `told`, then these questions and their answers in those of `asked`.

    In training, half of the scenes are told in key words, where these suffice.
    """
    turns = [(asked.ask(one, rng, templates), answer_of(asked, one)) for one in rng.sample(chosen, len(chosen))]
    suffice = len(scene.things) == 1 or all(one.kind != "colour" for one in chosen)
    if templates == "train" and suffice and rng.random() < KEYWORDS_FRAC:
        told_in = told.keywords(scene, rng, repeated)
    else:
        told_in = spelled(told.describe(scene, rng))
    first, *others = turns
    return messages([(f"{told_in} {first[0]}", first[1]), *others])


def answer_of(language: Language, question: Question) -> str:
    """The answer in this language; a sign's text letter by letter, as Lesson 07 reads it: "S T O P"."""
    answer = language.answer(question)
    return " ".join(answer) if question.kind == "read" else answer


def spelled(text: str) -> str:
    """The same text with everything in quotation marks letter by letter: a sign that says "S T O P"."""
    return re.sub('"([^"]+)"', lambda match: f'"{" ".join(match[1])}"', text)


def translation(scene: Scene, asked: Language, told: Language, rng: random.Random) -> list[Message]:
    """ "en → fr : a red car" and "une voiture rouge", for the things of a scene."""
    thing = rng.choice(scene.things)
    words = (thing.name, thing.colour, thing.text)
    phrases = [spelled(language.phrase(*words)) for language in (told, asked)]
    return messages([(f"{told.code} → {asked.code} : {phrases[0]}", phrases[1])])


def messages(turns: list[tuple[str, str]]) -> list[Message]:
    """(question, answer), … → the turns of user and assistant."""
    roles = ("user", "assistant")
    return [Message(role=role, content=text) for turn in turns for role, text in zip(roles, turn, strict=True)]


def text_batch(tokenizer, arm: Arm, step: int, recipe: LmRecipe, length: int = 256) -> TextBatch:
    """The conversations of a training step, packed into rows of `length` tokens."""
    rng = random.Random(f"emergence texts/{recipe.seed}/{step}")
    mixture = EARLY if step < LATE_FROM * recipe.steps else LATE
    rows = (encode_chat(tokenizer, text_conversation(arm, rng, mixture)) for _ in iter(int, 1))
    return pack(rows, recipe.batch_size, length)
