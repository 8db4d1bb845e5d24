"""LLaVA-1.5's connector, a two-layer MLP, in the place of the shipped mixture of words: is the form of the connector what counts?

`python -m tools.mlp_connector FOLDER > FILE`: MLPs of two widths learn to say of training patches what the mixture says of them (no
question, no answer is seen); the wider one is then trained on in stage 2, with the adapters. Some ten minutes of a core for each fit and
half an hour for stage 2; weights stay in FOLDER, and what is there isn't made again. FILE gets the figures, measured on the stream "val", and
`python -m course_lib figures FILE` takes them in.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from course_lib.figures import Figure, share
from course_lib.llava import recipes
from course_lib.llava.data.pictures import draw_pictures
from course_lib.llava.data.testsets import SCORED_KINDS, draw, vqa_examples
from course_lib.llava.evaluate.text_prior import questions_of, targets_of
from course_lib.llava.evaluate.vqa import answers, is_correct
from course_lib.llava.model import MiniLlava
from course_lib.llava.train import parameters, saved, stages

WIDTHS = (192, 1024)  # of the hidden layer; LLaVA's is as wide as its language model, and so is the first
FIT_STEPS, PATCHES_PER_STEP, FIT_RATE = 5000, 4096, 4e-3
PICTURES = replace(recipes.VARIED, batch_size=64, seed=11)
NUM_BATCHES, NUM_HELD_OUT = 150, 20_000  # of pictures to fit to; of their last patches, from which nothing is learned
STAGE2 = replace(recipes.VARIED, steps=700, seed=12)


def mlp(width: int, model: MiniLlava) -> nn.Sequential:
    """A new MLP with a hidden layer of this width: patch features and letters [..., W + L] → [..., D]."""
    residual, letters = model.connector.residual, model.connector.letter_embeddings
    layers = nn.Linear(residual.in_features + len(letters), width), nn.GELU(), nn.Linear(width, residual.out_features)
    return nn.Sequential(*layers)


@torch.no_grad()
def training_features(model: MiniLlava) -> Tensor:
    """Features of training patches [P, W + L], signs with practice words among them."""
    batches = [draw_pictures(PICTURES, random.Random(f"distil/{n}"), None)[2] for n in range(NUM_BATCHES)]
    return torch.cat([model.image_features(pixels).flatten(0, 1) for pixels in batches])  # [64, N, W] → [64·N, W]


def fit_mlp(student: nn.Sequential, features: Tensor, targets: Tensor) -> None:
    """Least squares, in place: features [P, W + L] → targets [P, D]."""
    optimizer, variance = torch.optim.AdamW(student.parameters(), weight_decay=0.0), targets.var()
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, FIT_RATE, FIT_STEPS)
    for _ in range(FIT_STEPS):
        rows = torch.randint(len(features) - NUM_HELD_OUT, (PATCHES_PER_STEP,))
        loss = (student(features[rows]) - targets[rows]).square().mean() / variance
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


def fitted(width: int, model: MiniLlava, folder: Path) -> tuple[nn.Sequential, float]:
    """The MLP of this width that says what the model's mixture says, and the share of variance of unseen patches it explains."""
    features, file = training_features(model), folder / f"mlp{width}.safetensors"
    with torch.no_grad():
        targets = torch.cat([model.connector(part) for part in features.split(NUM_HELD_OUT)])
    torch.manual_seed(0)
    student = mlp(width, model)
    if not file.exists():
        fit_mlp(student, features, targets)
        save_file({name: tensor.contiguous() for name, tensor in student.state_dict().items()}, file)
    student.load_state_dict(load_file(file))
    with torch.no_grad():
        missed = (student(features[-NUM_HELD_OUT:]) - targets[-NUM_HELD_OUT:]).square().mean() / targets.var()
    return student, 1 - float(missed)


def train(model: MiniLlava, folder: Path) -> None:
    """Stage 2, in place: the connector in full, the language model by new adapters."""
    file = folder / "mlp_trained.safetensors"
    if file.exists():
        stages.add_adapters(model, STAGE2.rank, STAGE2.seed)
        saved.load_weights(model, load_file(file), file.name)
    elif stages.stage2(model, STAGE2, state_file=folder / "mlp.training.safetensors").stopped:
        raise KeyboardInterrupt
    else:
        save_file(
            {name: p.detach().contiguous() for name, p in parameters.to_save(dict(model.named_parameters())).items()},
            file,
        )
    model.eval()


def vqa_figure(model: MiniLlava, name: str, note: str) -> Figure:
    """VQA accuracy on the stream "val", 60 questions a kind."""
    examples = [one for kind in SCORED_KINDS for one in vqa_examples(kind, 60, stream="val")]
    replies = answers(model, draw([one.scene for one in examples]), questions_of(examples))
    return share(f"llava.mlp.{name}.vqa", is_correct(replies, targets_of(examples)), note=note)


def figures(folder: Path) -> Iterator[Figure]:
    """The mixture, each MLP fitted to it, and the wider one after stage 2."""
    model = saved.load("2")
    yield vqa_figure(model, "mixture", "the shipped assistant; val")
    for width in WIDTHS:
        student = saved.load("2")
        student.connector, explained = fitted(width, model, folder)
        yield vqa_figure(
            student.eval(), f"width_{width}", f"explains {100 * explained:.1f} % of the variance of unseen patches; val"
        )
    train(student, folder)
    yield vqa_figure(student, f"width_{width}_trained", f"after {STAGE2.steps} steps of stage 2; val")


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
