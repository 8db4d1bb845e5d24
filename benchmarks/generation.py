"""How many tokens a second does the pocket language model write: our loop, and transformers' `generate`.

    python benchmarks/generation.py [--rounds 5]

The same weights, prompt, greedy choice and cache; both must write the same tokens. Beside them our loop without the cache (every
step reads everything again), at two lengths: what the cache saves grows with the length.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from floor import middle, share, share_of_copying

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.figures import Figure
from course_lib.lm.chat import encode_prompt
from course_lib.lm.generate import continue_text
from course_lib.lm.pretrained import load_tuned
from course_lib.lm.tokenizer import get_tokenizer

LENGTHS = (16, 128)  # tokens to write
QUESTION = [{"role": "user", "content": "Describe a beach with a red crab, a blue boat and a yellow sun."}]


def ours(model, ids: list[int], length: int) -> list[int]:
    """`continue_text`, which stops nowhere."""
    return continue_text(model, ids, max_new_tokens=length)


@torch.no_grad()
def theirs(model, ids: list[int], length: int) -> list[int]:
    """transformers' `generate`, made to write just as much."""
    tokens = torch.tensor([ids])
    options = {"max_new_tokens": length, "min_new_tokens": length, "do_sample": False, "pad_token_id": 0}
    return model.generate(tokens, attention_mask=torch.ones_like(tokens), eos_token_id=None, **options)[
        0, len(ids) :
    ].tolist()


@torch.no_grad()
def without_cache(model, ids: list[int], length: int) -> list[int]:
    """Each step reads all that was written."""
    tokens = torch.tensor([ids])
    for _ in range(length):
        tokens = torch.cat([tokens, model(input_ids=tokens, use_cache=False).logits[:, -1:].argmax(-1)], dim=1)
    return tokens[0, len(ids) :].tolist()


WRITERS: dict[str, Callable] = {"ours": ours, "transformers": theirs, "no_cache": without_cache}


def figures(rounds: int = 5) -> list[Figure]:
    """Rates, ratios, and our share of the floor, at each length."""
    model, ids, found = load_tuned(), encode_prompt(get_tokenizer(), QUESTION), []
    for length in LENGTHS:
        rates: dict[str, list[float]] = {name: [] for name in WRITERS}
        written = {}
        for number in range(rounds + 1):
            for name, write in WRITERS.items():
                begun = time.perf_counter()
                written[name] = write(model, ids, length)
                if number:  # the first round warms up
                    rates[name].append(length / (time.perf_counter() - begun))
        if written["ours"] != written["transformers"]:
            raise RuntimeError("Our loop and transformers' generate wrote different tokens.")
        for name, rate in rates.items():
            found.append(middle(f"bench.generation.{name}.{length}", rate, "tokens/s", 1))
        ratios = [a / b for a, b in zip(rates["ours"], rates["transformers"], strict=True)]
        found.append(middle(f"bench.generation.ratio.{length}", ratios, "times", note="ours to transformers"))
        took = length / statistics.median(rates["ours"])
        found.append(share(f"generation.{length}", partial(ours, model, ids, length), took))
        weights = sum(parameter.nbytes for parameter in model.parameters())  # every token reads them all
        found.append(share_of_copying(f"generation.{length}", weights * length, took))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Tokens a second beside transformers' generate.")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default 5)")
    for figure in figures(parser.parse_args().rounds):
        print(figure.to_json())
