"""Do modalities meet that never met in training? Sound and words, sound and distance, and sound added to a picture."""

import random
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.testsets import image_features, render_images
from course_lib.clip.evaluate.zero_shot import classifier
from course_lib.figures import Figure, share
from course_lib.imagebind.compare import add_embeddings, centre, classify_sounds, modality_gap
from course_lib.imagebind.data.mel import log_mel
from course_lib.imagebind.data.pairs import SEED, make_pairs
from course_lib.imagebind.data.voices import SOUNDING, speaker, utter
from course_lib.imagebind.model import PocketBind, Tower
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.stickers import classes

PER_NOUN = 10  # speakers
GALLERY = 64  # disparities that a sound chooses from
GALLERIES = 8


@torch.no_grad()
def embed(tower: Tower, maps: np.ndarray | Tensor) -> Tensor:
    """Maps [N, H, W], a few hundred at a time → [N, 128] of length 1."""
    return torch.cat([tower(chunk) for chunk in torch.as_tensor(maps).split(256)])


@cache
def sounds_of(names: tuple[str, ...] = SOUNDING, stream: str = "test", per_noun: int = PER_NOUN) -> Tensor:
    """Log-mel spectrograms [len(names) · per_noun, 64, 49], noun after noun, each by another speaker of the stream."""
    nouns = [name for name in names for _ in range(per_noun)]
    return torch.from_numpy(np.stack([log_mel(utter(noun, speaker(i, stream))) for i, noun in enumerate(nouns)]))


def names_correct(sounds: Tensor, names: Tensor, per_noun: int = PER_NOUN) -> np.ndarray:
    """bool [N]: is each sound nearest to its own noun? sounds [N, 128] noun after noun, names [C, 128], of length 1."""
    answers = torch.arange(len(names)).repeat_interleave(per_noun)
    return (classify_sounds(sounds, names).argmax(dim=1) == answers).numpy()


@torch.no_grad()
def name_embeddings(model: PocketBind, names: Sequence[str]) -> Tensor:
    """The names in wordings that CLIP's training never used, as in Lesson 02: [C, 128] of length 1."""
    return classifier(model.clip, list(names)).T


def sound_to_text(model: PocketBind, controls: dict[str, Tower]) -> Iterator[Figure]:
    """Which of 60 nouns is it? No sound has ever met a word: both have met pictures."""
    names, mels = name_embeddings(model, SOUNDING), sounds_of()
    right = names_correct(embed(model.audio, mels), names)
    shuffled = names_correct(embed(controls["shuffled"], mels), names)
    ceiling = names_correct(embed(controls["supervised"], mels), names)
    company = {"chance": 1 / len(names), "ceiling": round(float(ceiling.mean()), 4)}
    control = round(float(shuffled.mean()), 4)
    note = "control: learned from sounds with other scenes' pictures; ceiling: was told the nouns"
    yield share("imagebind.sound_text", right, **company, control=control, bar=0.60, note=note)
    yield share(
        "imagebind.sound_text.shuffled", shuffled, chance=1 / len(names), note="chance must lie in the interval"
    )
    yield share("imagebind.sound_text.supervised", ceiling, chance=1 / len(names), note="sounds with their names")
    centred = names_correct(centre(embed(model.audio, mels)), centre(names))
    yield share("imagebind.sound_text.centred", centred, chance=1 / len(names), note="each modality's mean taken away")
    emergent = round(float(right.mean() / ceiling.mean()), 4)
    yield Figure("imagebind.sound_text.of_ceiling", emergent, n=len(right), bar=0.7, note="emergent over supervised")


def sound_to_depth(model: PocketBind) -> Iterator[Figure]:
    """Which of 64 disparities belongs to this sound, and the other way round: in scenes of one thing, and of up to three.

    Where several scenes hold the noun that sounds, only its own counts. And do disparities find their words?
    """
    for suffix, things in ((".one_thing", (1, 1)), (".scenes", (1, 3))):
        pairs = make_pairs(GALLERY * GALLERIES, "test", things)
        sounds, depths = embed(model.audio, pairs.mels), embed(model.depth, pairs.depths)
        for name, query, found in (("sound_depth", sounds, depths), ("depth_sound", depths, sounds)):
            control = round(float(finds_own(query, found.roll(1, 0)).float().mean()), 4)
            company = {"chance": 1 / GALLERY, "control": control, "bar": round(10 / GALLERY, 4), "ceiling": 1.0}
            right = finds_own(query, found).tolist()
            yield share(f"imagebind.{name}_r1{suffix}", right, **company, note="control: the scene before")
        if suffix == ".one_thing":
            answers = torch.tensor([SOUNDING.index(noun) for noun in pairs.nouns])
            right = (depths @ name_embeddings(model, SOUNDING).T).argmax(dim=1) == answers
            yield share("imagebind.depth_text", right.tolist(), chance=1 / len(SOUNDING), note="scenes of one thing")


def finds_own(queries: Tensor, found: Tensor) -> Tensor:
    """bool [N]: is row i's own the nearest of its gallery of 64? queries and found [N, 128], of length 1."""
    queries, found = (one.view(-1, GALLERY, one.shape[-1]) for one in (queries, found))  # → [N/64, 64, 128]
    return ((queries @ found.mT).argmax(dim=2) == torch.arange(GALLERY)).flatten()


def arithmetic(model: PocketBind, count: int = 100) -> Iterator[Figure]:
    """A picture of one thing plus the sound of another: is the first scene found one that holds both?

    For each pair, the gallery holds a scene of both, one with only the first and one with only the second, each beside a third thing.
    """
    firsts, seconds, contents = arithmetic_pairs(count)
    scenes = [make_scene(i, SceneSpec("test", names=names), SEED + 1) for i, names in enumerate(contents)]
    gallery = image_features(model.clip, render_images(scenes))
    alone = [make_scene(i, SceneSpec("test", names=(name,)), SEED + 2) for i, name in enumerate(firsts)]
    image = image_features(model.clip, render_images(alone))
    mels = np.stack([log_mel(utter(noun, speaker(i, "test"))) for i, noun in enumerate(seconds)])
    sound = embed(model.audio, mels)
    right = {}
    for name, query in {"both": add_embeddings(image, sound), "image": image, "sound": sound}.items():
        found = (query @ gallery.T).argmax(dim=1).tolist()
        right[name] = [{a, b} <= set(contents[at]) for a, b, at in zip(firsts, seconds, found, strict=True)]
    alone = {name: sum(right[name]) / count for name in ("image", "sound")}
    note = "control: the sound alone; baseline: the picture alone"
    yield share("imagebind.arithmetic", right["both"], control=alone["sound"], baseline=alone["image"], note=note)
    gain = round(sum(right["both"]) / count - max(alone.values()), 4)
    yield Figure("imagebind.arithmetic_gain", gain, n=count, bar=0.15, note="above the better of the two alone")


def arithmetic_pairs(count: int) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """First nouns, second nouns, and what the 3 · count scenes of the gallery hold."""
    rng = random.Random("arithmetic")
    firsts, seconds, contents = [], [], []
    for _ in range(count):
        a, b, other, another = rng.sample(SOUNDING, 4)
        firsts.append(a)
        seconds.append(b)
        contents += [(a, b), (a, other), (another, b)]
    return firsts, seconds, contents


def novel_nouns(model: PocketBind) -> Figure:
    """Sounds of the 40 nouns that were never named, shown or heard, among their own 40 names: whatever it is."""
    novel = tuple(c.name for c in classes() if c.split == "novel")
    right = names_correct(embed(model.audio, sounds_of(novel, per_noun=5)), name_embeddings(model, novel), per_noun=5)
    return share("imagebind.novel", right, chance=1 / len(novel), note="their voices share a family's pitch and breath")


def gaps(model: PocketBind, count: int = 300) -> Iterator[Figure]:
    """How far each modality lies from the pictures; control: from one half of the pictures to the other."""
    pairs = make_pairs(count, "test")
    images = image_features(model.clip, pairs.images)
    control = round(float(modality_gap(images[::2], images[1::2])), 4)
    of = {"text": name_embeddings(model, SOUNDING), "audio": embed(model.audio, pairs.mels)}
    for name, embeddings in (of | {"depth": embed(model.depth, pairs.depths)}).items():
        gap = round(float(modality_gap(embeddings, images)), 4)
        note = "from the pictures' mean, on a sphere of radius 1; control: between two halves of the pictures"
        yield Figure(f"imagebind.gap.{name}", gap, n=len(images), control=control, unit="radii", note=note)
