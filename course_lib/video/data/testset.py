"""The test set: clips of a stream with a question each, as many of every kind, worded as training never words them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from course_lib.video.data.clips import Clip, make_clip, mirror
from course_lib.video.data.questions import STATIC_KINDS, TEMPORAL_KINDS, static_questions, temporal_questions

SEED = 72
TRIES = 100  # clips for each question wanted


@dataclass(frozen=True)
class Example:
    """A clip, a question about it, and the right answer."""

    clip: Clip
    kind: str
    text: str
    answer: str


def temporal_examples(num_per_kind: int, stream: str = "test", num_frames: int = 8) -> list[Example]:
    """Temporal questions, each asked of a clip and then of its mirror; half as many clips as questions."""

    def ask(clip: Clip, kind: str, rng: random.Random) -> list[Example]:
        asked = [one for one in temporal_questions(clip, rng, "test") if one.kind == kind]
        one = rng.choice(asked) if asked else None  # of what appears, or of what vanishes
        return [Example(each, kind, one.text, one.answer(each)) for each in (clip, mirror(clip))] if one else []

    return _collect(TEMPORAL_KINDS, num_per_kind, stream, num_frames, ask)


def static_examples(num_per_kind: int, stream: str = "test", num_frames: int = 8) -> list[Example]:
    """Static questions, each of a clip of its own."""

    def ask(clip: Clip, kind: str, rng: random.Random) -> list[Example]:
        asked = [one for one in static_questions(clip, rng, "test") if one.kind == kind]
        return [Example(clip, kind, one.text, one.answer) for one in asked]

    return _collect(STATIC_KINDS, num_per_kind, stream, num_frames, ask)


def _collect(kinds: Sequence[str], num_per_kind: int, stream: str, num_frames: int, ask: Callable) -> list[Example]:
    """Clip after clip, until there are enough questions of each kind."""
    examples: list[Example] = []
    for kind in kinds:
        rng, found = random.Random(f"video {kind}/{stream}/{num_frames}"), []
        for index in range(TRIES * num_per_kind):
            found += ask(make_clip(index, stream, num_frames, SEED), kind, rng)
            if len(found) >= num_per_kind:
                break
        examples += found[:num_per_kind]
    return examples
