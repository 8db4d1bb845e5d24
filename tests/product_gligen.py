"""Runs of Lesson 10's own generator that use what a learner writes there."""

from functools import cache

from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.model import Generator, GeneratorConfig, add_gates
from course_lib.gligen.sampling import sample
from course_lib.gligen.train import base_generator


@cache
def gated() -> Generator:
    """A small untrained generator with gates."""
    return add_gates(base_generator.new_base(GeneratorConfig(block_out_channels=(16, 32))).model.eval())


def draw() -> None:
    """One grounded picture in two steps."""
    sample(gated(), ["a bus"], [[GroundedPhrase("a bus", (0.1, 0.2, 0.6, 0.7))]], steps=2)


PRODUCT = dict.fromkeys(
    (
        "gligen.ddim_step",
        "gligen.guided_velocity",
        "gligen.grounding_strengths",
        "gligen.fourier_features",
        "gligen.token_inputs",
        "gligen.gated_self_attention",
    ),
    draw,
)

EQUIVALENT = {
    "gligen.fourier_features": {
        "left out: `torch.arange(NUM_FREQUENCIES, device=boxes.device)` → `torch.arange(NUM_FREQUENCIES)`": "the check's tensors "
        "lie on the CPU, where new ones lie as well",
        "sign: `-2` → `2`": "of `[B, N, 4]`, a new axis 2 is the last but one",
    },
}
