"""The exercise on filters: how much of what faults cost comes back, and how sure is that?"""

import numpy as np

from course_lib.checker.task import Mistake, Task
from course_lib.small.evaluate.statistics import filter_recovery, resample


def recovery_inputs(rng) -> tuple:
    """Answers of three models to the same questions, or of two sizes of each, averaged. Once few of them, so that some resamples have no
    gap; once no gap at all."""
    shares = rng.in_turn(((0.8, 0.4, 0.7), (0.7, 0.5, 0.75), (0.6, 0.5, 0.45), (0.5, 0.5, 0.6), (0.7, 0.4, 0.4)))
    num = rng.in_turn((60, 80, 25, 10, 40))
    sizes = rng.in_turn((1, 2, 1))
    clean, noisy, filtered = (
        np.mean([rng.permutation(num) < round(share * num) for _ in range(sizes)], axis=0) for share in shares
    )
    if sizes == 1:
        clean, noisy, filtered = (one.astype(bool) for one in (clean, noisy, filtered))
    return clean, noisy, filtered, resample(num, 200, int(rng.integers(1000)))


def _ends(ratios):
    return tuple(float(one) for one in np.percentile(ratios, (2.5, 97.5)))


def _parts(clean, noisy, filtered, resamples):
    return [np.asarray(one, float)[resamples].mean(axis=1) for one in (clean, noisy, filtered)]  # [R] each


def of_the_whole(clean, noisy, filtered, resamples):
    filter_recovery(clean, noisy, filtered, resamples)
    ratios = _parts(clean, noisy, filtered, resamples)
    return float(filtered.mean() / clean.mean()), *_ends(ratios[2] / ratios[0])


def what_is_lost(clean, noisy, filtered, resamples):
    value, low, high = filter_recovery(clean, noisy, filtered, resamples)
    return 1 - value, 1 - high, 1 - low


def points_only(clean, noisy, filtered, resamples):
    filter_recovery(clean, noisy, filtered, resamples)
    _, noise, kept = _parts(clean, noisy, filtered, resamples)
    return float(filtered.mean() - noisy.mean()), *_ends(kept - noise)


def not_paired(clean, noisy, filtered, resamples):
    value, _, _ = filter_recovery(clean, noisy, filtered, resamples)
    whole, noise, kept = _parts(clean, noisy, filtered, resamples)
    gap, gain = whole - np.roll(noise, 1), np.roll(kept, 2) - np.roll(noise, 1)
    return value, *_ends(gain[gap > 0] / gap[gap > 0])


def fixed_gap(clean, noisy, filtered, resamples):
    value, _, _ = filter_recovery(clean, noisy, filtered, resamples)
    _, noise, kept = _parts(clean, noisy, filtered, resamples)
    return value, *_ends((kept - noise) / (clean.mean() - noisy.mean()))


def between_0_and_1(clean, noisy, filtered, resamples):
    return tuple(min(1.0, max(0.0, one)) for one in filter_recovery(clean, noisy, filtered, resamples))


def resamples_without_gap_kept(clean, noisy, filtered, resamples):
    value, _, _ = filter_recovery(clean, noisy, filtered, resamples)
    whole, noise, kept = _parts(clean, noisy, filtered, resamples)
    return value, *_ends((kept - noise) / np.where(whole == noise, 1e-9, whole - noise))


def ninety_percent(clean, noisy, filtered, resamples):
    value, _, _ = filter_recovery(clean, noisy, filtered, resamples)
    whole, noise, kept = _parts(clean, noisy, filtered, resamples)
    gap = whole - noise
    low, high = np.percentile((kept - noise)[gap > 0] / gap[gap > 0], (5, 95))
    return value, float(low), float(high)


def by_loop(clean, noisy, filtered, resamples):
    def ratio(rows):
        gap = sum(float(clean[i]) for i in rows) - sum(float(noisy[i]) for i in rows)
        gain = sum(float(filtered[i]) for i in rows) - sum(float(noisy[i]) for i in rows)
        return gain / gap if gap > 0 else None

    value = ratio(range(len(clean)))
    if value is None:
        raise ValueError("nothing was lost")
    return value, *_ends([one for one in map(ratio, resamples) if one is not None])


def by_parts(clean, noisy, filtered, resamples):
    if clean.sum() <= noisy.sum():
        raise ValueError("no gap")
    whole, noise, kept = _parts(clean, noisy, filtered, resamples)
    gap = np.round(whole - noise, 12)
    value = float(filtered.sum() - noisy.sum()) / float(clean.sum() - noisy.sum())
    return value, *_ends(((kept - noise)[gap > 0]) / gap[gap > 0])


TASKS = [
    Task(
        id="small.filter_recovery",
        title="What a filter brings back",
        difficulty=3,
        importance=4,
        minutes=15,
        reference=filter_recovery,
        used_at=("small.evaluate:filter_recovery",),
        make_inputs=recovery_inputs,
        refuses=(ValueError,),
        special_cases=(("clean data are no better than noisy ones", lambda c, n, f, r: bool(c.mean() <= n.mean())),),
        draws=15,
        mistakes=(
            Mistake("share of the whole", of_the_whole, "This is what share of the clean model's answers the filtered one reaches. Asked is the share of the *loss*: what noise had reached already is no merit of the filter. Subtract it above and below."),
            Mistake("what stays lost", what_is_lost, "This is the share that stays lost. What comes back: (filtered − noisy) / (clean − noisy)."),
            Mistake("points", points_only, "These are points of accuracy. Divide by what was lost, clean − noisy."),
            Mistake("not paired", not_paired, "Each model gets resamples of its own. All three answered the *same* questions: take the same row of `resamples` for all, or the interval is too wide."),
            Mistake("the loss held fixed", fixed_gap, "The denominator is the same in all resamples. The loss was measured on the same questions and is as unsure: resample it, too."),
            Mistake("clipped", between_0_and_1, "The values are clipped to 0–1. A filter may do harm, or more than repair; an interval that hides this is too good to be true."),
            Mistake("resamples without a loss", resamples_without_gap_kept, "In some resamples noise costs nothing or less than nothing, and the ratio says nothing or has its sign turned. Leave those out."),
            Mistake("90 %", ninety_percent, "That is a 90 % interval. For 95 %, 2.5 % lie beyond either end."),
        ),
        alternatives=(by_loop, by_parts),
        hints=(
            "Begin with one number. Then do the same for each row of `resamples`: `clean[resamples]` is [R, n].",
            r"$r = \frac{\overline{f} - \overline{n}}{\overline{c} - \overline{n}}$; the same for each resample with $\overline{c} > \overline{n}$; the ends are percentiles 2.5 and 97.5.",
            "```python\ngap, gain = clean.astype(float) - noisy, ...  # [n]\nif gap.mean() <= 0:\n    raise ValueError(...)\ngaps, gains = gap[resamples].mean(axis=1), ...  # [R]\nlow, high = np.percentile(gains[...] / gaps[...], (2.5, 97.5))\nreturn ...\n```",
        ),
    ),
]  # fmt: skip
