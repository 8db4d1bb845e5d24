"""The proofs of the instruct room: do the filters find what is planted, and nothing else? What do teachers write?

Defects are planted in clean samples of the stream "test", in the wordings of the split "test", which no filter was improved
with. All of it takes half a minute on one core.
"""

from collections.abc import Iterator

from course_lib.common import smollm2
from course_lib.figures import Figure, share
from course_lib.instruct.evaluate.clean_samples import Pair, of_teacher, of_the_world, written
from course_lib.instruct.evaluate.filter_scores import Scores, outside_found, score, simple_filter_scores
from course_lib.instruct.evaluate.teachers import blind, contexts, teacher_table
from course_lib.instruct.filters import DEFECTS, across_samples
from course_lib.instruct.resources import clean_answers, defect_wordings, outside_nouns
from course_lib.instruct.run.instruction_set import instruction_set
from course_lib.instruct.teachers.grammar import GrammarTeacher
from course_lib.instruct.teachers.local import LocalTeacher

SCENES = 300  # of the stream "test"
EACH = 300  # planted defects of a name
KILLS = 20
BAR = 0.95


def figures(live: bool = False) -> Iterator[Figure]:
    """All figures of the room; with `live`, where SmolLM2 is installed, those of its replies too, which take minutes."""
    clean = clean_samples()
    yield from filters(clean)
    yield outside(clean["world"])
    yield from teacher_table(GrammarTeacher(), contexts(400))
    if live and smollm2.available():
        yield from teacher_table(LocalTeacher(), contexts(24))
    yield from blind()
    yield yes_share()
    yield kills()


def clean_samples() -> dict[str, list[Pair]]:
    """Samples without defects: the world's questions and answers, hand-written ones, and the grammar teacher's."""
    world = of_the_world("test", SCENES)
    grammar = of_teacher(GrammarTeacher(), [context for _, context in world[: SCENES // 2]])
    return {"world": world, "by_hand": written(clean_answers("test")), "grammar": grammar}


def filters(clean: dict[str, list[Pair]]) -> Iterator[Figure]:
    """Recall and precision of every filter, and what share of the clean samples of each origin they leave alone."""
    everything = [pair for pairs in clean.values() for pair in pairs]
    scores = score(everything, defect_wordings("test"), EACH)
    simple = simple_filter_scores(everything, defect_wordings("test"), EACH)
    for name in DEFECTS:
        recall, precision = simple if name == "unsupported_noun" else (None, None)
        note = "baseline: the exercise's filter" if recall else None
        yield share(f"instruct.filter_recall.{name}", scores.found[name], baseline=recall, bar=BAR, note=note)
        right, chance = scores.right[name], share_planted(scores, name)
        yield share(f"instruct.filter_precision.{name}", right, chance=chance, baseline=precision, bar=BAR, note=note)
    start = 0
    for origin, pairs in clean.items():
        yield share(f"instruct.clean_left_alone.{origin}", scores.clean[start : start + len(pairs)], bar=BAR)
        start += len(pairs)


def outside(clean: list[Pair]) -> Figure:
    """Recall for made-up things that the world has no name for, of the words that the filters know."""
    note = (
        f"things that the world has no name for; {len(outside_nouns())} are known with their synonyms, any other passes"
    )
    return share("instruct.outside_found", outside_found(clean, defect_wordings("test"), EACH), note=note)


def share_planted(scores: Scores, name: str) -> float:
    """The precision of alarms at random: how many of all samples have this defect."""
    planted, others = len(scores.found[name]), EACH  # of yes_bias: as many balanced data sets
    if name != "yes_bias":
        others = len(scores.clean) + sum(len(found) for other, found in scores.found.items() if other != name)
    return round(planted / (planted + others), 4)


def yes_share() -> Figure:
    """Is the instruction set as often answered with no as with yes?"""
    made = instruction_set(2000)
    dropped = ", ".join(f"{name} {times}" for name, times in made.dropped.most_common()) or "nothing"
    note = f"of the yes/no answers in {len(made.samples):,} samples; filtered out and replaced: {dropped}"
    return share("instruct.yes_share", across_samples.yes_no_answers(made.samples), chance=0.5, note=note)


def kills() -> Figure:
    """Kills at random moments of a run against a server with faults: how many it survived unharmed."""
    from course_lib.instruct.evaluate.faults import kills_survived  # its server and client are needed here alone

    return Figure("instruct.kills_survived", kills_survived(KILLS), n=KILLS, bar=KILLS, unit="kills")
