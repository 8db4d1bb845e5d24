"""The proofs of Lesson 03. Every figure comes with chance, a control that must fail, a ceiling, and the bar it was set.

Sounds are by speakers, and scenes from a stream, that neither training nor tuning ever met. `alignment` compares modalities that never
met in training, `swaps` puts sounds where other models take words, `ladder`, `ablations` and `speech` train anew (only with `live`).
"""

import sys
from collections.abc import Iterator

from course_lib.figures import Figure
from course_lib.imagebind.data.speech import NoSpeechError
from course_lib.imagebind.evaluate import ablations, alignment, ladder, speech, swaps
from course_lib.imagebind.train import load_bind, load_controls


def figures(live: bool = False) -> Iterator[Figure]:
    """All figures of the baked towers; with `live` also the ladder of image towers and the ablations, which train for some minutes."""
    model = load_bind()
    yield from alignment.sound_to_text(model, load_controls())
    yield from alignment.sound_to_depth(model)
    yield from alignment.arithmetic(model)
    yield alignment.novel_nouns(model)
    yield from alignment.gaps(model)
    yield from swaps.seem_by_sound(model)
    yield from swaps.gligen_by_sound(model)
    if live:
        yield from ladder.figures()
        yield from ablations.figures()
        try:
            yield from speech.figures()
        except NoSpeechError as error:
            print(f"Speech is not measured: {error}", file=sys.stderr)
