"""What a learner can cause and mend."""


class Problem(Exception):
    """Its message is what the learner reads, whole: what is wrong, where, and what to do next."""
