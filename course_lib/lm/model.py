"""The pocket language model: transformers' Llama, in a size that a laptop trains."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface, LlamaConfig, LlamaForCausalLM
from transformers.masking_utils import sdpa_mask
from transformers.models.llama.modeling_llama import repeat_kv

from course_lib.common.precision import bfloat16_is_faster
from course_lib.lm.loss import causal_mask

SIZES = {"hidden_size": 192, "num_hidden_layers": 4, "num_attention_heads": 6, "intermediate_size": 512}
CONTEXT = 512  # tokens; 64 of them will be picture patches in Lesson 06


def pocket_config(vocab_size: int) -> LlamaConfig:
    """A Llama of two million parameters. Input and output share their embedding table."""
    return LlamaConfig(
        vocab_size=vocab_size,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        attention_bias=True,
        num_key_value_heads=SIZES["num_attention_heads"],
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        attn_implementation="sdpa",
        bos_token_id=1,
        eos_token_id=3,
        pad_token_id=0,
        **SIZES,
    )


def new_model(vocab_size: int, seed: int = 0) -> LlamaForCausalLM:
    """A model as it is born, with heads that begin to look things up: the same for the same seed."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(pocket_config(vocab_size))
        start_looking_up(model)
    return model.eval()


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


NAME = "products"


def attend(
    module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, scaling: float, **_
) -> tuple[Tensor, None]:
    """softmax(QKᵀ · scaling, where the mask is True) V: [B, H, T, D], [B, G, T, D] twice, bool [B, 1, T, T] → [B, T, H, D].

    Without a mask each looks at itself and what stands before. As transformers' own "eager", but nothing is turned to float32 on
    the way (softmax sums in float32 in any case), and a mask of bools is taken for what it is. There is no dropout.
    """
    key, value = (repeat_kv(part, module.num_key_value_groups) for part in (key, value))  # [B, H, T, D]
    scores = (query * scaling) @ key.transpose(2, 3)  # [B, H, T, T]
    seen = causal_mask(query.shape[2]).to(query.device) if attention_mask is None else attention_mask
    lowest = torch.finfo(scores.dtype).min  # not −∞: a row that sees nothing, of padding, still has a softmax
    scores += scores.new_zeros(seen.shape).masked_fill_(~seen, lowest)
    return (scores.softmax(-1) @ value).transpose(1, 2).contiguous(), None


AttentionInterface.register(NAME, attend)


AttentionMaskInterface.register(NAME, sdpa_mask)  # bools, or None where plain causality is meant


@contextmanager
def quickest_attention(language_model) -> Iterator[None]:
    """Within it, a language model of transformers attends by plain products where bfloat16 pays. In float32 the fused one is quicker."""
    before = language_model.config._attn_implementation
    if bfloat16_is_faster():
        language_model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        language_model.set_attn_implementation(before)
