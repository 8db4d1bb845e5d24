"""The learner's layers beside those of diffusers, which carry the published weights."""

import torch
from torch import nn

from course_lib.gligen.gated_attention import GatedSelfAttention
from course_lib.gligen.grounding import GroundingNet


@torch.no_grad()
def differences(seed: int) -> dict[str, float]:
    """The greatest difference of the grounding tokens and of the gated layer, with the same weights and inputs."""
    from diffusers.models.attention import GatedSelfAttentionDense
    from diffusers.models.embeddings import GLIGENTextBoundingboxProjection

    torch.manual_seed(seed)
    their_layer, my_layer = GatedSelfAttentionDense(32, 20, 4, 8), GatedSelfAttention(32, 20, 4)
    nn.init.constant_(their_layer.alpha_attn, 0.7)  # a shut gate would agree with anything
    my_layer.load_state_dict(their_layer.state_dict())
    their_net, my_net = GLIGENTextBoundingboxProjection(12, 20), GroundingNet(12, 20)
    my_net.load_state_dict(their_net.state_dict())
    visual, phrases, boxes = torch.randn(2, 9, 32), torch.randn(2, 4, 12), torch.rand(2, 4, 4)
    masks = torch.tensor([[1.0, 1, 0, 0], [1, 0, 0, 0]])
    tokens = their_net(boxes, masks, phrases)
    return {
        "tokens": (my_net(boxes, masks, phrases) - tokens).abs().max().item(),
        "layer": (my_layer(visual, tokens) - their_layer(visual, tokens)).abs().max().item(),
    }
