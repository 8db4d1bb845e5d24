"""Attention warm-up: before the gates are trained, heads are taught which cells of the picture lie in which box.

GLIGEN's gates see 500,000 steps, and on the way their attention finds out by itself that a token is meant for the cells in
its box. Ours see 1,600. So half of the heads are taught it beforehand, without a picture being drawn: half a minute. Values,
outputs and gates are not touched, and the generator is still the base, bit for bit.

What it is worth after 434 steps of the gates, all else equal, `evaluate.open_set.warmup_figures` measures: without it phrases are
learned, and places are not yet.
"""

import random
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_lib.clip.data.images import to_tensor
from course_lib.gligen.data.batches import true_layout
from course_lib.gligen.data.scenes import PIXELS, draw_scene
from course_lib.gligen.diffusion import NUM_TRAIN_TIMESTEPS, add_noise
from course_lib.gligen.grounding import cell_centres
from course_lib.gligen.layouts import GroundedPhrase, grounding_inputs
from course_lib.gligen.model import Generator, text_states, transformer_blocks
from course_lib.gligen.sampling import start_noise
from course_lib.training import Progress, fit
from course_lib.world.render import render

NUM_PICTURES = 512
BATCH_SIZE = 32
# The hidden states that each gated layer reads [B, V, W], and the grounding as `layouts.grounding_inputs` makes it.
AttentionBatch = tuple[list[Tensor], dict[str, Tensor]]


def attention_warmup(model: Generator, steps: int = 400, seed: int = 0, held_out: Sequence[str] = ()) -> Progress:
    """Train the gated layers of `model`, in place, to attend from each cell to the tokens whose boxes it lies in.

    No picture shows one of the things in `held_out`.
    """
    hidden_states, grounding = collect_hidden_states(model, seed, held_out)

    def batch(step: int) -> AttentionBatch:
        rows = random.Random(f"first look/{seed}/{step}").sample(range(NUM_PICTURES), BATCH_SIZE)
        return [layer[rows] for layer in hidden_states], {name: values[rows] for name, values in grounding.items()}

    return fit(model, batch, warmup_loss, steps=steps, learning_rate=2e-3, weight_decay=0.0)


@torch.no_grad()
def collect_hidden_states(model: Generator, seed: int, held_out: Sequence[str] = ()) -> AttentionBatch:
    """The hidden states that the gated layers read in noisy training pictures, and those pictures' grounding."""
    # Training scenes with their layouts, encoded and mixed with noise of random levels.
    scenes = [draw_scene(index, "train", (1, 4), seed + 2000, held_out) for index in range(NUM_PICTURES)]
    pictures = [render(scene, PIXELS) for scene in scenes]
    grounding = grounding_inputs([true_layout(*pair) for pair in zip(scenes, pictures, strict=True)])
    clean = model.space.encode(torch.cat([to_tensor(picture.image[None]) for picture in pictures]))
    generator = torch.Generator().manual_seed(seed)
    t = torch.randint(NUM_TRAIN_TIMESTEPS, (NUM_PICTURES,), generator=generator)
    noisy = add_noise(clean, torch.randn(clean.shape, generator=generator), t)
    parts = [
        read_by_gates(model, noisy[rows], t[rows], {name: values[rows] for name, values in grounding.items()})
        for rows in torch.arange(NUM_PICTURES).split(32)
    ]
    return [torch.cat(states) for states in zip(*parts, strict=True)], grounding


@torch.no_grad()
def read_by_gates(model: Generator, noisy: Tensor, t: Tensor, grounding: dict[str, Tensor]) -> list[Tensor]:
    """One forward pass without a caption: the hidden states [B, V, W] that each gated layer reads, noted by a hook."""
    layers, read = gated_layers(model), {}
    hooks = [layer.register_forward_pre_hook(lambda layer, args: read.update({layer: args[0]})) for layer in layers]
    model.velocity(noisy, t, text_states([""] * len(noisy)), grounding)
    for hook in hooks:
        hook.remove()
    return [read[layer] for layer in layers]


@torch.no_grad()
def token_maps(model: Generator, layout: Sequence[GroundedPhrase], seed: int = 0) -> Tensor:
    """Where one head looks: the share of each cell's attention that goes to each box's token, in pure noise: [N, S, S].

    It is the first of the taught heads, in the first gated layer.
    """
    grounding = grounding_inputs([layout])
    t = torch.tensor([NUM_TRAIN_TIMESTEPS - 1])
    x = read_by_gates(model, start_noise(model, 1, seed), t, grounding)[0]  # [1, V, W]
    attention = log_attention(gated_layers(model)[0], x, model.unet.position_net(**grounding)).exp()[0, 0]  # [V, V + 4]
    cells, side = len(attention), round(len(attention) ** 0.5)
    return attention[:, cells : cells + len(layout)].T.unflatten(-1, (side, side))


def gated_layers(model: Generator) -> list[nn.Module]:
    """GLIGEN's layers (diffusers' `fuser`), from the input to the output."""
    return [block.fuser for block in transformer_blocks(model.unet)]


def warmup_loss(model: Generator, batch: AttentionBatch) -> Tensor:
    """The attention's negative log-likelihood of the right tokens, in nats, the mean over the layers: a scalar."""
    hidden_states, grounding = batch
    tokens = model.unet.position_net(**grounding)  # [B, N, 128]
    inside = cells_in_boxes(grounding["boxes"], grounding["masks"], hidden_states[0].shape[1])  # [B, V, N]
    layers = zip(gated_layers(model), hidden_states, strict=True)
    return torch.stack([attention_nll(log_attention(layer, x, tokens), inside) for layer, x in layers]).mean()


def cells_in_boxes(boxes: Tensor, masks: Tensor, num_cells: int) -> Tensor:
    """Whether boxes [B, N, 4] hold the centre of each of `num_cells` cells: bool [B, V, N]; empty slots hold none."""
    side = round(num_cells**0.5)
    centres = cell_centres(side).flatten(1).T  # [2, S, S] → [V, 2]
    x, y = centres[:, None, 0], centres[:, None, 1]  # [V, 1]
    x0, y0, x1, y1 = boxes[:, None].unbind(-1)  # each [B, 1, N]
    return (x0 < x) & (x < x1) & (y0 < y) & (y < y1) & (masks[:, None] > 0)


def log_attention(layer: nn.Module, x: Tensor, tokens: Tensor) -> Tensor:
    """Log attention of the first half of the heads: cells [B, V, W] and tokens [B, N, D] → [B, H/2, V, V + N]."""
    normed = layer.normed(torch.cat([x, layer.linear(tokens)], dim=1))  # [B, V + N, W]
    heads = layer.attn.heads

    def by_head(states: Tensor) -> Tensor:
        """[B, L, W] → [B, H/2, L, W/H]."""
        return states.unflatten(-1, (heads, -1)).transpose(1, 2)[:, : heads // 2]

    query, key = by_head(layer.attn.to_q(normed[:, : x.shape[1]])), by_head(layer.attn.to_k(normed))
    return (layer.attn.scale * query @ key.transpose(-1, -2)).log_softmax(dim=-1)


def attention_nll(log_attn: Tensor, inside: Tensor) -> Tensor:
    """Negative log-likelihood of the right keys: log attention [B, H, V, V + N]; inside, bool [B, V, N] → scalar.

    A cell in a box should attend to the box's token, any of them where boxes overlap; a cell in none, to the picture.
    """
    num_cells = log_attn.shape[2]
    in_a_box = inside.any(dim=-1)[:, None].expand(log_attn.shape[:3])  # [B, H, V]
    to_tokens = log_attn[..., num_cells:].masked_fill(~inside[:, None], float("-inf")).logsumexp(dim=-1)  # [B, H, V]
    to_picture = log_attn[..., :num_cells].logsumexp(dim=-1)
    return -(to_tokens[in_a_box].mean() + to_picture[~in_a_box].mean())
