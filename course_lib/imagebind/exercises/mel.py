"""The exercise on what a sound becomes before a network hears it: the mel filter bank."""

import numpy as np

from course_lib.checker.task import Mistake, Task
from course_lib.imagebind.data.mel import hertz_to_mel, mel_filter_bank, mel_to_hertz


def bank_inputs(rng) -> tuple[int, int, int]:
    """Bands, window and rate; one band, an odd window, and the lesson's own sizes."""
    some = int(rng.integers(3, 12)), 2 * int(rng.integers(20, 60)), int(rng.integers(6, 14)) * 1000
    return rng.in_turn((some, (1, 32, 8000), (64, 512, 16000), (5, 63, 11025), (8, 128, 22050)))


def _bank(
    bands, fft, rate, to_mel=hertz_to_mel, to_hertz=mel_to_hertz, top=None, cut=True, side=np.minimum
) -> np.ndarray:
    """The right function with parts to exchange."""
    corners = to_hertz(np.linspace(0, to_mel(top or rate / 2), bands + 2))
    frequencies = np.linspace(0, rate / 2, fft // 2 + 1)[:, None]
    rising = (frequencies - corners[:-2]) / (corners[1:-1] - corners[:-2])
    bank = side(rising, (corners[2:] - frequencies) / (corners[2:] - corners[1:-1]))
    return np.maximum(0, bank) if cut else bank


def bank_in_hertz(bands, fft, rate):
    return _bank(bands, fft, rate, np.asarray, np.asarray)


def bank_not_clipped(bands, fft, rate):
    return _bank(bands, fft, rate, cut=False)


def bank_larger_slope(bands, fft, rate):
    return _bank(bands, fft, rate, side=np.maximum)


def bank_too_few_bins(bands, fft, rate):
    return _bank(bands, fft, rate)[:-1]


def bank_to_the_rate(bands, fft, rate):
    return _bank(bands, fft, rate, top=rate)


def bank_from_corners_in_mel(bands, fft, rate):
    corners = np.linspace(0, hertz_to_mel(rate / 2), bands + 2)
    mels = hertz_to_mel(np.linspace(0, rate / 2, fft // 2 + 1))[:, None]
    half = corners[1] - corners[0]
    return np.maximum(0, 1 - np.abs(mels - corners[1:-1]) / half)


def bank_by_loop(bands, fft, rate):
    corners = [float(mel_to_hertz(hertz_to_mel(rate / 2) * i / (bands + 1))) for i in range(bands + 2)]
    frequencies = np.arange(fft // 2 + 1) * (rate / 2) / (fft // 2)
    bank = np.zeros((len(frequencies), bands))
    for band in range(bands):
        bank[:, band] = np.interp(frequencies, corners[band : band + 3], [0, 1, 0])
    return bank


def bank_by_clip(bands, fft, rate):
    low, middle, high = (
        mel_to_hertz(np.linspace(0, hertz_to_mel(rate / 2), bands + 2))[i : i + bands] for i in range(3)
    )
    f = np.linspace(0, rate / 2, 1 + fft // 2).reshape(-1, 1)
    return np.where(f < middle, (f - low) / (middle - low), (high - f) / (high - middle)).clip(min=0)


TASKS = [
    Task(
        id="imagebind.mel_filter_bank",
        title="The mel filter bank",
        difficulty=3,
        importance=3,
        minutes=15,
        reference=mel_filter_bank,
        used_at=("imagebind.data.mel:mel_filter_bank",),
        make_inputs=bank_inputs,
        mistakes=(
            Mistake(
                "corners spaced in hertz",
                bank_in_hertz,
                "The corners are evenly spaced in hertz, so high and low bands are equally wide. Space them evenly in *mel* (`hertz_to_mel`), then come back with `mel_to_hertz`.",
            ),
            Mistake(
                "not cut off at 0",
                bank_not_clipped,
                "Outside a triangle its sides go on below 0, so that far-away frequencies count negatively. Cut them off: `np.maximum(0, …)`.",
            ),
            Mistake(
                "the larger of the two sides",
                bank_larger_slope,
                "A triangle is the *smaller* of its rising and its falling side; this takes the larger, which grows without end.",
            ),
            Mistake(
                "one frequency missing",
                bank_too_few_bins,
                "A row is missing: a real Fourier transform of `fft` samples has `fft // 2 + 1` frequencies, from 0 to half the rate, both included.",
            ),
            Mistake(
                "up to the rate itself",
                bank_to_the_rate,
                "The corners reach up to the sampling rate. Nothing can be heard above half of it (Nyquist): end at `rate / 2`.",
            ),
            Mistake(
                "straight in mel",
                bank_from_corners_in_mel,
                "These sides are straight on the mel scale. The corners are spaced in mel, but each side is a straight line in *hertz* between them.",
            ),
        ),
        alternatives=(bank_by_loop, bank_by_clip),
        hints=(
            "You need `bands + 2` corners: each triangle begins at its left neighbour's top and ends at its right neighbour's.",
            "Corners $c_0 \\dots c_{B+1}$, even in mel from 0 to `rate / 2`, back in hertz. Band $b$ at frequency $f$: $\\max\\left(0, \\min\\left(\\frac{f - c_b}{c_{b+1} - c_b}, \\frac{c_{b+2} - f}{c_{b+2} - c_{b+1}}\\right)\\right)$, a table [fft // 2 + 1, bands].",
            "```python\ncorners = mel_to_hertz(np.linspace(0, ..., bands + 2))\nfrequencies = np.linspace(0, rate / 2, ...)[:, None]\nrising = ...\nfalling = ...\nreturn np.maximum(0, np.minimum(rising, falling))\n```",
        ),
    ),
]
