"""The proofs of the GLIGEN room: are boxes obeyed, where training never showed the thing too, and at what price?

Layouts come from the stream "test", captions are worded as never in training, and a detector that was trained apart looks at
the pictures. Its score on real renders of the same layouts is the ceiling; the base without boxes is the floor.
"""

from collections.abc import Iterator

from course_lib.figures import Figure
from course_lib.gligen.data.testsets import make_test_set, subset
from course_lib.gligen.detector import Detector
from course_lib.gligen.evaluate import boxes, frozen, open_set, reference
from course_lib.gligen.evaluate.fidelity import fidelity_figures, grounded_fraction_figures
from course_lib.gligen.model import Generator
from course_lib.gligen.train.base_generator import load_base
from course_lib.gligen.train.detector import load_detector
from course_lib.gligen.train.gates import load_gated

COUNTS = ((1, 32), (2, 32), (3, 12), (4, 12))  # (boxes, pictures)
# The first pictures have one or two things, as those the base was trained on: quality is measured there.
NUM_AS_TRAINED = 64
NUM_HARD = 32  # pictures


def figures(live: bool = False) -> Iterator[Figure]:
    """All figures of the room; with `live`, also those of the lesson's own training."""
    base, model, detector = load_base(), load_gated(), load_detector()
    yield frozen.base_unchanged(base)
    yield from picture_figures(model, base, detector)
    yield from frozen.caption_loss_figures(base)
    yield from frozen.layout_loss_figures(model)
    yield frozen.gate_openness(model)
    yield from reference.figures()
    yield frozen.seconds_4x20(model)
    if live:
        yield from live_figures(base, detector)


def picture_figures(
    model: Generator,
    base: Generator,
    detector: Detector,
    counts=COUNTS,
    num_as_trained: int = NUM_AS_TRAINED,
    num_hard: int = NUM_HARD,
) -> Iterator[Figure]:
    """All figures that pictures are generated for."""
    # Are boxes obeyed?
    tests = make_test_set(counts)
    pictures, scores = boxes.compare_conditions(model, base, detector, tests)
    yield from boxes.condition_figures(scores, len(tests.scenes))
    yield from boxes.count_figures(detector, pictures, tests)
    yield from boxes.hard_layout_figures(model, base, detector, num_hard)
    yield boxes.drawn_anywhere(scores, tests)
    # At what price?
    as_trained = {name: images[:num_as_trained] for name, images in pictures.items()}
    yield from fidelity_figures(as_trained)
    yield from grounded_fraction_figures(model, detector, subset(tests, range(num_as_trained)), as_trained)
    yield frozen.base_at_zero(model, base, tests)
    yield frozen.null_grounding_effect(model, base, tests)


def live_figures(base: Generator, detector: Detector) -> Iterator[Figure]:
    """The lesson's own training of the gates, from the baked base, on nine of the twelve phrases."""
    model = open_set.trained(base)
    yield from frozen.layout_loss_figures(model, prefix="gligen.live_loss")
    yield frozen.gate_openness(model, "gligen.live_gates_open")
    yield from open_set.open_set_figures(model, base, detector)
    yield from open_set.warmup_figures(model, open_set.trained(base, warmup=False))
