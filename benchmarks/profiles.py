"""Where does the time go? Torch's profiler on the work of the other benchmarks, to explain shares of the floor.

    python benchmarks/profiles.py [NAME…]

For each: the share of the clock's time within matrix products and convolutions, within moving memory (copies, joins,
indexing), within all other operations (norms, activations, softmax, the optimiser), and between operations, which is
Python and torch's way from one operation to the next. The note counts operations and names the dearest.
Use one thread (OMP_NUM_THREADS=1): with more, operations of several threads are summed. The profiler itself costs time at
every operation, so small operations look somewhat dearer than they are.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from floor import seconds
from torch.profiler import ProfilerActivity, profile

from course_lib.figures import Figure

PRODUCTS = ("mm", "bmm", "addmm", "baddbmm", "linear", "convolution", "conv2d", "attention", "dot", "mv")
MOVES = ("copy", "cat", "index", "clone", "gather", "scatter", "embedding", "fill", "zero", "stack")
DEAREST = 4  # operations that the note names
LONG_ENOUGH = 1.0  # seconds to watch, so that one interruption does not decide


def seem_click() -> Callable[[], object]:
    """One more click on an encoded picture."""
    import seem_clicks

    from course_lib.seem.train import stages

    return seem_clicks.clicks(stages.load())["encoded_once"]


def seem_encoding() -> Callable[[], object]:
    """The same with encoding the picture."""
    import seem_clicks

    from course_lib.seem.train import stages

    return seem_clicks.clicks(stages.load())["encoded_again"]


def generation() -> Callable[[], object]:
    """128 tokens, one after the other."""
    import generation as benchmark

    from course_lib.lm.chat import encode_prompt
    from course_lib.lm.pretrained import load_tuned
    from course_lib.lm.tokenizer import get_tokenizer

    return partial(benchmark.ours, load_tuned(), encode_prompt(get_tokenizer(), benchmark.QUESTION), 128)


def gligen_sampling() -> Callable[[], object]:
    """Four pictures in 20 steps."""
    import gligen_sampling as benchmark

    return partial(benchmark.ours, benchmark.generator())


def lm_training() -> Callable[[], object]:
    """Steps of the language model, on batches made before."""
    import lm_training as benchmark

    return benchmark.contenders()["plain.step_alone"][0]


def clip_training() -> Callable[[], object]:
    """Steps of CLIP, on batches made before."""
    import clip_throughput

    return partial(clip_throughput.contenders()["ours: step alone"], 0)


def llava_training() -> Callable[[], object]:
    """Steps of stage 2."""
    import llava_contenders

    return llava_contenders.CONTENDERS["ours"][1]().train


WORK: dict[str, Callable[[], Callable[[], object]]] = {
    one.__name__: one
    for one in (seem_click, seem_encoding, generation, gligen_sampling, lm_training, clip_training, llava_training)
}


def kind(operation: str) -> str:
    """Of an operation's name, such as "aten::addmm": "products", "moves" or "others"."""
    words = operation.lower().replace("::", "_").replace("backward", "").split("_")
    if any(word.startswith(one) for word in words for one in ("mkldnn", *PRODUCTS)):
        return "products"
    return "moves" if any(word.startswith(one) for word in words for one in MOVES) else "others"


def figures(name: str) -> list[Figure]:
    """Four shares of the time that the work took under the profiler."""
    work = WORK[name]()
    work()  # warms up
    turns = max(1, round(LONG_ENOUGH / statistics.median(seconds(work, 3))))
    with profile(activities=[ProfilerActivity.CPU]) as watched:
        begun = time.perf_counter()
        for _ in range(turns):
            work()
        took = time.perf_counter() - begun
    found = watched.key_averages()
    spent = dict.fromkeys(("products", "moves", "others"), 0.0)
    for one in found:
        spent[kind(one.key)] += one.self_cpu_time_total / 1e6
    spent["between"] = took - sum(spent.values())
    dearest = sorted(found, key=lambda one: -one.self_cpu_time_total)[:DEAREST]
    named = ", ".join(
        f"{one.key.removeprefix('aten::')} {one.self_cpu_time_total / 1e4 / took:.0f} %" for one in dearest
    )
    count = sum(one.count for one in found) // turns
    note = f"{count:,} operations in {1000 * took / turns:,.1f} ms; dearest: {named}"
    return [Figure(f"bench.profile.{name}.{part}", round(share / took, 3), note=note) for part, share in spent.items()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Where the time of the benchmarks goes.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(WORK)} (default: all)")
    for name in parser.parse_args().names or WORK:
        for figure in figures(name):
            print(figure.to_json(), flush=True)
