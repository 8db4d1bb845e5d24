"""The generator: a small latent diffusion model around diffusers' UNet, as the base and with GLIGEN's gated layers added."""

import hashlib
from dataclasses import asdict, dataclass
from functools import cache, lru_cache

import torch
from torch import Tensor, nn

from course_lib.clip.pretrained import load_clip
from course_lib.clip.text import pool_at_end
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.gligen.gated_attention import GatedSelfAttention
from course_lib.gligen.grounding import POSITION_CHANNELS, GroundingNet, position_encoding
from course_lib.gligen.latents import LATENT_CHANNELS, PatchSpace

MAX_TEXT_TOKENS = 24  # of a caption; only captions of four things can be longer, and lose their end


@dataclass(frozen=True)
class GeneratorConfig:
    """The sizes of the UNet."""

    sample_size: int = 16
    latent_channels: int = LATENT_CHANNELS
    block_out_channels: tuple[int, ...] = (64, 128)  # at 16 × 16 and 8 × 8 cells; attention at 8 × 8 only
    head_dim: int = 32
    cross_attention_dim: int = 128  # of PocketCLIP's text tower
    norm_num_groups: int = 16

    def to_dict(self) -> dict:
        """For a checkpoint's card."""
        return asdict(self)


CONFIG = GeneratorConfig()


class Generator(nn.Module):
    """A UNet and the latent space it works in."""

    position_encoding: Tensor  # [1, 12, H, W], read beside the latents

    def __init__(self, config: GeneratorConfig = CONFIG, gated: bool = False) -> None:
        super().__init__()
        self.config, self.gated = config, gated
        self.space = PatchSpace(config.latent_channels)
        self.unet = build_unet(config, gated)
        self.register_buffer("position_encoding", position_encoding(config.sample_size), persistent=False)

    def velocity(self, noisy: Tensor, t: Tensor, text: Tensor, grounding: dict[str, Tensor] | None = None) -> Tensor:
        """The predicted velocity [B, C, H, W] of noisy latents [B, C, H, W] at timesteps int [B].

        `text` are text states [B, L, 128]; `grounding`, for a gated model, is what `layouts.grounding_inputs` makes. Without
        it a gated model skips its gates and is the base. A grounding without boxes isn't that: null tokens pass the gates
        like any other.
        """
        gligen = None if grounding is None else {"gligen": grounding}
        unet_input = torch.cat(
            [noisy, self.position_encoding.expand(len(noisy), -1, -1, -1)], dim=1
        )  # [B, C + 12, H, W]
        return self.unet(unet_input, t, encoder_hidden_states=text, cross_attention_kwargs=gligen).sample


def build_unet(config: GeneratorConfig, gated: bool) -> nn.Module:
    """diffusers' UNet2DConditionModel. The gated one has every weight of the base under the same name, and more."""
    from diffusers import UNet2DConditionModel

    num_levels = len(config.block_out_channels)
    unet = UNet2DConditionModel(
        sample_size=config.sample_size,
        in_channels=config.latent_channels + POSITION_CHANNELS,
        out_channels=config.latent_channels,
        block_out_channels=config.block_out_channels,
        down_block_types=("DownBlock2D",) * (num_levels - 1) + ("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * (num_levels - 1),
        layers_per_block=1,
        cross_attention_dim=config.cross_attention_dim,
        # diffusers calls the number of heads so, for historical reasons (their issue 2011)
        attention_head_dim=tuple(channels // config.head_dim for channels in config.block_out_channels),
        norm_num_groups=config.norm_num_groups,
        attention_type="gated" if gated else "default",
    )
    if gated:
        # Ours has diffusers' weights under the same names; it can be turned down, and it tells the cells their position.
        unet.position_net = GroundingNet(config.cross_attention_dim, config.cross_attention_dim)
        grid_size = config.sample_size // 2 ** (num_levels - 1)  # there is attention at the coarsest level only
        for block in transformer_blocks(unet):
            heads = block.num_attention_heads
            block.fuser = GatedSelfAttention(block.dim, config.cross_attention_dim, heads, grid_size)
    return unet


def transformer_blocks(unet: nn.Module) -> list[nn.Module]:
    """The blocks with self-attention, (gate), cross-attention and feed-forward, from the input to the output."""
    from diffusers.models.attention import BasicTransformerBlock

    return [module for module in unet.modules() if isinstance(module, BasicTransformerBlock)]


def add_gates(base: Generator, seed: int = 0) -> Generator:
    """A gated generator with the base's weights, in which only gates and grounding net learn. The base is not changed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        gated = Generator(base.config, gated=True)
    if base.gated:
        raise ValueError("add_gates wants a base without gates, and this model has some already")
    gated.load_state_dict({**gated.state_dict(), **base.state_dict()})
    for name, parameter in gated.named_parameters():
        parameter.requires_grad_(is_grounding_parameter(name))
    return gated.eval()


def set_strength(model: Generator, beta: float) -> None:
    """Set β, the strength of the grounding, in every gated layer: 1 fully, 0 not at all."""
    for block in transformer_blocks(model.unet):
        if hasattr(block, "fuser"):
            block.fuser.beta = beta


def is_grounding_parameter(name: str) -> bool:
    """True for the weights that GLIGEN adds, by their name."""
    return ".fuser." in name or ".position_net." in name


def base_hash(model: Generator) -> str:
    """SHA-256 of all that isn't GLIGEN's: the same for a base, and for a gated model whose base is unchanged."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        if not is_grounding_parameter(name):
            digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


def text_states(captions: list[str]) -> Tensor:
    """The captions' hidden states in the frozen text tower, for cross-attention: [B, 24, 128]. "" is no caption."""
    tokens = get_tokenizer()(captions, context_length=MAX_TEXT_TOKENS)
    with torch.no_grad():
        return frozen_clip().text.states(tokens).float()


@cache
def frozen_clip():
    """The baked PocketCLIP, which is not trained here."""
    return load_clip().requires_grad_(False)


def phrase_embeddings(phrases: list[str]) -> Tensor:
    """Phrases → [N, 128]: the text tower's state at the end of the phrase, before its projection, as GLIGEN takes it."""
    return torch.stack([_phrase_embedding(phrase) for phrase in phrases])


@lru_cache(maxsize=1024)  # training asks for the same few over and over
@torch.no_grad()
def _phrase_embedding(phrase: str) -> Tensor:
    """One phrase → [128]."""
    tokens = get_tokenizer()([phrase], context_length=MAX_TEXT_TOKENS)
    return pool_at_end(frozen_clip().text.states(tokens), tokens)[0].float()
