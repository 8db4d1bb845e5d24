"""The proofs of the instruct room: do the filters find what is planted, and nothing else? What do teachers write?

Defects are planted in the wordings of `defect_wordings_test`, which no filter was improved with.
"""

from collections.abc import Iterator, Sequence

from course_lib.figures import Figure, share
from course_lib.instruct import defect_wordings_test
from course_lib.instruct.clean_answers_test import CLEAN
from course_lib.instruct.clean_samples import Pair, of_teacher, of_the_world, written
from course_lib.instruct.filter_scores import Scores, score
from course_lib.instruct.grammar import GrammarTeacher
from course_lib.instruct.kills import kills_survived
from course_lib.instruct.validate import DEFECTS, check, check_together, unsupported_noun

SCENES = 300  # of the stream "test"
EACH = 200  # planted defects of a name
KILLS = 20
BAR = 0.95


def figures() -> Iterator[Figure]:
    """All figures of the room."""
    world = of_the_world("test", SCENES)
    grammar = of_teacher(GrammarTeacher(), [context for _, context in world])
    clean = {"world": world, "by_hand": written(CLEAN), "grammar": grammar}
    yield from filters(clean)
    yield from teacher("grammar", grammar)
    yield Figure("instruct.kills_survived", kills_survived(KILLS), n=KILLS, bar=KILLS, unit="kills")


def filters(clean: dict[str, Sequence[Pair]]) -> Iterator[Figure]:
    """Recall and precision of every filter, and what share of the clean samples of each origin they leave alone."""
    scores = score([pair for pairs in clean.values() for pair in pairs], defect_wordings_test, EACH)
    for name in DEFECTS:
        yield recall(scores, name)
        yield precision(scores, name)
    start = 0
    for origin, pairs in clean.items():
        alone = scores.clean[start : start + len(pairs)]
        yield share(f"instruct.clean_left_alone.{origin}", alone, bar=BAR)
        start += len(pairs)


def recall(scores: Scores, name: str) -> Figure:
    """What share of the planted defects is found, with the right name and at the right turn?"""
    return share(f"instruct.filter_recall.{name}", scores.found[name], bar=BAR)


def precision(scores: Scores, name: str) -> Figure:
    """What share of the alarms is right? Chance is an alarm on any sample; there are clean ones and other defects."""
    planted, others = len(scores.found[name]), EACH  # of yes_bias: as many balanced data sets
    if name != "yes_bias":
        others = len(scores.clean) + sum(len(found) for other, found in scores.found.items() if other != name)
    chance = round(planted / (planted + others), 4)
    return share(f"instruct.filter_precision.{name}", scores.right[name], chance=chance, bar=BAR)


def teacher(name: str, written: Sequence[Pair]) -> Iterator[Figure]:
    """What a teacher's samples are worth. The control hands each sample to the next picture, where it should fail."""
    contexts = {context.id: context for _, context in written}
    samples = [sample for sample, _ in written]
    together = check_together(samples, [sample.to_llava() for sample in samples], contexts)
    defects = [{d.name for d in [*check(*pair), *together.get(at, [])]} for at, pair in enumerate(written)]
    there = list(contexts.values())
    after = dict(zip(contexts, [*there[1:], there[0]], strict=True))
    elsewhere = [{d.name for d in check(sample, after[sample.id])} for sample in samples]
    made_up = [[unsupported_noun.NAME in each for each in some] for some in (defects, elsewhere)]
    valid = [[not each for each in some] for some in (defects, elsewhere)]
    yield share(f"instruct.valid.{name}", valid[0], control=_mean(valid[1]))
    yield share(f"instruct.hallucinated.{name}", made_up[0], control=_mean(made_up[1]))
    asked = [turn.question for sample in samples if sample.type != "detail" for turn in sample.turns]
    yield share(f"instruct.distinct_questions.{name}", [q not in asked[:at] for at, q in enumerate(asked)])


def _mean(right: Sequence[bool]) -> float:
    return round(sum(right) / len(right), 4)
