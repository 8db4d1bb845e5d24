"""What a teacher's replies are worth, and what no teacher can know."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from course_lib.figures import Figure, share
from course_lib.instruct.evaluate.clean_samples import Pair
from course_lib.instruct.filters import check_sample
from course_lib.instruct.formats import ImageContext, Sample, Turn, from_scene, serialise_context
from course_lib.instruct.reply import parse_turns
from course_lib.instruct.run import plan
from course_lib.instruct.run.generate import Job, find_problem
from course_lib.instruct.teachers.base import Completion, Teacher
from course_lib.instruct.teachers.grammar.facts import read
from course_lib.instruct.teachers.grammar.questions import make_turn
from course_lib.world.language import TRAIN_TEMPLATES
from course_lib.world.nouns import NUMBERS, plural
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.stickers import classes

HALLUCINATIONS = frozenset(("unsupported_noun", "wrong_count", "wrong_relation"))


def contexts(count: int) -> list[ImageContext]:
    """Pictures in words, of scenes that nothing was tuned on."""
    return [from_scene(make_scene(index, SceneSpec(stream="test"))) for index in range(count)]


def teacher_table(teacher: Teacher, pictures: Sequence[ImageContext]) -> list[Figure]:
    """How many of a teacher's replies are of use. Control: the same replies, each judged beside the next picture."""
    name = teacher.name.replace(":", "_")
    jobs = [Job(context, type, True) for context, type in zip(pictures, plan.mixed_types(len(pictures)), strict=True)]
    replies = [teacher.ask(job.messages()) for job in jobs]
    pairs = zip(replies, jobs, strict=True)
    samples = [(sample, job.context) for reply, job in pairs if (sample := sample_of(reply, job))]
    malformed = len(jobs) - len(samples)
    own, others = defects_of(samples), defects_of(beside_others(samples))
    valid = [[not found for found in some] + [False] * malformed for some in (own, others)]
    made_up = [[bool(found & HALLUCINATIONS) for found in some] for some in (own, others)]
    note = f"in form ({malformed} are not) and without defect; control: judged beside other pictures"
    table = [share(f"instruct.valid.{name}", valid[0], control=_mean(valid[1]), note=note)]
    if samples:
        asked = [turn.question for sample, _ in samples if sample.type != "detail" for turn in sample.turns]
        first = [question not in asked[:at] for at, question in enumerate(asked)]
        table.append(share(f"instruct.hallucinated.{name}", made_up[0], control=_mean(made_up[1])))
        table += [share(f"instruct.distinct_questions.{name}", first)] if first else []
    return [*table, bill(name, replies)]


def bill(name: str, replies: Sequence[Completion]) -> Figure:
    """What a thousand replies take, in millions of tokens. Times the price of a million, that is their cost."""
    read = sum(reply.prompt_tokens for reply in replies) / len(replies) / 1000
    written = sum(reply.completion_tokens for reply in replies) / len(replies) / 1000
    note = f"for 1,000 replies: {read:.2f} million read, {written:.2f} million written"
    figure = f"instruct.tokens_per_thousand.{name}"
    return Figure(figure, round(read + written, 3), n=len(replies), unit="million tokens", note=note)


def sample_of(reply: Completion, job: Job) -> Sample | None:
    """The sample that a teacher's reply makes; None if it is malformed or cut off."""
    if find_problem(reply, job):
        return None
    turns = parse_turns(reply.text, job.type, job.context.id)
    return Sample(job.context.id, job.context.image, job.type, turns)


def defects_of(samples: Sequence[Pair]) -> list[set[str]]:
    """The names of each sample's defects."""
    return [{defect.name for defect in check_sample(sample, context)} for sample, context in samples]


def beside_others(samples: Sequence[Pair]) -> list[Pair]:
    """Each sample with the next one's picture."""
    pictures = [context for _, context in [*samples[1:], *samples[:1]]]
    return [(sample, other) for (sample, _), other in zip(samples, pictures, strict=True)]


def blind() -> list[Figure]:
    """How many are there, when no caption tells? With boxes the grammar teacher counts; without them anyone would guess."""
    tests, practice = pictures("test", 400), pictures("val", 400)
    guesses = blind_guesses(tests, practice)
    counts = [bool(right) for right in grammar_counts(tests, boxes=True)]
    silent = [right is None for right in grammar_counts(tests, boxes=False)]
    note = "the best any teacher can do: to say the most frequent number"
    return [
        share("instruct.blind_count.captions_only", guesses, chance=CHANCE, note=note),
        share("instruct.blind_count.with_boxes", counts, chance=CHANCE),
        share("instruct.blind_count.grammar_silent", silent, note="without boxes it says no number"),
    ]


def _mean(right: Sequence[bool]) -> float | None:
    return round(sum(right) / len(right), 4) if right else None


COUNTS = (2, 3, 4)
CHANCE = round(1 / len(COUNTS), 4)


@dataclass(frozen=True)
class Counted:
    """A picture in words that name no number, and the number."""

    context: ImageContext
    number: int


def pictures(stream: str, count: int) -> list[Counted]:
    """Pictures of several things of one kind, each number equally often."""
    rng = random.Random(f"blind count/{stream}")
    names = [c.name for c in classes() if c.split == "base" and plural(c.name) != c.name]
    found = []
    for index in range(count):
        name = rng.choice(names)
        recipe = SceneSpec(stream=stream, names=(name,) * rng.choice(COUNTS), colour=None)
        context = from_scene(make_scene(index, recipe))
        wordings = rng.sample(TRAIN_TEMPLATES, 5)
        said = tuple(wording.format(f"some {plural(name)}") for _, wording in wordings)
        found.append(Counted(replace(context, captions=said), len(context.boxes)))
    return found


def blind_guesses(tests: list[Counted], practice: list[Counted]) -> list[bool]:
    """Is the number right that was most frequent in other pictures?"""
    guess = Counter(picture.number for picture in practice).most_common(1)[0][0]
    return [picture.number == guess for picture in tests]


def grammar_counts(tests: list[Counted], boxes: bool) -> list[bool | None]:
    """Is the grammar teacher's number right? None where it rightly refuses to say one."""
    turns = [make_turn("count", read(serialise_context(picture.context, boxes)), random.Random(0)) for picture in tests]
    return [turn and _says(turn, picture.number) for turn, picture in zip(turns, tests, strict=True)]


def _says(turn: Turn, number: int) -> bool:
    return NUMBERS[number] in turn.answer.lower().rstrip(".").split()
