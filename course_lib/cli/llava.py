"""`llava`: train a LLaVA of full size, ask it, write POPE's files, and repeat the long measurements of Lessons 05 and 07."""

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields, replace
from pathlib import Path

from course_lib.common.errors import Problem
from course_lib.llava.full import PretrainedParts, ScaleRecipe

SCALE_OPTIONS = {  # the fields of PretrainedParts and ScaleRecipe
    "vision": "CLIP or SigLIP: a folder, or a name on the hub",
    "language": "chat model: a folder, or a name on the hub",
    "lora_rank": "of the adapters",
    "connector": "safetensors of stage 1 (keys connector.*); without it the connector is new",
    "steps": "of the optimizer",
    "batch_size": "pictures a step, over all processes",
    "micro_batch_size": "pictures at once in a process: what its memory holds",
    "learning_rate": "of the adapters, at its peak",
    "connector_lr_mult": "the connector's learning rate, as a multiple of the adapters'",
    "save_every": "steps from one saved state to the next",
    "seed": "of the order of the pictures",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """scale …, ask …, pope …, bench …, ladder …, ablate … and set-size …."""
    names = "scale | ask | pope | bench | ladder | ablate | set-size"
    actions = parser.add_subparsers(dest="action", required=True, metavar=names)
    _add_scale(actions.add_parser("scale", help="stage 2 around published models, on one GPU or several"))
    ask = actions.add_parser("ask", help="ask what `scale` has tuned about a picture")
    ask.add_argument("llava", type=Path, help="such as my_llava/llava.safetensors")
    ask.add_argument("picture", type=Path)
    ask.add_argument("questions", nargs="+", metavar="QUESTION")
    pope = actions.add_parser(
        "pope", help="POPE's questions and the shipped LLaVA's answers, for POPE's own evaluate.py"
    )
    pope.add_argument("out", type=Path, metavar="FOLDER", help="for questions, answers and pictures")
    pope.add_argument("--scenes", type=int, default=100, metavar="N", help="six questions each (default: %(default)s)")
    bench = actions.add_parser(
        "bench", help="PocketBench as pictures and JSON, for models that are not ours; or its score"
    )
    bench.add_argument("out", type=Path, metavar="FOLDER", help="for pictures, prompts and answers")
    bench.add_argument(
        "--replies", type=Path, metavar="FILE", help='a list of {"id": …, "text": …}: scored, nothing written'
    )
    ladder = actions.add_parser("ladder", help="Lesson 08's ladder: each rung one change more, some minutes a run")
    ladder.add_argument("--rows", type=Path, required=True, metavar="FILE", help="keeps the runs")
    ladder.add_argument("--seeds", type=int, nargs="+", metavar="N", help="(default: three)")
    ladder.add_argument("--steps", type=int, metavar="N", help="of each rung")
    ladder.add_argument("--mlp", type=Path, metavar="FILE", help="of tools/compare_connectors.py, for the rung mlp")
    ablate = actions.add_parser("ablate", help="what is each part worth? all runs anew, a minute or two each")
    ablate.add_argument("names", nargs="*", metavar="NAME", help="such as connector or rank (default: all)")
    ablate.add_argument("--rows", type=Path, metavar="FILE", help="keeps the runs (default: the shipped file)")
    ablate.add_argument("--seeds", type=int, nargs="+", metavar="N", help="(default: the shipped three)")
    ablate.add_argument("--steps", type=int, metavar="N", help="of stage 2 (default: as many as the shipped runs)")
    set_size = actions.add_parser("set-size", help="how many pictures must the instruction set have?")
    set_size.add_argument("--sizes", type=int, nargs="+", metavar="N", help="pictures (default: four sizes)")
    set_size.add_argument("--steps", type=int, metavar="N", help="of stage 2, for every size")
    set_size.add_argument("--folder", type=Path, help="keeps what a stopped run needs to go on")


def _add_scale(parser: argparse.ArgumentParser) -> None:
    """Where the data are, and an option for every field of the parts and of the recipe."""
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar="FILE",
        help="LLaVA's JSON, as a list or line by line; checked first: what can't be used is left out and listed",
    )
    parser.add_argument("--images", type=Path, required=True, metavar="FOLDER", help="of its pictures")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for checkpoints and result")
    for field in (*fields(PretrainedParts), *fields(ScaleRecipe)):
        option, help_text = f"--{field.name.replace('_', '-')}", SCALE_OPTIONS[field.name]
        if field.default is MISSING:
            parser.add_argument(option, required=True, help=help_text)
        elif field.default is None:
            parser.add_argument(option, help=help_text)
        else:
            help_text += " (default: %(default)s)"
            parser.add_argument(option, type=field.type, default=field.default, metavar="N", help=help_text)


def main(args: argparse.Namespace) -> int:
    """Do what was asked for; 0 if it went well."""
    {
        "scale": scale,
        "ask": ask,
        "pope": pope,
        "bench": bench,
        "ladder": ladder,
        "ablate": ablate,
        "set-size": set_size,
    }[args.action](args)
    return 0


def scale(args: argparse.Namespace) -> None:
    """Train; every process of torchrun or accelerate comes here."""
    from course_lib.llava.full.scale import run

    parts, recipe = _made(PretrainedParts, args), _made(ScaleRecipe, args)
    with said_in_a_sentence():
        run(parts, recipe, args.data, args.images, args.out)


def _made(kind: type, args: argparse.Namespace):
    """The dataclass whose fields are options of these names."""
    return kind(**{field.name: getattr(args, field.name) for field in fields(kind)})


def ask(args: argparse.Namespace) -> None:
    """Print each question with its answer."""
    from course_lib.llava.full.model import answers
    from course_lib.llava.full.scale import Distributed

    with said_in_a_sentence():
        replies = answers(args.llava, args.picture, args.questions, Distributed().device)
    for question, answer in zip(args.questions, replies, strict=True):
        print(f"{question} {answer}")


def pope(args: argparse.Namespace) -> None:
    """Write the files, then what evaluate.py computes of each pair: accuracy, F1 and yes-ratio."""
    from course_lib.llava.evaluate.pope_files import write_pope
    from course_lib.llava.train import saved

    if args.scenes < 1:
        raise Problem(f"--scenes must be 1 or more, not {args.scenes}.")
    with said_in_a_sentence():
        args.out.mkdir(parents=True, exist_ok=True)  # before minutes of answering
        measured = write_pope(saved.load("2"), args.out, args.scenes)
    for negatives, found in measured.items():
        values = ", ".join(f"{name} {found[name]:.4f}" for name in ("accuracy", "f1", "yes_ratio"))
        print(f"pope_{negatives}.json, pope_{negatives}_answers.json: {values}")


def bench(args: argparse.Namespace) -> None:
    """Write PocketBench, or score what a model replied to it. A prompt without a reply is a wrong one."""
    from course_lib.llava_next.evaluate import pocketbench

    items = pocketbench.items()
    with said_in_a_sentence():
        if args.replies is None:
            pocketbench.export(args.out, items)
            print(f"{len(items)} prompts: {args.out / 'prompts.json'}")
            return
        texts = {one["id"]: one["text"] for one in json.loads(args.replies.read_text(encoding="utf-8"))}
    for column, value in pocketbench.score(items, [texts.get(i, "") for i in range(len(items))]).items():
        print(f"{column:14s} {100 * value:5.1f} %")


def ladder(args: argparse.Namespace) -> None:
    """Make the runs that `--rows` does not have yet, then print the figures."""
    from course_lib.llava_next.evaluate import ladder as rungs

    rungs.run_all(args.rows, args.seeds or rungs.SEEDS, args.steps or rungs.STEPS, args.mlp)
    for figure in rungs.figures(rungs.read_rows(args.rows)):
        print(figure.to_json(), flush=True)


def ablate(args: argparse.Namespace) -> None:
    """Make the runs that `--rows` does not have yet, then print the figures."""
    from course_lib.llava.evaluate import ablations

    names = args.names or list(ablations.ABLATIONS)
    if unknown := [name for name in names if name not in ablations.ABLATIONS]:
        raise Problem(f'There is no ablation "{unknown[0]}". There are: {", ".join(ablations.ABLATIONS)}.')
    rows = args.rows or ablations.RUNS_FILE
    ablations.run_all(rows, names, args.seeds or ablations.SEEDS, args.steps or ablations.STEPS)
    for figure in ablations.figures(ablations.read_runs(rows), names):
        print(figure.to_json(), flush=True)


def set_size(args: argparse.Namespace) -> None:
    """Print a figure for each size as soon as it is known."""
    from course_lib.llava.evaluate.set_size import RECIPE as usual
    from course_lib.llava.evaluate.set_size import SIZES, set_size_figures

    recipe = replace(usual, steps=args.steps or usual.steps)
    for figure in set_size_figures(args.sizes or SIZES, recipe, folder=args.folder):
        print(figure.to_json(), flush=True)


@contextmanager
def said_in_a_sentence() -> Iterator[None]:
    """A file that can't be found or read becomes a `Problem`; the other errors of these runs are kinds of it."""
    try:
        yield
    except OSError as error:
        raise Problem(str(error)) from error
