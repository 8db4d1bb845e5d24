"""The proofs of the language model's room: does it follow, does it know, and what did tuning cost?

Instructions are worded as never in training, and scenes come from the stream "test".
"""

import random
from collections.abc import Iterator, Sequence
from copy import deepcopy

import numpy as np
import torch

from course_lib.figures import Figure, share
from course_lib.lm import train
from course_lib.lm.chat import Message, encode_prompt
from course_lib.lm.data.batches import conversation, plain_batch
from course_lib.lm.data.documents import describe
from course_lib.lm.data.instructions import MAKERS, Exchange, clean, exchange
from course_lib.lm.generate import generate_batch
from course_lib.lm.loss import next_token_loss
from course_lib.lm.pretrained import build_lm, load_base, load_tuned
from course_lib.lm.tokenizer import END_OF_TEXT, get_tokenizer
from course_lib.session import few
from course_lib.world.questions import KINDS, Question, questions
from course_lib.world.scenes import Scene, SceneSpec, make_scene

QUESTIONS_PER_KIND = 200
GATE_KINDS = ("exist", "count", "colour", "relation", "place")  # Lesson 06 begins when these are answered
TUNING_SET_SIZES = (10, 100, 1_000, 10_000)  # conversations


def figures(live: bool = False) -> Iterator[Figure]:
    """All figures of the room; with `live`, also those of the lesson's own run and of tuning sets of several sizes."""
    base, tuned = load_base(), load_tuned()
    yield from following(base, tuned)
    yield from text_qa(tuned)
    yield from forgetting(base, tuned)
    if live:
        yield from live_run()
        yield from tuning_sizes(base, per_task=40)


def test_exchanges(per_task: int = 40) -> list[Exchange]:
    """`per_task` instructions of every task, in wordings that training never used."""
    return [
        exchange(random.Random(f"follow/{task}/{i}"), "test", task) for task in MAKERS for i in range(few(per_task))
    ]


def follows(model, exchanges: Sequence[Exchange], chat: bool = True) -> np.ndarray:
    """bool [N]: is the answer right? Without `chat`, the instruction is plain text that the model may continue."""
    tokenizer = get_tokenizer()
    if chat:
        prompts = [encode_prompt(tokenizer, [_user(one.instruction)]) for one in exchanges]
    else:
        prompts = [tokenizer.encode(f"{END_OF_TEXT} {one.instruction}", add_special_tokens=False) for one in exchanges]
    replies = generate_batch(model, tokenizer, prompts)
    return np.array([one.accepts(text) for one, text in zip(exchanges, replies, strict=True)])


def tuned_with_mask(name: str, model, exchanges: Sequence[Exchange]) -> Iterator[Figure]:
    """Of a model that was tuned with some label mask: instructions followed, and the words of its replies."""
    yield share(f"lm.mask.{name}.followed", follows(model, exchanges))
    prompts = [encode_prompt(get_tokenizer(), [_user(one.instruction)]) for one in exchanges]
    words = [len(text.split()) for text in generate_batch(model, get_tokenizer(), prompts)]
    mean, half = float(np.mean(words)), float(1.96 * np.std(words) / len(words) ** 0.5)
    yield Figure(
        f"lm.mask.{name}.words", round(mean, 2), round(mean - half, 2), round(mean + half, 2), len(words), unit="words"
    )


def _user(text: str) -> Message:
    return Message(role="user", content=text)


def following(base, tuned) -> Iterator[Figure]:
    """Before and after tuning, in general and for every task."""
    exchanges = test_exchanges()
    before = follows(base, exchanges, chat=False)
    templated = float(follows(base, exchanges).mean())
    yield share(
        "lm.follow.before", before, control=templated, bar=0.10, note="plain prompt; control: in the chat template"
    )
    after = follows(tuned, exchanges)
    yield share("lm.follow.after", after, control=_shuffled(exchanges), baseline=float(before.mean()), bar=0.90)
    tasks = np.array([one.task for one in exchanges])
    for task in MAKERS:
        yield share(
            f"lm.follow.{task.replace(' ', '_')}", after[tasks == task], baseline=float(before[tasks == task].mean())
        )


def _shuffled(exchanges: Sequence[Exchange]) -> float:
    """How often the right answer to the next instruction would do: what a checker that is too kind would accept."""
    answers = [one.answer for one in exchanges[1:]] + [exchanges[0].answer]
    return float(np.mean([one.accepts(text) for one, text in zip(exchanges, answers, strict=True)]))


def scene_questions(kind: str, count: int, templates: str = "test") -> list[tuple[Scene, Question]]:
    """`count` questions of a kind about test scenes."""
    rng, pairs, index = random.Random(f"text qa/{kind}"), [], 0
    while len(pairs) < count:
        scene = make_scene(index, SceneSpec(stream="test"), seed=12)
        pairs += [(scene, question) for question in questions(scene, rng, templates) if question.kind == kind][:1]
        index += 1
    return pairs


def answers_from_text(
    model, question_pairs: Sequence[tuple[Scene, Question]], places: bool = False, mismatched: bool = False
) -> np.ndarray:
    """bool [N]: right answers, given a perfect description (or, `mismatched`, that of another scene)."""
    rng = random.Random("descriptions")
    descriptions = [describe(scene, rng, places) for scene, _ in question_pairs]
    if mismatched:
        descriptions = descriptions[1:] + descriptions[:1]
    prompts = [
        encode_prompt(get_tokenizer(), [_user(f"{text} {question.text}")])
        for text, (_, question) in zip(descriptions, question_pairs, strict=True)
    ]
    replies = generate_batch(model, get_tokenizer(), prompts, max_new_tokens=12)
    return np.array(
        [clean(text) == clean(question.answer) for text, (_, question) in zip(replies, question_pairs, strict=True)]
    )


def text_qa(model) -> Iterator[Figure]:
    """Questions about a scene, answered from its description: the gate of Lesson 06."""
    for kind in KINDS:
        question_pairs = scene_questions(kind, few(QUESTIONS_PER_KIND))
        yield share(
            f"lm.text_qa.{kind}",
            answers_from_text(model, question_pairs),
            control=float(answers_from_text(model, question_pairs, mismatched=True).mean()),
            baseline=majority_accuracy([question.answer for _, question in question_pairs]),
            bar=0.95 if kind in GATE_KINDS else None,
            note="control: the description of another scene; baseline: the commonest answer",
        )
    question_pairs = scene_questions("relation", few(QUESTIONS_PER_KIND))
    yield share(
        "lm.text_qa.relation_from_places",
        answers_from_text(model, question_pairs, places=True),
        baseline=majority_accuracy([q.answer for _, q in question_pairs]),
        note="columns and rows instead of relations",
    )
    apart = _colour_questions(SceneSpec(stream="test", count=(2, 4)), min_colours=2)
    note = "two or more colours in the text; control: the description of another scene"
    yield share(
        "lm.text_qa.colour_apart",
        answers_from_text(model, apart),
        control=float(answers_from_text(model, apart, mismatched=True).mean()),
        baseline=majority_accuracy([q.answer for _, q in apart]),
        note=note,
    )
    held_out = _colour_questions(SceneSpec(stream="test", colour="held out", count=(2, 4)))
    yield share(
        "lm.text_qa.unseen_pairs", answers_from_text(model, held_out), note="colours never read on these things"
    )


def _colour_questions(spec: SceneSpec, min_colours: int = 1) -> list[tuple[Scene, Question]]:
    """QUESTIONS_PER_KIND colour questions about scenes of this spec in which at least `min_colours` colours are painted."""
    rng, pairs = random.Random("unseen pairs"), []
    for index in range(few(2000, 100)):
        scene = make_scene(index, spec, seed=13)
        if len({thing.colour for thing in scene.things if thing.colour}) >= min_colours:
            pairs += [(scene, question) for question in questions(scene, rng, "test") if question.kind == "colour"]
    return pairs[: few(QUESTIONS_PER_KIND)]


def majority_accuracy(answers: Sequence[str]) -> float:
    """The share of the commonest answer: what one can score without reading."""
    return max(answers.count(answer) for answer in set(answers)) / len(answers)


@torch.no_grad()
def plain_loss(model, batches: int = 8) -> float:
    """Mean next-token loss, in nats, on plain documents of another seed than training's."""
    losses = []
    for step in range(few(batches)):
        batch = plain_batch(step, batch_size=16, seed=1)
        losses.append(next_token_loss(model(input_ids=batch.input_ids).logits, batch.labels).item())
    return float(np.mean(losses))


def forgetting(base, tuned) -> Iterator[Figure]:
    """What tuning forgets: the loss on plain text, before and after."""
    untrained = plain_loss(build_lm(), batches=2)
    yield Figure(
        "lm.plain_loss.base",
        round(plain_loss(base), 3),
        chance=round(untrained, 3),
        unit="nats a token",
        note="chance: untrained",
    )
    yield Figure("lm.plain_loss.tuned", round(plain_loss(tuned), 3), chance=round(untrained, 3), unit="nats a token")


def live_run() -> Iterator[Figure]:
    """Pretrain and tune as the lesson does, and measure that."""
    model, exchanges = build_lm(), test_exchanges(20)
    seconds = train.pretrain(model).seconds
    before = float(follows(model, exchanges, chat=False).mean())
    seconds += train.tune(model).seconds
    note = f"{seconds / 60:.1f} minutes of training, {torch.get_num_threads()} thread(s); baseline: before tuning"
    yield share("lm.live_follow.after", follows(model, exchanges), baseline=before, note=note)


def tuning_sizes(
    base, sizes: Sequence[int] = TUNING_SET_SIZES, steps: int = 120, per_task: int = 20
) -> Iterator[Figure]:
    """The base, tuned equally long on sets of several sizes; baseline: not tuned at all."""
    exchanges = test_exchanges(per_task)
    untuned = round(float(follows(base, exchanges).mean()), 4)
    for size in sizes:
        rng = random.Random(f"tuning set/{size}")
        model = deepcopy(base)
        recipe = train.LmRecipe(steps=steps, batch_size=12, learning_rate=1e-3)
        train.tune_on(model, [conversation(rng) for _ in range(size)], recipe)
        note = f"{steps} steps on {size:,} conversations; baseline: the base, untuned, in the chat template"
        yield share(f"lm.tuning_size.n{size}", follows(model, exchanges), baseline=untuned, note=note)
