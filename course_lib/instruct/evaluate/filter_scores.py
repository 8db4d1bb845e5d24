"""How well the filters do: what share of the planted defects they find, and what share of what they find is one."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from course_lib.instruct.evaluate.clean_samples import Pair
from course_lib.instruct.evaluate.defects import PLANTERS, Planted, plant, plant_noun
from course_lib.instruct.filters import across_samples, check_record, check_sample, unsupported_noun
from course_lib.instruct.filters.mentions import noun_meanings, supported_names
from course_lib.instruct.formats import Defect, ImageContext, Sample, Turn
from course_lib.instruct.resources import DefectWordings, outside_nouns

OF_SETS = ("near_duplicate", "yes_bias")  # defects that no sample has by itself


@dataclass
class Scores:
    """Per defect: was each planted one found at its place, and was each alarm right?"""

    found: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    right: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    clean: list[bool] = field(default_factory=list)  # was each clean sample left alone?
    missed: list[Planted] = field(default_factory=list)
    alarms: list[tuple[Sample, Defect]] = field(default_factory=list)  # wrong ones

    def add(self, sample: Sample, defects: Sequence[Defect], planted: Planted | None) -> None:
        """Count what the filters said about one sample."""
        if planted:
            hit = any(d.name == planted.name and d.turn == planted.turn for d in defects)
            self.found[planted.name].append(hit)
            self.missed += [] if hit else [planted]
        else:
            self.clean.append(not defects)
        for name in sorted({defect.name for defect in defects}):
            self.right[name].append(planted is not None and name == planted.name)
        self.alarms += [(sample, defect) for defect in defects if not planted or defect.name != planted.name]


def score(clean: Sequence[Pair], wordings: DefectWordings, each: int, seed: int = 0) -> Scores:
    """Plant `each` of every defect in clean samples drawn at random, and check them all beside the clean ones."""
    scores, rng = Scores(), random.Random(seed)
    contexts = {context.id: context for _, context in clean}
    for sample, context in clean:
        scores.add(sample, [*check_sample(sample, context), *check_record(sample.to_llava(), contexts)], None)
    for name in PLANTERS:
        if name not in OF_SETS:
            for planted, context in plants(clean, name, each, wordings, rng):
                record = planted.record or planted.sample.to_llava()
                found = check_sample(planted.sample, context) + check_record(record, contexts)
                scores.add(planted.sample, found, planted)
    _score_duplicates(scores, clean, wordings, each, rng)
    _score_yes_bias(scores, each, rng)
    return scores


def simple_filter_scores(
    clean: Sequence[Pair], wordings: DefectWordings, each: int, seed: int = 0
) -> tuple[float, float]:
    """(recall, precision) of the exercise's filter for unsupported nouns, which reads answers word by word."""
    planted = plants(clean, "unsupported_noun", each, wordings, random.Random(seed))
    found = [_simply_wrong(p.sample.turns[p.turn], context) for p, context in planted]
    false = sum(any(_simply_wrong(turn, context) for turn in sample.turns) for sample, context in clean)
    return round(sum(found) / each, 4), round(sum(found) / (sum(found) + false), 4)


def _simply_wrong(turn: Turn, context: ImageContext) -> bool:
    return bool(unsupported_noun.unsupported_nouns(turn.answer, noun_meanings(), supported_names(context)))


def plants(clean: Sequence[Pair], name: str, each: int, wordings: DefectWordings, rng: random.Random) -> list[tuple]:
    """(planted, context) that many times, in samples that can have this defect."""
    found: list[tuple] = []
    while len(found) < each:
        sample, context = rng.choice(clean)
        planted = plant(sample, context, name, rng, wordings)
        if planted:
            found.append((planted, context))
    return found


def outside_found(clean: Sequence[Pair], wordings: DefectWordings, each: int, seed: int = 0) -> list[bool]:
    """Made-up things that the world has no name for (`resources.outside_nouns`): is each found at its turn?"""
    rng, found, outside = random.Random(seed), [], outside_nouns()
    for _ in range(each):
        sample, context = rng.choice(clean)
        name = rng.choice(sorted(set(outside) - {"skis"}))  # which take no "a"
        planted = plant_noun(sample, rng.choice((name, *outside[name])), rng, wordings)
        found.append((planted.name, planted.turn) in {(d.name, d.turn) for d in check_sample(planted.sample, context)})
    return found


def _score_duplicates(
    scores: Scores, clean: Sequence[Pair], wordings: DefectWordings, each: int, rng: random.Random
) -> None:
    """All clean samples in one data set, with copies behind them that are not quite the same."""
    copies = [planted.sample for planted, _ in plants(clean, "near_duplicate", each, wordings, rng)]
    found = across_samples.check_near_duplicates([sample for sample, _ in clean] + copies)
    first = len(clean)
    scores.found["near_duplicate"] = [first + number in found for number in range(len(copies))]
    scores.right["near_duplicate"] = [number >= first for number in found]


def _score_yes_bias(scores: Scores, each: int, rng: random.Random) -> None:
    """Data sets of 200 answers each: half of them balanced, the others with too much of yes or of no."""
    for number in range(2 * each):
        biased = number % 2 == 0
        share = rng.choice((rng.uniform(0, 0.3), rng.uniform(0.7, 1))) if biased else rng.uniform(0.47, 0.53)
        alarm = bool(across_samples.check_yes_bias(_answers(share, rng)))
        if biased:
            scores.found["yes_bias"].append(alarm)
        if alarm:
            scores.right["yes_bias"].append(biased)


def _answers(share: float, rng: random.Random) -> list[Sample]:
    """Samples of one yes/no question each, answered yes with this probability."""
    blank = Sample("p", "p.png", "conversation", ())
    wordings = {True: ("yes", "Yes.", "Yes, there is."), False: ("no", "No.", "No, there isn't.")}
    answers = [rng.choice(wordings[rng.random() < share]) for _ in range(200)]
    return [replace(blank, turns=(Turn("Is there a cat?", answer),)) for answer in answers]
