"""Where did the model look? The parts of the picture without which it would not have said what it said.

A part is covered with grey, the answer is scored again, and what its log-probability loses is how much that part mattered
(occlusion: Zeiler and Fergus, 2014, arXiv 1311.2901). Attention weights are cheaper and prettier, but a token may attend
where nothing depends on it: `pointing` measures which of the two finds the thing that was asked about.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.llava.data.testsets import VqaExample, draw

GRID = 8  # cells a side, one for each patch
WINDOW = 16  # pixels a side that are covered at once, around a cell's middle


def covered(pixels: Tensor, window: int = WINDOW) -> Tensor:
    """pixels [1, 3, S, S], normalised → [64, 3, S, S], each with a grey square around another cell (0 is the mean grey)."""
    side = pixels.shape[-1]
    cell = side // GRID
    middles = torch.arange(GRID) * cell + cell // 2
    near = (torch.arange(side)[None] - middles[:, None]).add(0.5).abs() < window * side / 128  # bool [8, S]
    inside = near[:, None, :, None] & near[None, :, None, :]  # [8, 8, S, S]: rows and columns
    return pixels.masked_fill(inside.flatten(0, 1).unsqueeze(1), 0.0)  # [8, 8, S, S] → [64, 1, S, S]


@torch.no_grad()
def answer_log_probabilities(model, features: Tensor, question: str, said: str) -> Tensor:
    """How probable one answer is with each of B pictures: features [B, N, W] → [B], in nats, the sum over its tokens."""
    ids, labels = model.encode(question, said)
    ids, labels = (torch.tensor([row] * len(features)) for row in (ids, labels))  # [B, T]
    _, logits = model(ids, torch.ones_like(ids), labels, features=features)
    tokens = labels[0][labels[0] >= 0]  # [A]: the answer's, at the end of the text
    chances = logits[:, -len(tokens) - 1 : -1].float().log_softmax(-1)  # [B, A, V], each predicts the next one
    return chances[:, torch.arange(len(tokens)), tokens].sum(-1)


@torch.no_grad()
def look(model, pixels: Tensor, question: str, said: str) -> np.ndarray:
    """pixels [1, 3, S, S] → float [8, 8]: what the answer's log-probability loses when this part is covered, at least 0."""
    features = model.image_features(torch.cat([pixels, covered(pixels)]))  # [1 + 64, N, W]
    scores = answer_log_probabilities(model, features, question, said)
    return (scores[0] - scores[1:]).clamp(min=0).view(GRID, GRID).numpy()  # [64] → [8, 8]


@torch.no_grad()
def attended(model, pixels: Tensor, question: str, said: str) -> np.ndarray:
    """The rival: how much the answer's tokens attend to each patch, the mean over layers and heads, float [8, 8]."""
    ids, labels = (torch.tensor([row]) for row in model.encode(question, said))
    language_model, before = model.language_model, model.language_model.config._attn_implementation
    language_model.set_attn_implementation("eager")  # the fast kinds of attention never write their weights down
    try:
        embeddings, places = model.embedded(ids, model.image_features(pixels))
        maps = language_model(inputs_embeds=embeddings, output_attentions=True).attentions
    finally:
        language_model.set_attn_implementation(before)
    learned = int((labels >= 0).sum())
    weights = torch.stack(maps).float().mean((0, 2))[0]  # layers, [1, H, T, T] → [T, T]
    return weights[-learned - 1 : -1, places].mean(0).view(GRID, GRID).numpy()  # [N] → [8, 8]


def pointing(
    model, about: Sequence[VqaExample], boxes: Sequence[np.ndarray], method: Callable[..., np.ndarray] = look
) -> np.ndarray:
    """bool [N]: does the brightest cell's middle lie in the box of a thing that the question is about?

    boxes: for each question [K, 4], x0 y0 x1 y1 in pixels. The right answer is scored, whatever the model says.
    """
    images = normalise(to_tensor(draw([one.scene for one in about])))
    hits = []
    for one, pixels, around in zip(about, images, boxes, strict=True):
        row, column = divmod(int(method(model, pixels[None], one.question.text, one.question.answer).argmax()), GRID)
        x, y = (column + 0.5) * 64 / GRID, (row + 0.5) * 64 / GRID
        hits.append(any(x0 <= x < x1 and y0 <= y < y1 for x0, y0, x1, y1 in around.tolist()))
    return np.array(hits)


def boxes_asked(about: Sequence[VqaExample]) -> list[np.ndarray]:
    """The boxes of the things that each question is about: int [K, 4] each."""
    from course_lib.world.render import render

    return [render(one.scene).boxes[list(one.question.things)] for one in about]


def pointing_by_chance(boxes: Sequence[np.ndarray]) -> float:
    """How often a cell chosen at random would lie in a box: the mean share of cells whose middles do."""
    middles = (np.arange(GRID) + 0.5) * 64 / GRID
    shares = []
    for around in boxes:
        inside = np.zeros((GRID, GRID), bool)
        for x0, y0, x1, y1 in around.tolist():
            inside |= ((middles >= y0) & (middles < y1))[:, None] & ((middles >= x0) & (middles < x1))
        shares.append(inside.mean())
    return float(np.mean(shares))
