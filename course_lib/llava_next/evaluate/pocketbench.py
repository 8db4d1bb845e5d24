"""PocketBench: six columns, fixed before any run, in the form of the tables of LLaVA-1.5 and NeXT.

| column | asks for | scored by |
|---|---|---|
| short | one word, about count, colour, relation, place, size | exact match |
| letter | an option's letter | circular evaluation, as MMBench has it: right in every rotation of the options, or wrong |
| yes_no | POPE's adversarial questions | exact match; garbage is wrong |
| reading | words that no training sign says | exact match |
| claims | a description | the share of true ones among its claims |
| unseen_format | one word, by a line in words that training never has, before the question | exact match |
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from course_lib.llava.data.testsets import vqa_examples
from course_lib.llava.evaluate.descriptions import REQUESTS, verify_claims
from course_lib.llava.evaluate.pope import pope_questions
from course_lib.llava.evaluate.vqa import is_correct
from course_lib.llava_next.data import forms, scenes
from course_lib.llava_next.data.pictures import to_pixels
from course_lib.llava_next.model import Views
from course_lib.world.scenes import Scene, SceneSpec, make_scene

COLUMNS = ("short", "letter", "yes_no", "reading", "claims", "unseen_format")
SHORT_KINDS = ("count", "colour", "relation", "place", "size")
UNSEEN_FORMAT = "In a single word, please:"
BATCH_SIZE = 50
MOST_TOKENS = {"claims": 120}  # of a reply, in this column; 16 in the others


@dataclass(frozen=True)
class Item:
    """A prompt about a scene. `group`: items of one number are one question, which is right only if all of them are."""

    column: str
    group: int
    scene: Scene
    prompt: str
    answer: str  # "" for a description, which has no single one


def items(num_per_kind: int = 20, stream: str = "test") -> list[Item]:
    """The benchmark: always the same. `num_per_kind` questions of each of five kinds, as many of 6 about a scene for yes and no, …"""
    rng = random.Random(f"pocketbench/{stream}")
    made: list[Item] = []

    def add(column: str, scene: Scene, *prompts_answers: forms.Pair) -> None:
        group = len(made)
        made.extend(Item(column, group, scene, prompt, answer) for prompt, answer in prompts_answers)

    for kind in SHORT_KINDS:
        for one in vqa_examples(kind, num_per_kind, stream):
            question, answer = one.question.text, one.question.answer
            add("short", one.scene, forms.short_form(question, answer))
            options = forms.sample_options(one.question, rng)
            add("letter", one.scene, *(forms.letter_form(question, answer, turned) for turned in rotations(options)))
            add("unseen_format", one.scene, (f"{UNSEEN_FORMAT} {question}", answer))
    for one in pope_questions("adversarial", num_per_kind, stream):
        add("yes_no", one.scene, forms.short_form(one.text, one.answer))
    for one in vqa_examples("read", 3 * num_per_kind, stream):
        add("reading", one.scene, forms.short_form(one.question.text, one.question.answer))
    for index in range(2 * num_per_kind):
        add("claims", make_scene(index, SceneSpec(stream=stream), seed=41), (rng.choice(REQUESTS), ""))
    return made


def rotations(options: Sequence[str]) -> list[list[str]]:
    """The options, each of them first once: a b c → a b c, b c a, c a b."""
    return [[*options[start:], *options[:start]] for start in range(len(options))]


def circular_accuracy(groups: Sequence[int], right: Sequence[bool]) -> float:
    """Of the questions, each asked once in every rotation of its options, the share that is right every time. 0–1.

    groups: the question's number, for each reply; right: is that reply right? (MMBench, Liu et al., 2023, arXiv 2307.06281.)
    """
    failed = {group for group, good in zip(groups, right, strict=True) if not good}
    return 1 - len(failed) / len(set(groups))


@torch.no_grad()
def replies(
    model,
    images: np.ndarray,
    prompts: Sequence[str],
    max_new_tokens: int = 16,
    change: Callable[[Views], Views] = lambda views: views,
) -> list[str]:
    """What the model replies, greedily: pictures uint8 [N, H, W, 3], a prompt about each → N texts.

    change: of what the model sees, before it is put into the text.
    """
    texts: list[str] = []
    for start in range(0, len(prompts), BATCH_SIZE):
        part = slice(start, start + BATCH_SIZE)
        views = change(model.image_features(to_pixels(images[part])))
        texts += model.answer(views, prompts[part], max_new_tokens=max_new_tokens)
    return texts


def answered(model, bench: Sequence[Item], form: str = "tiles") -> list[str]:
    """The model's replies to all items, in their order."""
    texts: dict[int, str] = {}
    for column in COLUMNS:
        numbers = [number for number, item in enumerate(bench) if item.column == column]
        images = scenes.draw([bench[number].scene for number in numbers], form)
        prompts = [bench[number].prompt for number in numbers]
        said = replies(model, images, prompts, MOST_TOKENS.get(column, 16))
        texts |= dict(zip(numbers, said, strict=True))
    return [texts[number] for number in range(len(bench))]


def score(bench: Sequence[Item], texts: Sequence[str]) -> dict[str, float]:
    """Column → 0–1."""
    scores = {}
    for column in COLUMNS:
        rows = [(item, text) for item, text in zip(bench, texts, strict=True) if item.column == column]
        if column == "claims":
            held = [verify_claims(text, item.scene) for item, text in rows]
            claimed = sum(one.num_true + one.num_false for one in held)
            scores[column] = sum(one.num_true for one in held) / max(1, claimed)
        else:
            right = is_correct([text for _, text in rows], [item.answer for item, _ in rows])
            scores[column] = circular_accuracy([item.group for item, _ in rows], right)
    return scores


def export(folder: Path, bench: Sequence[Item]) -> None:
    """Pictures, prompts.json and answers.json, for models that are not ours: who answers each prompt can score it.

    A description is scored against the names, colours and place of its scene, which answers.json has as well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    prompts, answers = [], []
    for number, item in enumerate(bench):
        file = f"{item.group:04d}.png"
        Image.fromarray(scenes.picture(item.scene)).save(folder / file)
        prompts.append({"id": number, "column": item.column, "image": file, "prompt": item.prompt})
        facts = {"place": item.scene.backdrop, "things": [[thing.name, thing.colour] for thing in item.scene.things]}
        answers.append({"id": number, "group": item.group, "answer": item.answer, **facts})
    for name, rows in (("prompts", prompts), ("answers", answers)):
        (folder / f"{name}.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
