"""Winoground's scores, for whatever gives each picture and caption a number.

Thrush et al., 2022 (arXiv 2204.03162), section 3: text (for each picture its caption wins), image (for each caption its picture wins),
group (both). Guessing gives 25, 25 and 16.7 %. A model that always prefers the same caption scores 0, less than guessing: so the
*pairing* stands beside, right when both matches together beat both mismatches (chance 50 %), where a fixed taste cancels out.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.clip.data.testsets import image_features, render_images, text_features
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.failures.data.swaps import Swap, make_swap
from course_lib.failures.evaluate.rule import read_claim
from course_lib.failures.loss import token_logps
from course_lib.llava.chat_format import Segments, in_one_word, picture_segments
from course_lib.llava.data.batches import to_messages
from course_lib.llava.data.packing import collate
from course_lib.lm.attention import quickest_attention
from course_lib.seem.evaluate.metrics import predict_masks
from course_lib.seem.prompts import Prompt
from course_lib.world.scenes import Scene

CHUNK, SEEM_CHUNK = 100, 32  # pictures at once; SEEM's feature maps take 10 MB each
CHANCE = {"text": 1 / 4, "image": 1 / 4, "group": 1 / 6, "pairing": 1 / 2}


def winoground_scores(scores: np.ndarray) -> dict[str, np.ndarray]:
    """scores [N, 2, 2]: of each pair, picture i (rows) with caption j (columns) → bool [N] each: "text", "image", "group".

    Everything counts that is *strictly* larger: a tie is no answer.
    """
    own_first, own_second = scores[:, 0, 0], scores[:, 1, 1]
    text = (own_first > scores[:, 0, 1]) & (own_second > scores[:, 1, 0])
    image = (own_first > scores[:, 1, 0]) & (own_second > scores[:, 0, 1])
    pairing = own_first + own_second > scores[:, 0, 1] + scores[:, 1, 0]
    return {"text": text, "image": image, "group": text & image, "pairing": pairing}


def clip_scores(model, swaps: Sequence[Swap]) -> np.ndarray:
    """Cosines [N, 2, 2]: rows are the two pictures, columns the two captions."""
    images = [image_features(model, render_images(scenes)) for scenes in _scenes(swaps)]
    texts = [text_features(model, get_tokenizer(), captions) for captions in _captions(swaps)]
    return np.stack([[(i * t).sum(1).numpy() for t in texts] for i in images]).transpose(
        2, 0, 1
    )  # [2, 2, N] → [N, 2, 2]


def llava_scores(model, swaps: Sequence[Swap], way: str) -> np.ndarray:
    """What the assistant says of both pictures with both captions, [N, 2, 2].

    way: "yes", by how much it is likelier to answer yes than no when asked whether the picture shows that; or "caption", the log
    probability of the caption where it is asked for one. As `clip_scores`, ever more is better.
    """
    captions, rows = list(zip(*_captions(swaps), strict=True)), []
    for scenes in _scenes(swaps):
        features = model.image_features(normalise(to_tensor(render_images(scenes))))
        if way == "yes":
            rows.append(yes_margins(model, features, [[f"does this picture show {c}?" for c in of] for of in captions]))
        else:
            rows.append(reply_logps(model, features, [[("caption:", caption) for caption in of] for of in captions]))
    return np.stack(rows, axis=1)  # two of [N, 2] → [N, 2, 2]


def yes_margins(model, features: Tensor, questions: Sequence[Sequence[str]]) -> np.ndarray:
    """log p(yes) − log p(no) of Q questions about each of N pictures, features [N, P, W] → [N, Q]."""
    turns = [[(in_one_word(question), reply) for question in of for reply in ("yes", "no")] for of in questions]
    both = reply_logps(model, features, turns).reshape(len(turns), -1, 2)  # [N, 2Q] → [N, Q, 2]
    return both[..., 0] - both[..., 1]


def reply_logps(model, features: Tensor, turns: Sequence[Sequence[tuple[str, str]]]) -> np.ndarray:
    """log p(reply | picture, question) of K turns about each of N pictures, [N, K].

    The turns share their picture's row, and none sees another: most places of a row are the picture's, which are read once.
    """
    rows = [[picture_segments(model.tokenizer, to_messages([turn])) for turn in of] for of in turns]
    with torch.no_grad(), quickest_attention(model.language_model):
        chunks = (slice(i, i + CHUNK) for i in range(0, len(rows), CHUNK))
        return np.concatenate([_chunk_logps(model, rows[of], features[of]) for of in chunks])


def _chunk_logps(model, rows: Sequence[Sequence[Segments]], features: Tensor) -> np.ndarray:
    batch = collate(model.tokenizer, rows, features)
    lengths = [sum(len(ids) for learned, ids in segments if learned) for row in rows for segments in row]  # [B·K]
    said = token_logps(model, batch)  # [sum of all lengths]: the replies one after the other
    return np.array([float(of.sum()) for of in said.split(lengths)]).reshape(len(rows), -1)  # [B·K] → [B, K]


def seem_scores(model, swaps: Sequence[Swap]) -> np.ndarray:
    """A system that can: SEEM's mask of each thing that a caption names, and a rule about their places or colours. 1 or 0, [N, 2, 2]."""
    chunks = [swaps[i : i + SEEM_CHUNK] for i in range(0, len(swaps), SEEM_CHUNK)]
    return np.concatenate([_seem_chunk(model, chunk) for chunk in chunks])


def _seem_chunk(model, swaps: Sequence[Swap]) -> np.ndarray:
    claims = [[read_claim(caption) for caption in of] for of in zip(*_captions(swaps), strict=True)]
    # Both captions of a pair name the same things: a picture is asked for each of them once.
    asked = list(dict.fromkeys((n, phrase) for n, of in enumerate(claims) for claim in of for phrase in claim.phrases))
    pictures, prompts = torch.tensor([n for n, _ in asked]), [Prompt(text=phrase) for _, phrase in asked]
    scores = np.zeros((len(swaps), 2, 2))
    for row, scenes in enumerate(_scenes(swaps)):
        images = render_images(scenes)
        features = model.encode(normalise(to_tensor(images))).select(pictures)
        masks = dict(zip(asked, predict_masks(model, features, prompts), strict=True))
        for n, of in enumerate(claims):
            for column, claim in enumerate(of):
                scores[n, row, column] = claim.holds(images[n], [masks[n, phrase] for phrase in claim.phrases])
    return scores


def _scenes(swaps: Sequence[Swap]) -> tuple[list[Scene], list[Scene]]:
    return [swap.scene for swap in swaps], [swap.other for swap in swaps]


def _captions(swaps: Sequence[Swap]) -> tuple[list[str], list[str]]:
    return [swap.caption for swap in swaps], [swap.other_caption for swap in swaps]


def swaps_of(kind: str, count: int = 200, stream: str = "test") -> list[Swap]:
    """The first pairs of a sort."""
    return [make_swap(kind, index, stream) for index in range(count)]
