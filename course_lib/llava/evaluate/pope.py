"""POPE: asked for things that are there and, as often, for things that are not, does the model say yes too easily?

After Li et al., 2023 (arXiv 2305.10355; AoiDragon/POPE, utils.py): pictures of three things or more, three questions to
be affirmed and three to be denied each. What is denied is drawn in three ways:

- random: any name;
- popular: the names that training scenes show most often;
- adversarial: POPE takes what often comes *together* with what is there (a fork beside a knife). In our uniform scenes
  nothing comes together with anything, so that alone would be random. What tempts here is what looks alike: names of
  the same group as something that is there (a wolf beside a fox).

POPE's own parser says no where the first sentence holds "no" or "not", and yes for *everything else*: garbage counts as
yes. Here garbage is neither, and wrong.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from course_lib.figures import Figure, share
from course_lib.llava.data.testsets import blank, draw
from course_lib.llava.evaluate.vqa import answers
from course_lib.world.nouns import article, could_be, is_plural
from course_lib.world.questions import wordings
from course_lib.world.scenes import Scene, SceneSpec, make_scene
from course_lib.world.shapes import SHAPES
from course_lib.world.stickers import class_named, classes

NEGATIVES = ("random", "popular", "adversarial")
PER_SCENE = 3  # questions of each answer
POPULAR = 30  # names that count as popular
RECIPE = {"count": (3, 4), "kinds": (0.88, 0.12, 0.0)}


@dataclass(frozen=True)
class Probe:
    """One question of POPE."""

    scene: Scene
    text: str
    answer: str  # "yes" or "no"


def probes(negatives: str, scenes: int = 100, stream: str = "test") -> list[Probe]:
    """Up to 6 questions about each of the first `scenes` scenes with three different names; yes and no equally often."""
    rng, found, index, used = random.Random(f"pope/{negatives}/{stream}"), [], 0, 0
    while used < scenes:
        scene = make_scene(index, SceneSpec(stream=stream, **RECIPE), seed=37)
        index += 1
        there = list(dict.fromkeys(thing.name for thing in scene.things))
        absent = absent_names(scene, negatives, rng)
        if min(len(there), len(absent)) < PER_SCENE:
            continue
        used += 1
        for answer, names in (("yes", rng.sample(there, PER_SCENE)), ("no", absent[:PER_SCENE])):
            found += [Probe(scene, ask(name, rng), answer) for name in names]
    return found


def ask(name: str, rng: random.Random) -> str:
    """ "can you find a cat here?", in a wording that training never uses."""
    many = is_plural(name)
    words = f"any {name}" if article(name, name) == "some" else f"{article(name, name)} {name}"
    there = f"{'are' if many else 'is'} there {words}"
    return rng.choice(wordings("exist", "test")).format(is_there=there, any=words)


def absent_names(scene: Scene, negatives: str, rng: random.Random) -> list[str]:
    """Names that are certainly not in the scene, the first to be asked for first."""
    possible = {name for thing in scene.things for name in could_be(thing.name)}
    absent = [name for name in _names() if name not in possible]
    if negatives == "random":
        return rng.sample(absent, len(absent))
    if negatives == "popular":
        return [name for name in rng.sample(popular(), POPULAR) if name not in possible]
    if negatives != "adversarial":
        raise ValueError(f'Negatives are {", ".join(NEGATIVES)}, not "{negatives}".')
    tempting = {group_of(thing.name) for thing in scene.things}
    return [name for name in rng.sample(absent, len(absent)) if group_of(name) in tempting]


@cache
def popular(scenes: int = 20_000) -> list[str]:
    """The names that training scenes show most often, the most frequent first. (The ten shapes lead: they are few.)"""
    seen = Counter(thing.name for i in range(scenes) for thing in make_scene(i, SceneSpec(**RECIPE)).things)
    return [name for name, _ in seen.most_common(POPULAR)]


def group_of(name: str) -> str:
    """What a name is one of: "mammal", "vehicle", … or "shape"."""
    return "shape" if name in SHAPES else class_named(name).supercategory


@cache
def _names() -> tuple[str, ...]:
    """Every name that training may use, but for signs."""
    return tuple(dict.fromkeys([c.name for c in classes() if c.split == "base"] + list(SHAPES)))


def parse(said: str) -> str | None:
    """ "yes", "no", or None where the answer is neither: strict, for figures."""
    words = re.findall(r"[a-z]+", said.lower())
    return words[0] if words and words[0] in ("yes", "no") else None


def parse_as_pope(said: str) -> str:
    """As POPE's evaluate.py does: "no" and "not" in the first sentence mean no, and everything else means yes."""
    words = said.split(".")[0].replace(",", "").lower().split()
    return "no" if "no" in words or "not" in words else "yes"


def scores(answers: Sequence[str], said: Sequence[str | None]) -> dict[str, float]:
    """Accuracy, F1 of "yes", the share of yes among what was said, and the share of what could not be parsed.

    Always yes: accuracy 0.5, F1 0.667, yes-ratio 1.
    """
    pairs = list(zip(answers, said, strict=True))
    true_yes = sum(a == s == "yes" for a, s in pairs)
    yes_said, yes_there = sum(s == "yes" for _, s in pairs), sum(a == "yes" for a, _ in pairs)
    return {
        "accuracy": sum(a == s for a, s in pairs) / len(pairs),
        "f1": 2 * true_yes / (yes_said + yes_there),
        "yes_ratio": yes_said / len(pairs),
        "unparsed": sum(s is None for _, s in pairs) / len(pairs),
    }


def polled(model, scenes: int = 100) -> Iterator[Figure]:
    """The three splits, with blank pictures as the control, and the yes-ratio over all of them."""
    yes = []
    for negatives in NEGATIVES:
        questions = probes(negatives, scenes)
        texts, truth = [probe.text for probe in questions], [probe.answer for probe in questions]
        images = draw([probe.scene for probe in questions])
        raw = answers(model, images, texts)
        said = [parse(text) for text in raw]
        found = scores(truth, said)
        blind = scores(truth, [parse(text) for text in answers(model, blank(len(images)), texts)])
        theirs = scores(truth, [parse_as_pope(text) for text in raw])
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
