"""How long does one more click take: on a picture that was encoded once, and when it is encoded again each time.

    python benchmarks/seem_clicks.py [--rounds 9]

The same model, picture and clicks; both must find the same mask. It is a second round: two clicks, and the first one's mask.

A click is some 2,000 small calls of torch, most of whose time is the way from one to the next (`profiles.py seem_click`), so what
helps is to do fewer. Milliseconds of one core for a click, the quickest of 60 (scores moved by 2.3e-5 at most in all, and none of
seven million pixels of masks changed sides):

    5.6  before
    5.4  no padding: without words or references, their tokens are not carried through the layers
    4.3  what is the same in each round is worked out with the picture (averages at half size), points instead of
         pixels go through the linear map of `PointRefiner`, earlier layers' masks get no classes, memory masks once a size
    4.2  masks for all heads, and the waves of places, once instead of in each layer (as much as the measurement wanders)
    3.9  `torch.inference_mode` in place of `no_grad`
    3.8  prompts made in numpy and padded once; no place for a point where nobody draws; one call less for each average and mask

Tried and left out: torch's fused attention (no quicker with so few tokens, and it hides the formula that Lesson 11 teaches);
`torch.jit.trace`, which takes a third off what is left, but keeps the number of points and words of the click it was traced with.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from floor import middle, share

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.figures import Figure
from course_lib.seem.prompts import Prompt
from course_lib.seem.train import stages
from course_lib.seem.train.click_simulator import add_click
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene


def clicks(model) -> dict[str, Callable[[], torch.Tensor]]:
    """Name → a function that answers one more click with mask logits [1, 1, S, S]."""
    picture = render(make_scene(0, SceneSpec(stream="val", count=(3, 4))))
    pixels = normalise(to_tensor(picture.image[None]))
    thing = picture.instances == 1
    with torch.inference_mode():
        features = model.encode(pixels)
        first = add_click(Prompt(), np.zeros_like(thing), thing)
        prev_mask = model.segment(features, [first]).mask_logits[:, 0] > 0
    prompt = add_click(first, prev_mask[0].numpy(), thing)

    @torch.inference_mode()
    def encoded_once() -> torch.Tensor:
        return model.segment(features, [prompt], prev_mask).mask_logits

    @torch.inference_mode()
    def encoded_again() -> torch.Tensor:
        return model.segment(model.encode(pixels), [prompt], prev_mask).mask_logits

    return {"encoded_once": encoded_once, "encoded_again": encoded_again}


def figures(rounds: int = 9) -> list[Figure]:
    """Milliseconds of both, the ratio, and the share of the floor."""
    runs = clicks(stages.load())
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, click in runs.items():
            start = time.perf_counter()
            click()
            if number:  # the first round warms up
                times[name].append(time.perf_counter() - start)
    if not torch.equal(*(click() for click in runs.values())):
        raise RuntimeError("A picture that is encoded again gives another mask.")
    results = []
    for name, seconds in times.items():
        results.append(middle(f"bench.seem_click.{name}", [1000 * one for one in seconds], "ms"))
        results.append(share(f"seem_click.{name}", runs[name], statistics.median(seconds)))
    ratios = [again / once for once, again in zip(times["encoded_once"], times["encoded_again"], strict=True)]
    return [*results, middle("bench.seem_click.ratio", ratios, "times", bar=5, note="encoding each time, to once")]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A click on an encoded picture, and with encoding.")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each (default 9)")
    for figure in figures(parser.parse_args().rounds):
        print(figure.to_json())
