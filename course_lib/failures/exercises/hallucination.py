"""Exercises on hallucination: CHAIR with coverage, and POPE's adversarial negatives."""

from collections import Counter

from course_lib.checker.task import Mistake, Task
from course_lib.failures.chair import chair
from course_lib.failures.data.cooccurrence import cooccurring_negatives

NAMES = ("cat", "dog", "bus", "key", "moon", "house", "pear", "crab", "bell", "tent")


def _some(rng, low: int, high: int) -> set[str]:
    return {str(name) for name in rng.choice(NAMES, int(rng.integers(low, high)), replace=False)}


def chair_inputs(rng) -> tuple[list[set[str]], list[set[str]]]:
    """What texts name, and what is there; in one draw some name nothing, in another all of them."""
    count, case = int(rng.integers(4, 9)), rng.in_turn(("some", "silent", "all silent", "some", "true"))
    present = [_some(rng, 1, 5) for _ in range(count)]
    named = [_some(rng, 1, 6) for _ in range(count)]
    if case == "silent":
        named[0] = named[-1] = set()
    elif case == "all silent":
        named = [set() for _ in named]
    elif case == "true":
        named = [set(sorted(there)[:1]) for there in present]
    return named, present


def _changed(named, present, **values):
    return chair(named, present) | values


def chair_mean_of_shares(named, present):
    shares = [len(names - there) / len(names) if names else 0.0 for names, there in zip(named, present, strict=True)]
    return _changed(named, present, instance=sum(shares) / len(shares))


def chair_of_present(named, present):
    false = sum(len(names - there) for names, there in zip(named, present, strict=True))
    return _changed(named, present, instance=false / sum(map(len, present)))


def chair_sentence_counts(named, present):
    false = sum(len(names - there) for names, there in zip(named, present, strict=True))
    return _changed(named, present, sentence=false / len(named))


def chair_coverage_of_named(named, present):
    covered = sum(len(names & there) for names, there in zip(named, present, strict=True))
    return _changed(named, present, coverage=covered / max(1, sum(map(len, named))))


def chair_missing_is_false(named, present):
    false = sum(len(names ^ there) for names, there in zip(named, present, strict=True))
    return _changed(named, present, instance=false / max(1, sum(map(len, named))))


def chair_silence_is_left_out(named, present):
    spoken = [(names, there) for names, there in zip(named, present, strict=True) if names]
    if not spoken:
        return chair(named, present)
    return chair(*map(list, zip(*spoken, strict=True)))


def chair_by_loops(named, present):
    total = false = wrong = covered = there_in_all = 0
    for names, there in zip(named, present, strict=True):
        absent = [name for name in names if name not in there]
        total, false, wrong = total + len(names), false + len(absent), wrong + (1 if absent else 0)
        covered += sum(name in names for name in there)
        there_in_all += len(there)
    return {"instance": false / max(total, 1), "sentence": wrong / len(named), "coverage": covered / there_in_all}


def chair_by_counters(named, present):
    pairs = list(zip(named, present, strict=True))
    hits = sum(len(names.intersection(there)) for names, there in pairs)
    total = sum(len(names) for names in named)
    wrong = [not names.issubset(there) for names, there in pairs]
    return {
        "coverage": hits / sum(len(there) for there in present),
        "sentence": wrong.count(True) / len(wrong),
        "instance": 1 - hits / total if total else 0.0,
    }


def negatives_inputs(rng) -> tuple[list[str], list[set[str]]]:
    """Names that are present, and the names in many pictures; ties, a name that was never seen, names that share a companion."""
    present = [str(name) for name in rng.choice(NAMES, int(rng.integers(2, 4)), replace=False)]
    scenes = [_some(rng, 1, 5) for _ in range(int(rng.integers(12, 40)))]
    case = rng.in_turn(("random", "unseen", "one companion", "few", "random"))
    if case == "unseen":
        scenes = [scene - {present[-1]} for scene in scenes]
    elif case == "one companion":
        companion = next(name for name in NAMES if name not in present)
        scenes += [{name, companion} for name in present for _ in range(20)]
    elif case == "few":
        scenes = scenes[:4]
    return present, scenes


def _negatives(present, scenes, key, avoid=lambda present, chosen: {*present, *chosen}):
    chosen = []
    for name in present:
        beside = Counter(other for scene in scenes if name in scene for other in scene)
        free = [other for other in beside if other not in avoid(present, chosen)]
        if free:
            chosen.append(min(free, key=lambda other, beside=beside: key(other, beside)))
    return chosen


def _most(other, beside):
    return -beside[other], other


def negatives_present_too(present, scenes):
    return _negatives(present, scenes, _most, lambda present, chosen: set(chosen))


def negatives_twice(present, scenes):
    return _negatives(present, scenes, _most, lambda present, chosen: set(present))


def negatives_popular(present, scenes):
    counts = Counter(name for scene in scenes for name in scene)
    return _negatives(present, scenes, lambda other, _: (-counts[other], other))


def negatives_rarest(present, scenes):
    return _negatives(present, scenes, lambda other, beside: (beside[other], other))


def negatives_ties_at_random(present, scenes):
    return _negatives(present, scenes, lambda other, beside: (-beside[other], [-ord(letter) for letter in other]))


def negatives_by_sorting(present, scenes):
    result: list[str] = []
    for name in present:
        counts: dict[str, int] = {}
        for scene in scenes:
            if name in scene:
                for other in scene - set(present) - set(result):
                    counts[other] = counts.get(other, 0) + 1
        ranked = sorted(sorted(counts), key=counts.__getitem__, reverse=True)
        result += ranked[:1]
    return result


def negatives_by_max(present, scenes):
    everybody = sorted(set().union(*scenes) - set(present))
    result = []
    for name in present:
        together = {other: sum(name in scene and other in scene for scene in scenes) for other in everybody}
        if together and max(together.values()):
            result.append(max(everybody, key=together.__getitem__))
            everybody.remove(result[-1])
    return result


TASKS = [
    Task(
        id="failures.chair",
        title="CHAIR, and what it leaves out",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=chair,
        used_at=("failures.evaluate:chair",),
        make_inputs=chair_inputs,
        mistakes=(
            Mistake(
                "mean of shares",
                chair_mean_of_shares,
                "The share of false names is taken text by text, then averaged. CHAIR's instance adds up first: all false names over all names.",
            ),
            Mistake(
                "over what is there",
                chair_of_present,
                "The false names are divided by what is *there*. Divide by what is *named*: of all that is claimed, how much is false?",
            ),
            Mistake(
                "false names a text",
                chair_sentence_counts,
                "`sentence` counts false names. It counts texts: one with three false names is one text.",
            ),
            Mistake(
                "coverage is precision",
                chair_coverage_of_named,
                "The coverage is divided by what is named, which is precision again. Divide by what is *there*: how much of it is told?",
            ),
            Mistake(
                "what is left out is false",
                chair_missing_is_false,
                "What a text leaves out counts as false. That is what coverage is for; CHAIR looks at claims alone.",
            ),
            Mistake(
                "silence is left out",
                chair_silence_is_left_out,
                "Texts that name nothing are left out. They count: they are not false, and they cover nothing.",
            ),
        ),
        alternatives=(chair_by_loops, chair_by_counters),
        hints=(
            "Three shares, three denominators: all names, all texts, all things.",
            "instance $= \\sum_i |N_i \\setminus P_i| / \\sum_i |N_i|$ (0 where nothing is named), sentence $= \\frac1n \\sum_i [N_i \\setminus P_i \\neq \\emptyset]$, coverage $= \\sum_i |N_i \\cap P_i| / \\sum_i |P_i|$.",
            '```python\nfalse = [names - there for names, there in zip(named, present, strict=True)]\n...\nreturn {"instance": ..., "sentence": ..., "coverage": ...}\n```',
        ),
    ),
    Task(
        id="failures.cooccurring_negatives",
        title="POPE's adversarial negatives",
        difficulty=3,
        importance=4,
        minutes=15,
        reference=cooccurring_negatives,
        used_at=("failures.data.cooccurrence:cooccurring_negatives",),
        make_inputs=negatives_inputs,
        mistakes=(
            Mistake(
                "what is there, too",
                negatives_present_too,
                "Something that *is* in the picture is among the negatives: the right answer to it is yes. Leave out `present`.",
            ),
            Mistake(
                "the same twice",
                negatives_twice,
                "One name comes twice. Who was chosen for an earlier name is taken: go on to the next most frequent.",
            ),
            Mistake(
                "popular, not beside it",
                negatives_popular,
                "These are the names that are frequent in *all* pictures, POPE's popular split. Count only the pictures that hold the name in question.",
            ),
            Mistake(
                "the rarest",
                negatives_rarest,
                "These came together with it least often. The most frequent companion tempts most.",
            ),
            Mistake(
                "ties",
                negatives_ties_at_random,
                "Of names that came together equally often, take the first in the alphabet, so that everybody asks the same questions.",
            ),
        ),
        alternatives=(negatives_by_sorting, negatives_by_max),
        hints=(
            "For one name: look at the pictures that hold it, and count who else is in them.",
            "For each present $p$ in turn: $\\arg\\max_{o \\notin P \\cup C} |\\{s : p \\in s, o \\in s\\}|$, where $C$ are those chosen before.",
            "```python\nchosen = []\nfor name in present:\n    beside = Counter(other for scene in scenes if ... for other in scene)\n    free = [other for other in beside if ...]\n    if free:\n        chosen.append(min(free, key=lambda other: (..., other)))\nreturn chosen\n```",
        ),
    ),
]
