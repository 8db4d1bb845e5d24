"""Exercise of Lesson 06: the connector."""

import torch
from torch import Tensor, nn

from course_lib.exercises.task import Mistake, Task
from course_lib.llava.connector import make_connector
from course_lib.llava.exercises_lora import normal


class Filled:
    """A written connector as a function of its input: made, filled with numbers that depend on shapes alone, and used."""

    def __init__(self, written) -> None:
        self.written = written

    def __call__(self, features: Tensor, language_width: int, kind: str) -> Tensor | None:
        made = self.written(features.shape[-1], language_width, kind)
        if not isinstance(made, nn.Module):
            return made
        with torch.no_grad():
            for parameter in made.parameters():
                chance = torch.Generator().manual_seed(parameter.numel())
                parameter.copy_(torch.randn(parameter.shape, generator=chance))
        return made(features)


def connector_inputs(rng) -> tuple[Tensor, int, str]:
    """Patch features of any number of pictures, the language model's width, and a kind."""
    batch, patches, width = (int(rng.integers(low, low + 3)) for low in (2, 5, 9))
    return (
        normal(rng, batch, patches, width),
        int(rng.integers(13, 17)),
        ("linear", "mlp2x_gelu")[int(rng.integers(0, 2))],
    )


def connector_always_linear(vision_width, language_width, kind):
    return nn.Sequential(nn.Linear(vision_width, language_width))


def connector_always_mlp(vision_width, language_width, kind):
    return make_connector(vision_width, language_width, "mlp2x_gelu")


def connector_without_gelu(vision_width, language_width, kind):
    second = [nn.Linear(language_width, language_width)] if kind == "mlp2x_gelu" else []
    return nn.Sequential(nn.Linear(vision_width, language_width), *second)


def connector_relu(vision_width, language_width, kind):
    made = make_connector(vision_width, language_width, kind)
    return nn.Sequential(*(nn.ReLU() if isinstance(layer, nn.GELU) else layer for layer in made))


def connector_gelu_last(vision_width, language_width, kind):
    return nn.Sequential(*make_connector(vision_width, language_width, kind), nn.GELU())


def connector_narrow_inside(vision_width, language_width, kind):
    if kind == "linear":
        return make_connector(vision_width, language_width, kind)
    return nn.Sequential(nn.Linear(vision_width, vision_width), nn.GELU(), nn.Linear(vision_width, language_width))


def connector_by_if(vision_width, language_width, kind):
    first = nn.Linear(vision_width, language_width)
    if kind == "linear":
        return first
    return nn.Sequential(first, nn.GELU(), nn.Linear(language_width, language_width))


class Projector(nn.Module):
    """As transformers writes it."""

    def __init__(self, vision_width, language_width, kind) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(vision_width, language_width)
        self.linear_2 = nn.Linear(language_width, language_width) if kind == "mlp2x_gelu" else None

    def forward(self, features):
        hidden = self.linear_1(features)
        return hidden if self.linear_2 is None else self.linear_2(nn.functional.gelu(hidden))


def connector_by_class(vision_width, language_width, kind):
    return Projector(vision_width, language_width, kind)


TASKS = [
    Task(
        id="llava.make_connector",
        title="The connector",
        difficulty=2,
        importance=5,
        minutes=8,
        reference=make_connector,
        make_inputs=connector_inputs,
        build=Filled,
        mistakes=(
            Mistake(
                "always linear",
                connector_always_linear,
                "It is linear whatever `kind` says. Then the file of a trained MLP doesn't fit it, which is the size mismatch of LLaVA#577. For `mlp2x_gelu` a GELU and a second layer follow.",
            ),
            Mistake(
                "always an MLP",
                connector_always_mlp,
                "It is an MLP whatever `kind` says. For `linear`, as in the first LLaVA, one layer is all.",
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
                "The layer inside has the eyes' width. LLaVA's first layer goes to the language model's width at once: `Linear(vision, language)`, GELU, `Linear(language, language)`.",
            ),
        ),
        alternatives=(connector_by_if, connector_by_class),
        hints=(
            "`nn.Linear` works on the last dimension and leaves all others alone, so patches need no loop.",
            "linear: $xW^\\top + b$, $W [D, V]$. mlp2x_gelu: $\\mathrm{GELU}(xW_1^\\top + b_1)\\,W_2^\\top + b_2$ with $W_1 [D, V]$, $W_2 [D, D]$.",
            '```python\nlayers = [nn.Linear(..., ...)]\nif kind == "mlp2x_gelu":\n    layers += [..., nn.Linear(..., ...)]\nreturn nn.Sequential(*layers)\n```',
        ),
    ),
]
