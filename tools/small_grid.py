"""Train and measure the grid of Lesson 14: python tools/small_grid.py FOLDER [SIZE:DATA:SEED …]

Without names, all 24 runs. A run's row goes to FOLDER/rows.jsonl as soon as it is known, and one that is there is skipped. An
interrupted run goes on where it was. It needs small_lm_half and small_lm_one (python -m course_lib bake). Two to four minutes of a core
a run. `data/small_grid.jsonl` is this file.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.small.evaluate import grid

if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    for row in grid.run_all(Path(sys.argv[1]), sys.argv[2:]):
        right = "".join(row["right"].values())
        print(f"{grid.name_of(row)}: {100 * right.count('1') / len(right):.1f} %, {row['minutes']} min", flush=True)
