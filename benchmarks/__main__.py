"""All benchmarks, one after the other, each in a process of its own: figures as JSON, and a chart.

    python benchmarks [NAME…] [--out FOLDER] [--quick]

NAME is one of the scripts beside this file. FOLDER (default: dist/benchmarks) gets a file for each, as soon as it is through,
benchmarks.jsonl with all of them, a figure a line, and benchmarks.svg. What is there already is not measured again, so that an interrupted run goes on; delete the file
to begin anew. What a quick run finds lies in FOLDER/quick: it is no measurement, and a full run must not take it for one.
Each figure is a median over turns with the lowest and highest turn; the machine's floor comes first.
"""

import argparse
import io
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.common.files import write_atomically
from course_lib.figures import Figure, from_json, table

HERE = Path(__file__).resolve().parent
RUNS = {  # name → options of a quick run, which says that it works, and not how fast
    "floor": (),
    "world_speed": ("--rounds", "1"),
    "generation": ("--rounds", "1"),
    "seem_clicks": ("--rounds", "2"),
    "gligen_sampling": ("--rounds", "1"),
    "growth": (),
    "lm_training": ("--rounds", "1"),
    "clip_throughput": ("--seconds", "1"),
    "llava_training": ("--rounds", "1"),
    "profiles": ("seem_click",),
}


def main() -> int:
    """Run what is asked for and not there yet; write the chart; 1 if a benchmark failed."""
    parser = argparse.ArgumentParser(description="All benchmarks.", prog="python benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(RUNS)} (default: all)")
    parser.add_argument("--out", type=Path, default=HERE.parent / "dist" / "benchmarks", metavar="FOLDER")
    parser.add_argument("--quick", action="store_true", help="few turns, into FOLDER/quick: to see that it works")
    args = parser.parse_args()
    if unknown := [name for name in args.names if name not in RUNS]:
        parser.error(f"there is no benchmark {unknown[0]}: there are {', '.join(RUNS)}")
    out = args.out / "quick" if args.quick else args.out
    failed = [name for name in args.names or RUNS if not run(name, out, args.quick)]
    found = [figure for name in RUNS if (file := out / f"{name}.jsonl").exists() for figure in read(file)]
    write_atomically(out / "benchmarks.jsonl", "".join(f"{one.to_json()}\n" for one in found).encode())
    chart(found, out)
    print(table(found))
    for name in failed:
        print(f"✗ {name} failed.", file=sys.stderr)
    return 1 if failed else 0


def read(file: Path) -> list[Figure]:
    """The figures of a file."""
    return [from_json(line) for line in file.read_text(encoding="utf-8").splitlines()]


def run(name: str, out: Path, quick: bool) -> bool:
    """One benchmark, unless its figures are there; with the peak memory of its process. False if it failed."""
    file = out / f"{name}.jsonl"
    if file.exists():
        return True
    print(f"{name} …", file=sys.stderr, flush=True)
    command = [sys.executable, str(HERE / f"{name}.py"), *(RUNS[name] if quick else ())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        lines = child.stdout.read()
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        return False
    peak = used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)  # bytes there, kilobytes on Linux
    lines += Figure(f"bench.{name}.peak_memory", round(peak), n=1, unit="MB").to_json() + "\n"
    write_atomically(file, lines.encode())
    return True


def chart(found: list[Figure], out: Path) -> None:
    """Ratios to the peers, and shares of the floor, as bars with their ranges, and in orange what is to be reached."""
    from matplotlib import pyplot

    kinds = {"times as fast as the peer": "times", "share of the machine's floor": None}
    figure, axes = pyplot.subplots(1, 2, figsize=(13, 5), layout="constrained")
    for axis, (title, unit) in zip(axes, kinds.items(), strict=True):
        shown = [one for one in found if one.unit == unit and (unit or ".share_of_" in one.id)]
        axis.barh([one.id.removeprefix("bench.") for one in shown], [one.value for one in shown], color="#1f3b73")
        axis.invert_yaxis()
        for row, one in enumerate(shown):
            if one.low is not None:
                axis.plot([one.low, one.high], [row, row], color="#9aa7c7", linewidth=2)
            axis.text(one.value, row, f" {one.value:g}", va="center", fontsize=8)
            if one.bar is not None:
                axis.plot([one.bar, one.bar], [row - 0.4, row + 0.4], color="#c44e00", linewidth=3)
        axis.set_title(title)
        axis.tick_params(labelsize=8)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None, "Title": "Ratios to peers; shares of the floor"})
    write_atomically(out / "benchmarks.svg", drawn.getvalue())


if __name__ == "__main__":
    sys.exit(main())
