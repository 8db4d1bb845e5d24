"""Three worked claim cards, measured in seconds on shipped weights: a measurement, an effect and its cause, a null result."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from course_lib.capstone.card import Card
from course_lib.clip.data import testsets
from course_lib.clip.evaluate.zero_shot import PROMPTS, colour_histogram, linear_probe, topk_correct
from course_lib.clip.pretrained import build_clip, load_clip
from course_lib.figures import Figure, share
from course_lib.llava.data.testsets import SCORED_KINDS, blank, draw
from course_lib.llava.evaluate.contradiction import contradictions
from course_lib.llava.evaluate.vqa import answers, is_correct
from course_lib.llava.train import saved
from course_lib.session import cores, few

NEW_STYLE = ("fluent_flat",)
HARMFUL = "{} and a cat"  # of four wordings the one that costs most on the stream "val"; few pictures show a cat
COMMAND = "python -m course_lib run 15"


def cards() -> dict[str, Card]:
    """All three, by name."""
    return {make.__name__: make() for make in (style, picture, wordings)}


def figures() -> Iterator[Figure]:
    """The figures of the three cards, each with its control and baseline in words."""
    for card in cards().values():
        yield replace(card.figure, note=f"control: {card.control}; baseline: {card.baseline}; ceiling: {card.ceiling}")


def style(per_class: int = 3) -> Card:
    """A measurement: does the pocket CLIP name things in a style that training never showed?"""
    start, count = time.perf_counter(), few(per_class, 1)
    tests = testsets.single_things(styles=NEW_STYLE, per_class=count)
    trained = testsets.single_things(per_class=count, stream="train")
    by_colour = linear_probe(colour_histogram(trained.images), trained.labels, colour_histogram(tests.images), c=100.0)
    figure = share(
        "capstone.style",
        topk_correct(load_clip(), tests),
        chance=1 / len(tests.class_names),
        control=_mean(topk_correct(build_clip(seed=1), tests)),
        baseline=_mean(by_colour == tests.labels),
        ceiling=_mean(topk_correct(load_clip(), testsets.single_things(per_class=count))),
    )
    return _card(
        start,
        figure,
        claim="The shipped pocket CLIP names things of the sticker world in fluent_flat, a style it never saw, far more often than colours alone would.",
        control="the same towers, untrained",
        baseline="a linear probe on colour histograms of trained styles",
        ceiling="the same CLIP in the styles it was trained on",
    )


def picture(num_per_kind: int = 15) -> Card:
    """An effect and its cause: what the question asks about is changed in the picture, and little else. Does the answer change with it?"""
    start, model = time.perf_counter(), saved.load("2")
    pairs = [pair for kind in SCORED_KINDS for pair in contradictions(kind, few(num_per_kind, 1))]
    questions, targets = [pair.question.text for pair in pairs], [pair.answer for pair in pairs]
    shown = (draw([pair.changed for pair in pairs]), draw([pair.scene for pair in pairs]), blank(len(pairs)))
    changed, before, empty = (is_correct(answers(model, images, questions), targets) for images in shown)
    ceiling = _mean(is_correct(targets, targets))
    figure = share("capstone.picture", changed, control=_mean(before), baseline=_mean(empty), ceiling=ceiling)
    return _card(
        start,
        figure,
        claim="The shipped LLaVA's answers follow the picture: where what a question asks about is changed in a test scene, they change as the new picture demands.",
        control="the picture before the change, judged by the answer after it",
        baseline="a blank picture",
        ceiling="the true answers, through the same comparison",
    )


def wordings(per_class: int = 4) -> Card:
    """A null result: are six wordings, averaged, any better than one? The control is a wording that must cost something."""
    start, model = time.perf_counter(), load_clip()
    tests = testsets.single_things(styles=NEW_STYLE, per_class=few(per_class, 1))
    sets = (PROMPTS[:1], PROMPTS, ("{}",), (HARMFUL,))
    one, six, bare, harmed = (topk_correct(model, tests, templates=texts) for texts in sets)
    company = {"control": paired_gain("", one, harmed).value, "baseline": paired_gain("", bare, one).value}
    return _card(
        start,
        paired_gain("capstone.wordings", six, one, ceiling=round(1 - _mean(one), 4), **company),
        claim="For the shipped pocket CLIP in fluent_flat, six wordings averaged gain nothing over one that this test could see.",
        null=True,
        control=f"what one wording gains over “{HARMFUL.format('a dog')}” on the same pictures: the test must see it",
        baseline="what the bare name gains over one wording",
        ceiling="what one wording leaves to be gained",
        tried=[{"what": "four harmful wordings, once on other test scenes, then chosen anew", "split": "val"}],
    )


def paired_gain(id: str, after: Sequence[bool], before: Sequence[bool], **company) -> Figure:
    """By how much more is right `after` than `before`, on the same n things: a difference of shares, with its 95 % interval.

    Only things that changed count (Agresti and Min, 2005, who add half a thing to each of the four cells: where nothing changed,
    the interval is no point).
    """
    after, before = np.asarray(after, bool), np.asarray(before, bool)
    gained, lost, n = int((after & ~before).sum()), int((before & ~after).sum()), len(after)
    centre = (gained - lost) / (n + 2)
    half = 1.96 * ((gained + lost + 1) - (gained - lost) ** 2 / (n + 2)) ** 0.5 / (n + 2)
    return Figure(id, round((gained - lost) / n, 4), round(centre - half, 4), round(centre + half, 4), n, **company)


def _mean(right: np.ndarray) -> float:
    return round(float(right.mean()), 4)


def _card(start: float, figure: Figure, tried: Sequence[dict[str, str]] = (), **said) -> Card:
    """A card about a shipped checkpoint, measured on the stream "test": with what is the same for all three."""
    tried = list(tried) or [{"what": "nothing: model and test are those of their lesson", "split": "none"}]
    cost = {"minutes": round((time.perf_counter() - start) / 60, 2), "machine": f"a CPU, {cores()} cores"}
    return Card(
        figure=figure, split="test", tried=tried, num_seeds=1, by_seed=[figure.value], command=COMMAND, **cost, **said
    )
