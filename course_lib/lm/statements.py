"""Plain sentences that are true of a scene: what an answer would say, without anybody asking.

A language model that has read descriptions followed by such sentences knows the matter of every answer before it has
seen a single question; instruction tuning then only has to teach the form.
"""

import random

from course_lib.world.language import RELATIONS
from course_lib.world.questions import Question, questions
from course_lib.world.scenes import Scene

NO = (
    "There {be} no {bare} here.",
    "The picture does not show {any}.",
    "You can't see {any}.",
    "No {bare} can be found.",
)
YES = ("There {be} {some} in the picture.", "The picture shows {some}.", "You can see {some}.", "{some} can be found.")
TRUE = {
    "count": ("The number of {things} is {answer}.", "I count the {things}: {answer}.", "How many {things}? {answer}."),
    "colour": ("The {thing} {is} {answer}.", "The colour of the {thing} is {answer}.", "I see the {thing} in {answer}."),
    "relation": ("The {thing} {is} {way} the {other}.", "Seen from the {other}, the {thing} {is} {way} it."),
    "direction": ("The {thing}, seen from the {other}: {answer}.", "The direction from the {other} to the {thing} is {answer}."),
    "not": ("The {thing} {is} not {way} the {other}.", "It is not true that the {thing} {is} {way} the {other}."),
    "place": ("The setting is: {answer}.", "The place is: {answer}.", "This place is called {answer}."),
    "size": ("Of the {thing} and the {other}, the {answer} is bigger.", "The bigger one is the {answer}, not the {less}."),
    "read": ('The sign says "{answer}".', 'The text on the sign is "{answer}".', 'You can read "{answer}" on the sign.'),
}  # fmt: skip


def statements(scene: Scene, rng: random.Random) -> list[str]:
    """One true sentence for every kind of question that the scene can answer, in random order."""
    said = [state(question, rng) for question in questions(scene, rng)]
    return rng.sample(said, len(said))


def state(question: Question, rng: random.Random) -> str:
    """The question and its answer as one sentence."""
    words = dict(question.words, answer=question.answer)
    if question.kind == "exist":
        return _existence(words, question.answer == "yes", rng)
    if question.kind == "related":
        return _capital(rng.choice(TRUE["relation" if question.answer == "yes" else "not"]).format(**words))
    if question.kind == "relation":
        words["way"] = rng.choice(RELATIONS["train"][question.answer])
        return _capital(rng.choice(TRUE["relation"] + TRUE["direction"]).format(**words))
    if question.kind == "size":
        words["less"] = next(name for name in (words["thing"], words["other"]) if name != question.answer)
    return _capital(rng.choice(TRUE[question.kind]).format(**words))


def _existence(words: dict[str, str], there: bool, rng: random.Random) -> str:
    """words["any"]: "a cat", "any cherries", "the sun"; words["is_there"]: "is there a cat", "are there any cherries"."""
    any_, be = words["any"], words["is_there"].split()[0]
    some = f"some {any_.removeprefix('any ')}" if any_.startswith("any ") else any_
    bare = any_.split(" ", 1)[1]
    return _capital(rng.choice(YES if there else NO).format(some=some, any=any_, bare=bare, be=be))


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
