# ---
# title: A toy lesson
# objectives:
#   - take a mean
# prerequisites:
#   - nothing
# minutes: 5
# ---

# %% tags=["setup"]
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="07_toy")

# %% [markdown]
# ## Means
#
# <!-- exercise: toy.mean -->
#
# Write the mean of a list.


# %%
@exercise("toy.mean")
def mean(values):
    """values: numbers → their mean"""
    ### BEGIN SOLUTION
    total_of_all = sum(values)
    return total_of_all / len(values)
    ### END SOLUTION


# %% tags=["check"]
mean([1, 2, 6])
