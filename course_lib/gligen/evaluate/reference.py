"""Does a reference picture say what its phrase would? How often it lands nearest the right one of the twelve phrases."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.figures import Figure, share
from course_lib.gligen.data.scenes import STYLE
from course_lib.gligen.model import frozen_clip
from course_lib.gligen.train.reference import class_phrases, crops, image_features, reference_map
from course_lib.gligen.vocabulary import NAMES


def figures(count: int = 120) -> Iterator[Figure]:
    """On crops of the stream "test", 1 to 4 things a scene, in the world's style, and in one that nothing was trained on.

    Control: each crop with the class of another. Baseline: GLIGEN's own way, which learns nothing.
    """
    for name, style in (("top1", STYLE), ("top1_fluent_flat", "fluent_flat")):
        pictures, classes = crops("test", count, num_things=(1, 4), styles=(style,))
        features = image_features(pictures)
        predicted, baseline = nearest_class(reference_map()(features)), nearest_class(inverse_projection(features))
        yield share(
            f"gligen.reference_{name}",
            (predicted == classes).tolist(),
            chance=round(1 / len(NAMES), 4),
            control=round(float((predicted == shuffled_classes(classes)).float().mean()), 4),
            baseline=round(float((baseline == classes).float().mean()), 4),
            note="baseline: back through the text tower's projection",
        )


def nearest_class(embeddings: Tensor) -> Tensor:
    """The class whose phrase is most like each embedding, by cosine: [N, 128] → int [N]."""
    return (F.normalize(embeddings, dim=-1) @ F.normalize(class_phrases(), dim=-1).T).argmax(dim=-1)


def inverse_projection(features: Tensor) -> Tensor:
    """GLIGEN's own way: image features times the (pseudo-)inverse of the text projection, [N, 128] → [N, 128]."""
    return features @ torch.linalg.pinv(frozen_clip().text.projection.detach())


def shuffled_classes(classes: Tensor) -> Tensor:
    """The same classes in another order, int [N]."""
    return classes[torch.randperm(len(classes), generator=torch.Generator().manual_seed(0))]
