"""Does a larger vocabulary open GLIGEN's set? Gates that read 9, 21 and 33 phrases, on the three that none of them has read.

`python -m tools.larger_vocabulary FOLDER > FILE` trains the shipped base on 24 things more (some 40 minutes of a core), then three sets of
gates on it (7 each), and writes the figures of the same test pictures as Lesson 10's as lines of json: `python -m course_lib figures FILE`
takes them in. Interrupted, the base goes on where it was. The package itself draws twelve things; here its scenes are lent the others for as
long as a training takes.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from course_lib.checkpoints import card, save
from course_lib.figures import Figure
from course_lib.gligen.data import scenes
from course_lib.gligen.data.testsets import of_things
from course_lib.gligen.evaluate.boxes import figures_beside, generate, real_images
from course_lib.gligen.evaluate.open_set import COUNTS, trained, without_captions
from course_lib.gligen.model import Generator
from course_lib.gligen.train.base_generator import BAKED, EmaModel, load_base, train_base
from course_lib.gligen.train.detector import load_detector
from course_lib.gligen.train.gates import HELD_OUT
from course_lib.gligen.vocabulary import NAMES

MORE = (
    "tiger", "duck", "turtle", "butterfly", "whale", "cactus", "rose", "grapes", "carrot", "pizza", "doughnut", "train",
    "tractor", "sailboat", "airplane", "castle", "moon", "balloon", "gift", "crown", "guitar", "umbrella", "key", "book",
)  # fmt: skip
STEPS = 4_000
NUM_READ = (9, 21, 33)


def wider_base(folder: Path) -> Generator:
    """The shipped base, trained further on all 36 things."""
    file = folder / "wider_base.safetensors"
    if not file.exists():
        model = EmaModel(load_base().train())
        recipe = replace(BAKED, steps=STEPS, seed=1)
        progress = train_base(model, recipe, state_file=folder / "wider_base.training.safetensors", callbacks=[report])
        if progress.stopped:
            raise KeyboardInterrupt
        about = card(
            "wider_base",
            "36 things",
            recipe,
            progress.seconds / 60,
            progress.losses,
            config=model.model.config.to_dict(),
        )
        save(file, model.average.state_dict(), about)
    return load_base(file)


def report(progress) -> None:
    """A line every hundred steps."""
    if progress.step % 100 == 0:
        print(progress.step, round(sum(progress.losses[-100:]) / 100, 4), round(progress.seconds), file=sys.stderr)


def vocabulary_figures(base: Generator, counts=COUNTS) -> Iterator[Figure]:
    """AP50 and phrase accuracy on the three, with a caption and without, and on the nine of Lesson 10, by each set of gates."""
    nine = tuple(name for name in NAMES if name not in HELD_OUT)
    unread, detector = of_things(HELD_OUT, counts), load_detector()
    kinds = {
        "unread_phrases": unread,
        "unread_phrases_no_caption": without_captions(unread),
        "read_phrases": of_things(nine, counts),
    }
    for number in NUM_READ:
        with lent_things():
            names = [name for name in scenes.NAMES if name not in HELD_OUT]
            model = trained(base, held_out=(*HELD_OUT, *names[number:]))
        for kind, tests in kinds.items():
            pictures = {
                "grounded": generate(model, tests),
                "no_boxes": generate(base, tests, grounded=False),
                "ceiling": real_images(tests),
            }
            yield from figures_beside(f"{kind}_{number}_of_33", detector, tests, pictures)


def lent_things():
    """While this lasts, the scenes of Lesson 10 have 36 things."""
    return patch.object(scenes, "NAMES", (*NAMES, *MORE))


def main() -> None:
    """The base, then each set of gates."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with lent_things():
        base = wider_base(folder)
    for figure in vocabulary_figures(base):
        print(figure.to_json(), flush=True)


if __name__ == "__main__":
    main()
