"""The proofs of the LLaVA-NeXT room: small things, controls that cost as many tokens, Lesson 07's tests again, PocketBench.

Scenes come from the stream "test", wordings are those that training never uses. The same model is shown the same scenes as "tiles"
(128 px: 136 tokens), as the "whole" view alone (64 px: 64 tokens), and "upsampled" (64 px made larger: 136 tokens, and no more detail).
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from course_lib.figures import Figure, share
from course_lib.llava.data.existence import absent_names, ask_for, same_group
from course_lib.llava.data.testsets import SCORED_KINDS, vqa_examples
from course_lib.llava.evaluate.descriptions import REQUESTS, true_claims_figure
from course_lib.llava.evaluate.pope import PopeQuestion, parse, pope_questions
from course_lib.llava.evaluate.vqa import is_correct
from course_lib.llava.train.letters import letter_targets
from course_lib.llava_next.data import forms, scenes
from course_lib.llava_next.data.pictures import to_pixels
from course_lib.llava_next.evaluate import ladder, pocketbench
from course_lib.llava_next.evaluate.ceilings import crop_figure, text_figure
from course_lib.llava_next.evaluate.eyes import eyes_figures
from course_lib.llava_next.evaluate.pocketbench import replies
from course_lib.llava_next.model import Views
from course_lib.world.questions import questions
from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, make_scene

SMALL_WIDTH = 11 / 64  # of the picture's side: small things of scenes of many


def figures(num: int = 100) -> Iterator[Figure]:
    """All figures of the room. num: scenes or questions of each measure."""
    from course_lib.llava_next.train import load

    model = load()
    yield from pope_figures(model, num)
    yield (cropped := crop_figure(model, small_names(num)))
    yield text_figure(model, max(1, num // 5))
    yield from small_figures(model, num, cropped.value)
    yield from eyes_figures(model, *zip(*small_names(num), strict=True))
    yield from permuted_figures(model, num)
    yield from reading_figures(model, num)
    yield letters_figure(model, num)
    yield from vqa_figures(model, num)
    yield from format_figures(model, num)
    yield from description_figures(model, num)
    yield from bench_figures(model)
    yield from ladder.figures(ladder.read_rows(ladder.ROWS))
    yield from ladder.connector_figures(ladder.read_rows(ladder.CONNECTORS))


def right_by_form(model, asked: Sequence[PopeQuestion], names: Sequence[str] = ("tiles", "whole", "upsampled")) -> dict:
    """Form of the pictures → what the model replies to these questions, asked for one word."""
    prompts = [forms.short_form(one.text, one.answer)[0] for one in asked]
    return {form: replies(model, scenes.draw([one.scene for one in asked], form), prompts) for form in names}


def pope_figures(model, num_scenes: int) -> Iterator[Figure]:
    """POPE's adversarial questions with tiles. control: the whole view alone."""
    asked = pope_questions("adversarial", num_scenes)
    targets = [one.answer for one in asked]
    said = {
        form: [parse(text) for text in texts] for form, texts in right_by_form(model, asked, ("tiles", "whole")).items()
    }
    yes = np.mean([one == "yes" for one in said["tiles"]])
    right = {form: [a == b for a, b in zip(texts, targets, strict=True)] for form, texts in said.items()}
    note = f"yes-ratio {yes:.2f}; baseline: the whole view alone"
    baseline = round(float(np.mean(right["whole"])), 4)
    yield share(
        "next.pope.adversarial", right["tiles"], chance=0.5, baseline=baseline, ceiling=1.0, bar=0.88, note=note
    )
    yield share(
        "next.pope.yes_ratio", [one == "yes" for one in said["tiles"]], chance=0.5, note="to lie between 0.45 and 0.55"
    )


def small_names(num_scenes: int, stream: str = "test") -> list[tuple[Scene, str, bool]]:
    """In each scene of many things the name of a small one, and of something like it that is not there: (scene, name, there?)."""
    rng, chosen = random.Random(f"small/{stream}"), []
    for index in range(100 * num_scenes):
        scene = scenes.many_things(index, stream)
        small = [thing.name for thing in scene.things if thing.width < SMALL_WIDTH and thing.kind != "sign"]
        absent = same_group(scene, absent_names(scene))
        if small and absent:
            chosen += [(scene, rng.choice(small), True), (scene, rng.choice(absent), False)]
        if len(chosen) == 2 * num_scenes:
            break
    return chosen


def small_questions(num_scenes: int, stream: str = "test") -> list[PopeQuestion]:
    """Is a small thing there? Yes and no equally often."""
    rng = random.Random(f"asked for small things/{stream}")
    rows = small_names(num_scenes, stream)
    return [PopeQuestion(scene, ask_for(name, "test", rng), "yes" if there else "no") for scene, name, there in rows]


def small_figures(model, num_scenes: int, ceiling: float) -> Iterator[Figure]:
    """Things of about 10 pixels in the whole view: with tiles, with the whole view alone, and with as many tokens but no more detail.

    ceiling: the same questions about each thing cropped alone.
    """
    asked = small_questions(num_scenes)
    targets = [one.answer for one in asked]
    right = {form: is_correct(texts, targets) for form, texts in right_by_form(model, asked).items()}
    whole, upsampled = (round(float(right[form].mean()), 4) for form in ("whole", "upsampled"))
    note = "baseline: the whole view alone; control: 64 px made larger, as many tokens"
    bar = round(whole + 0.2, 4)
    yield share(
        "next.exist.small",
        right["tiles"],
        chance=0.5,
        baseline=whole,
        control=upsampled,
        ceiling=ceiling,
        bar=bar,
        note=note,
    )
    bar = round(whole + 0.03, 4)
    yield share(
        "next.control.upsampled",
        right["upsampled"],
        chance=0.5,
        baseline=whole,
        bar=bar,
        note="a control: at most the bar",
    )


def permuted(views: Views) -> Views:
    """The tiles in another order, each of them whole: the first where the last was. The whole view stays as it is."""
    half = tuple(side // 2 for side in views.tiles.shape[1:3])
    return Views(views.whole, torch.roll(views.tiles, half, dims=(1, 2)), views.size)


def permuted_figures(model, num_per_kind: int) -> Iterator[Figure]:
    """Relation and existence in scenes of many things, with the tiles in another order; baseline: in their order."""
    for kind, bar in (("relation", -0.2), ("exist", -0.05)):
        rng = random.Random(f"permuted/{kind}")
        asked = []
        for index in range(100 * num_per_kind):
            scene = scenes.many_things(index, "test", seed=59)
            asked += [(scene, one) for one in questions(scene, rng, "test") if one.kind == kind]
            if len(asked) >= num_per_kind:
                break
        images = scenes.draw([scene for scene, _ in asked])
        prompts = [forms.short_form(one.text, one.answer)[0] for _, one in asked]
        targets = [one.answer for _, one in asked]
        usual = is_correct(replies(model, images, prompts), targets)
        changed = is_correct(replies(model, images, prompts, change=permuted), targets)
        baseline = round(float(usual.mean()), 4)
        note = "tiles in another order, the whole view in its own; baseline: all in order"
        yield share(
            f"next.control.permuted.{kind}", changed, baseline=baseline, bar=round(baseline + bar, 4), note=note
        )


def reading_figures(model, num: int) -> Iterator[Figure]:
    """Words that no training sign says, read from the patches of the tiles. control: 64 px made larger."""
    examples = vqa_examples("read", num)
    targets = [one.question.answer for one in examples]
    prompts = [forms.short_form(one.question.text, "")[0] for one in examples]
    shown = {form: scenes.draw([one.scene for one in examples], form) for form in ("tiles", "upsampled")}
    right = {form: is_correct(replies(model, images, prompts), targets) for form, images in shown.items()}
    control = round(float(right["upsampled"].mean()), 4)
    note = "without letter eyes; control: 64 px made larger"
    yield share("next.read.words", right["tiles"], control=control, ceiling=1.0, bar=0.75, note=note)


def letters_figure(model, num: int) -> Figure:
    """Patches of the tiles that bear a letter: is it the right one? Signs of the test, whose words training never had."""
    shown = [one.scene for one in vqa_examples("read", num)]
    rendered = [render(scene, scenes.SIDE) for scene in shown]
    targets = torch.from_numpy(np.stack([letter_targets(a, b.instances) for a, b in zip(shown, rendered, strict=True)]))
    with torch.no_grad():
        tiles = model.image_features(to_pixels(np.stack([one.image for one in rendered]))).tiles
        found = model.connector.letter_logits(tiles).argmax(dim=-1)  # [N, 16, 16]
    there = targets > 0
    false = 100 * float((found[~there] > 0).float().mean())
    note = f"letters where there are none: {false:.1f} % of the other patches"
    return share(
        "next.letters.patches", (found == targets)[there].tolist(), chance=round(1 / 36, 4), ceiling=1.0, note=note
    )


def vqa_figures(model, num_per_kind: int) -> Iterator[Figure]:
    """Lesson 07's own test at 128 px, and "related" beside it. control: blank pictures."""
    right: dict[str, np.ndarray] = {}
    blank: dict[str, np.ndarray] = {}
    for kind in (*SCORED_KINDS, "related"):
        examples = vqa_examples(kind, num_per_kind)
        targets = [one.question.answer for one in examples]
        prompts = [forms.short_form(one.question.text, "")[0] for one in examples]
        images = scenes.draw([one.scene for one in examples])
        right[kind] = is_correct(replies(model, images, prompts), targets)
        blank[kind] = is_correct(replies(model, np.full_like(images, 140), prompts), targets)
        yield share(f"next.vqa.{kind}", right[kind], control=round(float(blank[kind].mean()), 4), ceiling=1.0)
    scored = np.concatenate([right[kind] for kind in SCORED_KINDS])
    control = round(float(np.concatenate([blank[kind] for kind in SCORED_KINDS]).mean()), 4)
    note = f'"related" {100 * right["related"].mean():.1f} %; control: blank pictures'
    yield share("next.vqa.mean", scored, control=control, ceiling=1.0, bar=0.9, note=note)


def format_figures(model, num: int) -> Iterator[Figure]:
    """The same question with the line that asks for one word, and without: is the form kept, whatever is said?"""
    kept = []
    for kind in pocketbench.SHORT_KINDS:
        examples = vqa_examples(kind, max(1, num // 5))
        images, asked = scenes.draw([one.scene for one in examples]), [one.question.text for one in examples]
        brief = replies(model, images, [forms.short_form(text, "")[0] for text in asked])
        long = replies(model, images, asked, max_new_tokens=40)
        kept += [len(text.split()) <= 2 and not text.endswith(".") for text in brief]
        kept += [len(text.split()) >= 4 and text.endswith(".") for text in long]
    yield share(
        "next.format", kept, bar=0.95, note="each question with the line and without; one or two words, or a sentence"
    )


def description_figures(model, num_scenes: int) -> Iterator[Figure]:
    """Descriptions of Lesson 07's scenes: the share of true claims, and of descriptions that say no sentence twice."""
    shown = [make_scene(index, SceneSpec(stream="test"), seed=41) for index in range(num_scenes)]
    prompts = [random.Random(f"request/{scene.index}").choice(REQUESTS) for scene in shown]
    texts = replies(model, scenes.draw(shown), prompts, max_new_tokens=120)
    yield true_claims_figure("next.describe.true_claims", texts, shown, bar=0.85)
    sentences = [[part.strip() for part in text.split(".") if part.strip()] for text in texts]
    once = [len(set(parts)) == len(parts) for parts in sentences]
    yield share("next.describe.no_repeat", once, bar=0.98, note="no sentence twice")


def bench_figures(model) -> Iterator[Figure]:
    """PocketBench with tiles. control: the whole view alone."""
    bench = pocketbench.items()
    said = {form: pocketbench.answered(model, bench, form) for form in ("tiles", "whole")}
    scores = {form: pocketbench.score(bench, texts) for form, texts in said.items()}
    for column in pocketbench.COLUMNS:
        groups = len({item.group for item in bench if item.column == column})
        control = round(scores["whole"][column], 4)
        note = "control: the whole view alone"
        if column == "letter":
            note += f"; {letters_said(bench, said['tiles'])}"
        yield Figure(f"next.bench.{column}", round(scores["tiles"][column], 4), n=groups, control=control, note=note)


def letters_said(bench: Sequence[pocketbench.Item], texts: Sequence[str]) -> str:
    """Why circular evaluation is so strict with a model: its favourite letter, and its score reply by reply."""
    rows = [(text, item.answer) for item, text in zip(bench, texts, strict=True) if item.column == "letter"]
    [(letter, times)] = Counter(text for text, _ in rows).most_common(1)
    right = np.mean(is_correct(*map(list, zip(*rows, strict=True))))
    return f"reply by reply {100 * right:.1f} %, since {100 * times / len(rows):.0f} % of them are {letter}"
