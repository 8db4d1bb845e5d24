"""What patches say, and which of them matter: nearest-neighbour words of patch embeddings, and occlusion maps.

**Nearest words**: of each patch, once through the connector, the word whose embedding is nearest.

A nearest word is a label that *we* stick on a vector. The language model reads the vector, all of it, and may find more in
it than the one word, or less. So look at the picture, and then at `is_word_of_thing`, beside its control.

**Occlusion maps** (Zeiler and Fergus, 2014, arXiv 1311.2901): a window of the picture is covered with grey, the answer is scored
again, and what its log-probability loses is how much that part mattered. Attention weights are cheaper, but a token may attend
where nothing depends on it (Jain and Wallace, 2019, arXiv 1902.10186).
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.llava.connector import visible_words
from course_lib.llava.data.pictures import render_pixels
from course_lib.world.language import PLACES
from course_lib.world.render import render
from course_lib.world.scenes import Scene, Thing

GRID = 8  # patches a side


@torch.no_grad()
def nearest_words(model, features: Tensor, word_ids: Sequence[int]) -> Tensor:
    """Patch features [B, N, W] → the nearest of these words, by cosine similarity around the words' mean: token ids [B, N]."""
    embeddings = model.language_model.get_input_embeddings().weight[list(word_ids)]  # [K, D]
    mean = embeddings.mean(dim=0)  # the direction that all words share says nothing
    patches = F.normalize(model.connector(features) - mean, dim=-1)  # [B, N, D]
    similarity = patches @ F.normalize(embeddings - mean, dim=-1).T  # [B, N, K]
    return torch.tensor(word_ids)[similarity.argmax(dim=-1)]


def patch_words(model, scenes: Sequence[Scene]) -> list[list[str]]:
    """The nearest word of each of the 64 patches, row by row, for every scene; of words for what can be seen."""
    ids = nearest_words(model, model.image_features(render_pixels(scenes)), visible_words(model.tokenizer))
    return [[model.tokenizer.decode(token).strip() for token in row] for row in ids.tolist()]


def is_word_of_thing(model, scenes: Sequence[Scene]) -> tuple[np.ndarray, np.ndarray]:
    """Patches whose middle shows a thing: is the nearest word one of its words? bool [P]; and the control, bool [P].

    The control takes the nearest words of the same patches of the next scene.
    """
    words = patch_words(model, scenes)
    correct, control = [], []
    for number, scene in enumerate(scenes):
        for patch, true_words in enumerate(_words_of_things(scene)):
            if true_words:
                correct.append(words[number][patch] in true_words)
                control.append(words[(number + 1) % len(words)][patch] in true_words)
    return np.array(correct), np.array(control)


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

    words, image = patch_words(model, [scene])[0], render(scene, 256).image
    figure, (left, right) = pyplot.subplots(
        1, 2, figsize=(11, 5), layout="constrained", gridspec_kw={"width_ratios": (1, 1.5)}
    )
    left.imshow(image)
    right.imshow(image, extent=(0, GRID, GRID, 0), alpha=0.3, aspect="auto")
    for patch, word in enumerate(words):
        row, column = divmod(patch, GRID)
        right.text(column + 0.5, row + 0.5, word, ha="center", va="center", fontsize=8)
    for axes in (left, right):
        axes.axis("off")
    of_places = set(" ".join(PLACES.values()).split())
    others = sorted({word for word in words if word not in of_places})
    show_figure(
        figure, f"A picture, and the nearest word of each patch written over it. Not of a place: {', '.join(others)}."
    )


WINDOW = 16  # pixels a side of a window, in a picture of 64


def occluded(pixels: Tensor, window: int = WINDOW) -> Tensor:
    """pixels [1, 3, S, S], normalised → [64, 3, S, S], each with a grey square around another patch (0 is the mean grey)."""
    side = pixels.shape[-1]
    cell = side // GRID
    middles = torch.arange(GRID) * cell + cell // 2
    near = (torch.arange(side)[None] - middles[:, None]).add(0.5).abs() < window / 2 * side / 64  # bool [8, S]
    inside = near[:, None, :, None] & near[None, :, None, :]  # [8, 8, S, S]: rows and columns
    return pixels.masked_fill(inside.flatten(0, 1).unsqueeze(1), 0.0)  # [8, 8, S, S] → [64, 1, S, S]


@torch.no_grad()
def answer_log_probs(model, features: Tensor, question: str, answer: str) -> Tensor:
    """Log-probability of one answer given each of B pictures: features [B, N, W] → [B], in nats, the sum over its tokens."""
    ids, labels = model.encode(question, answer)
    ids, labels = (torch.tensor([row] * len(features)) for row in (ids, labels))  # [B, T]
    _, logits = model(ids, torch.ones_like(ids), labels, features=features)
    tokens = labels[0][labels[0] >= 0]  # [A]: the answer's, at the end of the text
    log_probs = logits[:, -len(tokens) - 1 : -1].float().log_softmax(-1)  # [B, A, V], each predicts the next one
    return log_probs[:, torch.arange(len(tokens)), tokens].sum(-1)


@torch.no_grad()
def occlusion_map(model, pixels: Tensor, question: str, answer: str) -> np.ndarray:
    """pixels [1, 3, S, S] → float [8, 8]: what the answer's log-probability loses when this part is covered, at least 0."""
    features = model.image_features(torch.cat([pixels, occluded(pixels)]))  # [1 + 64, N, W]
    log_probs = answer_log_probs(model, features, question, answer)
    return (log_probs[0] - log_probs[1:]).clamp(min=0).view(GRID, GRID).numpy()  # [64] → [8, 8]
