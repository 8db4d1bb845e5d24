"""Exercise of Lesson 04 → a tiny run of the course's own language model that uses it."""

import torch

from course_lib.lm import train
from course_lib.lm.attention import MATMUL_ATTENTION
from course_lib.lm.data import self_instruct
from course_lib.lm.data.preferences import Preference
from course_lib.lm.generate import answer
from course_lib.lm.pretrained import build_lm
from course_lib.lm.tokenizer import get_tokenizer

RECIPE = train.LmRecipe(steps=1, batch_size=1, learning_rate=1e-3)
QUESTION = [{"role": "user", "content": "what is this?"}]


def attend():
    """Logits of a model that attends by plain products, as training does where bfloat16 pays."""
    model = build_lm()
    model.set_attn_implementation(MATMUL_ATTENTION)
    return model(input_ids=torch.tensor([[1, 7, 8]])).logits


def filter_pairs():
    """One text beside one seed."""
    return self_instruct.keep(["count from one to three. => one, two, three"], self_instruct.seed_pairs(1))


PRODUCT = {
    "lm.next_token_loss": lambda: train.pretrain(build_lm(), RECIPE),
    "lm.causal_mask": attend,
    "lm.attention": attend,
    "lm.next_token_probabilities": lambda: answer(build_lm(), get_tokenizer(), QUESTION, max_new_tokens=1),
    "lm.render_chat": lambda: answer(build_lm(), get_tokenizer(), QUESTION, max_new_tokens=1),
    "lm.mask_labels": lambda: train.tune(build_lm(), RECIPE),
    "lm.rouge_l": filter_pairs,
    "lm.dpo_loss": lambda: train.dpo(build_lm(), [Preference("what is this?", "a cat", "a dog")], RECIPE),
}

SAME_ORDER = "the common words of two texts, and the F score, are the same whichever text comes first"
SPACES = "without a number of parts, split and rsplit cut alike"
EQUIVALENT = {
    "lm.next_token_loss": {
        "left out: `zip(logits, following, strict=True)` → `zip(logits, following)`": "both have B rows, always",
        "constant: `True` → `False`": "both have B rows: there is nothing to be strict about",
        "left out: `F.cross_entropy(*text, ignore_index=IGNORE_INDEX, reduction='sum')` → "
        "`F.cross_entropy(*text, reduction='sum')`": "-100 is the default of torch as well",
    },
    "lm.causal_mask": {"left out: `(None, :)` → `(None,)`": "an index may leave out the last full slice"},
    "lm.next_token_probabilities": {"sign: `-1` → `1`": "the last axis of two is axis 1"},
    "lm.rouge_l": {
        "order: `(candidate.lower().split(), reference.lower().split())` → "
        "`(reference.lower().split(), candidate.lower().split())`": SAME_ORDER,
        "order: `longest_common(a, b)` → `longest_common(b, a)`": SAME_ORDER,
        "order: `(common / len(b), common / len(a))` → `(common / len(a), common / len(b))`": SAME_ORDER,
        "function: `candidate.lower().split()` → `candidate.lower().rsplit()`": SPACES,
        "function: `reference.lower().split()` → `reference.lower().rsplit()`": SPACES,
    },
}
