"""Exercise of Lesson 06: the connector."""

import torch
from torch import Tensor, nn

from course_lib.checker.task import Mistake, Task
from course_lib.llava.connector import make_connector
from course_lib.llava.exercises.lora import normal


class Filled:
    """A written connector as a function of its input: made, filled with numbers that depend on shapes alone, and used."""

    def __init__(self, written) -> None:
        self.written = written

    def __call__(self, features: Tensor, language_width: int, connector_type: str) -> Tensor | None:
        made = self.written(features.shape[-1], language_width, connector_type)
        if not isinstance(made, nn.Module):
            return str(made) if isinstance(made, list | tuple) else made
        with torch.no_grad():
            for parameter in made.parameters():
                chance = torch.Generator().manual_seed(parameter.numel())
                parameter.copy_(torch.randn(parameter.shape, generator=chance))
        return made(features)


def connector_inputs(rng) -> tuple[Tensor, int, str]:
    """Patch features [..., V] of any number of axes, a language model's width above, below and as V, and a connector_type."""
    places = rng.in_turn(((2, 5), (3, 6), (), (4,), (2, 3, 3), (1, 1)))
    vision_width, language_width = rng.in_turn(((9, 14), (10, 13), (11, 6), (8, 15), (12, 7), (8, 8)))
    return normal(rng, *places, vision_width), language_width, rng.in_turn(("mlp2x_gelu", "linear"))


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


def connector_types_swapped(vision_width, language_width, connector_type):
    return make_connector(vision_width, language_width, "linear" if connector_type == "mlp2x_gelu" else "mlp2x_gelu")


def connector_without_bias(vision_width, language_width, connector_type):
    made = make_connector(vision_width, language_width, connector_type)
    for layer in made[::2]:
        layer.bias = None
    return made


def connector_widths_swapped(vision_width, language_width, connector_type):
    return make_connector(language_width, vision_width, connector_type)


def connector_wide_inside(vision_width, language_width, connector_type):
    if connector_type == "linear":
        return make_connector(vision_width, language_width, connector_type)
    wide = 4 * language_width
    return nn.Sequential(nn.Linear(vision_width, wide), nn.GELU(), nn.Linear(wide, language_width))


def connector_gelu_first(vision_width, language_width, connector_type):
    first, *rest = make_connector(vision_width, language_width, connector_type)
    return nn.Sequential(rest[0], first, rest[1]) if rest else first


def connector_three_layers(vision_width, language_width, connector_type):
    made = make_connector(vision_width, language_width, connector_type)
    return made.extend([nn.GELU(), nn.Linear(language_width, language_width)]) if len(made) > 1 else made


def connector_list(vision_width, language_width, connector_type):
    return list(make_connector(vision_width, language_width, connector_type))


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


def connector_by_lazy_layers(vision_width, language_width, connector_type):
    made = nn.Sequential(nn.LazyLinear(language_width))
    if connector_type.startswith("mlp"):
        made.append(nn.GELU()).append(nn.LazyLinear(language_width))
    made(torch.zeros(vision_width))
    return made


def connector_by_class(vision_width, language_width, connector_type):
    return Projector(vision_width, language_width, connector_type)


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
        draws=6,
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
            Mistake(
                "wide inside",
                connector_wide_inside,
                "The layer inside is four times as wide, as in a transformer's block. LLaVA's connector has the language model's width there, too: `Linear(vision, language)`, GELU, `Linear(language, language)`.",
            ),
            Mistake(
                "types swapped",
                connector_types_swapped,
                "The two types are swapped: `linear` gives an MLP, `mlp2x_gelu` a single layer.",
            ),
            Mistake(
                "widths swapped",
                connector_widths_swapped,
                "The widths are swapped: `nn.Linear(in, out)` takes what comes in first. Patches come in with `vision_width` and leave with `language_width`.",
            ),
            Mistake(
                "no bias",
                connector_without_bias,
                "The layers have no bias. LLaVA's have one each, as `nn.Linear` does unless it is told otherwise.",
            ),
            Mistake(
                "GELU first",
                connector_gelu_first,
                "The GELU comes before the first layer, where it cuts the vision tower's features, and two linear layers follow each other. It belongs between them.",
            ),
            Mistake(
                "three layers",
                connector_three_layers,
                "There are three linear layers. The 2 in `mlp2x_gelu` says two: `Linear`, GELU, `Linear`.",
            ),
            Mistake(
                "a list of layers",
                connector_list,
                "These are the right layers, but a list can't be called, and its weights are unknown to the model. Make one module of them: `nn.Sequential(*layers)`.",
            ),
        ),
        alternatives=(connector_by_if, connector_by_class, connector_by_lazy_layers),
        hints=(
            "`nn.Linear` works on the last dimension and leaves all others alone, so patches need no loop.",
            "linear: $xW^\\top + b$, $W [D, V]$. mlp2x_gelu: $\\mathrm{GELU}(xW_1^\\top + b_1)\\,W_2^\\top + b_2$ with $W_1 [D, V]$, $W_2 [D, D]$.",
            '```python\nlayers = [nn.Linear(..., ...)]\nif connector_type == "mlp2x_gelu":\n    layers += [..., nn.Linear(..., ...)]\nreturn nn.Sequential(*layers)\n```',
        ),
    ),
]
