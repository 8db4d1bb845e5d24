"""Requests that are drawn: edits, pictures drawn again, and what looking at them is worth. The judge of Lesson 10 scores, and only scores."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial

import numpy as np

from course_lib.agents.data.imagined import UNDRAWN
from course_lib.agents.data.plans import demonstrate
from course_lib.agents.data.requests import WORDINGS, Request, edit_request, recreate_request
from course_lib.agents.evaluate.remembered import (
    in_batches,
    remembering,
    remembering_opinion,
    remembering_planner,
    remembering_tools,
)
from course_lib.agents.loop import Episode, Planner, Tools, Workspace, run
from course_lib.agents.planners import pocket_planner
from course_lib.agents.reflect import BUDGET, MissingIn, Painting, blind, critic, layout_of, own_check, paint_again
from course_lib.agents.train import load_planner_lm
from course_lib.clip.data.images import to_tensor
from course_lib.figures import Figure, share
from course_lib.gligen.data.batches import true_layout
from course_lib.gligen.detector import Detections, detect
from course_lib.gligen.evaluate.detections import MIN_SCORE, match_boxes
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.train.detector import load_detector
from course_lib.gligen.vocabulary import NAMES
from course_lib.session import few
from course_lib.specialists.rules import Found, relation_rule
from course_lib.specialists.tools import TOOLS
from course_lib.world.render import render
from course_lib.world.scenes import Scene

AGAIN = WORDINGS["recreate"]["train"][0]  # a known wording: what retries are worth is measured here, not reading

HASTY = 4  # steps of a drawing, in place of 20: of 70 drawings of the stream "val" 18 failed, with 20 steps 4, which leaves nothing to mend
COINS = 3  # over which blind retries are averaged
Opinion = Callable[[Planner, int], MissingIn]  # a planner, the picture's number → who says what is missing


@cache
def hasty_tools() -> Tools:
    """The same tools, but the hand that draws is hasty, and often fails: a look can be worth something."""
    return {**remembering_tools(), "draw": remembering(partial(TOOLS["draw"], steps=HASTY))}


def judged(images: np.ndarray) -> list[Detections]:
    """What the judge finds in pictures uint8 [N, 64, 64, 3]."""
    return detect(load_detector(), to_tensor(images), MIN_SCORE)


def edited_right(detections: Detections, edit: tuple[str, str, str]) -> bool:
    """Is the new thing there, and where it was wanted, seen from the other, which is still there?"""
    rows = zip(*(part.tolist() for part in (detections.classes, detections.boxes, detections.scores)), strict=True)
    things = [Found(NAMES[number], tuple(box), score) for number, box, score in rows]
    name, way, other = edit
    return relation_rule(things, name, other) == way


def edit_figures(count: int = 16) -> Iterator[Figure]:
    """ "Add a bus right of the house", in wordings that training never used."""
    planner, rng = remembering_planner(pocket_planner(load_planner_lm())), random.Random("agents/edit")
    requests = [edit_request(rng, "test") for _ in range(few(count))]
    photos = np.stack([photo_of(one) for one in requests])
    done, right = _edits(planner, requests, photos)
    _, elsewhere = _edits(planner, requests, np.roll(photos, -1, axis=0))
    ceiling = _by_plan(requests, photos)
    note = "judged by Lesson 10's detector; control: the tools see another picture; ceiling: perfect plans with the same tools"
    company = {"control": round(float(elsewhere.mean()), 4), "ceiling": round(float(ceiling.mean()), 4)}
    yield share("agents.success.edit", right, **company, note=note)
    said = np.array([one.value == "done" for one in done])
    note = "edits that the agent calls done and that are; baseline: all edits"
    if said.any():
        yield share("agents.edit.done", right[said], baseline=round(float(right.mean()), 4), note=note)


def _edits(planner: Planner, requests: Sequence[Request], photos: np.ndarray) -> tuple[list[Episode], np.ndarray]:
    """Episodes, and which edits are right."""
    spaces = [Workspace(photo, tools=remembering_tools()) for photo in photos]
    done = run(planner, [one.text for one in requests], spaces)
    return done, _right(requests, spaces)


def _by_plan(requests: Sequence[Request], photos: np.ndarray) -> np.ndarray:
    """Which edits are right where plans are carried out."""
    spaces = [Workspace(photo, tools=remembering_tools()) for photo in photos]
    for request, space in zip(requests, spaces, strict=True):
        demonstrate(request.text, request.make_plan(), space.use)
    return _right(requests, spaces)


def _right(requests: Sequence[Request], spaces: Sequence[Workspace]) -> np.ndarray:
    """bool [N], by the judge."""
    found = judged(np.stack([space.photo if space.canvas is None else space.canvas for space in spaces]))
    return np.array([edited_right(one, request.edit) for one, request in zip(found, requests, strict=True)])


def things_right(painting: Painting, layout: Sequence[GroundedPhrase]) -> list[bool]:
    """Of a true layout: is each thing where it should be, by the judge?"""
    return [one.matched for one in match_boxes(layout, judged(painting.canvas[None])[0])]


def oracle(painting: Painting) -> list[str]:
    """The ceiling: the judge itself says what is missing of what was wanted."""
    layout = [GroundedPhrase(f"a {one.name}", one.box) for one in painting.layout if one.name in NAMES]
    matched = things_right(painting, layout)
    return [one.phrase.split(" ", 1)[1] for one, there in zip(layout, matched, strict=True) if not there]


def retry_requests(count: int) -> list[Request]:
    """Pictures of three and four things, in turn, to be drawn again."""
    rng = random.Random("agents/retry")
    return [recreate_request(rng, "test", 3 + n % 2) for n in range(few(count))]


def draw_figure(count: int = 56) -> Figure:
    """How often a careful drawing fails, by the judge."""
    planner = remembering_planner(pocket_planner(load_planner_lm()))
    firsts = first_paintings(planner, retry_requests(count))
    failed = [one for first in firsts for one in named_in(oracle(first), first)]
    note = "drawings that the judge does not find; baseline: of the imagined tool"
    return share("agents.tool.draw", failed, baseline=UNDRAWN, note=note)


def retry_figures(count: int = 28) -> Iterator[Figure]:
    """Pictures drawn again by a hasty hand, where its first painting has failed somewhere: retries by different opinions.

    Where a first painting is right nothing can be gained; what a look does there is said by its false alarms.
    """
    planner, requests = remembering_planner(pocket_planner(load_planner_lm())), retry_requests(count)
    firsts = first_paintings(planner, requests, hasty_tools())
    own, peeking = remembering_opinion(own_check), remembering_opinion(oracle)
    yield from check_figures(firsts, own, peeking)
    pairs = [(request, first) for request, first in zip(requests, firsts, strict=True) if peeking(first)]
    if not pairs:
        return
    called = sum(len(own(first)) for _, first in pairs) / sum(len(first.layout) for _, first in pairs)
    arms: list[tuple[str, Opinion]] = [
        ("once", lambda planner, number: lambda painting: []),
        *(("blind", lambda planner, number, coin=coin: blind(called, COINS * number + coin)) for coin in range(COINS)),
        ("own", lambda planner, number: own),
        ("critic", lambda planner, number: critic(planner, remembering_tools())),
        ("oracle", lambda planner, number: peeking),
    ]
    jobs = [partial(_share_right, *pair, opinion, number) for _, opinion in arms for number, pair in enumerate(pairs)]
    shares = np.array(in_batches(planner, jobs)).reshape(len(arms), len(pairs))
    names = [name for name, _ in arms]
    yield from _compared({name: shares[[one == name for one in names]].mean(axis=0) for name in names})


def named_in(names: Sequence[str], painting: Painting) -> list[bool]:
    """Of each drawing that the judge knows: is it among these names?"""
    return [one.name in names for one in painting.layout if one.name in NAMES]


def check_figures(firsts: Sequence[Painting], own: MissingIn, peeking: MissingIn) -> Iterator[Figure]:
    """How often the hasty hand fails; and how often the agent's own look calls the failed drawings missing, and the others."""
    failed = [one for first in firsts for one in named_in(peeking(first), first)]
    called = [one for first in firsts for one in named_in(own(first), first)]
    failed, called = np.array(failed), np.array(called)
    yield share("agents.hasty.failed", failed, note=f"drawings in {HASTY} steps that the judge does not find")
    if failed.any():
        note = "failed drawings that CLIP calls missing; control: good ones that it does"
        yield share("agents.check.found", called[failed], control=round(float(called[~failed].mean()), 4), note=note)


def first_paintings(planner: Planner, requests: Sequence[Request], tools: Tools | None = None) -> list[Painting]:
    """What the painter makes of each picture before anybody looks at it; all of them at once."""
    spaces = [Workspace(photo_of(one), empty(one.scene), tools=tools or remembering_tools()) for one in requests]
    done = run(planner, [AGAIN] * len(spaces), spaces)
    return [Painting(space.canvas, layout_of(one)) for space, one in zip(spaces, done, strict=True)]


def _compared(right: dict[str, np.ndarray]) -> Iterator[Figure]:
    """Of each arm the share of things right, [N] pictures; then the gains, on pairs of the same pictures."""
    means = {name: round(float(values.mean()), 4) for name, values in right.items()}
    note = f"things that are where they should be, where the hasty first painting lacks one; at most {BUDGET} tries"
    for name, values in right.items():
        company = {} if name in ("once", "oracle") else {"baseline": means["once"], "ceiling": means["oracle"]}
        yield Figure(f"agents.retry.{name}", means[name], *_interval(values), len(values), **company, note=note)
    for name, versus in (("own", "blind"), ("critic", "once")):
        gain = 100 * (right[name] - right[versus])
        note = f"things right, {name} minus {versus}, in points of percentage; pairs of the same pictures, bootstrap"
        mean = round(float(gain.mean()), 2)
        yield Figure(f"agents.gain.{name}", mean, *_interval(gain), len(gain), bar=0.0, unit="points", note=note)


def _share_right(request: Request, first: Painting, opinion: Opinion, number: int, planner: Planner) -> float:
    """The share of a picture's things that are right in the end, where a painter goes on from its first painting by an opinion."""
    missing_in = opinion(planner, number)
    painting, _ = paint_again(planner, photo_of(request), first, AGAIN, missing_in, tools=hasty_tools())
    return float(np.mean(things_right(painting, true_layout(request.scene, render(request.scene)))))


def photo_of(request: Request) -> np.ndarray:
    """The picture that a request is about, uint8 [64, 64, 3]."""
    return render(request.scene).image


def empty(scene: Scene) -> np.ndarray:
    """The backdrop alone: the blank canvas."""
    return render(replace(scene, things=())).image


def _interval(gains: np.ndarray, draws: int = 2000) -> tuple[float, float]:
    """95 % by bootstrap over pictures."""
    picks = np.random.default_rng(0).integers(len(gains), size=(draws, len(gains)))
    low, high = np.quantile(gains[picks].mean(axis=1), (0.025, 0.975))
    return round(float(low), 4), round(float(high), 4)
