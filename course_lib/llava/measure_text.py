"""What tuning gave and took: the captioner beside the assistant, descriptions before a judge, and the skills without a picture."""

import random
from collections.abc import Iterator

import numpy as np

from course_lib.figures import Figure, share
from course_lib.instruct.context import from_scene
from course_lib.instruct.grammar import write
from course_lib.instruct.serialise import serialise
from course_lib.llava.judge import RelativeScore, claims, relative_score
from course_lib.llava.measure_vqa import answers, right
from course_lib.llava.prior import answers as truths
from course_lib.llava.prior import texts
from course_lib.llava.testsets import SCORED, asked, draw
from course_lib.lm import measure as lm_measure
from course_lib.world.scenes import Recipe, Scene, make_scene

REQUESTS = ("What is there to be seen? Tell me about all of it.", "Give me a full account of this picture.")


def captioner_and_assistant(captioner, assistant, each: int = 40) -> Iterator[Figure]:
    """The same questions to the model after stage 1 and after stage 2 (BLIP-2 and Flamingo beside LLaVA, in small)."""
    about = [one for kind in SCORED for one in asked(kind, each)]
    images = draw([one.scene for one in about])
    before = right(answers(captioner, images, texts(about)), truths(about))
    after = right(answers(assistant, images, texts(about)), truths(about))
    note = "the same questions to the model after stage 1; ceiling: after stage 2"
    yield share("llava.vqa_captioner.mean", before, ceiling=round(float(after.mean()), 4), note=note)


def described(captioner, assistant, count: int = 60) -> Iterator[Figure]:
    """Descriptions before the judge, beside a teacher's who was told the truth; control: descriptions of other scenes."""
    scenes = [make_scene(index, Recipe(stream="test"), seed=41) for index in range(count)]
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
    return write(serialise(from_scene(scene), boxes=True), "detail")


def _judged(id: str, score: RelativeScore, wrong: RelativeScore, n: int) -> Figure:
    note = f"model first {score.model_first:.1f}, reference first {score.reference_first:.1f}, unreadable {score.unreadable} of {score.replies}"
    return Figure(
        id, round(score.value, 1), n=n, control=round(wrong.value, 1), ceiling=100.0, unit="relative score", note=note
    )


def text_skill(before, after, each: int = 10) -> Iterator[Figure]:
    """What the language model could do without a picture, before it saw any and after; `before`, `after`: language models."""
    exchanges = lm_measure.test_exchanges(each)
    had = float(lm_measure.follows(before, exchanges).mean())
    has = lm_measure.follows(after, exchanges)
    note = "instructions without a picture; baseline: the language model before it was given eyes"
    yield share("llava.text_follow.after", has, baseline=round(had, 4), note=note)
