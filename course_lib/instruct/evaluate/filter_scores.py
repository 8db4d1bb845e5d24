"""Recall and precision of the filters: which planted defects do they find, and which of their alarms are right?"""

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

ACROSS_SAMPLES = ("near_duplicate", "yes_bias")  # defects that no sample has by itself
YES_BIAS_ANSWERS = 200  # in each data set that is made for the filter of yes-bias


@dataclass
class Scores:
    """Per defect: was each planted one found at its place (recall), and was each alarm right (precision)?"""

    found: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    right: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    clean: list[bool] = field(default_factory=list)  # was each clean sample left alone?
    simple_found: list[bool] = field(default_factory=list)  # the same of the exercise's filter for unsupported nouns,
    simple_right: list[bool] = field(default_factory=list)  # on the same samples
    missed: list[Planted] = field(default_factory=list)
    false_alarms: list[tuple[Sample, Defect]] = field(default_factory=list)

    def add(self, sample: Sample, context: ImageContext, defects: Sequence[Defect], planted: Planted | None) -> None:
        """Count what the filters said about one sample."""
        self._add_simple(sample, context, planted)
        if planted:
            hit = any(d.name == planted.name and d.turn == planted.turn for d in defects)
            self.found[planted.name].append(hit)
            self.missed += [] if hit else [planted]
        else:
            self.clean.append(not defects)
        for name in sorted({defect.name for defect in defects}):
            self.right[name].append(planted is not None and name == planted.name)
        self.false_alarms += [(sample, defect) for defect in defects if not planted or defect.name != planted.name]

    def _add_simple(self, sample: Sample, context: ImageContext, planted: Planted | None) -> None:
        """The same for the exercise's filter: one alarm a sample, as of the others."""
        alarms = [number for number, turn in enumerate(sample.turns) if simple_alarms(turn, context)]
        is_noun = planted is not None and planted.name == "unsupported_noun"
        if is_noun:
            self.simple_found.append(planted.turn in alarms)
        if alarms:
            self.simple_right.append(is_noun)


def score_filters(clean: Sequence[Pair], wordings: DefectWordings, num_planted: int, seed: int = 0) -> Scores:
    """Plant `num_planted` of every defect in clean samples drawn at random, and check them all beside the clean ones."""
    scores, rng = Scores(), random.Random(seed)
    # clean samples: each alarm is a false one
    contexts = {context.id: context for _, context in clean}
    for sample, context in clean:
        scores.add(sample, context, [*check_sample(sample, context), *check_record(sample.to_llava(), contexts)], None)
    # defects of a sample by itself
    for name in PLANTERS:
        if name not in ACROSS_SAMPLES:
            for planted, context in plant_many(clean, name, num_planted, wordings, rng):
                record = planted.record or planted.sample.to_llava()
                defects = check_sample(planted.sample, context) + check_record(record, contexts)
                scores.add(planted.sample, context, defects, planted)
    # near-duplicates: all clean samples in one data set, with copies behind them that are not quite the same
    copies = [planted.sample for planted, _ in plant_many(clean, "near_duplicate", num_planted, wordings, rng)]
    duplicates = across_samples.check_near_duplicates([sample for sample, _ in clean] + copies)
    scores.found["near_duplicate"] = [len(clean) + number in duplicates for number in range(len(copies))]
    scores.right["near_duplicate"] = [number >= len(clean) for number in duplicates]
    _score_yes_bias(scores, num_planted, rng)
    return scores


def _score_yes_bias(scores: Scores, num_planted: int, rng: random.Random) -> None:
    """Data sets of yes/no answers: half of them balanced, the others with too much of yes or of no."""
    for number in range(2 * num_planted):
        biased = number % 2 == 0
        yes_frac = rng.choice((rng.uniform(0, 0.3), rng.uniform(0.7, 1))) if biased else rng.uniform(0.47, 0.53)
        alarm = bool(across_samples.check_yes_bias(_yes_no_samples(yes_frac, rng)))
        if biased:
            scores.found["yes_bias"].append(alarm)
        if alarm:
            scores.right["yes_bias"].append(biased)


def _yes_no_samples(yes_frac: float, rng: random.Random) -> list[Sample]:
    """Samples of one yes/no question each, answered yes with this probability."""
    blank = Sample("p", "p.png", "conversation", ())
    wordings = {True: ("yes", "Yes.", "Yes, there is."), False: ("no", "No.", "No, there isn't.")}
    answers = [rng.choice(wordings[rng.random() < yes_frac]) for _ in range(YES_BIAS_ANSWERS)]
    return [replace(blank, turns=(Turn("Is there a cat?", answer),)) for answer in answers]


def simple_alarms(turn: Turn, context: ImageContext) -> list[str]:
    """What the exercise's filter says of an answer: its unsupported words."""
    return unsupported_noun.unsupported_nouns(turn.answer, noun_meanings(), supported_names(context))


def plant_many(
    clean: Sequence[Pair], name: str, num_planted: int, wordings: DefectWordings, rng: random.Random
) -> list[tuple[Planted, ImageContext]]:
    """(planted, context) that many times, in samples that can have this defect."""
    pairs: list[tuple[Planted, ImageContext]] = []
    while len(pairs) < num_planted:
        sample, context = rng.choice(clean)
        planted = plant(sample, context, name, rng, wordings)
        if planted:
            pairs.append((planted, context))
    return pairs


def outside_noun_hits(clean: Sequence[Pair], wordings: DefectWordings, num_planted: int, seed: int = 0) -> list[bool]:
    """Made-up things that the world has no name for (`resources.outside_nouns`): is each found at its turn?"""
    rng, hits, outside = random.Random(seed), [], outside_nouns()
    for _ in range(num_planted):
        sample, context = rng.choice(clean)
        name = rng.choice(sorted(set(outside) - {"skis"}))  # which take no "a"
        planted = plant_noun(sample, rng.choice((name, *outside[name])), rng, wordings)
        alarms = {(defect.name, defect.turn) for defect in check_sample(planted.sample, context)}
        hits.append((planted.name, planted.turn) in alarms)
    return hits
