"""How the pocket language model is born able to look things up.

To say "red" after "the car is", a model must find where the car was spoken of, and read on there. Two layers of attention
do it together (Olsson et al., 2022, arXiv 2209.11895): the first tells every word which words stand before it, the second
looks for the place where the same words stood before. Large models find this by themselves, after billions of words.
Ours reads a few million, and would not; so some of its heads begin in that form, as trained ones have it (the idea of
Trockman & Kolter, 2023, arXiv 2305.09828), and all of them learn on from there.
"""

import torch
from torch import Tensor

BACK = (1, 2, 3, 4)  # heads of the first layer: each looks so many words back
LOOKUPS = {  # layer → what its heads compare: (of the word that asks, of a word before), 0 = itself, k = the word k back
    1: ((0, 1), (1, 2), (0, 2), (2, 3)),
    2: ((0, 1), (0, 2), (0, 4), (1, 2)),
}
EMBEDDING = 0.06  # spread of the word embeddings: larger than the rest, so that words stand out from the noise
SHARP, FAST = 7.0, 3  # strength of looking back, and the number of fast-turning pairs of dimensions that carry it
TURNING = 5  # pairs of dimensions that turn too fast to compare words that stand far from one another
ASK_NEAR, ASK_OWN, TELL, COPY = 1.2, 1.6, 0.146, 0.1  # gains, so that scores begin at about 8, and no word drowns


@torch.no_grad()
def start_looking_up(model) -> None:
    """Set the first three layers of a new `LlamaForCausalLM` (with attention biases), in place."""
    layers, config = model.model.layers, model.config
    model.model.embed_tokens.weight.mul_(EMBEDDING / config.initializer_range)
    width, size = config.hidden_size, config.hidden_size // config.num_attention_heads
    seen, told = _turned(width)[:size], _turned(width)  # [D, W], [W, W]
    for head, distance in enumerate(BACK):
        _look_back(layers[0].self_attn, head, size, distance, config.rope_parameters["rope_theta"])
        rows = slice(head * size, (head + 1) * size)
        layers[0].self_attn.v_proj.weight[rows] = seen
        layers[0].self_attn.o_proj.weight[:, rows] = TELL * told[rows].T  # each distance has its own place to write to
    reads = {0: ASK_OWN * seen}
    reads |= {distance: ASK_NEAR * told[i * size : (i + 1) * size] for i, distance in enumerate(BACK)}
    for layer, pairs in LOOKUPS.items():
        _compare(layers[layer].self_attn, size, [(reads[asks], reads[has]) for asks, has in pairs])
        copied = _turned(width)
        layers[layer].self_attn.v_proj.weight.copy_(copied)
        layers[layer].self_attn.o_proj.weight.copy_(COPY * copied.T)  # what is found is handed on as it is


def _turned(width: int) -> Tensor:
    """A random rotation [W, W]."""
    return torch.linalg.qr(torch.randn(width, width))[0]


def _look_back(attention, head: int, size: int, distance: int, theta: float) -> None:
    """Make a head attend to the word `distance` before, whatever stands there: by its biases alone.

    Rotary positions turn pair j of a head's dimensions (j, j + D/2) by position × theta^(-2j/D). Equal biases of query and
    key, but the query's turned back by `distance`, agree best at that distance.
    """
    half, start = size // 2, head * size
    angle = distance * theta ** (-torch.arange(FAST) / half)  # [FAST]
    attention.q_proj.weight[start : start + size] = 0
    attention.k_proj.weight[start : start + size] = 0
    attention.k_proj.bias[start : start + FAST] = SHARP
    attention.q_proj.bias[start : start + FAST] = SHARP * angle.cos()
    attention.q_proj.bias[start + half : start + half + FAST] = -SHARP * angle.sin()


def _compare(attention, size: int, reads: list[tuple[Tensor, Tensor]]) -> None:
    """Make the first heads score how alike two readings are, in the dimensions that turn slowly."""
    for head, (asks, has) in enumerate(reads):
        for weight, read in ((attention.q_proj.weight, asks), (attention.k_proj.weight, has)):
            rows = read.clone()  # [D, W]
            rows[:TURNING] = 0
            rows[size // 2 : size // 2 + TURNING] = 0
            weight[head * size : (head + 1) * size] = rows
