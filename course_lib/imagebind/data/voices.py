"""A voice for every noun: what a dog, a bus and a sunflower sound like here, made of numbers alone.

A noun has a pitch, two vowels (formants), a melody, a rhythm and an amount of breath, drawn from its name. Who utters it, a
*speaker*, is another thing: larger or smaller, faster or slower, near or in the rain. Training hears speakers from the
middle of those ranges, validation and test those beyond, so that no held-out sound was ever heard.
"""

import random
from dataclasses import dataclass
from functools import cache

import numpy as np

from course_lib.world.stickers import class_named

RATE = 16_000  # samples a second
SAMPLES = RATE  # one second
SOUNDING = (
    ("dog", "cat", "horse", "cow", "pig", "tiger", "monkey", "lion", "bear", "panda", "elephant", "sheep")
    + ("chicken", "penguin", "duck", "eagle", "parrot", "frog", "crocodile", "snake", "whale", "bee")
    + ("train", "bus", "ambulance", "tractor", "motorcycle", "ship", "airplane", "rocket", "car")
    + ("guitar", "piano keys", "trumpet", "drum", "bell", "telephone", "television", "alarm clock", "hammer")
    + ("scissors", "broom", "door", "fire", "volcano", "cloud", "umbrella", "balloon", "key", "light bulb")
    + ("soccer ball", "castle", "church", "house", "coffee", "hamburger", "banana", "strawberry", "sunflower")
    + ("pine tree",)
)  # the 60 nouns that sound in training; Lesson 10's twelve are among them
SHIFTS = {
    "train": (0.0, 0.6),
    "val": (0.7, 0.85),
    "test": (0.85, 1.0),
}  # how far a speaker is from the middle of each range


@dataclass(frozen=True)
class Voice:
    """What all utterances of a noun have in common."""

    pitch: float  # Hz
    glide: float  # octaves from a note's start to its end
    vibrato: float  # octaves, to either side
    vowels: tuple[tuple[float, ...], tuple[float, ...]]  # formants in Hz, at a note's start and end
    notes: tuple[tuple[float, float, float], ...]  # start and length in seconds, pitch in octaves
    breath: float  # share of noise, 0 to 1
    decay: float  # how soon a note dies away: 0 as an organ, 6 as a drum


@dataclass(frozen=True)
class Speaker:
    """Who utters it, and what else is heard. All are numbers beside a middle, where nothing is changed."""

    pitch: float  # octaves up
    size: float  # of the body: formants go down as it grows, as a factor in octaves
    tempo: float  # as a factor in octaves
    breath: float  # added to the voice's own
    noise: float  # of the surroundings, beside the voice's loudness
    start: float  # seconds of silence at most before it
    seed: int


@cache
def voice_of(noun: str) -> Voice:
    """The voice of any of the 200 nouns. Those of one family (birds, vehicles …) have pitch, breath and decay in common."""
    family = random.Random(f"family/{class_named(noun).supercategory}")
    middle, breathy, decaying = family.uniform(6.8, 9.2), family.uniform(0, 0.7), family.uniform(0, 5)
    rng = random.Random(f"voice/{noun}")
    count = rng.randint(1, 5)
    swing = rng.uniform(0.3, 0.7)  # of every second beat
    beat = rng.uniform(0.75, 0.95) / count
    starts = [beat * (i + (swing - 0.5 if i % 2 else 0)) for i in range(count)]
    length = beat * rng.uniform(0.35, 0.95)
    notes = tuple((start, length, rng.choice((-0.5, -0.25, 0, 0, 0.25, 0.5))) for start in starts)
    return Voice(
        pitch=2 ** (middle + rng.uniform(-0.8, 0.8)),
        glide=rng.choice((-0.8, -0.4, 0, 0, 0.4, 0.8)),
        vibrato=rng.choice((0, 0, 0.04, 0.12)),
        vowels=(_vowel(rng), _vowel(rng)),
        notes=notes,
        breath=min(max(breathy + rng.uniform(-0.3, 0.3), 0.02), 0.9),
        decay=max(decaying + rng.uniform(-2, 2), 0),
    )


def _vowel(rng: random.Random) -> tuple[float, ...]:
    """Three formants: the resonances that tell an "ee" from an "oo"."""
    return rng.uniform(250, 900), rng.uniform(900, 2600), rng.uniform(2600, 5500)


def speaker(number: int, stream: str = "train") -> Speaker:
    """Speaker `number` of a stream. Pitch, size and tempo of val and test lie outside of what training has."""
    rng = random.Random(f"speaker/{stream}/{number}")
    low, high = SHIFTS[stream]

    def shift(reach: float) -> float:
        return rng.choice((-1, 1)) * rng.uniform(low, high) * reach

    return Speaker(
        pitch=shift(0.5),
        size=shift(0.25),
        tempo=shift(0.3),
        breath=rng.uniform(0, 0.15),
        noise=10 ** rng.uniform(-2.5, -0.7),
        start=rng.uniform(0, 0.1),
        seed=rng.getrandbits(32),
    )


def utter(noun: str, who: Speaker) -> np.ndarray:
    """The noun's voice from this speaker: float32 [16000] between -1 and 1, one second."""
    voice, rng = voice_of(noun), np.random.default_rng(who.seed)
    sound = np.zeros(SAMPLES)
    for start, length, octaves in voice.notes:
        tempo = 2**who.tempo
        first = round((who.start + start / tempo) * RATE)
        count = min(round(length / tempo * RATE), SAMPLES - first)
        if count > 0:
            sound[first : first + count] += _note(voice, who, count, octaves, rng)
    sound /= np.abs(sound).max() + 1e-9
    sound += who.noise * sound.std() * rng.standard_normal(SAMPLES)
    return (0.9 * sound / np.abs(sound).max()).astype(np.float32)


def _note(voice: Voice, who: Speaker, count: int, octaves: float, rng: np.random.Generator) -> np.ndarray:
    """One note [count]: a buzz with breath (the source), coloured by vowels that turn into each other (the filter)."""
    t = np.linspace(0, 1, count)
    seconds = t * count / RATE
    pitch = voice.pitch * 2 ** (who.pitch + octaves + voice.glide * (t - 0.5) + voice.vibrato * np.sin(38 * seconds))
    phase = np.cumsum(pitch) / RATE % 1
    breath = min(voice.breath + who.breath, 1)
    source = (1 - breath) * (1 - 2 * phase) + breath * rng.standard_normal(count)
    start, end = (_resonate(source, vowel, 2**-who.size) for vowel in voice.vowels)
    envelope = np.minimum(1, np.minimum(t, 1 - t) * 12) * np.exp(-voice.decay * t)
    return envelope * ((1 - t) * start + t * end)


def _resonate(source: np.ndarray, vowel: tuple[float, ...], scale: float) -> np.ndarray:
    """Let through what lies near the formants, by way of the spectrum: [N] → [N]."""
    fft = 2 ** (len(source) - 1).bit_length()  # a power of two: ten times as quick as an unlucky length
    frequencies = np.fft.rfftfreq(fft, 1 / RATE)
    response = sum(
        np.exp(-0.5 * ((frequencies - scale * formant) / (60 + 0.08 * formant)) ** 2) / (1 + number)
        for number, formant in enumerate(vowel)
    )
    return np.fft.irfft(np.fft.rfft(source, fft) * (response + 0.01), fft)[: len(source)]
