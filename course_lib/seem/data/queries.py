"""Queries: what can be asked about a scene (which thing, which type of prompt, which words), and the true mask."""

import random
from dataclasses import dataclass
from functools import cache

import numpy as np

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.seem.data.strokes import draw_over_two, draw_prompt, jittered_click
from course_lib.seem.model import MiniSeem
from course_lib.seem.prompts import Prompt
from course_lib.world.language import phrase
from course_lib.world.nouns import article
from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, make_scene
from course_lib.world.shapes import SHAPES
from course_lib.world.stickers import classes

NEED_BOTH = ("between", "box over two", "stroke over two", "exclude")  # words and a mark, neither of which is enough
MIN_VISIBLE_PIXELS = 12  # of a thing, for somebody to ask for it
PROMPT_MIX = {  # prompt type → how often training asks with it
    "click": 0.2,
    "scribble": 0.1,
    "box": 0.12,
    "polygon": 0.06,
    "text": 0.29,
    "absent": 0.05,  # words for what is not there
    "reference": 0.1,  # a region of another picture
    "both": 0.08,  # words that may fit several things, and a jittered click
}


@dataclass
class Query:
    """One question about a picture, and its true answer."""

    prompt_type: str  # a key of PROMPT_MIX
    target: np.ndarray  # bool [S, S]; all False when there is no such thing
    name: str  # class of the target, "" if there is none
    text: str = ""
    positive: np.ndarray | None = None  # what was drawn, bool [S, S]
    negative: np.ndarray | None = None  # what was excluded, bool [S, S]
    reference: tuple[np.ndarray, np.ndarray] | None = (
        None  # another picture uint8 [S, S, 3], a region bool [S, S] of it
    )


@cache
def base_names() -> tuple[str, ...]:
    """The stickers that training may see."""
    return tuple(c.name for c in classes() if c.split == "base")


@cache
def class_names() -> tuple[str, ...]:
    """All classes of training; a star, a ring and a diamond may be stickers or shapes."""
    return tuple(dict.fromkeys((*base_names(), *SHAPES, "sign")))


@cache
def class_indices() -> dict[str, int]:
    """Name → index among `class_names`."""
    return {name: index for index, name in enumerate(class_names())}


def make_query_scene(index: int, rng: random.Random, stream: str, seed: int, duplicate_ratio: float = 0.3) -> Scene:
    """A scene to ask about; a share of `duplicate_ratio` has two things of one name, which words must tell apart."""
    if rng.random() < duplicate_ratio:
        duplicate, other = rng.sample(base_names(), 2)
        return make_scene(index, SceneSpec(stream=stream, names=(duplicate, duplicate, other)), seed)
    return make_scene(index, SceneSpec(stream=stream, count=(1, 4)), seed)


def visible_things(scene: Scene, instances: np.ndarray) -> list[int]:
    """Indices of the things that can be seen well enough; instances [S, S] holds index + 1."""
    return [k for k in range(len(scene.things)) if (instances == k + 1).sum() >= MIN_VISIBLE_PIXELS]


def random_query(scene: Scene, instances: np.ndarray, rng: random.Random, prompt_type: str) -> Query | None:
    """A query for a random visible thing, with this type of prompt; None where that can't be asked."""
    visible = visible_things(scene, instances)
    if prompt_type == "absent":
        return absent_query(scene, np.zeros(instances.shape, bool), rng)
    if not visible:
        return None
    if prompt_type in NEED_BOTH:
        return query_that_needs_both(scene, instances, rng, prompt_type)
    k = visible[rng.randrange(len(visible))]
    thing, mask = scene.things[k], instances == k + 1
    if prompt_type == "text":
        texts = referring_phrases(scene, k)
        return Query(prompt_type, mask, thing.name, texts[rng.randrange(len(texts))]) if texts else None
    if prompt_type == "both":
        text = phrase(thing, False, rng.random() < 0.5)
        return Query(prompt_type, mask, thing.name, text, jittered_click(mask, rng))
    if prompt_type == "reference":
        return reference_query(scene, k, mask, rng)
    return Query(prompt_type, mask, thing.name, positive=draw_prompt(prompt_type, mask, rng))


def query_that_needs_both(scene: Scene, instances: np.ndarray, rng: random.Random, prompt_type: str) -> Query | None:
    """Words that fit two twins, and a mark that fits one of them and another thing: only together they mean one thing.

    None where no thing has a twin in sight, where there is nothing else, or where the mark would touch the twin.
    """
    visible = visible_things(scene, instances)
    names = [scene.things[i].name for i in visible]
    twins = [i for i, name in zip(visible, names, strict=True) if names.count(name) == 2]
    others = [i for i in visible if i not in twins]
    if len(twins) != 2 or not (others or prompt_type == "exclude"):
        return None
    meant, twin = rng.sample(twins, 2)
    mask, text = instances == meant + 1, phrase(scene.things[meant], False, False)
    if prompt_type == "exclude":
        mark = draw_prompt("click", instances == twin + 1, rng)
        return Query(prompt_type, mask, scene.things[meant].name, text, negative=mark)
    mark = draw_over_two(prompt_type, mask, instances == rng.choice(others) + 1, rng)
    if (mark & (instances == twin + 1)).any():
        return None
    return Query(prompt_type, mask, scene.things[meant].name, text, mark)


def absent_query(scene: Scene, empty_mask: np.ndarray, rng: random.Random) -> Query:
    """Words for what is not there."""
    present = {thing.name for thing in scene.things}
    name = rng.choice([name for name in base_names() if name not in present])
    return Query("absent", empty_mask, "", rng.choice((f"{article(name, name)} {name}", f"the {name}", name)))


def reference_query(scene: Scene, k: int, mask: np.ndarray, rng: random.Random) -> Query | None:
    """The same class in another scene, perhaps of another size or style; None if thing k is not alone of its name."""
    name = scene.things[k].name
    if scene.things[k].kind != "sticker" or [thing.name for thing in scene.things].count(name) > 1:
        return None
    names = (name, *rng.sample(base_names(), rng.randint(0, 1)))
    other = make_scene(rng.randrange(10**9), SceneSpec(stream=scene.stream, names=names), seed=7)
    picture = render(other, len(mask))
    region = picture.instances == 1
    if not other.things or other.things[0].name != name or region.sum() < MIN_VISIBLE_PIXELS:
        return None
    return Query("reference", mask, name, reference=(picture.image, region))


def referring_phrases(scene: Scene, k: int) -> list[str]:
    """Phrases that mean thing k and nothing else in the scene: by name, colour, size or side."""
    thing = scene.things[k]
    name, duplicates = thing.name, [t for t in scene.things if t.name == thing.name and t is not thing]
    if not duplicates:
        by_name = [phrase(thing, size, colour) for size in (False, True) for colour in (False, True)]
        return [*by_name, f"the {name}", name]
    texts = []
    if thing.colour and all(t.colour != thing.colour for t in duplicates):
        texts += [phrase(thing, False, True), f"the {thing.colour} {name}", f"the {thing.colour} one"]
    if thing.size != "medium" and all(t.size != thing.size for t in duplicates):
        texts += [f"the {thing.size} {name}", f"the {thing.size} one"]
    if len(duplicates) == 1 and abs(across := thing.x - duplicates[0].x) > 0.12:
        side = "left" if across < 0 else "right"
        texts += 2 * [f"the {side} {name}", f"the {name} on the {side}"]
    if len(duplicates) == 1 and abs(down := thing.y - duplicates[0].y) > 0.2:
        texts.append(f"the {'upper' if down < 0 else 'lower'} {name}")
    return texts


def to_prompts(model: MiniSeem, queries: list[Query]) -> list[Prompt]:
    """What was drawn and typed; regions of other pictures as the tokens that the model samples there."""
    rows = [row for row, query in enumerate(queries) if query.reference]
    tokens = {}
    if rows:
        images, regions = zip(*(queries[row].reference for row in rows), strict=True)
        features = model.encode(normalise(to_tensor(np.stack(images))))
        tokens = dict(zip(rows, model.reference_tokens(features, regions), strict=True))
    return [Prompt(query.text, query.positive, query.negative, tokens.get(row)) for row, query in enumerate(queries)]
