"""What tuning gave and took: the captioner beside the assistant, descriptions before a judge, and the skills without a picture."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from course_lib.figures import Figure, share
from course_lib.instruct.filters.claims import is_claimed
from course_lib.instruct.filters.mentions import Mention, find_mentions
from course_lib.instruct.filters.text import clauses, tokens
from course_lib.instruct.filters.wrong_relation import Relation, stated_relations
from course_lib.instruct.formats import from_scene, serialise_context
from course_lib.instruct.teachers.grammar import write_reply
from course_lib.llava.data.testsets import SCORED_KINDS, draw, vqa_examples
from course_lib.llava.evaluate.text_prior import answers as truths
from course_lib.llava.evaluate.text_prior import texts
from course_lib.llava.evaluate.vqa import answers, right
from course_lib.lm import evaluate as lm_measure
from course_lib.world.geometry import relation
from course_lib.world.language import PLACES
from course_lib.world.nouns import could_be
from course_lib.world.scenes import Scene, SceneSpec, Thing, make_scene
from course_lib.world.stickers import COLOURS

REQUESTS = ("What is there to be seen? Tell me about all of it.", "Give me a full account of this picture.")


def captioner_and_assistant(captioner, assistant, each: int = 40) -> Iterator[Figure]:
    """The same questions to the model after stage 1 and after stage 2 (BLIP-2 and Flamingo beside LLaVA, in small)."""
    about = [one for kind in SCORED_KINDS for one in vqa_examples(kind, each)]
    images = draw([one.scene for one in about])
    before = right(answers(captioner, images, texts(about)), truths(about))
    after = right(answers(assistant, images, texts(about)), truths(about))
    note = "the same questions to the model after stage 1; ceiling: after stage 2"
    yield share("llava.vqa_captioner.mean", before, ceiling=round(float(after.mean()), 4), note=note)


def described(captioner, assistant, count: int = 60) -> Iterator[Figure]:
    """Descriptions before the judge, beside a teacher's who was told the truth; control: descriptions of other scenes."""
    scenes = [make_scene(index, SceneSpec(stream="test"), seed=41) for index in range(count)]
    teacher = [told(scene) for scene in scenes]
    requests = [random.Random(f"request/{scene.index}").choice(REQUESTS) for scene in scenes]
    stages = {
        name: answers(model, draw(scenes), requests)
        for name, model in {"stage1": captioner, "stage2": assistant}.items()
    }
    for name, said in stages.items():
        score = relative_score(scenes, teacher, said)
        wrong = relative_score(scenes, teacher, said[1:] + said[:1])
        yield _judged(f"llava.judge.{name}", score, wrong, len(scenes))
    found = [claims(text, scene) for text, scene in zip(stages["stage2"], scenes, strict=True)]
    said = np.repeat([True, False], [sum(one.true for one in found), sum(one.false for one in found)])
    if len(said):
        yield share("llava.describe.true_claims", said, note="of all that its descriptions claim")


def told(scene: Scene) -> str:
    """The description of a teacher who sees no picture, but reads its captions and boxes."""
    return write_reply(serialise_context(from_scene(scene), boxes=True), "detail")


def text_skill(before, after, each: int = 10) -> Iterator[Figure]:
    """What the language model could do without a picture, before it saw any and after; `before`, `after`: language models."""
    exchanges = lm_measure.test_exchanges(each)
    had = float(lm_measure.follows(before, exchanges).mean())
    has = lm_measure.follows(after, exchanges)
    note = "instructions without a picture; baseline: the language model before it was given eyes"
    yield share("llava.text_follow.after", has, baseline=round(had, 4), note=note)


Judge = Callable[[Scene, str, str], str]  # scene, first text, second text → a reply that begins with two numbers


@dataclass(frozen=True)
class Claims:
    """What a text says about a scene, held against it."""

    true: int
    false: int
    told: float  # share of the scene's facts that it tells, 0–1

    @property
    def points(self) -> float:
        """1 to 10: ten times the harmonic mean of what is true of the text and what it tells of the scene."""
        said = self.true + self.false
        precision = self.true / said if said else 0.0
        both = precision + self.told
        return max(1.0, 10 * 2 * precision * self.told / both if both else 0.0)


@dataclass(frozen=True)
class RelativeScore:
    """100 · mean(model) / mean(reference) over all replies that can be read, in both orders."""

    value: float
    model_first: float
    reference_first: float
    unreadable: int  # replies left out
    replies: int


def _judged(id: str, score: RelativeScore, wrong: RelativeScore, n: int) -> Figure:
    note = f"model first {score.model_first:.1f}, reference first {score.reference_first:.1f}, unreadable {score.unreadable} of {score.replies}"
    return Figure(
        id, round(score.value, 1), n=n, control=round(wrong.value, 1), ceiling=100.0, unit="relative score", note=note
    )


def claims(text: str, scene: Scene) -> Claims:
    """Things, their colours, the place and the relations that a text claims."""
    true: list[bool] = []
    told: set[object] = set()
    for clause in clauses(tokens(text)):
        for mention in find_mentions(clause):
            if is_claimed(clause, mention):
                _judge_mention(clause, mention, scene, true, told)
    for place in (place for place, words in PLACES.items() if words in text.lower()):
        true.append(place == scene.backdrop)
        told |= {place} & {scene.backdrop}
    true += [_holds(one, scene) for one in stated_relations(text)]
    facts = {
        scene.backdrop,
        *range(len(scene.things)),
        *((i, t.colour) for i, t in enumerate(scene.things) if t.colour),
    }
    return Claims(sum(true), len(true) - sum(true), len(told & facts) / len(facts))


def _judge_mention(clause: list[str], mention: Mention, scene: Scene, true: list[bool], told: set[object]) -> None:
    """A thing that is there is a true claim, one that isn't a false one; a colour before it is a claim of its own."""
    meant = [i for i, thing in enumerate(scene.things) if could_be(thing.name) & mention.names]
    true.append(bool(meant))
    told.update(meant if mention.plural else meant[:1])
    colours = set(clause[mention.phrase : mention.start]) & set(COLOURS)
    painted = [i for i in meant if scene.things[i].colour]
    if not colours or not painted:  # what colour an unpainted thing has would be a matter of taste
        return
    fits = [i for i in painted if scene.things[i].colour in colours]
    true.append(bool(fits))
    told.update((i, scene.things[i].colour) for i in fits[:1])


def _holds(one: Relation, scene: Scene) -> bool:
    """Do any two things of these names lie so?"""
    return any(
        relation(a, b) == one.direction for a in _named(one.subject, scene) for b in _named(one.reference, scene)
    )


def _named(mention: Mention, scene: Scene) -> list[Thing]:
    return [thing for thing in scene.things if thing.name in mention.names]


def rule_judge(scene: Scene, first: str, second: str) -> str:
    """A reply in the form of GPT-4's reviews: both points in the first line."""
    return f"{claims(first, scene).points:.1f} {claims(second, scene).points:.1f}\nBy rule."


def read_points(reply: str) -> tuple[float, float] | None:
    """The two numbers in a reply's first line, each from 1 to 10; None if it can't be read."""
    numbers = re.findall(r"-?\d+(?:\.\d+)?", reply.strip().split("\n")[0])
    if len(numbers) != 2:
        return None
    first, second = map(float, numbers)
    return (first, second) if 1 <= first <= 10 and 1 <= second <= 10 else None


def relative_score(
    scenes: Sequence[Scene], references: Sequence[str], texts: Sequence[str], judge: Judge = rule_judge
) -> RelativeScore:
    """Every text beside its reference, judged in both orders. ValueError if no reply at all can be read."""
    rows = list(zip(scenes, references, texts, strict=True))
    model_first = [read_points(judge(scene, text, reference)) for scene, reference, text in rows]
    reference_first = [read_points(judge(scene, reference, text)) for scene, reference, text in rows]
    one = [points for points in model_first if points]
    other = [(model, reference) for reference, model in filter(None, reference_first)]
    if not one or not other:
        raise ValueError("None of the judge's replies can be read: the first line must hold two numbers from 1 to 10.")
    unreadable = 2 * len(rows) - len(one) - len(other)
    return RelativeScore(_ratio(one + other), _ratio(one), _ratio(other), unreadable, 2 * len(rows))


def _ratio(points: Sequence[tuple[float, float]]) -> float:
    """(model, reference) pairs → 100 · the ratio of their means."""
    return 100 * sum(model for model, _ in points) / sum(reference for _, reference in points)
