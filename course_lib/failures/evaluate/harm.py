"""How data harm: details that can't be seen, things that come together, one task alone. Every arm is a short run from the assistant."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from course_lib.failures.chair import named_things, present_things
from course_lib.failures.data.cooccurrence import TOGETHER, companion_questions, cooccurrence_batch
from course_lib.failures.data.descriptions import describe, description_requests, description_scenes
from course_lib.failures.data.details import detail_batch
from course_lib.failures.data.naming import SHAPES, STICKERS, naming_batch, naming_examples
from course_lib.failures.train.tune import TUNE, tune
from course_lib.figures import Figure, share
from course_lib.llava.data.testsets import VqaExample, draw, vqa_examples
from course_lib.llava.evaluate import answers, is_correct
from course_lib.llava.evaluate.pope import parse, pope_questions, scores
from course_lib.llava.train import saved
from course_lib.lm.evaluate import follows, test_exchanges

DETAIL_ARMS = (
    ("too small", 0.0),
    ("too small", 0.25),
    ("too small", 0.5),
    ("too small", 1.0),
    ("visible", 1.0),
    ("admitted", 1.0),
)
COUNT = 100
DETAILS = replace(TUNE, steps=40)
STEPS_MEASURED = (0, 10, 40)
FORGETTING = {  # name → (what learns, learning rate, share of replayed steps)
    "adapters": ("adapters", 3e-4, 0.0),
    "everything": ("everything", 3e-4, 0.0),
    "connector": ("connector", 2e-3, 0.0),
    "replay": ("adapters", 3e-4, 0.2),
}
SHAPE_KINDS = ("exist", "count", "colour", "relation", "place")


def beyond_ability(stream: str = "test", count: int = COUNT) -> Iterator[Figure]:
    """The share of false names in descriptions of *ordinary* scenes, after tuning on true text about details."""
    scenes, rates = description_scenes(count, stream), {}
    for arm, frac in DETAIL_ARMS:
        model = saved.load("2")
        tune(
            model,
            lambda step, model=model, arm=arm, frac=frac: detail_batch(model.tokenizer, step, DETAILS, arm, frac),
            DETAILS,
        )
        texts = describe(model, scenes, description_requests(scenes))
        false = [
            name not in present_things(s) for t, s in zip(texts, scenes, strict=True) for name in named_things(t, s)
        ]
        yes = scores(*_poll(model, pope_questions("adversarial", count // 4, stream)))["yes_ratio"]
        id = f"failures.details.{arm.replace(' ', '_')}_{round(100 * frac)}"
        rates[arm, frac] = sum(false) / len(false)
        yield share(id, false, note=f"POPE's yes-ratio {100 * yes:.0f} %")
    ratio = rates["too small", 1.0] / rates["too small", 0.0]
    yield Figure("failures.details.ratio", round(ratio, 2), unit="times", bar=1.5)


def companions(stream: str = "test", count: int = 100) -> Iterator[Figure]:
    """POPE with companions as negatives, after tuning in a world where they come together, and in one where they don't."""
    for world in TOGETHER:
        model, shares = saved.load("2"), {}
        tune(model, lambda step, model=model, world=world: cooccurrence_batch(model.tokenizer, step, TUNE, world))
        for negatives in ("random", "adversarial"):
            targets, said = _poll(model, companion_questions(negatives, count, stream))
            note = f"yes-ratio {100 * scores(targets, said)['yes_ratio']:.0f} %"
            right = [a == b for a, b in zip(targets, said, strict=True)]
            shares[negatives] = sum(right) / len(right)
            yield share(f"failures.companions.{world}.{negatives}", right, chance=0.5, note=note)
        gap, bar = 100 * (shares["random"] - shares["adversarial"]), {"together": 10, "uniform": 3}[world]
        yield Figure(f"failures.companions.{world}.gap", round(gap, 2), unit="points", bar=bar)


def _poll(model, asked: Sequence) -> tuple[list[str], list[str | None]]:
    said = answers(model, draw([one.scene for one in asked]), [one.text for one in asked])
    return [one.answer for one in asked], [parse(text) for text in said]


def correct(model, examples: Sequence[VqaExample]) -> np.ndarray:
    """Which answers are right, bool [N]."""
    said = answers(model, draw([one.scene for one in examples]), [one.question.text for one in examples])
    return is_correct(said, [one.question.answer for one in examples])


def forgetting(stream: str = "test", count: int = 60) -> Iterator[Figure]:
    """The new task, questions about shapes, and instructions without a picture, while the names of stickers are learned."""
    start: dict[str, np.ndarray] = {}  # the same for all
    for name, (learns, rate, replay) in FORGETTING.items():
        model, measured = saved.load("2"), {0: start}

        def measure(step: int, model=model, measured=measured) -> None:
            model.eval()
            shapes = [vqa_examples(kind, count // 5, stream, kinds=SHAPES) for kind in SHAPE_KINDS]
            measured[step] = {
                "naming": correct(model, naming_examples(STICKERS, count, stream)),
                "shapes": np.concatenate([correct(model, examples) for examples in shapes]),
                "text": follows(model.language_model, test_exchanges(count // 10)),
            }
            model.train()

        if not start:
            measure(0)
            start = measured[0]
        recipe = replace(TUNE, steps=STEPS_MEASURED[-1], learning_rate=rate)

        def batch(step: int, model=model, recipe=recipe, replay=replay):
            return naming_batch(model.tokenizer, step, recipe, replay)

        def watch(progress, measure=measure) -> None:
            if progress.step in STEPS_MEASURED:
                measure(progress.step)

        tune(model, batch, recipe, learns, callbacks=[watch])
        for step, values in measured.items():
            for what, right in values.items():
                yield share(f"failures.forgetting.{name}.{what}.{step}", right)
    # `measured` is now that of the last arm, which replays
    kept = np.mean(measured[STEPS_MEASURED[-1]]["text"]) / np.mean(measured[0]["text"])
    yield Figure("failures.forgetting.replay.text_kept", round(float(kept), 4), bar=0.9)
