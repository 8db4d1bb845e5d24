"""What a teacher's replies are worth, and what no teacher can know."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from course_lib.figures import Figure, share
from course_lib.instruct import prompts
from course_lib.instruct.evaluate.clean_samples import Pair
from course_lib.instruct.filters import check_sample
from course_lib.instruct.formats import ImageContext, Sample, Turn, from_scene, serialise_context
from course_lib.instruct.reply import parse_turns
from course_lib.instruct.run import plan
from course_lib.instruct.run.generate import Job, find_problem
from course_lib.instruct.teachers.base import Completion, Messages, Teacher, estimate_tokens
from course_lib.instruct.teachers.grammar.facts import read_facts
from course_lib.instruct.teachers.grammar.questions import make_turn
from course_lib.world.language import TRAIN_TEMPLATES
from course_lib.world.nouns import NUMBERS, plural
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.stickers import classes

HALLUCINATIONS = frozenset(("unsupported_noun", "wrong_count", "wrong_relation"))
COUNTS = (2, 3, 4)  # of the things in a picture whose captions name no number
CHANCE = round(1 / len(COUNTS), 4)


class Parrot:
    """All that a teacher needs: a name, and `ask`. It repeats the first caption in the form that is asked for."""

    name = "parrot"

    def ask(self, messages: Messages) -> Completion:
        """Always valid, never wrong, and of no use."""
        caption = messages[-1]["content"].splitlines()[0]
        form = "{}" if prompts.reply_type(messages) == "detail" else "Question:\nWhat is this?\n===\nAnswer:\n{}\n==="
        text = form.format(caption)
        return Completion(text, estimate_tokens(messages), estimate_tokens([{"content": text}]))


def make_contexts(count: int) -> list[ImageContext]:
    """Pictures in words, of scenes that nothing was tuned on."""
    return [from_scene(make_scene(index, SceneSpec(stream="test"))) for index in range(count)]


def teacher_figures(teacher: Teacher, contexts: Sequence[ImageContext]) -> list[Figure]:
    """How many of a teacher's replies are of use. Control: the same replies, each judged beside the next picture."""
    # one reply about each context, and the samples of those in form
    jobs = [Job(context, type, True) for context, type in zip(contexts, plan.mixed_types(len(contexts)), strict=True)]
    replies = [teacher.ask(job.messages()) for job in jobs]
    pairs = zip(replies, jobs, strict=True)
    samples = [(sample, job.context) for reply, job in pairs if (sample := as_sample(reply, job))]
    malformed = len(jobs) - len(samples)
    # what is valid, and what is hallucinated, beside the own picture and beside another
    judged = (defect_sets(samples), defect_sets(with_next_context(samples)))
    valid = [[not defects for defects in sets] + [False] * malformed for sets in judged]
    hallucinated = [[bool(defects & HALLUCINATIONS) for defects in sets] for sets in judged]
    name = teacher.name.replace(":", "_")
    note = f"in form ({malformed} are not) and without defect; control: judged beside other pictures"
    table = [share(f"instruct.valid.{name}", valid[0], control=_mean(valid[1]), note=note)]
    # how many of the questions are no repetition
    if samples:
        table.append(share(f"instruct.hallucinated.{name}", hallucinated[0], control=_mean(hallucinated[1])))
        questions = [turn.question for sample, _ in samples if sample.type != "detail" for turn in sample.turns]
        is_new = [question not in questions[:at] for at, question in enumerate(questions)]
        table += [share(f"instruct.distinct_questions.{name}", is_new)] if is_new else []
    return [*table, token_figure(name, replies)]


def token_figure(name: str, replies: Sequence[Completion]) -> Figure:
    """What a thousand replies take, in millions of tokens. Times the price of a million, that is their cost."""
    read = sum(reply.prompt_tokens for reply in replies) / len(replies) / 1000
    written = sum(reply.completion_tokens for reply in replies) / len(replies) / 1000
    note = f"for 1,000 replies: {read:.2f} million read, {written:.2f} million written"
    figure = f"instruct.tokens_per_thousand.{name}"
    return Figure(figure, round(read + written, 3), n=len(replies), unit="million tokens", note=note)


def as_sample(reply: Completion, job: Job) -> Sample | None:
    """The sample that a teacher's reply makes; None if it is malformed or cut off."""
    if find_problem(reply, job):
        return None
    turns = parse_turns(reply.text, job.type, job.context.id)
    return Sample(job.context.id, job.context.image, job.type, turns)


def defect_sets(samples: Sequence[Pair]) -> list[set[str]]:
    """The names of each sample's defects."""
    return [{defect.name for defect in check_sample(sample, context)} for sample, context in samples]


def with_next_context(samples: Sequence[Pair]) -> list[Pair]:
    """Each sample with the next one's picture."""
    pictures = [context for _, context in [*samples[1:], *samples[:1]]]
    return [(sample, other) for (sample, _), other in zip(samples, pictures, strict=True)]


def blind_count_figures() -> list[Figure]:
    """How many are there, when no caption tells? With boxes the grammar teacher counts; without them anyone would guess."""
    tests, practice = counted_contexts("test", 400), counted_contexts("val", 400)
    guesses = majority_hits(tests, practice)
    counts = [bool(right) for right in grammar_count_hits(tests, boxes=True)]
    silent = [right is None for right in grammar_count_hits(tests, boxes=False)]
    note = "the best any teacher can do: to say the most frequent number"
    return [
        share("instruct.blind_count.captions_only", guesses, chance=CHANCE, note=note),
        share("instruct.blind_count.with_boxes", counts, chance=CHANCE),
        share("instruct.blind_count.grammar_silent", silent, note="without boxes it says no number"),
    ]


def _mean(right: Sequence[bool]) -> float | None:
    return round(sum(right) / len(right), 4) if right else None


@dataclass(frozen=True)
class CountedContext:
    """A picture in words that name no number, and the number."""

    context: ImageContext
    number: int


def counted_contexts(stream: str, count: int) -> list[CountedContext]:
    """Pictures of several things of one kind, each number equally often."""
    rng = random.Random(f"blind count/{stream}")
    names = [c.name for c in classes() if c.split == "base" and plural(c.name) != c.name]
    contexts = []
    for index in range(count):
        name = rng.choice(names)
        spec = SceneSpec(stream=stream, names=(name,) * rng.choice(COUNTS), colour=None)
        context = from_scene(make_scene(index, spec))
        wordings = rng.sample(TRAIN_TEMPLATES, 5)
        captions = tuple(wording.format(f"some {plural(name)}") for _, wording in wordings)
        contexts.append(CountedContext(replace(context, captions=captions), len(context.boxes)))
    return contexts


def majority_hits(tests: list[CountedContext], practice: list[CountedContext]) -> list[bool]:
    """Is the number right that was most frequent in other pictures?"""
    guess = Counter(picture.number for picture in practice).most_common(1)[0][0]
    return [picture.number == guess for picture in tests]


def grammar_count_hits(tests: list[CountedContext], boxes: bool) -> list[bool | None]:
    """Is the grammar teacher's number right? None where it rightly refuses to say one."""
    turns = [
        make_turn("count", read_facts(serialise_context(picture.context, boxes)), random.Random(0)) for picture in tests
    ]
    return [turn and _names_number(turn, picture.number) for turn, picture in zip(turns, tests, strict=True)]


def _names_number(turn: Turn, number: int) -> bool:
    return NUMBERS[number] in turn.answer.lower().rstrip(".").split()
