"""The proofs of the GLIGEN room: are boxes obeyed, where training never showed the thing too, and at what price?

Layouts come from the stream "test", captions are worded as never in training, and a judge that was trained apart looks at
the pictures. Its score on real renders of the same layouts is the ceiling; the base without boxes is the floor.
"""

from collections.abc import Iterator

from course_lib.figures import Figure
from course_lib.gligen.data.testsets import layouts, part
from course_lib.gligen.evaluate import reference
from course_lib.gligen.evaluate.boxes import by_count, conditions, harder, mentioned, obeyed
from course_lib.gligen.evaluate.fidelity import fidelity, sweep
from course_lib.gligen.evaluate.frozen import (
    base_losses,
    losses,
    nothing_asked,
    open_gates,
    seconds_4x20,
    shut,
    untouched,
)
from course_lib.gligen.model import Generator, add_gates
from course_lib.gligen.train import base as learn
from course_lib.gligen.train import gates
from course_lib.gligen.train.detector import Detector, load_detector
from course_lib.gligen.train.warmup import first_look

COUNTS = ((1, 32), (2, 32), (3, 12), (4, 12))  # (boxes, pictures)
AS_TRAINED = (
    64  # the first pictures have one or two things, as those the base was trained on: quality is measured there
)
HARDER = 32  # pictures


def figures(live: bool = False) -> Iterator[Figure]:
    """All figures of the room; with `live`, also those of the lesson's own training."""
    base, model, judge_net = learn.load_base(), gates.load_gated(), load_detector()
    yield untouched(base)
    yield from drawn(model, base, judge_net)
    yield from base_losses(base)
    yield from losses(model)
    yield open_gates(model)
    yield from reference.figures()
    yield seconds_4x20(model)
    if live:
        yield from live_run(base)


def drawn(
    model: Generator,
    base: Generator,
    judge_net: Detector,
    counts=COUNTS,
    as_trained: int = AS_TRAINED,
    more: int = HARDER,
) -> Iterator[Figure]:
    """All figures that pictures are drawn for."""
    tests = layouts(counts)
    pictures, scores = conditions(model, base, judge_net, tests)
    yield from obeyed(scores, len(tests.scenes))
    yield from by_count(judge_net, pictures, tests)
    yield from harder(model, base, judge_net, more)
    yield mentioned(scores, tests)
    first, few = part(tests, range(as_trained)), {name: images[:as_trained] for name, images in pictures.items()}
    yield from fidelity(few)
    yield from sweep(model, judge_net, first, few)
    yield shut(model, base, tests)
    yield nothing_asked(model, base, tests)


def live_run(base: Generator) -> Iterator[Figure]:
    """The lesson's own training of the gates, from the baked base."""
    model = add_gates(base)
    first_look(model, gates.LIVE.first_look)
    gates.train_gates(model, gates.LIVE)
    yield from losses(model, room="gligen.live_loss")
    yield open_gates(model, "gligen.live_gates_open")
