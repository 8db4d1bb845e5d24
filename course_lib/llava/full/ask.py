"""Ask a LLaVA that `python -m course_lib.llava.full.scale` has tuned: python -m course_lib.llava.full.ask LLAVA PICTURE QUESTION…"""

import argparse
import sys
from pathlib import Path

import torch

from course_lib.checkpoints import CheckpointError
from course_lib.clip.data.images import PictureError, open_picture
from course_lib.common.precision import compute_dtype
from course_lib.llava.full.scale import Machines, load


@torch.no_grad()
def answers(file: Path, picture: Path, questions: list[str]) -> list[str]:
    """What the model in `file` says about a picture, a question each. CheckpointError, PictureError, OSError."""
    opened = open_picture(picture)
    device = Machines().device
    form = compute_dtype(device)
    model, processor = load(file, device)
    pixels = processor(images=[opened], return_tensors="pt")["pixel_values"].to(device)
    with torch.autocast(device.type, form, enabled=form != torch.float32):
        features = model.image_features(pixels)
        return model.answer(features.expand(len(questions), -1, -1), questions)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m course_lib.llava.full.ask", description="Ask a tuned LLaVA.")
    parser.add_argument("llava", type=Path, help="such as my_llava/llava.safetensors")
    parser.add_argument("picture", type=Path)
    parser.add_argument("questions", nargs="+", metavar="QUESTION")
    given = parser.parse_args(arguments)
    try:
        said = answers(given.llava, given.picture, given.questions)
    except (CheckpointError, PictureError, OSError) as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    for question, answer in zip(given.questions, said, strict=True):
        print(f"{question} {answer}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
