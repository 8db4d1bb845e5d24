"""Pictures that explain: samples with their boxes, a block of the UNet with its gate, where a head looks, and charts."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from course_lib import show
from course_lib.canvas import Mark
from course_lib.clip.data.images import to_images
from course_lib.figures import Figure, wilson
from course_lib.gligen.diffusion import alphas_cumprod
from course_lib.gligen.evaluate.paired import PairedLog, losses_by_caption, paired_scenes
from course_lib.gligen.latents import PatchSpace
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.model import Generator
from course_lib.gligen.train.gates import GateLog
from course_lib.show import Box
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

CELL = 8  # pixels of a cell in a map of attention
Layout = Sequence[GroundedPhrase]


def samples(
    pictures: Tensor, layouts: Iterable[Layout], *, alt: str, titles: list[str] | None = None, columns: int = 4
) -> None:
    """A grid of pictures [N, 3, S, S], 0–1, each with the boxes of its layout."""
    boxes = [[(one.phrase, one.box) for one in layout] for layout in layouts]
    show.boxed(to_images(pictures), boxes, alt=alt, titles=titles, columns=columns)


def rows(named: Mapping[str, Tensor], layouts: Mapping[str, Layout], *, alt: str) -> None:
    """One row for each name, of pictures [N, 3, S, S]; a row whose name is in `layouts` shows these boxes."""
    titles = [name for name, pictures in named.items() for _ in pictures]
    columns = len(titles) // len(named)
    boxes = [layouts.get(name, ()) for name in titles]
    samples(torch.cat(list(named.values())), boxes, alt=alt, titles=titles, columns=columns)


def in_words(values: Mapping[str, float]) -> str:
    """Names and numbers, for who can't see the chart."""
    return ", ".join(f"{name} {value:.2f}" for name, value in values.items())


def share_bars(shares: dict[str, float], count: int, about: str) -> None:
    """Shares of so many trials each, with Wilson's intervals; `about` begins the alt text."""
    spread = {name: wilson(value, count) for name, value in shares.items()}
    show.bars(shares, intervals=spread, alt=f"{about}: {in_words(shares)}.")


def noise_levels(mixed: Mapping[int, Tensor]) -> None:
    """One picture [1, 3, S, S], centred and of spread 1, at several levels of noise."""
    alpha_bar = alphas_cumprod()
    show.pictures(
        to_images((torch.cat(list(mixed.values())) / 4 + 0.5).clamp(0, 1)),
        titles=[f"t = {level}, ᾱ = {alpha_bar[level]:.2f}" for level in mixed],
        alt=f"A scene at {len(mixed)} noise levels, from clean to nothing but noise.",
    )


def latent_widths(picture: Tensor, many: Tensor) -> None:
    """What is left of a picture [1, 3, S, S] in latents of several widths, whose directions are fitted on many [N, 3, S, S]."""
    decoded = {"the picture": picture}
    for channels in (3, 6, 12, 24):
        space = PatchSpace(channels).fit(many)
        back = space.decode(space.encode(picture))
        decoded[f"{channels} of 48: {-10 * (back - picture).square().mean().log10():.0f} dB"] = back
    alt = f"What is left of a picture in latents of several widths: {'; '.join(decoded)}."
    show.pictures(to_images(torch.cat(list(decoded.values()))), titles=list(decoded), alt=alt)


def errors_by_caption(models: Mapping[str, Generator], count: int) -> None:
    """The error inside the things of so many held-out scenes, under the true caption, none, and a wrong one."""
    paired, errors = paired_scenes(count), {}
    for name, model in models.items():
        losses = losses_by_caption(model, paired)
        errors |= {f"{name}, caption {kind}": float(loss.mean()) for kind, loss in losses.items()}
        better = (losses["true"].mean(0) < losses["wrong"].mean(0)).float().mean()
        print(f"{name}: the true caption beats the wrong one in {100 * better:.0f} % of the scenes")
    alt = f"Mean square error inside the things: {in_words(errors)}."
    show.bars(errors, limit=max(errors.values()), unit=" ", alt=alt)


def open_set_samples(draw: Callable[[list[str], list[Layout]], Tensor], unread: Sequence[str]) -> None:
    """Three things whose phrases the gates read and three unread ones: above with a caption, below without."""
    phrases = ["a frog", "a lion", "a house", *(f"a {name}" for name in unread)]
    layouts = [[GroundedPhrase(phrase, (0.48, 0.34, 0.9, 0.76))] for phrase in phrases]
    samples(
        torch.cat(
            [draw([f"{phrase} on the beach" for phrase in phrases], layouts), draw([""] * len(phrases), layouts)]
        ),
        layouts * 2,
        titles=[*["read"] * 3, *["never read"] * len(unread)] * 2,
        columns=len(phrases),
        alt="Three things whose phrases the gates read, and three they never read; above with a caption, below without.",
    )


def reference(name: str) -> tuple[np.ndarray, Mark]:
    """A picture uint8 [64, 64, 3] in which this thing lies, in a style that the base never drew, and the mark around it."""
    drawn = render(make_scene(5, SceneSpec(stream="test", names=(name,), styles=("twemoji",), colour=None)))
    x0, y0, x1, y1 = (drawn.boxes[0] / len(drawn.image)).tolist()
    return drawn.image, Mark("reference", ((x0, y0), (x1, y1)))


def training_curves(gates: GateLog, paired: PairedLog) -> None:
    """How far each gate opened, and what true, shuffled and no boxes are worth meanwhile."""
    steps, opened = gates.curves()
    ends = in_words({name: values[-1] for name, values in opened.items()})
    show.history(steps, opened, xlabel="step", ylabel="|tanh α|", alt=f"How far each gate is open. At the end: {ends}.")
    lines = {f"boxes: {name}": values for name, values in paired.losses.items()}
    ends = in_words({name: values[-1] for name, values in lines.items()})
    alt = f"The error inside held-out things while the gates learn. At the end: {ends}."
    show.history(paired.steps, lines, xlabel="step", ylabel="error inside things", alt=alt)


def obedience_curve(swept: Iterable[Figure]) -> None:
    """AP50 over the share of grounded steps, from `fidelity.grounded_fraction_figures`."""
    ap50 = {float(one.id.split("_")[-1]): one.value for one in swept if "ap50" in one.id}
    alt = f"AP50 by the share of grounded steps: {ap50}."
    show.history(list(ap50), {"AP50": list(ap50.values())}, xlabel="share of the steps", ylabel="AP50", alt=alt)


def block_diagram() -> None:
    """Where the gated layer stands: between self-attention and cross-attention, both frozen."""
    boxes = {
        "layout": Box(1, 0, "phrases, boxes", "[B, 4, 128] [B, 4, 4]"),
        "tokens": Box(2, 0, "grounding tokens", "[B, 4, 128]", "learned"),
        "caption": Box(4, 0, "caption", "[B, 24]"),
        "text": Box(3, 0, "CLIP's text tower", "[B, 24, 128]", "frozen"),
        "places": Box(0, 1, "places of the picture", "[B, 64, 128]"),
        "self": Box(1, 1, "self-attention", "64 × 64", "frozen"),
        "gated": Box(2, 1, "gated self-attention", "64 × (64 + 4)", "learned"),
        "cross": Box(3, 1, "cross-attention", "64 × 24", "frozen"),
        "forward": Box(4, 1, "feed-forward", "[B, 64, 128]", "frozen"),
        "alpha": Box(2, 2, "gate: tanh(α)", "0 at birth", "learned"),
        "out": Box(4, 2, "to the next block", "[B, 64, 128]", "result"),
    }
    row = ("places", "self", "gated", "cross", "forward", "out")
    inputs = [("layout", "tokens"), ("tokens", "gated"), ("alpha", "gated"), ("caption", "text"), ("text", "cross")]
    alt = "One block of the UNet: frozen self-attention; the new layer, which also reads grounding tokens made of phrases and boxes "
    alt += "and whose gate is shut at birth; frozen cross-attention to the caption; frozen feed-forward."
    show.diagram(boxes, [*inputs, *itertools.pairwise(row)], alt=alt)


def attention_maps(before: Tensor, after: Tensor, layout: Layout) -> None:
    """Maps of `attention_warmup.token_maps` [N, S, S]: white where all of a cell's attention goes to the box's token."""
    maps = [*before, *after]
    images = [np.repeat((255 * one.numpy()).astype(np.uint8)[..., None], 3, axis=-1) for one in maps]
    shares = ", ".join(
        f"{one.phrase} {was.max():.2f} → {now.max():.2f}" for one, was, now in zip(layout, before, after, strict=True)
    )
    show.boxed(
        [image.repeat(CELL, axis=0).repeat(CELL, axis=1) for image in images],
        [[(one.phrase, one.box)] for one in layout] * 2,
        titles=["before"] * len(before) + ["after"] * len(after),
        columns=len(maps),
        alt=f"How much of each cell's attention goes to a box's token, before and after the warm-up. The most: {shares}.",
    )
