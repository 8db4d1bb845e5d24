"""POPE's figures: accuracy, F1 and yes-ratio, for three ways of asking for what is not there."""

from collections.abc import Iterator

import numpy as np

from course_lib.figures import Figure, share
from course_lib.llava import pope
from course_lib.llava.measure_vqa import answers
from course_lib.llava.testsets import blank, draw


def polled(model, scenes: int = 100) -> Iterator[Figure]:
    """The three splits, with blank pictures as the control, and the yes-ratio over all of them."""
    yes = []
    for negatives in pope.NEGATIVES:
        questions = pope.probes(negatives, scenes)
        texts, truth = [probe.text for probe in questions], [probe.answer for probe in questions]
        images = draw([probe.scene for probe in questions])
        raw = answers(model, images, texts)
        said = [pope.parse(text) for text in raw]
        found = pope.scores(truth, said)
        blind = pope.scores(truth, [pope.parse(text) for text in answers(model, blank(len(images)), texts)])
        theirs = pope.scores(truth, [pope.parse_as_pope(text) for text in raw])
        yield share(
            f"llava.pope.{negatives}",
            np.array([a == b for a, b in zip(said, truth, strict=True)]),
            chance=0.5,
            control=round(blind["accuracy"], 4),
            ceiling=1.0,
            bar=0.85 if negatives == "adversarial" else None,
            note=f"yes-ratio {found['yes_ratio']:.2f}, unparsed {found['unparsed']:.2f}, with POPE's own parser {theirs['accuracy']:.2f}",
        )
        note = "always yes scores 0.667"
        yield Figure(f"llava.pope.{negatives}_f1", round(found["f1"], 4), n=len(truth), chance=0.6667, note=note)
        yes += [text == "yes" for text in said]
    yield share("llava.pope.yes_ratio", yes, chance=0.5, ceiling=0.5, note="to lie between 0.45 and 0.55")
