"""Questions about a clip: temporal ones, which need the order of its frames, and static ones, which any frame answers.

Who can't see order must not be able to answer a temporal question. So each is asked of a clip and of its mirror, in the same words:
the frames are the same, and for order, direction and change the right answers are opposite. Whoever takes a clip for a bag of frames gets
exactly half of them right. How often a thing jumps is the same in the mirror; there the number of frames in the air says nothing (`clips`).
"""

import random
from dataclasses import dataclass

from course_lib.video.data.clips import OPPOSITE_KIND, OPPOSITE_WAY, Clip
from course_lib.world import questions as world_questions
from course_lib.world.nouns import NUMBERS
from course_lib.world.questions import Question
from course_lib.world.scenes import Scene
from course_lib.world.splits import training_may_use_template

TEMPORAL_KINDS = ("order", "direction", "change", "times")
STATIC_KINDS = ("colour", "exist", "place")
STATIC_TRIES = 8  # draws of questions about a scene, among which yes and no are to be found equally often
WORDINGS = {  # kind → (id, wording); the ids of test wordings begin with "test."
    "order": (
        ("train.which", "which {does} first, the {a} or the {b}?"),
        ("train.what", "what {does} first, the {a} or the {b}?"),
        ("train.tell", "tell me which one {does} first, the {a} or the {b}."),
        ("train.of", "of the {a} and the {b}, which {does} first?"),
        ("train.name", "name the one that {does} first, the {a} or the {b}."),
        ("test.of_one", "of the {a} and the {b}, tell me which one {does} first."),
    ),
    "direction": (
        ("train.does", "does the {a} move {b} or {c}?"),
        ("train.direction", "in which direction does the {a} move, {b} or {c}?"),
        ("train.where", "where does the {a} move, {b} or {c}?"),
        ("train.tell", "tell me where the {a} moves, {b} or {c}."),
        ("train.which", "which direction is it that the {a} moves in, {b} or {c}?"),
        ("test.tell_direction", "tell me in which direction the {a} moves, {b} or {c}."),
    ),
    "change": (
        ("train.which", "which {does}, the {a} or the {b}?"),
        ("train.what", "what {does}, the {a} or the {b}?"),
        ("train.tell", "tell me which one {does}, the {a} or the {b}."),
        ("train.of", "of the {a} and the {b}, which {does}?"),
        ("train.only", "what is there only at the {end}, the {a} or the {b}?"),
        ("test.of_one", "of the {a} and the {b}, tell me which one {does}."),
    ),
    "times": (
        ("train.how_many", "how many times does the {a} jump?"),
        ("train.tell", "tell me how many times the {a} jumps."),
        ("train.count", "count the jumps of the {a}."),
        ("train.number", "what is the number of jumps of the {a}?"),
        ("test.tell_number", "tell me the number of jumps of the {a}."),
    ),
}


# About single frames, in training only: what each one shows is what must be compared. The number is the one on the frame's newline.
FRAME_WORDINGS = {
    "there": "is the {a} there in frame {n}?",
    "in_air": "is the {a} in the air in frame {n}?",
    "begun": "has the {a} begun to move in frame {n}?",
}
FRAME_KINDS = {"appears": "there", "vanishes": "there", "jumps": "in_air", "moves": "begun"}  # event → kind


@dataclass(frozen=True)
class FrameQuestion:
    """A yes/no question about a thing in one frame. Its answer is read from a clip's log, be it this clip's or its mirror's."""

    kind: str  # a key of FRAME_WORDINGS
    thing: int
    frame: int  # from 1
    text: str

    def answer(self, clip: Clip) -> str:
        """The right answer for this clip."""
        events = clip.of(self.thing)
        if self.kind == "in_air":
            holds = any(one.kind == "jumps" and one.frame <= self.frame < one.last for one in events)
        else:
            begun = self.frame >= next(one.frame for one in events if FRAME_KINDS[one.kind] == self.kind)
            holds = begun != any(one.kind == "vanishes" for one in events)
        return "yes" if holds else "no"


@dataclass(frozen=True)
class TemporalQuestion:
    """A question of a kind about one thing of a clip, or two. Its answer is read from a clip's log, be it this clip's or its mirror's."""

    kind: str
    text: str
    things: tuple[int, ...]
    verb: str = ""  # what is asked of "change": "appears" or "vanishes"

    def answer(self, clip: Clip) -> str:
        """The right answer for this clip."""
        if self.kind == "order":
            return clip.things[min(self.things, key=lambda i: clip.of(i)[0].frame)].name
        if self.kind == "change":
            return next(clip.things[i].name for i in self.things if clip.of(i, self.verb))
        if self.kind == "times":
            return NUMBERS[len(clip.of(self.things[0], "jumps"))]
        return clip.of(self.things[0], "moves")[0].way


def temporal_questions(clip: Clip, rng: random.Random, templates: str = "train") -> list[TemporalQuestion]:
    """One question of every temporal kind that this clip can answer; of direction one about everything that moves, of change one about
    what appears and one about what vanishes."""
    made = [_order(clip, rng), *_directions(clip, rng), *_changes(clip, rng), _times(clip, rng)]
    result = []
    for kind, things, words, verb in filter(None, made):
        text = rng.choice(wordings(kind, templates)).format(**words)
        result.append(TemporalQuestion(kind, text, things, verb))
    return result


def frame_questions(clip: Clip, count: int, rng: random.Random) -> list[FrameQuestion]:
    """So many questions about single frames, of whatever happens in the clip; none where nothing does."""
    made = []
    for event in rng.choices(clip.events, k=count) if clip.events else ():
        kind, frame = FRAME_KINDS[event.kind], rng.randint(1, len(clip.frames))
        text = FRAME_WORDINGS[kind].format(a=clip.things[event.thing].name, n=frame)
        made.append(FrameQuestion(kind, event.thing, frame, text))
    return made


def _pair(clip: Clip, chosen: list[int], rng: random.Random) -> tuple[tuple[int, int], dict[str, str]]:
    """Two things in any order, and their names as the words of a question."""
    a, b = rng.sample(chosen, 2)
    return (a, b), {"a": clip.things[a].name, "b": clip.things[b].name}


def _order(clip: Clip, rng: random.Random):
    """Of two things that move, or that come or go: in the mirror each comes that went, so the question must fit both."""
    for does, kinds in (("moves", ("moves",)), ("comes or goes", tuple(OPPOSITE_KIND))):
        chosen = [i for i in range(len(clip.things)) if clip.of(i, *kinds)]
        if len(chosen) == 2:
            things, words = _pair(clip, chosen, rng)
            return "order", things, {**words, "does": does}, ""
    return None


def _directions(clip: Clip, rng: random.Random):
    """The axis is told: it can be read from frames in any order."""
    for event in clip.events:
        if event.kind == "moves":
            b, c = rng.sample((event.way, OPPOSITE_WAY[event.way]), 2)
            yield "direction", (event.thing,), {"a": clip.things[event.thing].name, "b": b, "c": c}, ""


def _changes(clip: Clip, rng: random.Random):
    """Where one thing appears and another one vanishes: with one alone, any frames would tell which it is."""
    changed = [event for event in clip.events if event.kind in OPPOSITE_KIND]
    if len({event.kind for event in changed}) == 2:
        for verb, end in (("appears", "end"), ("vanishes", "start")):
            things, words = _pair(clip, [event.thing for event in changed], rng)
            yield "change", things, {**words, "does": verb, "end": end}, verb


def _times(clip: Clip, rng: random.Random):
    jumping = [event.thing for event in clip.events if event.kind == "jumps"]
    return ("times", (jumping[0],), {"a": clip.things[jumping[0]].name}, "") if jumping else None


def static_questions(clip: Clip, rng: random.Random, templates: str = "train") -> list[Question]:
    """Lesson 07's questions of colour, existence and place, about things that are there in all frames or in none."""
    first = clip.frames[0]
    whole = Scene(first.stream, first.seed, first.index, first.backdrop, first.variant, clip.things)
    always, wanted = set(clip.always_there()), rng.choice(("yes", "no"))
    found: dict[str, Question] = {}
    for _ in range(STATIC_TRIES if always else 1):
        for one in world_questions.questions(whole, rng, templates):
            if one.kind in STATIC_KINDS and set(one.things) <= always and (one.kind != "exist" or one.answer == wanted):
                found.setdefault(one.kind, one)
    if not always:
        found.pop("exist", None)  # there could be no yes
    return list(found.values())


def wordings(kind: str, templates: str) -> list[str]:
    """The wordings of a temporal kind for "train" or for "test"."""
    return [text for id, text in WORDINGS[kind] if training_may_use_template(id) == (templates == "train")]
