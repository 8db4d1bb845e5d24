"""What a learner can cause and mend. More particular errors (a damaged checkpoint, an unknown exercise) are kinds of it."""


class Problem(Exception):
    """Its message is what the learner reads, whole: what is wrong, where, and what to do next. Commands print it as a sentence."""
