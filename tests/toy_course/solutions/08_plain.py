# ---
# title: A lesson without exercises
# objectives:
#   - see outputs compared
# prerequisites:
#   - "[the toy lesson](07_toy.ipynb)"
# minutes: 1
# ---

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="08_plain")

# %% tags=["check"]
print("one")
6 * 7

# %% tags=["check"]
print("two")

# %% tags=["check"]
[session.lesson, session.seed]

# %%
import sys
import time

print("nobody compares", time.time())
print("a warning with a path", file=sys.stderr)
