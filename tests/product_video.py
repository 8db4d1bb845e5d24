"""Exercise of Lesson 14's video part → a tiny run of the course's own room that uses it."""

from collections.abc import Callable

import torch
from torch import nn

from course_lib.video.data import clips
from course_lib.video.evaluate import controls
from course_lib.video.model import FrameConnector, MiniLlavaVideo


def connect() -> object:
    connector = FrameConnector.__new__(FrameConnector)
    nn.Module.__init__(connector)
    connector.mixture, connector.newline, connector.numbers = nn.Identity(), torch.zeros(3), torch.zeros(16, 3)
    return connector(torch.zeros(1, 128, 3))


def place() -> object:
    """The positions of a prompt, as `answer` computes them before anything is embedded."""

    class Placed(Exception):
        pass

    def stop(*_):
        raise Placed

    model = MiniLlavaVideo.__new__(MiniLlavaVideo)
    nn.Module.__init__(model)
    model.image_token, model.embed, model.connector = 5, stop, FrameConnector
    model._prompts = lambda questions, count: (torch.tensor([[1, 5, 5, 2]]), torch.ones(1, 4))
    try:
        return model.answer(torch.zeros(1, 64, 3), ["?"])
    except Placed:
        return None


PRODUCT: dict[str, Callable[[], object]] = {
    "video.clip_tokens": connect,
    "video.scaled_positions": place,
    "video.mirror_events": lambda: clips.mirror(clips.make_clip(0)),
    "video.shuffle_frames": lambda: controls.shuffled(torch.zeros(2, 128, 3)),
}
EQUIVALENT: dict[str, dict[str, str]] = {
    "video.mirror_events": {
        "left out: `sorted(mirrored, key=lambda event: event.frame)` → `sorted(mirrored)`": "an event's frame is its first field, "
        "and in the exercise no two events begin in one frame",
    },
    "video.shuffle_frames": {
        "left out: `keys.argsort(dim=1)` → `keys.argsort()`": "of two axes the last is number 1",
    },
}
