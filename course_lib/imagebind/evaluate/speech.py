"""Speech beside sound: the same tower, the same pictures, as many steps; but what it hears is the noun itself, said aloud."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.testsets import image_features
from course_lib.clip.evaluate.zero_shot import classifier
from course_lib.clip.pretrained import load_clip
from course_lib.figures import Figure, share
from course_lib.imagebind.data.mel import log_mel
from course_lib.imagebind.data.pairs import make_pairs
from course_lib.imagebind.data.speech import say_noun
from course_lib.imagebind.data.voices import SOUNDING
from course_lib.imagebind.evaluate.ablations import RECIPE
from course_lib.imagebind.evaluate.alignment import PER_NOUN, embed, names_correct
from course_lib.imagebind.train import train_audio
from course_lib.world.stickers import classes


def figures() -> Iterator[Figure]:
    """Speech → word by voices that training never heard, of the 60 nouns and of 40 that were never said or shown. Raises NoSpeechError."""
    clip, pairs = load_clip(), make_pairs(RECIPE.scenes)
    mels, features = spoken(pairs.nouns), image_features(clip, pairs.images)
    towers = {
        "own": features,
        "other": features[torch.randperm(len(features), generator=torch.Generator().manual_seed(1))],
    }
    right, novel = {}, tuple(c.name for c in classes() if c.split == "novel")
    for name, targets in towers.items():
        tower = train_audio(mels, targets, RECIPE)
        for nouns in (SOUNDING, novel):
            heard = spoken([noun for noun in nouns for _ in range(PER_NOUN)], "test")
            right[name, nouns] = names_correct(embed(tower, heard), classifier(clip, list(nouns)).T)
    control = round(float(right["other", SOUNDING].mean()), 4)
    note = "control: learned from speech with other scenes' pictures"
    yield share("imagebind.speech.text", right["own", SOUNDING], chance=1 / len(SOUNDING), control=control, note=note)
    yield share("imagebind.speech.novel", right["own", novel], chance=1 / len(novel), note="never said, named or shown")


def spoken(nouns: Sequence[str], stream: str = "train") -> Tensor:
    """The nouns said aloud, each by another speaker: log-mel spectrograms [N, 64, 49]."""
    return torch.from_numpy(np.stack([log_mel(say_noun(noun, i, stream)) for i, noun in enumerate(nouns)]))
