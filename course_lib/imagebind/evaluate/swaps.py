"""A sound where other models take words, without training them: "segment what you hear", "draw what you hear".

As the paper put sounds into Detic and DALL-E 2 (section 4.4). SEEM names its masks by their cosines with text embeddings, which lie in
the space that sounds were aligned with: a sound takes the place of one as it is. GLIGEN reads phrases as the text tower has them
*before* its projection, so a sound must get there first, by one step of attention over words. On the stream "val" the right thing was
then drawn in 89 % of the boxes; through the projection's inverse, damped by ridge regression on words, in 63 %; the plain inverse
leads a fifth of the sounds to their phrase.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.clip.data.batches import base_names
from course_lib.clip.data.images import normalise, to_tensor
from course_lib.clip.evaluate.zero_shot import with_article
from course_lib.figures import Figure
from course_lib.gligen.data.testsets import LayoutTestSet, make_test_set
from course_lib.gligen.evaluate.boxes import Score, generate, phrase_figure, score_images
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.model import frozen_clip, phrase_embeddings
from course_lib.gligen.train.detector import load_detector
from course_lib.gligen.train.gates import load_gated
from course_lib.imagebind.data.mel import log_mel
from course_lib.imagebind.data.pairs import sounding_scene
from course_lib.imagebind.data.voices import speaker, utter
from course_lib.imagebind.evaluate.alignment import embed
from course_lib.imagebind.model import PocketBind
from course_lib.seem.data.queries import MIN_VISIBLE_PIXELS
from course_lib.seem.encoder import Features
from course_lib.seem.evaluate.metrics import iou, mean_figure
from course_lib.seem.model import MiniSeem
from course_lib.seem.train import stages
from course_lib.world.render import render

TEMPERATURE = 0.05  # of the attention over words; the better of 0.02 and 0.05 on the stream "val"


@torch.no_grad()
def segment_by(seem: MiniSeem, features: Features, embeddings: Tensor) -> np.ndarray:
    """The mask whose class is most like an embedding, for each of N pictures: embeddings [N, 128] → bool [N, 64, 64].

    Nothing tells SEEM whether the embeddings came from words or from sounds.
    """
    words, masks = seem.class_text_embeddings, []
    try:
        for rows in torch.arange(len(embeddings)).split(50):
            seem.class_text_embeddings = embeddings[rows]
            output = seem.segment_everything(features.select(rows))
            own = torch.arange(len(rows))
            queries = output.class_logits[own, :, own].argmax(dim=1)  # [n, Q, n + 1] → [n, Q] → [n]
            masks.append((output.mask_logits[own, queries] > 0).numpy())
    finally:
        seem.class_text_embeddings = words
    return np.concatenate(masks)


def scenes_to_segment(count: int, stream: str = "test") -> tuple[np.ndarray, np.ndarray, list[str], list[str]]:
    """Scenes of two and three things: images uint8 [N, 64, 64, 3], masks bool [N, 64, 64] and the noun of one, the noun of another."""
    images, targets, nouns, others = [], [], [], []
    index = 0
    while len(images) < count:
        scene, noun = sounding_scene(index, stream, (2, 3))
        index += 1
        picture, names = render(scene), [thing.name for thing in scene.things]
        target = picture.instances == names.index(noun) + 1
        if len(names) > 1 and target.sum() >= MIN_VISIBLE_PIXELS:
            images.append(picture.image)
            targets.append(target)
            nouns.append(noun)
            others.append(next(name for name in names if name != noun))
    return np.stack(images), np.stack(targets), nouns, others


@torch.no_grad()
def seem_by_sound(model: PocketBind, count: int = 200) -> Iterator[Figure]:
    """IoU with the thing that one hears. Ceiling: by its word. Control: by the sound of another thing of the picture."""
    images, targets, nouns, others = scenes_to_segment(count)
    seem = stages.load()
    features = Features.concat([seem.encode(chunk) for chunk in normalise(to_tensor(images)).split(64)])
    by_word = iou(segment_by(seem, features, stages.class_text_embeddings(tuple(nouns))), targets)
    by_sound = iou(segment_by(seem, features, heard(model, nouns)), targets)
    by_other = iou(segment_by(seem, features, heard(model, others)), targets)
    ceiling, control = round(float(by_word.mean()), 4), round(float(by_other.mean()), 4)
    note = "ceiling: by words; control: the sound of another thing in the picture"
    company = {"ceiling": ceiling, "control": control, "bar": round(0.8 * ceiling, 4)}
    yield mean_figure("imagebind.seem_iou", by_sound, **company, note=note)
    yield mean_figure("imagebind.seem_iou.other", by_other, bar=0.2, note="the sound of another thing in the picture")


def heard(model: PocketBind, nouns: list[str], stream: str = "test") -> Tensor:
    """Each noun uttered by another speaker of the stream, embedded: [N, 128]."""
    mels = [log_mel(utter(noun, speaker(10_000 + i, stream))) for i, noun in enumerate(nouns)]
    return embed(model.audio, np.stack(mels))


@torch.no_grad()
def as_phrases(embeddings: Tensor) -> Tensor:
    """Embeddings [N, 128] → what GLIGEN reads in a phrase's place [N, 128]: attention with 160 nouns as keys, their phrases as values."""
    keys, values = vocabulary()
    weights = (embeddings @ keys.T / TEMPERATURE).softmax(dim=-1)  # [N, 160]
    return values.norm(dim=-1).mean() * F.normalize(weights @ values, dim=-1)


@cache
@torch.no_grad()
def vocabulary() -> tuple[Tensor, Tensor]:
    """The 160 nouns: their text features [160, 128] of length 1, and their phrases before the text tower's projection [160, 128]."""
    phrases = phrase_embeddings([with_article(name) for name in base_names()])
    return F.normalize(phrases @ frozen_clip().text.projection, dim=-1), phrases


def by_sound(tests: LayoutTestSet, embeddings: Tensor) -> LayoutTestSet:
    """The same layouts, with an embedding [128] in place of every phrase."""
    rows = iter(as_phrases(embeddings))
    layouts = tuple(
        tuple(GroundedPhrase("", grounded.box, next(rows)) for grounded in layout) for layout in tests.targets
    )
    captions = ("",) * len(tests.captions)  # a caption would tell what to draw
    return replace(tests, layouts=layouts, captions=captions)


def gligen_by_sound(model: PocketBind, count: int = 24) -> Iterator[Figure]:
    """Is the thing that one hears drawn in its box? No caption. Ceiling: by phrase. Control: sounds dealt out anew."""
    tests = make_test_set([(1, count), (2, count)])
    phrases = [grounded.phrase for layout in tests.targets for grounded in layout]
    sounds = heard(model, [phrase.split(" ", 1)[1] for phrase in phrases])
    shuffled = sounds[torch.randperm(len(sounds), generator=torch.Generator().manual_seed(0))]
    gated, detector = load_gated(), load_detector()

    def score(given: LayoutTestSet) -> Score:
        return score_images(detector, generate(gated, given), tests)

    words = score(replace(tests, captions=("",) * len(tests.captions))).phrase_top1()
    control = score(by_sound(tests, shuffled)).phrase_top1()
    company = {"chance": 1 / 12, "ceiling": round(words, 4), "control": round(control, 4), "bar": round(0.7 * words, 4)}
    note = "without captions; ceiling: by phrase; control: sounds dealt out anew"
    yield phrase_figure("imagebind.gligen_phrase", score(by_sound(tests, sounds)), **company, note=note)
