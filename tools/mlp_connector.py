"""How wide must an MLP be that takes the place of the mixture of words, and what does stage 2 add to it?

`python -m tools.mlp_connector FOLDER > FILE`: MLPs of two widths learn to say of training patches what the mixture says of them
(`course_lib.llava.train.distil`; some ten minutes each). Weights stay in FOLDER, and what is there isn't made again. FILE gets the figures,
measured on the stream "val", beside those of the mixture and of the shipped assistant; `python -m course_lib figures FILE` takes them in.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from course_lib.figures import Figure, share
from course_lib.llava.data.testsets import SCORED_KINDS, draw, vqa_examples
from course_lib.llava.evaluate.text_prior import questions_of, targets_of
from course_lib.llava.evaluate.vqa import answers, is_correct
from course_lib.llava.model import MiniLlava
from course_lib.llava.recipes import BAKED2, DISTIL
from course_lib.llava.train import distil, saved

WIDTHS = (
    192,
    distil.HIDDEN_WIDTH,
)  # of the hidden layer; LLaVA's is as wide as its language model, and so is the first
NUM_HELD_OUT = 512  # pictures from which nothing is learned


def fitted(width: int, model: MiniLlava, file: Path) -> nn.Sequential:
    """The MLP of this width that says what the model's mixture says."""
    torch.manual_seed(DISTIL.seed)
    student = distil.new_mlp(model, width)
    if file.exists():
        student.load_state_dict(load_file(file))
    elif distil.distil(student, distil.patches_pool(model, distil.NUM_PICTURES)).stopped:
        raise KeyboardInterrupt
    else:
        save_file(student.state_dict(), file)
    return student.eval()


def vqa_figure(model: MiniLlava, name: str, note: str) -> Figure:
    """VQA accuracy on the stream "val", 60 questions a kind."""
    examples = [one for kind in SCORED_KINDS for one in vqa_examples(kind, 60, stream="val")]
    replies = answers(model, draw([one.scene for one in examples]), questions_of(examples))
    return share(f"llava.mlp.{name}.vqa", is_correct(replies, targets_of(examples)), note=note)


def figures(folder: Path) -> Iterator[Figure]:
    """The mixture, each MLP fitted to it, and the wider one after stage 2."""
    model, student = saved.load("mixture"), saved.load("mixture")
    yield vqa_figure(model, "mixture", "the assistant that the MLP learned from; val")
    held_out = distil.patches_pool(model, NUM_HELD_OUT, replace(DISTIL, seed=DISTIL.seed + 1))
    for width in WIDTHS:
        student.connector = fitted(width, model, folder / f"mlp{width}.safetensors")
        explained = 100 * distil.explained_variance(student.connector, held_out)
        yield vqa_figure(
            student, f"width_{width}", f"explains {explained:.1f} % of the variance of unseen patches; val"
        )
    note = f"the shipped assistant: after {BAKED2[1].steps} steps of stage 2; val"
    yield vqa_figure(saved.load("2"), f"width_{WIDTHS[1]}_trained", note)


def main() -> None:
    """Everything that isn't in the folder yet, then the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for figure in figures(folder):
        print(figure.to_json(), flush=True)


if __name__ == "__main__":
    main()
