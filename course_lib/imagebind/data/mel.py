"""Sound → log-mel spectrogram: how loud each band of pitch is at each moment, on the scales that ears have."""

import numpy as np

from course_lib.imagebind.data.voices import RATE

WINDOW, HOP, FFT = 400, 320, 512  # samples: 25 ms every 20 ms, as speech recognisers have it
BANDS = 64


def hertz_to_mel(hertz):
    """The mel scale: equal steps sound equally far apart. Nearly linear below 1,000 Hz, logarithmic above (HTK's formula)."""
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)


def mel_to_hertz(mel):
    """The way back."""
    return 700 * (10 ** (np.asarray(mel) / 2595) - 1)


def mel_filter_bank(bands: int = BANDS, fft: int = FFT, rate: int = RATE) -> np.ndarray:
    """Triangles, evenly spaced on the mel scale: float [fft/2 + 1, bands]; each has 1 at its centre and 0 at its neighbours'."""
    corners = mel_to_hertz(np.linspace(0, hertz_to_mel(rate / 2), bands + 2))  # [bands + 2]
    frequencies = np.linspace(0, rate / 2, fft // 2 + 1)[:, None]  # [F, 1]
    rising = (frequencies - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - frequencies) / (corners[2:] - corners[1:-1])
    return np.maximum(0, np.minimum(rising, falling))  # [F, bands]


def frames(sound: np.ndarray) -> np.ndarray:
    """Overlapping windows of a sound: [N] → [T, 400], one every 320 samples; a tail that fills none is left out."""
    return np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]


HANN = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)


def log_mel(sound: np.ndarray) -> np.ndarray:
    """float [N] → float32 [64, T]: the logarithm of the power in each band, low bands first, T = 49 for a second."""
    spectrum = np.fft.rfft(frames(sound) * HANN, FFT)  # [T, F]
    power = np.abs(spectrum) ** 2 @ mel_filter_bank()  # [T, bands]
    return np.log10(np.maximum(power, 1e-5)).T.astype(np.float32)
