"""What is each part worth? The papers' ablations in small: one thing changed, all else equal, three seeds.

`python -m course_lib.llava.ablate rank --steps 200` prints a line of JSON for each variant as soon as it is known. Expect
noise: with three seeds and some hundred questions, two variants less than about four points apart are not told apart. In the
papers the layer is worth about one point, the connector half a point (LLaVA-1.5: MLP +0.5 on GQA), stage 1 five points.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from course_lib.figures import Figure
from course_lib.llava import learn
from course_lib.llava.measure_vqa import accuracy
from course_lib.llava.model import MiniLlava
from course_lib.llava.testsets import SCORED, asked
from course_lib.lm.measure import follows, test_exchanges

SEEDS = (0, 1, 2)
RANKS = (1, 4, 16, 64)
Variant = Callable[[int, int], MiniLlava]  # seed, steps of stage 2 → the trained model


def trained(
    seed: int,
    steps: int,
    *,
    connector: str = "words",
    layer: int = -2,
    stage1: bool = True,
    learn_user: bool = False,
    rank: int = learn.LIVE2.rank,
) -> MiniLlava:
    """Both stages in small: twice as many (cheap) steps of words as of stage 2. Every option is one ablation.

    A connector that knows no words has LLaVA's stage 1, captions through the language model, in half as many steps.
    """
    model = learn.born(connector, layer, seed)
    if stage1 and connector == "words":
        learn.first_words(model, replace(learn.LIVE_WORDS, steps=2 * steps, seed=seed))
    elif stage1:
        learn.stage1(model, replace(learn.LIVE1, steps=max(steps // 2, 1), seed=seed))
    learn.stage2(model, replace(learn.LIVE2, steps=steps, rank=rank, seed=seed), learn_user=learn_user)
    return model


def variant(**options) -> Variant:
    """`trained` with these options."""
    return lambda seed, steps: trained(seed, steps, **options)


ABLATIONS: dict[str, dict[str, Variant]] = {
    "stage1": {"with": variant(), "without": variant(stage1=False)},
    "connector": {kind: variant(connector=kind) for kind in ("words", "linear", "mlp2x_gelu")},
    "layer": {"last_but_one": variant(), "last": variant(layer=-1)},
    "masking": {"assistant_only": variant(), "user_too": variant(learn_user=True)},
    "rank": {**{f"r{rank}": variant(rank=rank) for rank in RANKS}, "full": variant(rank=0)},
}


def ablate(name: str, steps: int, seeds: Sequence[int] = SEEDS, each: int = 40) -> Iterator[Figure]:
    """A figure for each variant: mean accuracy over seeds, its range, and what text-only skill is left.

    ValueError for an ablation that there is not.
    """
    if name not in ABLATIONS:
        raise ValueError(f'There is no ablation "{name}". There are: {", ".join(ABLATIONS)}.')
    about = [one for kind in SCORED for one in asked(kind, each)]
    exchanges = test_exchanges(4)
    for label, make in ABLATIONS[name].items():
        scores, texts = [], []
        for seed in seeds:
            model = make(seed, steps)
            scores.append(accuracy(model, about))
            texts.append(float(follows(model.language_model, exchanges).mean()))
        note = (
            f"sd {np.std(scores):.3f} over seeds {list(seeds)}, {steps} steps; follows text-only {np.mean(texts):.2f}"
        )
        mean, low, high = (round(float(value), 4) for value in (np.mean(scores), min(scores), max(scores)))
        yield Figure(f"llava.ablation.{name}.{label}", mean, low, high, len(about) * len(seeds), note=note)


def main() -> None:
    """`python -m course_lib.llava.ablate NAME --steps N --seeds 0 1 2`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=list(ABLATIONS))
    parser.add_argument("--steps", type=int, default=200, help="of stage 2")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    args = parser.parse_args()
    for figure in ablate(args.name, args.steps, args.seeds):
        print(figure.to_json(), flush=True)


if __name__ == "__main__":
    main()
