"""The pocket language model: transformers' Llama, in a size that a laptop trains.

`build_model` makes it, untrained. Its attention is set by hand in three of its four layers, and learns on from there: they
begin as *induction heads* (Olsson et al., 2022, arXiv 2209.11895), an idea of "mimetic initialisation" (Trockman and Kolter,
2023, arXiv 2305.09828). A small model reads too little to find such heads by itself. All else begins at random.
"""

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

SIZES = {"hidden_size": 192, "num_hidden_layers": 4, "num_attention_heads": 6, "intermediate_size": 512}
CONTEXT = 512  # tokens; 64 of them will be picture patches in Lesson 06

# The induction heads that a new model begins with
DISTANCES = (1, 2, 3, 4)  # heads of the first layer: each attends to the token so many places back
MATCHES = {  # layer → what its heads compare: (of the query's token, of the key's token); 0 = itself, k = the token k back
    1: ((0, 1), (1, 2), (0, 2), (2, 3)),
    2: ((0, 1), (0, 2), (0, 4), (1, 2)),
}
EMBEDDING_STD = (
    0.06  # of the token embeddings: larger than of the other weights, so that tokens stand out from the noise
)
SHARPNESS, FAST_PAIRS = (
    7.0,
    3,
)  # strength of looking back, and the fast-turning rotary pairs of dimensions that carry it
SKIPPED_PAIRS = 5  # rotary pairs that turn too fast to compare tokens that stand far from one another
# Gains, so that scores begin at about 8, and no token drowns: of a query or key for a token k back, for the token itself;
# of what the first layer writes; of what the others copy
GAIN_BACK, GAIN_SELF, GAIN_WRITE, GAIN_COPY = 1.2, 1.6, 0.146, 0.1


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


def build_model(vocab_size: int, seed: int = 0) -> LlamaForCausalLM:
    """An untrained model with induction heads to begin with: the same weights for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(pocket_config(vocab_size))
        init_induction_heads(model)
    return model.eval()


@torch.no_grad()
def init_induction_heads(model) -> None:
    """Set the first three layers of a new `LlamaForCausalLM` (with attention biases), in place.

    Layer 0 writes into every token which tokens stood 1 to 4 places before it (previous-token heads); layers 1 and 2 find
    earlier tokens by what stood before *them*, and copy what they find: "the car is red. … the car is" → "red".
    """
    layers, config = model.model.layers, model.config
    model.model.embed_tokens.weight.mul_(EMBEDDING_STD / config.initializer_range)
    width, head_dim = config.hidden_size, config.hidden_size // config.num_attention_heads
    # Random directions: heads read a token in one subspace, and write it into another, its own for each distance.
    read, write = _random_rotation(width)[:head_dim], _random_rotation(width)  # [D, W], [W, W]
    for head, distance in enumerate(DISTANCES):
        _init_previous_token_head(layers[0].self_attn, head, head_dim, distance, config.rope_parameters["rope_theta"])
        rows = slice(head * head_dim, (head + 1) * head_dim)
        layers[0].self_attn.v_proj.weight[rows] = read
        layers[0].self_attn.o_proj.weight[:, rows] = GAIN_WRITE * write[rows].T
    # How to read a token (0), or the token k before it, out of the residual stream.
    projections = {0: GAIN_SELF * read}
    projections |= {k: GAIN_BACK * write[i * head_dim : (i + 1) * head_dim] for i, k in enumerate(DISTANCES)}
    for layer, matches in MATCHES.items():
        _init_matching_heads(layers[layer].self_attn, head_dim, [(projections[q], projections[k]) for q, k in matches])
        rotation = _random_rotation(width)
        layers[layer].self_attn.v_proj.weight.copy_(rotation)
        layers[layer].self_attn.o_proj.weight.copy_(GAIN_COPY * rotation.T)  # what is found is handed on as it is


def _random_rotation(width: int) -> Tensor:
    """A random orthogonal matrix [W, W]."""
    return torch.linalg.qr(torch.randn(width, width))[0]


def _init_previous_token_head(attention, head: int, head_dim: int, distance: int, theta: float) -> None:
    """Make a head attend to the token `distance` before, whatever stands there: by its biases alone.

    Rotary positions turn pair j of a head's dimensions (j, j + D/2) by position × theta^(-2j/D). Equal biases of query and
    key, but the query's turned back by `distance`, agree best at that distance.
    """
    half, start = head_dim // 2, head * head_dim
    angle = distance * theta ** (-torch.arange(FAST_PAIRS) / half)  # [FAST_PAIRS]
    attention.q_proj.weight[start : start + head_dim] = 0
    attention.k_proj.weight[start : start + head_dim] = 0
    attention.k_proj.bias[start : start + FAST_PAIRS] = SHARPNESS
    attention.q_proj.bias[start : start + FAST_PAIRS] = SHARPNESS * angle.cos()
    attention.q_proj.bias[start + half : start + half + FAST_PAIRS] = -SHARPNESS * angle.sin()


def _init_matching_heads(attention, head_dim: int, projections: list[tuple[Tensor, Tensor]]) -> None:
    """Make the first heads score how alike two readings are, in the dimensions that turn slowly: (query's, key's) [D, W]."""
    for head, (query, key) in enumerate(projections):
        for weight, projection in ((attention.q_proj.weight, query), (attention.k_proj.weight, key)):
            rows = projection.clone()  # [D, W]
            rows[:SKIPPED_PAIRS] = 0
            rows[head_dim // 2 : head_dim // 2 + SKIPPED_PAIRS] = 0
            weight[head * head_dim : (head + 1) * head_dim] = rows
