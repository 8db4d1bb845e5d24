"""The question bank, put to the wired specialists before and after paying for the revealed tasks, and to the one model."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from course_lib.figures import Figure, share
from course_lib.llava.data.testsets import VqaExample
from course_lib.llava.evaluate.vqa import answers
from course_lib.lm.evaluate import majority_accuracy
from course_lib.specialists import rules, tools
from course_lib.specialists.data.bank import KNOWN, NUM_QUESTIONS, REVEALED, BankTask, right
from course_lib.world.render import Picture, render

TIMED = 20  # questions a task that LLaVA's time is taken of
TABLES = {"wired": rules.KNOWN, "paid": rules.ADDED + rules.KNOWN}


@dataclass(frozen=True)
class Result:
    """One task, by everybody."""

    task: BankTask
    answered: dict[str, np.ndarray]  # who → bool [N]: gave an answer
    right: dict[str, np.ndarray]  # who → bool [N]; a missing answer is not right
    prior: float  # what the best answer without the picture gets
    seconds: dict[str, float]  # who → a question


def measure(task: BankTask, count: int = NUM_QUESTIONS, stream: str = "test") -> Result:
    """Put a task to "wired" (the rules for known tasks), "paid" (those for the revealed ones, too), "ceiling" (all rules, over the
    truth), "model" (LLaVA) and "shuffled" (LLaVA, with another scene's picture)."""
    examples = task.examples(count, stream)
    questions = [one.question.text for one in examples]
    pictures = [render(one.scene) for one in examples]
    images = np.stack([picture.image for picture in pictures])
    start = time.perf_counter()
    seen = [rules.look(image) for image in images]
    seconds = {"wired": (time.perf_counter() - start) / len(images)}
    said = {who: _by_rules(questions, seen, table) for who, table in TABLES.items()}
    said["model"] = answers(tools._llava(), images, questions, task.brief)
    said["shuffled"] = answers(tools._llava(), images[_partners(len(images))], questions, task.brief)
    seconds["model"] = _seconds_one_by_one(images[:TIMED], questions[:TIMED], task.brief)
    said["ceiling"] = _by_rules(questions, _truths(examples, pictures), TABLES["paid"])
    given = {who: np.array([one is not None for one in replies]) for who, replies in said.items()}
    correct = {who: np.array(right(task, replies, examples)) for who, replies in said.items()}
    return Result(task, given, correct, _prior(task, examples), seconds)


def _partners(count: int) -> np.ndarray:
    """Another scene for each, at random: truths follow each other in turn, so that the next scene would always have another one."""
    order = np.random.default_rng(0).permutation(count)
    partners = np.empty(count, int)
    partners[order] = np.roll(order, 1)
    return partners


def _seconds_one_by_one(images: np.ndarray, questions: Sequence[str], brief: bool) -> float:
    """LLaVA's seconds a question where it gets one picture at a time, as the specialists do."""
    start = time.perf_counter()
    for image, question in zip(images, questions, strict=True):
        answers(tools._llava(), image[None], [question], brief)
    return (time.perf_counter() - start) / len(images)


def _by_rules(questions: Sequence[str], seen: Sequence[rules.Findings], table) -> list[str | None]:
    return [rules.answer(question, findings, table) for question, findings in zip(questions, seen, strict=True)]


def _truths(examples: Sequence[VqaExample], pictures: Sequence[Picture]) -> list[rules.Findings]:
    pairs = zip(examples, pictures, strict=True)
    return [rules.truth(example.scene, picture.boxes / len(picture.image)) for example, picture in pairs]


def _prior(task: BankTask, examples: Sequence[VqaExample]) -> float:
    """The commonest answer; for "need" and "size", any of the things that may be meant."""
    if task.id == "need":
        return float(np.mean([1 / len(one.scene.things) for one in examples]))
    return 0.5 if task.id == "size" else majority_accuracy([one.question.answer for one in examples])


def task_figures(count: int = NUM_QUESTIONS) -> Iterator[Figure]:
    """A figure a task and party, and their means over the known and the revealed six."""
    results = [measure(task, count) for task in KNOWN + REVEALED]
    for one in results:
        company = {"baseline": round(one.prior, 4), "control": round(float(one.right["shuffled"].mean()), 4)}
        yield share(f"specialists.model.{one.task.id}", one.right["model"], **company, note=MODEL_NOTE)
        for who in _parties(one.task.revealed):
            answered = one.answered[who]
            sure = one.right[who][answered].mean() if answered.any() else float("nan")
            when = f"right when it answers: {100 * sure:.0f} %" if answered.any() else "never answers"
            note = f"answers {100 * answered.mean():.0f} %; {when}; ceiling: the rules over the truth"
            ceiling = round(float(one.right["ceiling"].mean()), 4)
            yield share(f"specialists.{who}.{one.task.id}", one.right[who], ceiling=ceiling, note=note)
    for group, revealed in (("known", False), ("revealed", True)):
        yield from _means(group, revealed, [one for one in results if one.task.revealed == revealed])
    yield share(
        "specialists.rules_on_truth",
        _all(results, "ceiling"),
        bar=0.95,
        note="all rules over the truth, all twelve tasks",
    )
    for who, name, number in (("wired", "specialists, all of them", count), ("model", "LLaVA", min(count, TIMED))):
        ms = 1000 * float(np.mean([one.seconds[who] for one in results]))
        note = f"a question; {name}, one picture at a time; one core"
        yield Figure(f"specialists.ms.{who}", round(ms, 1), n=number * len(results), unit="ms", note=note)


MODEL_NOTE = "control: another scene's picture; baseline: the best answer without one"


def _parties(revealed: bool) -> tuple[str, ...]:
    """Rules for revealed tasks change nothing about known ones."""
    return tuple(TABLES) if revealed else ("wired",)


def _means(group: str, revealed: bool, results: Sequence[Result]) -> Iterator[Figure]:
    """Over six tasks of equally many questions."""
    baseline = round(float(np.mean([one.prior for one in results])), 4)
    control = round(float(_all(results, "shuffled").mean()), 4)
    wired = float(_all(results, "wired").mean())
    bar = {"bar": round(2 * wired, 4)} if revealed else {}
    yield share(
        f"specialists.model.{group}", _all(results, "model"), control=control, baseline=baseline, **bar, note=MODEL_NOTE
    )
    for who in _parties(revealed):
        answered = np.concatenate([one.answered[who] for one in results])
        sure = 100 * _all(results, who)[answered].mean()
        note = f"answers {100 * answered.mean():.0f} %; right when it answers: {sure:.0f} %"
        yield share(f"specialists.{who}.{group}", _all(results, who), baseline=baseline, note=note)
        yield share(f"specialists.coverage.{who}.{group}", answered, note="questions that get an answer at all")


def _all(results: Sequence[Result], who: str) -> np.ndarray:
    return np.concatenate([one.right[who] for one in results])
