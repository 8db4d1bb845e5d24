"""What the assistant of Lesson 07 gets wrong about training scenes, for Lesson 12: data/failures/wrong_descriptions.jsonl.

python tools/sample_preferences.py    # two minutes of one core
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.failures.data import preferences
from course_lib.llava.train import saved

if __name__ == "__main__":
    preferences.FILE.parent.mkdir(exist_ok=True)
    preferences.save(preferences.wrong_descriptions(saved.load("2")))
