"""Exercise of Lesson 12 → a tiny run of the course's own room that uses it."""

import numpy as np
import torch

from course_lib.clip.pretrained import build_clip
from course_lib.failures.data import cooccurrence
from course_lib.failures.data.preferences import Preference
from course_lib.failures.train import negclip
from course_lib.failures.train.preference import PreferenceRecipe, train_on_preferences
from course_lib.llava.train.stages import build_model

PAIRS = [Preference(i, "describe this picture.", "There is a cat.", "There is a dog.") for i in range(2)]


def learn_from_preferences():
    """One step of mDPO on two pairs."""
    return train_on_preferences(build_model(), PAIRS, PreferenceRecipe(steps=1, num_pairs=2))


def compare_with_before():
    """The implicit rewards of two pairs."""
    from course_lib.failures.evaluate.repair import implicit_rewards

    return list(implicit_rewards("dpo", build_model(), build_model(), PAIRS, 0.1))


def evaluate_module():
    """Loaded late: it brings every room's models with it."""
    from course_lib.failures import evaluate

    return evaluate


PRODUCT = {
    "failures.winoground": lambda: evaluate_module().winoground_scores(np.zeros((2, 2, 2))),
    "failures.negclip_loss": lambda: negclip.tune(
        build_clip(), negclip.NegClipRecipe(steps=1, num_pairs=3, replay_frac=0)
    ),
    "failures.chair": lambda: evaluate_module().chair([{"cat"}], [{"cat"}]),
    "failures.cooccurring_negatives": lambda: cooccurrence.companion_questions("adversarial", 1),
    "failures.text_logps": learn_from_preferences,
    "failures.log_ratios": compare_with_before,
    "failures.mdpo_loss": learn_from_preferences,
    "failures.shaped_reward": lambda: evaluate_module().shaped_reward(
        torch.zeros(2), torch.ones(2), torch.ones(2, dtype=torch.bool), 4
    ),
}

ALIKE = "the check gives as many sets of names as sets of things"

EQUIVALENT = {
    "failures.chair": {
        "left out: `zip(named, present, strict=True)` → `zip(named, present)`": ALIKE,
        "constant: `True` → `False`": ALIKE,
        "order: `zip(named, present, strict=True)` → `zip(present, named, strict=True)`": "in what both hold, order has no say",
    },
    "failures.text_logps": {
        "left out: `F.cross_entropy(logits.transpose(1, 2), following, ignore_index=IGNORE_INDEX, reduction='none')` → "
        "`F.cross_entropy(logits.transpose(1, 2), following, reduction='none')`": "-100 is what cross_entropy ignores by default",
    },
}
