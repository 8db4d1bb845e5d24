"""Tuning the planner: the pocket language model of Lesson 04 on demonstrations, learning the assistant's turns only."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Literal

from course_lib import checkpoints
from course_lib.agents.data import plans
from course_lib.agents.data.imagined import Imagined
from course_lib.agents.data.requests import answer_request, edit_request, loosely, recreate_request
from course_lib.agents.messages import critic_request, remember
from course_lib.common.int8 import to_int8
from course_lib.gligen.vocabulary import NAMES
from course_lib.lm.chat import Message, encode_chat
from course_lib.lm.data.batches import TextBatch, pack
from course_lib.lm.pretrained import load_base, load_tuned
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.lm.train import train
from course_lib.session import few
from course_lib.training import Progress

CHECKPOINT = checkpoints.FOLDER / "agents.safetensors"
LENGTH = 640  # tokens a row: four things drawn again take more than the 512 of Lesson 04
SHARES = {"one": 0.35, "two": 0.3, "edit": 0.15, "recreate": 0.1, "again": 0.05, "critic": 0.05}  # of demonstrations
EASY = {"one": 0.5, "edit": 0.25, "recreate": 0.25}  # what tuning begins with: one question, and copying what tools say
SCRAMBLED = 0.6  # of the hard demonstrations have signs that say letters at random
LOOSE = 0.5  # of the demonstrations have a request that is worded loosely


@dataclass(frozen=True)
class PlannerRecipe:
    """A training run of the planner."""

    steps: int
    batch_size: int = 6  # rows of LENGTH tokens
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    easy_frac: float = 0.3  # of the steps
    hard_after: float = 0.6235  # of the steps: hard questions from then on, and signs that can only be copied
    pairs: float = SHARES["two"]  # the weight of two questions at once, beside those of the other SHARES
    elsewhere: float = (
        0.0  # share of the questions that are asked while the tools look at another picture, and must be believed
    )
    # "none": the ablation. "brief": what comes next. "seen": they begin with the names of what was found. "worked": of two
    # questions they also say what the first answer comes from.
    thoughts: Literal["none", "brief", "seen", "worked"] = "brief"
    seed: int = 0


LIVE = PlannerRecipe(steps=80)
HARD = PlannerRecipe(steps=3000, learning_rate=6e-4, easy_frac=0.0, hard_after=0.0, seed=1)
BAKED = (  # one after the other: from easy to hard; hard ones only, by which copying comes; thoughts that say what is there; pairs
    PlannerRecipe(steps=2000),
    HARD,
    replace(HARD, steps=1500, thoughts="seen", seed=2),
    replace(HARD, steps=1800, thoughts="worked", pairs=0.7, elsewhere=0.15, seed=3),
)


def demonstration(
    rng: random.Random,
    easy: bool = False,
    hard: bool = False,
    pairs: float = SHARES["two"],
    elsewhere: float = 0.0,
    thoughts: str = "brief",
) -> list[Message]:
    """One demonstration of some kind, with imagined tools; `pairs`, `elsewhere` and `thoughts` as in `PlannerRecipe`."""
    demonstrate = partial(plans.demonstrate, says_what_is_there=thoughts in ("seen", "worked"))
    shares = EASY if easy else SHARES | {"two": pairs}
    [kind] = rng.choices(list(shares), list(shares.values()))
    if kind in ("one", "two", "edit"):
        ask = partial(answer_request, parts=1 + (kind == "two"), hard=hard, keeps_work=thoughts == "worked")
        make = edit_request if kind == "edit" else ask
        request = make(rng, "train")
        text = loosely(request.text, rng) if rng.random() < LOOSE else request.text
        away = elsewhere and kind != "edit" and rng.random() < elsewhere
        scene = make(rng, "train").scene if away else request.scene
        tools = Imagined(scene, rng, scrambled=hard and rng.random() < SCRAMBLED)
        return demonstrate(text, request.make_plan(), tools.use)
    scene = recreate_request(rng, "train", rng.randint(1, 2 if easy else 4)).scene
    names = [thing.name for thing in scene.things]
    if kind == "critic":
        wanted = _wanted(rng, names)
        return demonstrate(critic_request(wanted), plans.critic(wanted), Imagined(scene, rng).use)
    failures = []
    if kind == "again":
        for _ in range(rng.randint(1, 2)):
            failures.append(rng.sample(names, rng.randint(1, len(names))))
    request = recreate_request(rng, "train", 1, remember(failures))
    plan = plans.recreate(failures[-1] if failures else None, len(failures))
    return demonstrate(request.text, plan, Imagined(scene, rng, on_blank=True).use)


def _wanted(rng: random.Random, names: list[str]) -> list[str]:
    """What the critic is told: mostly what is there, with one more or one less."""
    wanted = rng.sample(names, rng.randint(1, len(names)))
    if rng.random() < 0.5:
        wanted.append(rng.choice([name for name in NAMES if name not in wanted]))
    return wanted


def without_thoughts(messages: list[Message]) -> list[Message]:
    """The ablation: turns that call and answer, but say nothing of why."""

    def bare(text: str) -> str:
        return "Thoughts:  Actions:" + text.split(" Actions:", 1)[1]

    return [m if m["role"] != "assistant" else Message(role="assistant", content=bare(m["content"])) for m in messages]


def planner_batch(step: int, recipe: PlannerRecipe) -> TextBatch:
    """The demonstrations of a step, packed; tool results and requests are context, and are not learned."""
    rng, done = random.Random(f"agents/{recipe.seed}/{step}"), step / recipe.steps
    stage = {"easy": done < recipe.easy_frac, "hard": done >= recipe.hard_after}
    kinds = {"pairs": recipe.pairs, "elsewhere": recipe.elsewhere, "thoughts": recipe.thoughts}
    keep = without_thoughts if recipe.thoughts == "none" else list
    rows = (encode_chat(get_tokenizer(), keep(demonstration(rng, **stage, **kinds))) for _ in count())
    return pack(rows, few(recipe.batch_size), LENGTH)


def tune_planner(model, recipe: PlannerRecipe = LIVE, **options) -> Progress:
    """Supervised fine-tuning in place; `options` as for `lm.train.train`."""
    return train(model, partial(planner_batch, recipe=recipe), recipe, **options)


def bake(out_folder: Path, recipes: Sequence[PlannerRecipe] = BAKED) -> None:
    """The shipped planner: runs in turn, each from where the last one ended. Interrupted, the run that was under way goes on."""
    model, minutes = load_tuned(), 0.0
    runs = [out_folder / f"agents.run{number}.safetensors" for number in range(len(recipes) - 1)]
    for number, file in enumerate([*runs, out_folder / CHECKPOINT.name]):
        if file not in runs or not file.with_suffix(".json").exists():  # the card is written last
            progress = tune_planner(model, recipes[number], state_file=file.with_suffix(".training.safetensors"))
            if progress.stopped:
                return
            save(file, model, recipes[: number + 1], progress, minutes, int8=file not in runs)
        model = load_planner_lm(file)  # even if just made: the next run begins with what was rounded
        minutes = checkpoints.read_card(file)["minutes"]


def save(file: Path, model, recipes: Sequence[PlannerRecipe], progress: Progress, earlier: float, int8: bool) -> None:
    """The weights with their card, in int8 or, where training goes on from them, in float16. earlier: minutes."""
    data = "demonstrations with imagined tools, in scenes of the stream train; see course_lib.agents.data"
    minutes, losses = earlier + progress.seconds / 60, progress.losses
    stored_as = "int8" if int8 else "float16"
    card = checkpoints.card(file.stem, data, tuple(recipes), minutes, losses, stored_as=stored_as)
    weights = {name: tensor.half() for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    checkpoints.save(file, to_int8(weights) if int8 else weights, card)


def load_planner_lm(file: Path = CHECKPOINT):
    """The tuned planner's language model. CheckpointError says what to do where it is missing."""
    model = load_base(file)
    model.config.max_position_embeddings = LENGTH  # positions are rotations: there is no table to be longer
    return model
