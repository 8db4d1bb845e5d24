"""POPE, the object hallucination benchmark of Li et al., 2023 (arXiv 2305.10355; AoiDragon/POPE, utils.py).

Asked for things that are there and, as often, for things that are not, does the model say yes too easily? Pictures of three
things or more, three questions to be affirmed and three to be denied each. The negatives are drawn in three ways:

- random: any name;
- popular: the names that training scenes show most often;
- adversarial: POPE takes what often comes *together* with what is there (a fork beside a knife). In our uniform scenes
  nothing comes together with anything, so that alone would be random. What tempts here is what looks alike: names of
  the same group as something that is there (a wolf beside a fox).

POPE's own parser says no where the first sentence holds "No", "no" or "not", and yes for *everything else*: garbage counts as
yes. Here garbage is neither, and wrong. `pope_files.py` writes what POPE's own script reads.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from course_lib.figures import Figure, share
from course_lib.llava.data import existence
from course_lib.llava.data.existence import ask_for
from course_lib.llava.data.testsets import blank, draw
from course_lib.llava.evaluate.vqa import answers
from course_lib.world.scenes import Scene, SceneSpec, make_scene

NEGATIVES = ("random", "popular", "adversarial")
PER_ANSWER = 3  # questions about a scene whose answer is yes, and as many whose answer is no
NUM_POPULAR = 30  # names that count as popular
SCENES = {"count": (3, 4), "kinds": (0.88, 0.12, 0.0)}  # fields of SceneSpec


@dataclass(frozen=True)
class PopeQuestion:
    """One polling question: is that thing in the scene?"""

    scene: Scene
    text: str
    answer: str  # "yes" or "no"


def pope_questions(negatives: str, num_scenes: int = 100, stream: str = "test") -> list[PopeQuestion]:
    """6 questions about each of the first scenes with three different names and three negatives; yes and no equally often."""
    rng = random.Random(f"pope/{negatives}/{stream}")
    asked: list[PopeQuestion] = []
    index = used = 0
    while used < num_scenes:
        scene = make_scene(index, SceneSpec(stream=stream, **SCENES), seed=37)
        index += 1
        present = list(dict.fromkeys(thing.name for thing in scene.things))
        absent = absent_names(scene, negatives, rng)
        if min(len(present), len(absent)) < PER_ANSWER:
            continue
        used += 1
        for answer, names in (("yes", rng.sample(present, PER_ANSWER)), ("no", absent[:PER_ANSWER])):
            asked += [PopeQuestion(scene, ask_for(name, "test", rng), answer) for name in names]
    return asked


def absent_names(scene: Scene, negatives: str, rng: random.Random) -> list[str]:
    """Negatives: names that are certainly not in the scene, the first to be asked for first. ValueError for another kind."""
    absent = existence.absent_names(scene)
    if negatives == "random":
        return rng.sample(absent, len(absent))
    if negatives == "popular":
        return [name for name in rng.sample(popular_names(), NUM_POPULAR) if name in absent]
    if negatives != "adversarial":
        raise ValueError(f'Negatives are {", ".join(NEGATIVES)}, not "{negatives}".')
    return existence.same_group(scene, rng.sample(absent, len(absent)))


@cache
def popular_names(num_scenes: int = 20_000) -> list[str]:
    """The names that training scenes show most often, the most frequent first. (The ten shapes lead: they are few.)"""
    counts = Counter(thing.name for i in range(num_scenes) for thing in make_scene(i, SceneSpec(**SCENES)).things)
    return [name for name, _ in counts.most_common(NUM_POPULAR)]


def parse(reply: str) -> str | None:
    """ "yes", "no", or None where the answer is neither: strict, for figures."""
    words = re.findall(r"[a-z]+", reply.lower())
    return words[0] if words and words[0] in ("yes", "no") else None


def parse_as_pope(reply: str) -> str:
    """As POPE's evaluate.py does, to the letter: "No", "no" and "not" in the first sentence mean no, and everything else yes.

    Words end at blanks and commas alone: "NO", "Not" and "no!" mean yes.
    """
    words = reply.split(".")[0].replace(",", "").split(" ")
    return "no" if {"No", "no", "not"} & set(words) else "yes"


def scores(targets: Sequence[str], predictions: Sequence[str | None]) -> dict[str, float]:
    """Accuracy, F1 of "yes", the yes-ratio (share of yes among the predictions), and the share that could not be parsed.

    Always yes: accuracy 0.5, F1 0.667, yes-ratio 1.
    """
    pairs = list(zip(targets, predictions, strict=True))
    true_positives = sum(target == prediction == "yes" for target, prediction in pairs)
    predicted_yes = sum(prediction == "yes" for prediction in predictions)
    return {
        "accuracy": sum(target == prediction for target, prediction in pairs) / len(pairs),
        "f1": 2 * true_positives / (predicted_yes + sum(target == "yes" for target in targets)),
        "yes_ratio": predicted_yes / len(pairs),
        "unparsed": sum(prediction is None for prediction in predictions) / len(pairs),
    }


def pope_figures(model, num_scenes: int = 100) -> Iterator[Figure]:
    """Accuracy and F1 with the three kinds of negatives (control: blank pictures), and the yes-ratio over all of them."""
    yes: list[bool] = []
    f1 = []
    for negatives in NEGATIVES:
        asked = pope_questions(negatives, num_scenes)
        texts, targets = [one.text for one in asked], [one.answer for one in asked]
        images = draw([one.scene for one in asked])
        replies = answers(model, images, texts)
        predictions = [parse(reply) for reply in replies]
        ours = scores(targets, predictions)
        without_picture = scores(targets, [parse(reply) for reply in answers(model, blank(len(images)), texts)])
        with_popes_parser = scores(targets, [parse_as_pope(reply) for reply in replies])
        yield share(
            f"llava.pope.{negatives}",
            np.array([a == b for a, b in zip(predictions, targets, strict=True)]),
            chance=0.5,
            control=round(without_picture["accuracy"], 4),
            ceiling=1.0,
            bar=0.85 if negatives == "adversarial" else None,
            note=f"yes-ratio {ours['yes_ratio']:.2f}, unparsed {ours['unparsed']:.2f}, "
            f"with POPE's own parser {with_popes_parser['accuracy']:.2f}",
        )
        note = "always yes scores 0.667"
        yield Figure(f"llava.pope.{negatives}_f1", round(ours["f1"], 4), n=len(targets), chance=0.6667, note=note)
        f1.append(ours["f1"])
        yes += [prediction == "yes" for prediction in predictions]
    yield Figure(
        "llava.pope.f1", round(float(np.mean(f1)), 4), n=len(yes), chance=0.6667, note="mean of the three splits"
    )
    yield share("llava.pope.yes_ratio", yes, chance=0.5, note="to lie between 0.45 and 0.55")
