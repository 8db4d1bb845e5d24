"""What the room of Lesson 08 itself runs, for `test_sockets`: exercise → a tiny run of its model or its measuring that needs it."""

from collections.abc import Callable

import torch

from course_lib.llava_next.data import batches
from course_lib.llava_next.evaluate import pocketbench
from course_lib.llava_next.model import MiniLlavaNext
from course_lib.llava_next.recipes import BAKED
from course_lib.world.questions import Question


def see() -> object:
    """A wide picture through a tower that sees zeros."""
    model = MiniLlavaNext.__new__(MiniLlavaNext)
    torch.nn.Module.__init__(model)
    model.vision = lambda pixels: torch.zeros(len(pixels), 64, 3)
    return model.image_features(torch.zeros(1, 3, 40, 100))


def count() -> object:
    from course_lib.llava_next import anyres

    return anyres.num_tokens((96, 128))


def tokens() -> object:
    from course_lib.llava_next.model import TileConnector

    connector = TileConnector.__new__(TileConnector)
    torch.nn.Module.__init__(connector)
    connector.mixture = torch.nn.Module()
    connector.mixture.mixture = lambda whole: torch.zeros(1, 64, 3)
    connector.tile_content = lambda tiles: torch.zeros(1, 8, 8, 3)
    connector.positions = lambda whole, rows, columns: torch.zeros(1, rows, columns, 3)
    connector.newline = torch.zeros(3)
    from course_lib.llava_next.model import Views

    return connector(Views(torch.zeros(1, 64, 3), torch.zeros(1, 16, 16, 3), (128, 128)))


PLACE = Question("place", "where is this?", "beach", ())


def lettered() -> object:
    import random
    from dataclasses import replace

    return batches.in_some_form(PLACE, random.Random(0), replace(BAKED, letter_frac=1.0))


def score() -> object:
    from course_lib.world.scenes import make_scene

    bench = [pocketbench.Item(column, 0, make_scene(0), "?", "a") for column in pocketbench.COLUMNS]
    return pocketbench.score(bench, ["a"] * len(bench))


def merged() -> object:
    import random

    from course_lib.llava.train import stages
    from course_lib.llava_next.data import scenes

    return batches.conversations_about(stages.get_tokenizer(), scenes.many_things(0), random.Random(0), BAKED)


PRODUCT: dict[str, Callable[[], object]] = {
    "llava_next.select_resolution": count,
    "llava_next.split_tiles": see,
    "llava_next.unpad": count,
    "llava_next.add_newlines": tokens,
    "llava_next.letter_form": lettered,
    "llava_next.merge_pairs": merged,
    "llava_next.circular_accuracy": score,
}
SAME_LENGTH = "both have the same length: strict=True only says so"
INDEX_RAISES = "options.index raises a ValueError itself where the answer is none of them"
DIGITS = "rounding only takes back what division loses, in the fifteenth digit"
RISES = "with or without it the number rises with the scale, and the order of the pinpoints is the same"
EQUIVALENT: dict[str, dict[str, str]] = {
    "llava_next.letter_form": {
        "line dropped: `if answer not in options: raise ValueError`": INDEX_RAISES,
        "never: `if answer not in options: raise ValueError`": INDEX_RAISES,
        "line dropped: `raise ValueError`": INDEX_RAISES,
        "left out: `zip(LETTERS, options, strict=False)` → `zip(LETTERS, options)`": "zip stops at the shorter one anyway",
    },
    "llava_next.merge_pairs": {
        "left out: `zip(roles, turn, strict=True)` → `zip(roles, turn)`": SAME_LENGTH,
        "constant: `True` → `False`": SAME_LENGTH,
    },
    "llava_next.select_resolution": {
        "left out: `size[1] * scale` → `size[1]`": RISES,
        "left out: `size[0] * scale` → `size[0]`": RISES,
    },
    "llava_next.split_tiles": {"sign: `-2` → `2`": "of four axes the third is the last but one"},
    "llava_next.unpad": {
        "comparison: `width / height > columns / rows` → `width / height >= columns / rows`": "with equal proportions there "
        "is no padding on either side",
        "constant: `7` → `8`": DIGITS,
        "constant: `7` → `6`": DIGITS,
    },
    "llava_next.circular_accuracy": {
        "left out: `zip(groups, right, strict=True)` → `zip(groups, right)`": SAME_LENGTH,
        "constant: `True` → `False`": SAME_LENGTH,
    },
}
