"""Exercises of Lesson 06: what the connector gets of the vision tower, and the connector itself."""

import torch
from torch import Tensor, nn

from course_lib.checker.task import Mistake, Task
from course_lib.llava.connector import make_connector
from course_lib.llava.exercises.lora import normal
from course_lib.llava.vision import select_features


class Filled:
    """A written connector as a function of its input: made, filled with numbers that depend on shapes alone, and used."""

    def __init__(self, written) -> None:
        self.written = written

    def __call__(self, features: Tensor, language_width: int, connector_type: str) -> Tensor | None:
        made = self.written(features.shape[-1], language_width, connector_type)
        if not isinstance(made, nn.Module):
            return made
        with torch.no_grad():
            for parameter in made.parameters():
                chance = torch.Generator().manual_seed(parameter.numel())
                parameter.copy_(torch.randn(parameter.shape, generator=chance))
        return made(features)


def connector_inputs(rng) -> tuple[Tensor, int, str]:
    """Patch features of any number of pictures, the language model's width, and a connector_type."""
    batch, patches, width = (int(rng.integers(low, low + 3)) for low in (2, 5, 9))
    return (
        normal(rng, batch, patches, width),
        int(rng.integers(13, 17)),
        ("linear", "mlp2x_gelu")[int(rng.integers(0, 2))],
    )


def connector_always_linear(vision_width, language_width, connector_type):
    return nn.Sequential(nn.Linear(vision_width, language_width))


def connector_always_mlp(vision_width, language_width, connector_type):
    return make_connector(vision_width, language_width, "mlp2x_gelu")


def connector_without_gelu(vision_width, language_width, connector_type):
    second = [nn.Linear(language_width, language_width)] if connector_type == "mlp2x_gelu" else []
    return nn.Sequential(nn.Linear(vision_width, language_width), *second)


def connector_relu(vision_width, language_width, connector_type):
    made = make_connector(vision_width, language_width, connector_type)
    return nn.Sequential(*(nn.ReLU() if isinstance(layer, nn.GELU) else layer for layer in made))


def connector_gelu_last(vision_width, language_width, connector_type):
    return nn.Sequential(*make_connector(vision_width, language_width, connector_type), nn.GELU())


def connector_narrow_inside(vision_width, language_width, connector_type):
    if connector_type == "linear":
        return make_connector(vision_width, language_width, connector_type)
    return nn.Sequential(nn.Linear(vision_width, vision_width), nn.GELU(), nn.Linear(vision_width, language_width))


def connector_by_if(vision_width, language_width, connector_type):
    first = nn.Linear(vision_width, language_width)
    if connector_type == "linear":
        return first
    return nn.Sequential(first, nn.GELU(), nn.Linear(language_width, language_width))


class Projector(nn.Module):
    """As transformers writes it."""

    def __init__(self, vision_width, language_width, connector_type) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(vision_width, language_width)
        self.linear_2 = nn.Linear(language_width, language_width) if connector_type == "mlp2x_gelu" else None

    def forward(self, features):
        hidden = self.linear_1(features)
        return hidden if self.linear_2 is None else self.linear_2(nn.functional.gelu(hidden))


def connector_by_class(vision_width, language_width, connector_type):
    return Projector(vision_width, language_width, connector_type)


def state_inputs(rng) -> tuple[list[Tensor], int, bool]:
    """The states of a tower of 3 to 5 blocks, a layer, and whether there is a class token; both are −2 and True at first."""
    batch, places, width, blocks = (int(rng.integers(low, low + 3)) for low in (2, 6, 11, 3))
    states = [normal(rng, batch, places, width) for _ in range(blocks + 1)]
    return states, -int(rng.integers(1, 4)), bool(rng.random() < 0.6)


def features_last_layer(hidden_states, layer, class_token):
    return hidden_states[-1][:, int(class_token) :]


def features_with_class_token(hidden_states, layer, class_token):
    return hidden_states[layer]


def features_class_token_only(hidden_states, layer, class_token):
    return hidden_states[layer][:, :1] if class_token else hidden_states[layer]


def features_last_place_dropped(hidden_states, layer, class_token):
    return hidden_states[layer][:, : -int(class_token) or None]


def features_always_dropped(hidden_states, layer, class_token):
    return hidden_states[layer][:, 1:]


def features_embeddings_forgotten(hidden_states, layer, class_token):
    return hidden_states[len(hidden_states) - 1 + layer][:, int(class_token) :]


def features_by_if(hidden_states, layer, class_token):
    states = hidden_states[layer]
    if class_token:
        states = states[:, 1:, :]
    return states


def features_by_narrow(hidden_states, layer, class_token):
    chosen, first = list(hidden_states)[len(hidden_states) + layer], 1 if class_token else 0
    return chosen.narrow(1, first, chosen.shape[1] - first)


TASKS = [
    Task(
        id="llava.make_connector",
        title="The connector",
        difficulty=2,
        importance=5,
        minutes=8,
        reference=make_connector,
        used_at=("llava.connector:make_connector",),
        make_inputs=connector_inputs,
        build=Filled,
        mistakes=(
            Mistake(
                "always linear",
                connector_always_linear,
                "It is linear whatever `connector_type` says. Then the file of a trained MLP doesn't fit it, which is the size mismatch of LLaVA#577. For `mlp2x_gelu` a GELU and a second layer follow.",
            ),
            Mistake(
                "always an MLP",
                connector_always_mlp,
                "It is an MLP whatever `connector_type` says. For `linear`, as in the first LLaVA, one layer is all.",
            ),
            Mistake(
                "no GELU between",
                connector_without_gelu,
                "Two linear layers with nothing between them are one linear layer, only more expensive. Put the GELU between them.",
            ),
            Mistake(
                "ReLU",
                connector_relu,
                "That is a ReLU. The name says `gelu`: with other weights it would learn as well, but trained weights would come out wrong here.",
            ),
            Mistake(
                "GELU at the end",
                connector_gelu_last,
                "A GELU follows the last layer: nearly nothing below zero would get through, but word embeddings have both signs. End with a linear layer.",
            ),
            Mistake(
                "narrow inside",
                connector_narrow_inside,
                "The layer inside has the vision tower's width. LLaVA's first layer goes to the language model's width at once: `Linear(vision, language)`, GELU, `Linear(language, language)`.",
            ),
        ),
        alternatives=(connector_by_if, connector_by_class),
        hints=(
            "`nn.Linear` works on the last dimension and leaves all others alone, so patches need no loop.",
            "linear: $xW^\\top + b$, $W [D, V]$. mlp2x_gelu: $\\mathrm{GELU}(xW_1^\\top + b_1)\\,W_2^\\top + b_2$ with $W_1 [D, V]$, $W_2 [D, D]$.",
            '```python\nlayers = [nn.Linear(..., ...)]\nif connector_type == "mlp2x_gelu":\n    layers += [..., nn.Linear(..., ...)]\nreturn nn.Sequential(*layers)\n```',
        ),
    ),
    Task(
        id="llava.select_features",
        title="What the connector gets to see",
        difficulty=1,
        importance=4,
        minutes=6,
        reference=select_features,
        used_at=("llava.vision:select_features",),
        make_inputs=state_inputs,
        mistakes=(
            Mistake(
                "always the last layer",
                features_last_layer,
                "It takes the last layer whatever `layer` says. That one was trained to be pooled into *one* vector for CLIP's loss; LLaVA's released models read the one before, -2 (LLaVA#1613). And if training and use take different layers, nothing complains and the answers get worse.",
            ),
            Mistake(
                "class token kept",
                features_with_class_token,
                'The class token is still there, so there is one feature too many: the famous "tokens: 575, features: 576" (transformers#36002). It is no place in the picture. Leave out position 0 if `class_token`.',
            ),
            Mistake(
                "nothing but the class token",
                features_class_token_only,
                "Only the class token is left: one vector for the whole picture, as in classification. The connector wants the patches, all the *others*.",
            ),
            Mistake(
                "last place dropped",
                features_last_place_dropped,
                "One place is left out, but the wrong one: the class token stands *first*. As it is, the class token poses as the top left patch, and everything is shifted by one.",
            ),
            Mistake(
                "first patch dropped, too",
                features_always_dropped,
                "Position 0 is always left out, but not every tower has a class token (SigLIP has none, our pocket tower neither): there you lose the top left patch.",
            ),
            Mistake(
                "one layer too early",
                features_embeddings_forgotten,
                "This is one layer too early. `hidden_states` begins with the embeddings, so it has L + 1 entries; counting from the end, as Python does, needs no correction.",
            ),
        ),
        alternatives=(features_by_if, features_by_narrow),
        hints=(
            "Two choices: which entry of the list, and which of its places. Python's negative indices help with the first.",
            "`hidden_states[layer]` is $[B, 1 + N, W]$ with a class token at place 0, $[B, N, W]$ without.",
            "```python\nstates = hidden_states[...]\nreturn states[:, ...:] if class_token else ...\n```",
        ),
    ),
]
