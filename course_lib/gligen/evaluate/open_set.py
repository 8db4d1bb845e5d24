"""Open set: gates that have read nine of the twelve phrases, on the other three; and what their attention warm-up was worth.

"Open set" is the paper's title: its gates are trained on the phrases of some data sets, and what they say of a place holds for
whatever the frozen base can draw. Here the base has drawn all twelve things and its text tower has read all their names;
the lesson's own gates (`train.gates.LIVE`) have met nine of them.
"""

from collections.abc import Iterator
from dataclasses import replace

from course_lib.figures import Figure
from course_lib.gligen.data.testsets import LayoutTestSet, of_things
from course_lib.gligen.detector import Detector
from course_lib.gligen.evaluate.boxes import figures_beside, generate, real_images
from course_lib.gligen.evaluate.frozen import layout_loss_figures
from course_lib.gligen.model import Generator, add_gates
from course_lib.gligen.train.attention_warmup import attention_warmup
from course_lib.gligen.train.gates import HELD_OUT, LIVE, train_gates
from course_lib.gligen.vocabulary import NAMES

STEPS = 434  # what the lesson's three minutes gave on two quiet cores
COUNTS = ((1, 16), (2, 16))  # (things, pictures)
NOISY = (900,)  # the level at which a box tells most


def trained(
    base: Generator, warmup: bool = True, steps: int = STEPS, held_out: tuple[str, ...] = HELD_OUT
) -> Generator:
    """The lesson's own training of the gates, for a number of steps; with the attention warm-up or without."""
    model, recipe = add_gates(base), replace(LIVE, seconds=None, steps=steps, held_out=held_out)
    if warmup:
        attention_warmup(model, recipe.attention_warmup_steps, recipe.seed, recipe.held_out)
    train_gates(model, recipe)
    return model.eval()


def open_set_figures(model: Generator, base: Generator, detector: Detector, counts=COUNTS) -> Iterator[Figure]:
    """AP50 and phrase accuracy on the nine phrases that the gates have read, and on the three that they haven't.

    Each with a caption that names the things, which the frozen base reads, and with none, so that the phrase alone says
    what is meant. Baseline: the base without boxes. Ceiling: real pictures of these layouts.
    """
    seen = tuple(name for name in NAMES if name not in HELD_OUT)
    for kind, names in (("read", seen), ("unread", HELD_OUT)):
        tests = of_things(names, counts)
        for caption, tests_said in (("", tests), ("_no_caption", without_captions(tests))):
            pictures = {
                "grounded": generate(model, tests_said),
                "no_boxes": generate(base, tests_said, grounded=False),
                "ceiling": real_images(tests),
            }
            yield from figures_beside(f"{kind}_phrases{caption}", detector, tests, pictures)


def without_captions(tests: LayoutTestSet) -> LayoutTestSet:
    """The same layouts, and nothing said besides."""
    return replace(tests, captions=("",) * len(tests.captions))


def warmup_figures(with_warmup: Generator, without: Generator) -> Iterator[Figure]:
    """The loss inside the things where nearly all is noise, after equally many steps of the gates."""
    for name, model in (("with", with_warmup), ("without", without)):
        yield from layout_loss_figures(model, prefix=f"gligen.warmup_loss_{name}", timesteps=NOISY)
