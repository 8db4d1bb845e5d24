"""What does each patch "say"? The word whose embedding is nearest to it, once the connector has put it among words.

A nearest word is a label that *we* stick on a vector. The language model reads the vector, all of it, and may find more in
it than the one word, or less. So look at the picture, and then at `words_right`, beside its control.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.llava.connector import visible_words
from course_lib.llava.data.batches import render_pixels
from course_lib.world.language import PLACES
from course_lib.world.render import render
from course_lib.world.scenes import Scene, Thing

GRID = 8  # patches a side


@torch.no_grad()
def nearest(model, features: Tensor, words: Sequence[int]) -> Tensor:
    """Patch features [B, N, W] → the nearest of these words (token ids), by cosine around the words' mean: int64 [B, N]."""
    table = model.language_model.get_input_embeddings().weight[list(words)]  # [K, D]
    middle = table.mean(dim=0)  # the direction that all words share says nothing
    patches = F.normalize(model.connector(features) - middle, dim=-1)  # [B, N, D]
    cosines = patches @ F.normalize(table - middle, dim=-1).T  # [B, N, K]
    return torch.tensor(words)[cosines.argmax(dim=-1)]


def say(model, scenes: Sequence[Scene]) -> list[list[str]]:
    """The nearest word of each of the 64 patches, row by row, for every scene; of words for what can be seen."""
    found = nearest(model, model.image_features(render_pixels(scenes)), visible_words(model.tokenizer))
    return [[model.tokenizer.decode(token).strip() for token in row] for row in found.tolist()]


def words_right(model, scenes: Sequence[Scene]) -> tuple[np.ndarray, np.ndarray]:
    """Patches whose middle shows a thing: is the nearest word one of its words? bool [P]; and the control, bool [P].

    The control takes the words that the same patches of the next scene say.
    """
    said = say(model, scenes)
    true, other = [], []
    for number, scene in enumerate(scenes):
        for place, holds in enumerate(_words_of_things(scene)):
            if holds:
                true.append(said[number][place] in holds)
                other.append(said[(number + 1) % len(said)][place] in holds)
    return np.array(true), np.array(other)


def _words_of_things(scene: Scene) -> list[set[str]]:
    """For each of the 64 patches, the words of the thing that its middle shows; empty on the backdrop."""
    instances = render(scene).instances
    cell = instances.shape[0] // GRID
    middles = instances[cell // 2 :: cell, cell // 2 :: cell].ravel()  # [8, 8] → [64]
    return [_words_of(scene.things[number - 1]) if number else set() for number in middles.tolist()]


def _words_of(thing: Thing) -> set[str]:
    size = {thing.size} if thing.size != "medium" else set()
    return {*thing.name.split(), *size, *([thing.colour] if thing.colour else ())}


def show_words(model, scene: Scene) -> None:
    """The picture, and beside it the nearest word of each patch, where it stands."""
    from matplotlib import pyplot

    from course_lib.show import show_figure

    words, image = say(model, [scene])[0], render(scene, 256).image
    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(11, 5), layout="constrained", gridspec_kw={"width_ratios": (1, 1.5)}
    )
    left.imshow(image)
    right.imshow(image, extent=(0, GRID, GRID, 0), alpha=0.3, aspect="auto")
    for place, word in enumerate(words):
        row, column = divmod(place, GRID)
        right.text(column + 0.5, row + 0.5, word, ha="center", va="center", fontsize=8)
    for axes in (left, right):
        axes.axis("off")
    places = set(" ".join(PLACES.values()).split())
    others = sorted({word for word in words if word not in places})
    show_figure(
        figure, f"A picture, and the nearest word of each patch written over it. Not of a place: {', '.join(others)}."
    )
