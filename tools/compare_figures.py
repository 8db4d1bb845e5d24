"""Do two runs agree? python tools/compare_figures.py A.jsonl B.jsonl: what `evaluate --json` printed, twice.

Two figures agree when each value lies in the other's interval. A share whose interval is not stated gets that of a share
of as many things; another number, a twentieth of itself. Control and baseline are compared in the same way. How fast
something was is a matter of the machine: it is shown, and not judged. Only rooms that both files have are compared.
Exit code 1 where a figure is apart, or missing in one of them (but see --part).
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.figures import Figure, from_json, wilson

SPEEDS = ("s", "ms", "times", "scenes/s", "samples/s")  # units of what the machine decides
SLACK = 0.05  # of a number that is no share and has no interval
COMPANY = ("control", "baseline")


def interval(figure: Figure, value: float) -> tuple[float, float]:
    """Where another run's value may lie: the interval that the figure states, if it is its own value, else one by the rule above."""
    if value == figure.value and figure.low is not None:
        return figure.low, figure.high
    if figure.unit is None and figure.n and 0 <= value <= 1:
        return wilson(value, figure.n)
    return value - SLACK * abs(value), value + SLACK * abs(value)


def verdict(a: Figure, b: Figure) -> str:
    """ "equal", "within", "apart", or "speed"."""
    if a.unit in SPEEDS:
        return "speed"
    pairs = [(a.value, b.value), *((getattr(a, name), getattr(b, name)) for name in COMPANY)]
    if any((one is None) != (other is None) for one, other in pairs):
        return "apart"
    told = [pair for pair in pairs if pair[0] is not None]
    if all(one == other for one, other in told):
        return "equal"
    return "within" if all(agree(a, one, b, other) for one, other in told) else "apart"


def agree(a: Figure, one: float, b: Figure, other: float) -> bool:
    """Does each value lie in the other's interval?"""
    (low, high), (lower, higher) = interval(a, one), interval(b, other)
    return low <= other <= high and lower <= one <= higher


def compare(first: Iterable[Figure], second: Iterable[Figure]) -> dict[str, list[str]]:
    """Verdict → lines about the figures of that verdict; "missing" for ids that only one run has, of rooms that both have."""
    a, b = ({figure.id: figure for figure in run} for run in (first, second))
    rooms = {id.split(".")[0] for id in a} & {id.split(".")[0] for id in b}
    found: dict[str, list[str]] = {name: [] for name in ("equal", "within", "speed", "apart", "missing")}
    for id in dict.fromkeys([*a, *b]):
        if id.split(".")[0] not in rooms:
            continue
        if id in a and id in b:
            found[verdict(a[id], b[id])].append(f"{id}: {told(a[id])} and {told(b[id])}")
        else:
            found["missing"].append(f"{id}: only in the {'first' if id in a else 'second'} run")
    return found


def told(figure: Figure) -> str:
    """Value, interval, control and baseline in short."""
    company = [f"{name} {value:g}" for name in COMPANY if (value := getattr(figure, name)) is not None]
    own = "" if figure.low is None else f" [{figure.low:g}–{figure.high:g}]"
    return f"{figure.value:g}{own}" + (f" ({', '.join(company)})" if company else "")


def read(file: Path) -> list[Figure]:
    """The figures of a file, one a line."""
    return [from_json(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def main() -> int:
    """Print what is not equal, then how many figures of each verdict there are."""
    parser = argparse.ArgumentParser(description="Do two runs of `evaluate --json` agree?")
    parser.add_argument("files", nargs=2, type=Path, metavar="FILE")
    parser.add_argument(
        "--part", action="store_true", help="one run measured less, such as without --live: none is missed"
    )
    args = parser.parse_args()
    found = compare(*map(read, args.files))
    for name in ("within", "speed", "apart", "missing"):
        for line in found[name]:
            print(f"{name:8}{line}")
    print(", ".join(f"{len(lines)} {name}" for name, lines in found.items()))
    return 1 if found["apart"] or (found["missing"] and not args.part) else 0


if __name__ == "__main__":
    sys.exit(main())
