"""LLaVA-Bench in small: descriptions before a judge, and what tuning gave and took.

LLaVA (Liu et al., 2023, arXiv 2304.08485, section 5.1) lets GPT-4 score the model's description and that of a text-only teacher who was
told the truth; the ratio is the relative score. Our judge goes by rule: the claims of a text are held against the scene. The
share of false ones is CHAIR (Rohrbach et al., 2018, arXiv 1809.02156) for more than objects: colours, places and relations, too.
"""

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
from course_lib.llava.evaluate.text_prior import questions_of, targets_of
from course_lib.llava.evaluate.vqa import answers, is_correct
from course_lib.lm.evaluate import follows, test_exchanges
from course_lib.world.geometry import relation
from course_lib.world.language import PLACES
from course_lib.world.nouns import could_be
from course_lib.world.scenes import Scene, SceneSpec, Thing, make_scene
from course_lib.world.stickers import COLOURS

REQUESTS = ("What is there to be seen? Tell me about all of it.", "Give me a full account of this picture.")

CAPTION_REQUESTS = ("can you write a caption?", "what is a good caption for this picture?")  # never in training
REPLY_REQUESTS = {  # one for each type of instruction data, in words that training never used
    "conversation": "Which things are here?",
    "detail": REQUESTS[0],
    "complex": "Suppose you walk in from the left. What is the first thing in your way?",
}

NUM_BEAMS = 3  # on the stream "val" better than 1; no other number was tried

Judge = Callable[[Scene, str, str], str]  # scene, first text, second text → a reply that begins with two scores


@dataclass(frozen=True)
class Claims:
    """The claims of a text, verified against a scene."""

    num_true: int
    num_false: int
    recall: float  # share of the scene's facts that the text tells, 0–1

    @property
    def score(self) -> float:
        """1 to 10: ten times the F1 of what is true of the text (precision) and what it tells of the scene (recall)."""
        claimed = self.num_true + self.num_false
        precision = self.num_true / claimed if claimed else 0.0
        both = precision + self.recall
        return max(1.0, 10 * 2 * precision * self.recall / both if both else 0.0)


@dataclass(frozen=True)
class RelativeScore:
    """100 · mean(model's scores) / mean(reference's scores) over all replies that can be parsed, in both orders."""

    value: float
    model_first: float
    reference_first: float
    unparsed: int  # replies left out
    replies: int


def verify_claims(text: str, scene: Scene) -> Claims:
    """Hold what a text claims against the scene: things, their colours, the place and the relations."""
    correct: list[bool] = []  # one a claim
    told: set[object] = set()  # facts of the scene: a thing's number, (its number, its colour), the place
    for clause in clauses(tokens(text)):
        for mention in find_mentions(clause):
            if is_claimed(clause, mention):
                _verify_mention(clause, mention, scene, correct, told)
    for place in (place for place, words in PLACES.items() if words in text.lower()):
        correct.append(place == scene.backdrop)
        told |= {place} & {scene.backdrop}
    correct += [_holds(claim, scene) for claim in stated_relations(text)]
    colours = ((i, thing.colour) for i, thing in enumerate(scene.things) if thing.colour)
    facts = {scene.backdrop, *range(len(scene.things)), *colours}
    return Claims(sum(correct), len(correct) - sum(correct), len(told & facts) / len(facts))


def _verify_mention(clause: list[str], mention: Mention, scene: Scene, correct: list[bool], told: set[object]) -> None:
    """A thing that is there is a true claim, one that isn't a false one; a colour before it is a claim of its own."""
    matching = [i for i, thing in enumerate(scene.things) if could_be(thing.name) & mention.names]
    correct.append(bool(matching))
    told.update(matching if mention.plural else matching[:1])
    colours = set(clause[mention.phrase : mention.start]) & set(COLOURS)
    painted = [i for i in matching if scene.things[i].colour]
    if not colours or not painted:  # what colour an unpainted thing has would be a matter of taste
        return
    of_colour = [i for i in painted if scene.things[i].colour in colours]
    correct.append(bool(of_colour))
    told.update((i, scene.things[i].colour) for i in of_colour[:1])


def _holds(claim: Relation, scene: Scene) -> bool:
    """Do any two things of these names lie so?"""
    subjects, references = _named(claim.subject, scene), _named(claim.reference, scene)
    return any(relation(a, b) == claim.direction for a in subjects for b in references)


def _named(mention: Mention, scene: Scene) -> list[Thing]:
    return [thing for thing in scene.things if thing.name in mention.names]


def rule_judge(scene: Scene, first: str, second: str) -> str:
    """A reply in the form of GPT-4's reviews: both scores in the first line."""
    return f"{verify_claims(first, scene).score:.1f} {verify_claims(second, scene).score:.1f}\nBy rule."


def parse_scores(reply: str) -> tuple[float, float] | None:
    """The two scores in a reply's first line, each from 1 to 10; None if it can't be parsed."""
    numbers = re.findall(r"-?\d+(?:\.\d+)?", reply.strip().split("\n")[0])
    if len(numbers) != 2:
        return None
    first, second = map(float, numbers)
    return (first, second) if 1 <= first <= 10 and 1 <= second <= 10 else None


def relative_score(
    scenes: Sequence[Scene], references: Sequence[str], texts: Sequence[str], judge: Judge = rule_judge
) -> RelativeScore:
    """Every text beside its reference, judged in both orders. ValueError if no reply at all can be parsed."""
    rows = list(zip(scenes, references, texts, strict=True))
    model_first = [parse_scores(judge(scene, text, reference)) for scene, reference, text in rows]
    reference_first = [parse_scores(judge(scene, reference, text)) for scene, reference, text in rows]
    first = [scores for scores in model_first if scores]
    second = [(model, reference) for reference, model in filter(None, reference_first)]
    if not first or not second:
        raise ValueError("None of the judge's replies can be read: the first line must hold two numbers from 1 to 10.")
    unparsed = 2 * len(rows) - len(first) - len(second)
    return RelativeScore(_ratio(first + second), _ratio(first), _ratio(second), unparsed, 2 * len(rows))


def _ratio(scores: Sequence[tuple[float, float]]) -> float:
    """(model, reference) pairs → 100 · the ratio of their means."""
    return 100 * sum(model for model, _ in scores) / sum(reference for _, reference in scores)


def reference_description(scene: Scene) -> str:
    """The description of a text-only teacher, who sees no picture but reads its captions and boxes."""
    return write_reply(serialise_context(from_scene(scene), boxes=True), "detail")


def description_figures(captioner, assistant, num_scenes: int = 60) -> Iterator[Figure]:
    """Relative scores of both models' descriptions (control: others'), and what the assistant claims and repeats, greedily and by beams."""
    scenes = [make_scene(index, SceneSpec(stream="test"), seed=41) for index in range(num_scenes)]
    references = [reference_description(scene) for scene in scenes]
    requests = [random.Random(f"request/{scene.index}").choice(REQUESTS) for scene in scenes]
    models, images = {"stage1": captioner, "stage2": assistant}, draw(scenes)
    descriptions = {name: answers(model, images, requests, brief=False) for name, model in models.items()}
    for name, texts in descriptions.items():
        score = relative_score(scenes, references, texts)
        shuffled = relative_score(scenes, references, texts[1:] + texts[:1])
        yield _judge_figure(f"llava.judge.{name}", score, shuffled, num_scenes)
    # the assistant's once more, by beam search
    searched = answers(assistant, images, requests, brief=False, num_beams=NUM_BEAMS)
    baseline = round(float(np.mean([says_a_sentence_twice(text) for text in references])), 4)
    for suffix, texts in (("", descriptions["stage2"]), ("_beams", searched)):
        yield true_claims_figure(f"llava.describe.true_claims{suffix}", texts, scenes, bar=0.85)
        repeats = [says_a_sentence_twice(text) for text in texts]
        note = "of descriptions; baseline: the text-only teacher's"
        yield share(f"llava.describe.repeats{suffix}", repeats, baseline=baseline, bar=0.02, note=note)


def caption_figures(captioner, assistant, num_scenes: int = 60) -> Iterator[Figure]:
    """Asked for a caption in words that training never used: is it one (in form), and is what it claims true?"""
    scenes = [make_scene(index, SceneSpec(stream="test"), seed=43) for index in range(num_scenes)]
    prompts = [random.Random(f"caption/{scene.index}").choice(CAPTION_REQUESTS) for scene in scenes]
    for name, model in (("caption", assistant), ("captioner", captioner)):
        texts = answers(model, draw(scenes), prompts, brief=False)
        form = [is_caption(text, scene) for text, scene in zip(texts, scenes, strict=True)]
        yield share(f"llava.{name}_form", form, bar=0.95, note="a phrase of four words or more that claims something")
        yield true_claims_figure(f"llava.{name}.true_claims", texts, scenes, bar=0.8)


def reply_figures(model, num_scenes: int = 40) -> Iterator[Figure]:
    """For each type of instruction data: the share of replies that are sentences, claim something, and claim nothing false."""
    scenes = [make_scene(index, SceneSpec(stream="test", count=(2, 4)), seed=44) for index in range(num_scenes)]
    images, note = draw(scenes), "a sentence that claims something, and nothing false; control: another scene's"
    for type, request in REPLY_REQUESTS.items():
        texts = answers(model, images, [request] * num_scenes, brief=False)
        good, other = (
            [
                len(text.split()) >= 4 and claims.num_true > 0 == claims.num_false
                for text, claims in zip(texts, held, strict=True)
            ]
            for held in (
                [verify_claims(text, scene) for text, scene in zip(texts, shown, strict=True)]
                for shown in (scenes, scenes[1:] + scenes[:1])
            )
        )
        yield share(f"llava.live_replies.{type}", good, control=round(float(np.mean(other)), 4), note=note)


def is_caption(text: str, scene: Scene) -> bool:
    """One phrase of four words or more that names something, true or not."""
    claims = verify_claims(text, scene)
    return len(text.split()) >= 4 and ". " not in text.strip() and claims.num_true + claims.num_false > 0


def true_claims_figure(id: str, texts: Sequence[str], scenes: Sequence[Scene], bar: float | None = None) -> Figure:
    """The share of true ones among all claims of the texts; control: each text held against another scene."""

    def counted(shown: Sequence[Scene]) -> np.ndarray:
        claims = [verify_claims(text, scene) for text, scene in zip(texts, shown, strict=True)]
        return np.repeat([True, False], [sum(one.num_true for one in claims), sum(one.num_false for one in claims)])

    control = round(float(counted([*scenes[1:], scenes[0]]).mean()), 4)
    return share(id, counted(scenes), control=control, bar=bar, note="of all claims; control: another scene's")


def says_a_sentence_twice(text: str) -> bool:
    """Does a text loop: is any of its sentences there twice, but for capitals?"""
    sentences = [one for part in text.lower().split(".") if (one := part.strip())]
    return len(set(sentences)) < len(sentences)


def _judge_figure(id: str, score: RelativeScore, shuffled: RelativeScore, n: int) -> Figure:
    """The relative score as a figure; the control are descriptions of other scenes."""
    note = (
        f"model first {score.model_first:.1f}, reference first {score.reference_first:.1f}, "
        f"unreadable {score.unparsed} of {score.replies}"
    )
    value, control = round(score.value, 1), round(shuffled.value, 1)
    return Figure(id, value, n=n, control=control, unit="relative score", note=note)


def captioner_figures(captioner, assistant, num_per_kind: int = 40) -> Iterator[Figure]:
    """VQA accuracy of the model after stage 1, beside stage 2's (BLIP-2 and Flamingo beside LLaVA, in small)."""
    examples = [one for kind in SCORED_KINDS for one in vqa_examples(kind, num_per_kind)]
    images, questions, targets = draw([one.scene for one in examples]), questions_of(examples), targets_of(examples)
    before = is_correct(answers(captioner, images, questions, brief=False), targets)  # it never met the line
    after = is_correct(answers(assistant, images, questions), targets)
    note = "the same questions to the model after stage 1; ceiling: after stage 2"
    yield share("llava.vqa_captioner.mean", before, ceiling=round(float(after.mean()), 4), note=note)


def text_skill_figures(before, after, num_per_task: int = 10) -> Iterator[Figure]:
    """Catastrophic forgetting: text-only instructions that the language model follows before and after tuning on pictures.

    before, after: language models.
    """
    exchanges = test_exchanges(num_per_task)
    baseline = round(float(follows(before, exchanges).mean()), 4)
    note = "instructions without a picture; baseline: the language model before it was given eyes"
    yield share("llava.text_follow.after", follows(after, exchanges), baseline=baseline, note=note)
