"""Exercises on choosing the next token, and on telling texts apart."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.lm.data.self_instruct import longest_common, rouge_l
from course_lib.lm.generate import next_token_probabilities


def probability_inputs(rng) -> tuple[Tensor, float]:
    """Random logits and a temperature, 0 among them."""
    logits = torch.from_numpy(rng.standard_normal((int(rng.integers(2, 4)), int(rng.integers(5, 9)))).astype("float32"))
    return 2 * logits, float([0.0, 0.5, 2.0][int(rng.integers(0, 3))])


def probabilities_multiplied(logits, temperature):
    return next_token_probabilities(logits, 0) if temperature == 0 else (logits * temperature).softmax(-1)


def probabilities_divided_after(logits, temperature):
    return next_token_probabilities(logits, 0) if temperature == 0 else logits.softmax(-1) / temperature


def probabilities_nan_at_zero(logits, temperature):
    return (logits / temperature).softmax(-1)


def probabilities_ignored(logits, temperature):
    return next_token_probabilities(logits, 0) if temperature == 0 else logits.softmax(-1)


def probabilities_wrong_axis(logits, temperature):
    return next_token_probabilities(logits, 0) if temperature == 0 else (logits / temperature).softmax(0)


def probabilities_uniform_at_zero(logits, temperature):
    return (logits / temperature if temperature else logits * 0).softmax(-1)


def probabilities_by_exp(logits, temperature):
    if temperature == 0:
        return (logits == logits.max(-1, keepdim=True).values).float()
    powers = ((logits - logits.max(-1, keepdim=True).values) / temperature).exp()
    return powers / powers.sum(-1, keepdim=True)


def probabilities_by_scatter(logits, temperature):
    if temperature == 0:
        return torch.zeros_like(logits).scatter(-1, logits.argmax(-1, keepdim=True), 1.0)
    return (logits / temperature).log_softmax(-1).exp()


def rouge_inputs(rng) -> tuple[str, str]:
    """Two sentences of few words, some of them shared, in different order and case."""
    words = ["the", "cat", "name", "of", "Group", "which", "two", "red"]
    a = [words[int(i)] for i in rng.integers(0, len(words), int(rng.integers(4, 8)))]
    b = [words[int(i)].swapcase() if rng.random() < 0.3 else words[int(i)] for i in rng.permutation(len(words))[:5]]
    return " ".join(a), " ".join(b)


def rouge_without_order(candidate, reference):
    a, b = candidate.lower().split(), reference.lower().split()
    common = sum(min(a.count(word), b.count(word)) for word in set(a))
    return 2 * common / (len(a) + len(b))


def rouge_recall_only(candidate, reference):
    a, b = candidate.lower().split(), reference.lower().split()
    return longest_common(a, b) / len(b)


def rouge_of_letters(candidate, reference):
    a, b = candidate.lower(), reference.lower()
    return 2 * longest_common(a, b) / (len(a) + len(b))


def rouge_case_matters(candidate, reference):
    a, b = candidate.split(), reference.split()
    return 2 * longest_common(a, b) / (len(a) + len(b))


def rouge_without_gaps(candidate, reference):
    a, b = candidate.lower().split(), reference.lower().split()
    runs = [
        n for n in range(1, len(b) + 1) for i in range(len(a)) for j in range(len(b)) if a[i : i + n] == b[j : j + n]
    ]
    common = max([n for n in runs if n <= len(a)], default=0)
    return 2 * common / (len(a) + len(b))


def rouge_by_recursion(candidate, reference):
    """By the recursive definition of the longest common subsequence."""
    a, b = candidate.lower().split(), reference.lower().split()

    def common(i, j):
        if i == len(a) or j == len(b):
            return 0
        return 1 + common(i + 1, j + 1) if a[i] == b[j] else max(common(i + 1, j), common(i, j + 1))

    return 2 * common(0, 0) / (len(a) + len(b))


def rouge_by_table(candidate, reference):
    a, b = candidate.lower().split(), reference.lower().split()
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, word in enumerate(a):
        for j, other in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + 1 if word == other else max(table[i][j + 1], table[i + 1][j])
    return 2 * table[-1][-1] / (len(a) + len(b))


TASKS = [
    Task(
        id="lm.next_token_probabilities",
        title="Greedy, or with a temperature",
        difficulty=2,
        importance=3,
        minutes=8,
        reference=next_token_probabilities,
        used_at=("lm.generate:next_token_probabilities",),
        make_inputs=probability_inputs,
        draws=8,
        mistakes=(
            Mistake(
                "multiplied by the temperature",
                probabilities_multiplied,
                "The logits are multiplied by the temperature, so heat makes the model *surer*. Divide: high temperatures flatten.",
            ),
            Mistake(
                "divided after the softmax",
                probabilities_divided_after,
                "The probabilities are divided, after the softmax, so they no longer add up to 1. Divide the logits, then take the softmax.",
            ),
            Mistake(
                "nan at temperature 0",
                probabilities_nan_at_zero,
                "At temperature 0 this divides by zero and gives nan. Greedy is a case of its own: probability 1 for the largest logit.",
            ),
            Mistake(
                "temperature ignored",
                probabilities_ignored,
                "The temperature has no effect (but at 0). Divide the logits by it before the softmax.",
            ),
            Mistake(
                "softmax over the batch",
                probabilities_wrong_axis,
                "The softmax runs over the batch: texts compete with each other. Tokens must: `softmax(dim=-1)`.",
            ),
            Mistake(
                "anything goes at temperature 0",
                probabilities_uniform_at_zero,
                "At temperature 0 all tokens are equally likely here: that is infinite heat. Zero means that only the largest logit has a chance.",
            ),
        ),
        alternatives=(probabilities_by_exp, probabilities_by_scatter),
        hints=(
            "What happens to the softmax when all logits are doubled? And when they are divided by a very small number?",
            "$p_v = \\frac{\\exp(z_v/\\tau)}{\\sum_w \\exp(z_w/\\tau)}$ over $[B, V]$; as $\\tau \\to 0$, all of it goes to $\\arg\\max_v z_v$.",
            "```python\nif temperature == 0:\n    return F.one_hot(...).to(logits.dtype)\nreturn (...).softmax(dim=-1)\n```",
        ),
    ),
    Task(
        id="lm.rouge_l",
        title="How alike are two instructions?",
        difficulty=3,
        importance=2,
        minutes=12,
        reference=rouge_l,
        used_at=("lm.data.self_instruct:rouge_l",),
        make_inputs=rouge_inputs,
        draws=8,
        mistakes=(
            Mistake(
                "order ignored",
                rouge_without_order,
                'Words count here in any order: "the dog bites the man" would equal "the man bites the dog". Use `longest_common`, which keeps the order.',
            ),
            Mistake(
                "recall only",
                rouge_recall_only,
                "This is the recall: how much of the reference is found. A long text that contains everything would score 1. Combine it with the precision, common ÷ len(candidate).",
            ),
            Mistake(
                "letters instead of words",
                rouge_of_letters,
                "Letters are compared, not words, and nearly any two sentences share most letters. `split()` both texts first.",
            ),
            Mistake(
                "case matters",
                rouge_case_matters,
                '"Name" and "name" count as different words. Lower both texts first.',
            ),
            Mistake(
                "no gaps allowed",
                rouge_without_gaps,
                "Only words that follow each other directly are counted (a common *substring*). ROUGE-L allows other words between them: a common *subsequence*.",
            ),
        ),
        alternatives=(rouge_by_recursion, rouge_by_table),
        hints=(
            "`longest_common(a, b)` counts common words in order. What share is that of the one text, and of the other?",
            "$P = \\ell/|a|$, $R = \\ell/|b|$, $F = \\frac{2PR}{P+R}$ with $\\ell$ = `longest_common(a, b)`; 0 where nothing is common.",
            "```python\na, b = candidate.lower().split(), reference.lower().split()\ncommon = longest_common(a, b)\nif common == 0:\n    return 0.0\nrecall, precision = ..., ...\nreturn ...\n```",
        ),
    ),
]
