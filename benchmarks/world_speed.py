"""Annotated scenes a second, beside a plain Pillow loop in the same run: python benchmarks/world_speed.py (JSON)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.world.measure import figures

for figure in figures():
    print(figure.to_json())
