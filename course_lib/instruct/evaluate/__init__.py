"""The proofs of the instruct room: do the filters find what is planted, and nothing else? What do teachers write?

Defects are planted in clean samples of the stream "test", in the wordings of the split "test", which no filter was improved
with. All of it takes half a minute on one core.
"""

from collections.abc import Iterator

from course_lib.common import smollm2
from course_lib.figures import Figure, share
from course_lib.instruct.evaluate.clean_samples import Pair, handwritten_samples, teacher_samples, world_samples
from course_lib.instruct.evaluate.filter_scores import Scores, outside_noun_hits, score_filters
from course_lib.instruct.evaluate.teachers import blind_count_figures, make_contexts, teacher_figures
from course_lib.instruct.filters import DEFECTS, across_samples
from course_lib.instruct.resources import clean_answers, defect_wordings, outside_nouns
from course_lib.instruct.run.instruction_set import instruction_set
from course_lib.instruct.teachers.grammar import GrammarTeacher
from course_lib.instruct.teachers.local import LocalTeacher

NUM_SCENES = 300  # of the stream "test"
NUM_PLANTED = 300  # of each defect
NUM_KILLS = 20
BAR = 0.95


def figures(live: bool = False) -> Iterator[Figure]:
    """All figures of the room; with `live`, where SmolLM2 is installed, those of its replies too, which take minutes."""
    clean = all_clean_samples()
    yield from filter_figures(clean)
    yield outside_figure(clean["world"])
    yield from teacher_figures(GrammarTeacher(), make_contexts(400))
    if live and smollm2.available():
        yield from teacher_figures(LocalTeacher(), make_contexts(24))
    yield from blind_count_figures()
    yield yes_figure()
    yield kills_figure()


def all_clean_samples(num_scenes: int = NUM_SCENES) -> dict[str, list[Pair]]:
    """Samples without defects: the world's questions and answers, hand-written ones, and the grammar teacher's."""
    world = world_samples("test", num_scenes)
    grammar = teacher_samples(GrammarTeacher(), [context for _, context in world[: num_scenes // 2]])
    return {"world": world, "by_hand": handwritten_samples(clean_answers("test")), "grammar": grammar}


def filter_figures(clean: dict[str, list[Pair]], num_planted: int = NUM_PLANTED) -> Iterator[Figure]:
    """Recall and precision of every filter, and what share of the clean samples of each origin they leave alone."""
    everything = [pair for pairs in clean.values() for pair in pairs]
    scores = score_filters(everything, defect_wordings("test"), num_planted)
    for name in DEFECTS:
        recall = precision = note = None
        if name == "unsupported_noun":
            recall, precision = (round(sum(hits) / len(hits), 4) for hits in (scores.simple_found, scores.simple_right))
            note = "baseline: the exercise's filter, on the same samples"
        yield share(f"instruct.filter_recall.{name}", scores.found[name], baseline=recall, bar=BAR, note=note)
        right, chance = scores.right[name], base_rate(scores, name)
        yield share(f"instruct.filter_precision.{name}", right, chance=chance, baseline=precision, bar=BAR, note=note)
    start = 0
    for origin, pairs in clean.items():
        yield share(f"instruct.clean_left_alone.{origin}", scores.clean[start : start + len(pairs)], bar=BAR)
        start += len(pairs)


def outside_figure(clean: list[Pair]) -> Figure:
    """Recall for made-up things that the world has no name for, of the words that the filters know."""
    note = (
        f"things that the world has no name for; {len(outside_nouns())} are known with their synonyms, any other passes"
    )
    return share("instruct.outside_found", outside_noun_hits(clean, defect_wordings("test"), NUM_PLANTED), note=note)


def base_rate(scores: Scores, name: str) -> float:
    """The precision of alarms at random: how many of all samples have this defect."""
    planted = others = len(scores.found[name])  # of yes_bias: as many balanced data sets
    if name != "yes_bias":
        others = len(scores.clean) + sum(len(hits) for other, hits in scores.found.items() if other != name)
    return round(planted / (planted + others), 4)


def yes_figure() -> Figure:
    """Is the instruction set as often answered with no as with yes?"""
    data = instruction_set(2000)
    dropped = ", ".join(f"{name} {times}" for name, times in data.dropped.most_common()) or "nothing"
    note = f"of the yes/no answers in {len(data.samples):,} samples; filtered out and replaced: {dropped}"
    return share("instruct.yes_share", across_samples.yes_no_answers(data.samples), chance=0.5, note=note)


def kills_figure() -> Figure:
    """Kills at random moments of a run against a server with faults: how many it survived unharmed."""
    from course_lib.instruct.evaluate.faults import kills_survived  # its server and client are needed here alone

    return Figure("instruct.kills_survived", kills_survived(NUM_KILLS), n=NUM_KILLS, bar=NUM_KILLS, unit="kills")
