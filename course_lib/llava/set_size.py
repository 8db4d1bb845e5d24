"""How large must the instruction set be? Stage 2 on sets of several sizes, equally long, and what each has taught.

`python -m course_lib.llava.set_size --steps 100` prints a line of JSON for each size as soon as it is known. Since a size is
chosen by this curve, its scenes come from the stream "val" and its questions are worded as in training, with the request for
one word that the set itself uses. One run a size: two sizes less than about seven points apart are not told apart.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from course_lib.figures import Figure, share
from course_lib.instruct.grammar_wordings import BRIEFLY
from course_lib.instruct.instruction_set import instruction_set
from course_lib.llava import learn, prior, saved
from course_lib.llava.batches import as_messages
from course_lib.llava.measure_vqa import accuracy, answers, right
from course_lib.llava.testsets import SCORED, Asked, asked, blank, draw
from course_lib.lm.chat import Message
from course_lib.world.scenes import Scene

SIZES = (50, 200, 800, 3_200)
KINDS = tuple(kind for kind in SCORED if kind != "read")  # what pocket eyes can't see, no set can teach
RECIPE = replace(learn.LIVE2, steps=100, batch_size=8)


def set_sizes(
    sizes: Sequence[int] = SIZES, recipe: learn.LlavaRecipe = RECIPE, each: int = 60, folder: Path | None = None
) -> Iterator[Figure]:
    """A figure for each size; smaller sets are the beginnings of larger ones. With a `folder`, a stopped run goes on."""
    told, about = conversations(max(sizes)), in_one_word(each)
    untaught = round(accuracy(saved.load("words"), about), 4)
    for size in sizes:
        model = saved.load("words")
        state = folder / f"set_size_{size}.training.safetensors" if folder else None
        if learn.stage2_on(model, told[:size], recipe, state_file=state).stopped:
            return
        yield measured(model, about, f"llava.set_size.n{size}", untaught, recipe)


def measured(model, about: Sequence[Asked], id: str, untaught: float, recipe: learn.LlavaRecipe) -> Figure:
    """Right answers with the true pictures; control: blank ones; baseline: before the first sample."""
    texts, truth = prior.texts(about), prior.answers(about)
    seen = right(answers(model, draw([one.scene for one in about]), texts), truth)
    unseen = right(answers(model, blank(len(about)), texts), truth)
    read = recipe.steps * recipe.batch_size
    note = f"{read:,} samples read, with replacement; control: blank picture; baseline: before stage 2"
    return share(id, seen, control=round(float(unseen.mean()), 4), baseline=untaught, note=note)


def conversations(count: int) -> list[tuple[Scene, list[Message]]]:
    """The first samples of the instruction set, each with its scene."""
    made = instruction_set(count)
    turns = ([(turn.question, turn.answer) for turn in sample.turns] for sample in made.samples)
    return [(made.scenes[sample.id], as_messages(some)) for sample, some in zip(made.samples, turns, strict=True)]


def in_one_word(each: int) -> list[Asked]:
    """`each` questions of every kind about scenes of the stream "val", with a request for one word."""
    about = [one for kind in KINDS for one in asked(kind, each, "val", "train")]
    return [
        replace(one, question=replace(one.question, text=f"{one.question.text} {BRIEFLY[i % len(BRIEFLY)]}"))
        for i, one in enumerate(about)
    ]


def main() -> None:
    """`python -m course_lib.llava.set_size --sizes 50 200 --steps N --folder FOLDER`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--steps", type=int, default=RECIPE.steps)
    parser.add_argument("--folder", type=Path, help="keeps what a stopped run needs to go on")
    args = parser.parse_args()
    for figure in set_sizes(args.sizes, replace(RECIPE, steps=args.steps), folder=args.folder):
        print(figure.to_json(), flush=True)


if __name__ == "__main__":
    main()
