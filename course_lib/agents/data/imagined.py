"""Imagined tools for the demonstrations: what the real ones might say of a scene, right or wrong, at no cost.

How often each errs is a round guess, and `evaluate` measures the real rates beside them (`agents.tool.…`). It need not be exact: a
demonstration follows what the tools say, so that errors only have to be *met* in training, in every form that they take.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase, digits

from course_lib.agents.manual import to_shares
from course_lib.seem.data.queries import base_names
from course_lib.world.backdrops import BACKDROPS
from course_lib.world.scenes import Scene
from course_lib.world.signs import WORDS_TRAIN
from course_lib.world.stickers import COLOURS

MISSED, RENAMED, SHIFTED = 0.1, 0.03, 0.3  # of the things, by the detector; shifted by a cell
UNDRAWN = 0.25  # drawings in which nobody recognises the thing
WRONG = 0.12  # answers of all others


@dataclass
class Imagined:
    """In place of a workspace with its tools."""

    scene: Scene
    rng: random.Random
    on_blank: bool = False  # is the canvas empty at first?
    scrambled: bool = False  # do signs say letters at random? Words that are met again and again need not be copied
    drawn: list[tuple[str, list[float]]] | None = None  # (name, box) on the canvas; None before the first drawing
    things: list[tuple[str, list[float]]] = field(init=False)

    def __post_init__(self) -> None:
        """Boxes as shares, around the middles of things."""
        self.things = [
            (t.name, [t.x - t.width / 2, t.y - t.width / 2, t.x + t.width / 2, t.y + t.width / 2])
            for t in self.scene.things
        ]

    def use(self, name: str, arguments: Mapping) -> object:
        """What the tool of this name might say."""
        return getattr(self, name)(**arguments)

    def find(self) -> list[dict]:
        """Some things are missed, some get another's name, some boxes are a cell off."""
        there = self.things if self.drawn is None else self.drawn
        found = []
        for name, box in there:
            if self.rng.random() < MISSED:
                continue
            name = self.rng.choice(base_names()) if self.rng.random() < RENAMED else name
            shift = [self.rng.choice((-1, 1)) / 16 if self.rng.random() < SHIFTED else 0.0 for _ in box]
            found.append({"name": name, "box": [min(max(e + s, 0.0), 1.0) for e, s in zip(box, shift, strict=True)]})
        return self.rng.sample(found, len(found))

    def mask(self, phrase: str) -> dict:
        """An area that is roughly a part of the box."""
        name = phrase.split(" ", 1)[1]
        boxes = [box for other, box in (self.things if self.drawn is None else self.drawn) if other == name]
        if not boxes or self.rng.random() < MISSED:
            return {"area": 0.0, "box": [0, 0, 0, 0], "score": 0.1}
        x0, y0, x1, y1 = boxes[-1]
        return {
            "area": self.rng.uniform(0.3, 0.9) * (x1 - x0) * (y1 - y0),
            "box": [min(max(e, 0), 1) for e in boxes[-1]],
            "score": 0.9,
        }

    def draw(self, phrase: str, box: Sequence[int], seed: int = 0) -> None:
        """Sometimes nobody would recognise it."""
        if self.drawn is None:
            self.drawn = [] if self.on_blank else list(self.things)
        if self.rng.random() >= UNDRAWN:
            self.drawn.append((phrase.split(" ", 1)[1], to_shares(box)))

    def place(self) -> str:
        """One of the ten."""
        return self.rng.choice(BACKDROPS) if self.rng.random() < WRONG else self.scene.backdrop

    def read(self) -> str:
        """A word of the signs that training may see, or nothing."""
        said = next((thing.text for thing in self.scene.things if thing.text), "")
        if said and self.scrambled:
            return "".join(self.rng.choices(ascii_uppercase + digits, k=self.rng.randint(2, 6)))
        return self.rng.choice(("", *WORDS_TRAIN)) if self.rng.random() < WRONG else said

    def choose(self, options: Sequence[str]) -> str:
        """Either, with little regard to what is there: the planner must repeat what it is told."""
        return self.rng.choice(options)

    def ask(self, question: str) -> str:
        """A colour, or a direction."""
        return self.rng.choice(COLOURS if "colour" in question else ("left", "right", "above", "below"))
