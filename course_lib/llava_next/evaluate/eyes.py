"""What the patches know of small things, before any language model looks: is the name among the connector's words for some patch?

It says where a miss comes from. Where the words are there and the answer is wrong, the language model did not look; where they are not, no
language model can help.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from course_lib.figures import Figure
from course_lib.llava.connector import visible_words
from course_lib.llava_next.data import scenes
from course_lib.llava_next.data.pictures import to_pixels

CHUNK = 25  # pictures


@torch.no_grad()
def name_scores(model, shown: Sequence, names: Sequence[str], form: str) -> np.ndarray:
    """How surely some patch of each scene, in this form, has all words of the name beside it: float [N].

    The least sure word of a name counts, and the surest patch: of the tiles where there are any, of the whole view otherwise.
    """
    column = {token: number for number, token in enumerate(visible_words(model.tokenizer))}
    found = []
    for start in range(0, len(shown), CHUNK):
        part = slice(start, start + CHUNK)
        views = model.image_features(to_pixels(scenes.draw(shown[part], form)))
        patches = views.whole if views.tiles is None else views.tiles.flatten(1, 2)  # [B, N, W]
        logits = model.connector.mixture.word_logits(patches)  # [B, N, K]
        for of_picture, name in zip(logits, names[part], strict=True):
            ids = model.tokenizer(f" {name}", add_special_tokens=False)["input_ids"]
            columns = [column[token] for token in ids if token in column]
            found.append(float(of_picture[:, columns].amin(dim=1).max()))
    return np.array(found)


def eyes_figures(model, shown: Sequence, names: Sequence[str], there: Sequence[bool]) -> Iterator[Figure]:
    """Area under the ROC curve (AUC) of the words' probabilities for names that are there and names that are not, form by form."""
    from sklearn.metrics import roc_auc_score

    for form in ("tiles", "whole", "upsampled"):
        area = float(roc_auc_score(there, name_scores(model, shown, names, form)))
        note = "words of the patches alone, no language model"
        yield Figure(f"next.eyes.{form}", round(area, 4), n=len(names), chance=0.5, ceiling=1.0, unit="AUC", note=note)
