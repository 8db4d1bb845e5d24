"""The connector: from the space of the eyes to the space of words, patch by patch.

LLaVA took one linear layer, LLaVA-1.5 two with a GELU between them, called `mlp2x_gelu`
(LLaVA: llava/model/multimodal_projector/builder.py).
"""

from torch import nn

KINDS = ("linear", "mlp2x_gelu")


def make_connector(vision_width: int, language_width: int, kind: str = "mlp2x_gelu") -> nn.Sequential:
    """A new connector: patch features [..., vision_width] → word embeddings [..., language_width].

    ValueError for a kind that is not in KINDS.
    """
    if kind not in KINDS:
        raise ValueError(f"There is no connector {kind!r}. Choose one of: {', '.join(KINDS)}.")
    layers: list[nn.Module] = [nn.Linear(vision_width, language_width)]
    if kind == "mlp2x_gelu":
        layers += [nn.GELU(), nn.Linear(language_width, language_width)]
    return nn.Sequential(*layers)
