"""Train and measure the arms of Lesson 09: python tools/emergence_arms.py FOLDER NAME[:SEED] …

An arm's row goes to FOLDER/rows.jsonl as soon as it is known, and one that is there is skipped; weights stay in FOLDER. An interrupted arm
goes on where it was. `data/emergence_arms.jsonl` is this file with the shipped weights' rows in it; some 15 minutes of a core an arm.
"""

import json
import sys
from pathlib import Path

from course_lib.emergence.evaluate.arms import read_rows, run


def main(folder: Path, wanted: list[str]) -> None:
    """Run the arms that have no row yet."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = folder / "rows.jsonl"
    rows.touch()
    for name, _, seed in (one.partition(":") for one in wanted):
        if (name, int(seed or 0)) not in {(row["arm"], row["seed"]) for row in read_rows(rows)}:
            row = run(name, int(seed or 0), folder)
            with rows.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
