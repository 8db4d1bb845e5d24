"""Speech: espeak-ng says the noun. A modality apart, since it is *text in disguise*: each recording holds the word's own letters, as sounds.

espeak-ng (GPL-3) does not come with this course; `pip install espeakng-loader`, or your system's package, brings it.
"""

import ctypes
import random
from ctypes.util import find_library
from functools import cache

import numpy as np

from course_lib.common.errors import Problem
from course_lib.imagebind.data.recordings import prepare_sound

VARIANTS = {"train": ("m1", "m2", "m3", "m4", "f1", "f2", "f3"), "test": ("m5", "m7", "f4", "f5")}  # of its English
PITCHES = {"train": (35, 60), "test": (65, 85)}  # espeak's scale, 0 to 99
RATES = {"train": (150, 190), "test": (195, 220)}  # words a minute
SYNCHRONOUS, RATE_PARAMETER, PITCH_PARAMETER, UTF8 = 2, 1, 3, 1  # of espeak-ng's speak_lib.h
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class NoSpeechError(Problem):
    """There is no espeak-ng on this computer."""


@cache
def engine() -> tuple[ctypes.CDLL, int]:
    """espeak-ng's library, started, and its samples a second. Raises NoSpeechError."""
    try:
        import espeakng_loader as package

        library, data = package.get_library_path(), str(package.get_data_path()).encode()
    except ImportError:
        library, data = find_library("espeak-ng"), None
    if library is None:
        raise NoSpeechError("espeak-ng is not here: pip install espeakng-loader")
    espeak = ctypes.CDLL(library)
    return espeak, espeak.espeak_Initialize(SYNCHRONOUS, 0, data, 0)


def say_noun(noun: str, number: int, stream: str = "train") -> np.ndarray:
    """The noun, said by speaker `number` of a stream: float32 [16000]. Voices, pitches and speeds of test are no other's."""
    espeak, rate = engine()
    rng, heard = random.Random(f"speech/{stream}/{number}"), []

    @CALLBACK
    def collect(samples, count, events) -> int:
        if samples:
            heard.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    espeak.espeak_SetSynthCallback(collect)
    espeak.espeak_SetVoiceByName(f"en-us+{rng.choice(VARIANTS[stream])}".encode())
    espeak.espeak_SetParameter(RATE_PARAMETER, rng.randint(*RATES[stream]), 0)
    espeak.espeak_SetParameter(PITCH_PARAMETER, rng.randint(*PITCHES[stream]), 0)
    text = noun.encode()
    espeak.espeak_Synth(text, len(text) + 1, 0, 0, 0, UTF8, None, None)
    return prepare_sound(np.concatenate(heard), rate)
