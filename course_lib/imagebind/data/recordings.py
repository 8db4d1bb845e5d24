"""A learner's own sounds: any WAV file, or samples at any rate, as the one second that the tower hears; or one sentence why not."""

import warnings
from pathlib import Path

import numpy as np

from course_lib.common.errors import Problem
from course_lib.imagebind.data.voices import RATE, SAMPLES

SILENT = 1e-4  # of full scale: what is quieter is nothing but the noise of the machine
CLIPPED = 0.01  # share of the samples at the limit, above which it is said
PEAK = 0.9
MAX_RATE = 400_000


class SoundError(Problem, ValueError):
    """A sound that can't be used; the message says why, and what would do."""


def open_sound(file: str | Path) -> np.ndarray:
    """A WAV file → float32 [16000]; see `prepare_sound`. Raises SoundError."""
    from scipy.io import wavfile

    name = Path(file).name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of chunks that are no samples, such as a title
            rate, samples = wavfile.read(file)
    except OSError as error:
        raise SoundError(f"{name} can't be read: {error.strerror or error}.") from None
    except Exception:  # the reader raises several kinds on damaged data
        raise SoundError(f"{name} is no WAV file that can be read here. Save it as WAV, 16 bits.") from None
    return prepare_sound(samples, rate)


def open_folder(folder: str | Path) -> dict[str, np.ndarray]:
    """The WAV files of a folder, name → float32 [16000]; of each that can't be used it says why. No folder: nothing."""
    sounds = {}
    for file in sorted(Path(folder).glob("*.wav")):
        try:
            sounds[file.stem] = open_sound(file)
        except SoundError as error:
            print("✗", error)
    return sounds


def prepare_sound(samples: np.ndarray, rate: int = RATE) -> np.ndarray:
    """Samples [N], or [N, channels], integers or floats, at any rate → float32 [16000] at 16 kHz, its peak at 0.9.

    Channels are averaged; of more than a second the loudest one is taken; less is followed by silence. Clipping is warned of.
    Raises SoundError for what holds no sound: no samples, NaN, silence.
    """
    sound = _mono(np.asarray(samples))
    if not 0 < rate <= MAX_RATE:
        raise SoundError(f"{rate:,} samples a second is no rate of a sound; 8,000 to 48,000 are usual.")
    if len(sound) == 0:
        raise SoundError("This sound has no samples. Record it again.")
    if not np.isfinite(sound).all():
        raise SoundError("This sound holds numbers that are none (NaN or infinity). Save it again.")
    peak = np.abs(sound).max()
    if peak < SILENT:
        raise SoundError("This sound is silent. Record it again, louder.")
    at_limit = np.abs(sound) >= 0.99999 * peak
    if (
        peak > 0.95 and (at_limit[1:] & at_limit[:-1]).mean() > CLIPPED
    ):  # a tone touches its peak, a clipped one stays there
        warnings.warn("This sound is clipped: it was recorded too loud. It is used all the same.", stacklevel=2)
    sound = loudest_second(_resampled(sound, rate))
    return (PEAK * sound / np.abs(sound).max()).astype(np.float32)


def _mono(samples: np.ndarray) -> np.ndarray:
    """[N] or [N, channels], of any type → float64 [N]; integers become shares of their type's full scale."""
    if samples.ndim not in (1, 2) or samples.dtype.kind not in "iuf":
        raise SoundError("A sound is a row of numbers [N], or one for each channel [N, channels].")
    if samples.dtype.kind == "u":  # 8 bits: 128 is silence
        samples = samples.astype(float) / 128 - 1
    elif samples.dtype.kind == "i":
        samples = samples.astype(float) / (np.iinfo(samples.dtype).max + 1)
    return samples.astype(float) if samples.ndim == 1 else samples.astype(float).mean(axis=1)


def _resampled(sound: np.ndarray, rate: int) -> np.ndarray:
    """To 16 kHz, with what lies above 8 kHz taken out first, so that it does not fold back as a lower sound."""
    from scipy.signal import resample_poly

    return sound if rate == RATE else resample_poly(sound, RATE, rate)


def loudest_second(sound: np.ndarray) -> np.ndarray:
    """[N] → [16000]: of a longer sound the second with the most power, a shorter one followed by silence."""
    if len(sound) <= SAMPLES:
        return np.pad(sound, (0, SAMPLES - len(sound)))
    power = np.cumsum(np.concatenate([[0], sound**2]))
    start = int((power[SAMPLES:] - power[:-SAMPLES]).argmax())
    return sound[start : start + SAMPLES]
