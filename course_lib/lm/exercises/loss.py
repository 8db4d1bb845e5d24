"""Exercise on how a language model learns: the loss, and its shift."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.lm.loss import IGNORE_INDEX, next_token_loss

MASKED = ("some", "none", "all", "all but one", "a whole text", "all but the first", "none of two tokens", "some")


def loss_inputs(rng) -> tuple[Tensor, Tensor]:
    """Random logits and labels; in turn, `MASKED` says which labels are not learned from."""
    case = rng.in_turn(MASKED)
    batch, length, vocabulary = (int(rng.integers(low, high)) for low, high in ((2, 4), (5, 9), (6, 12)))
    if case == "none of two tokens":
        batch, length = 1, 2
    logits = torch.from_numpy(rng.standard_normal((batch, length, vocabulary)).astype("float32"))
    labels = torch.from_numpy(rng.integers(0, vocabulary, (batch, length)))
    masked = torch.full((batch, length), case.startswith("all"))
    if case in ("some", "a whole text"):
        masked[1:] = torch.from_numpy(rng.random((batch - 1, length)) < 0.4)
        masked[0, 3:] = True
        masked[0] |= case == "a whole text"
    elif case == "all but one":
        masked[-1, 2] = False
    elif case == "all but the first":
        masked[:, 0] = False
    return logits, labels.masked_fill(masked, IGNORE_INDEX)


def _flat_loss(logits: Tensor, labels: Tensor) -> Tensor:
    total = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORE_INDEX, reduction="sum")
    return total / (labels != IGNORE_INDEX).sum().clamp(min=1)


def loss_unshifted(logits, labels):
    return _flat_loss(logits, labels)


def loss_shifted_backwards(logits, labels):
    return _flat_loss(logits[:, 1:], labels[:, :-1])


def loss_masked_as_token_zero(logits, labels):
    return _flat_loss(logits[:, :-1], labels[:, 1:].clamp(min=0))


def loss_nan_when_all_masked(logits, labels):
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORE_INDEX)


def loss_mean_over_masked(logits, labels):
    predicted, following = logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()
    return F.cross_entropy(predicted, following, ignore_index=IGNORE_INDEX, reduction="none").mean()


def loss_sum(logits, labels):
    return next_token_loss(logits, labels) * (labels[:, 1:] != IGNORE_INDEX).sum()


def loss_mean_of_means(logits, labels):
    texts = [next_token_loss(*text) for text in zip(logits.split(1), labels.split(1), strict=True)]
    return torch.stack(texts).mean()


def loss_shifted_twice(logits, labels):
    return _flat_loss(logits[:, :-2], labels[:, 2:])


def loss_softmax_twice(logits, labels):
    return next_token_loss(logits.softmax(-1), labels)


def loss_sign_lost(logits, labels):
    return -next_token_loss(logits, labels)


def loss_first_label_counted(logits, labels):
    return loss_sum(logits, labels) / (labels != IGNORE_INDEX).sum().clamp(min=1)


def loss_per_text(logits, labels):
    return loss_sum(logits, labels) / len(logits)


def loss_exponentiated(logits, labels):
    return next_token_loss(logits, labels).exp()


def loss_as_a_number(logits, labels):
    return next_token_loss(logits, labels).item()


def loss_softmax_over_positions(logits, labels):
    log_probs, following = logits[:, :-1].log_softmax(1), labels[:, 1:]
    return F.nll_loss(log_probs.flatten(0, 1), following.flatten(), reduction="sum") / (following >= 0).sum().clamp(
        min=1
    )


def loss_by_gather(logits, labels):
    following = labels[:, 1:]
    learned = following != IGNORE_INDEX
    log_probs = logits[:, :-1].log_softmax(-1).gather(-1, following.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return -(log_probs * learned).sum() / learned.sum().clamp(min=1)


def loss_by_loop(logits, labels):
    losses = [
        F.cross_entropy(logits[b, t], labels[b, t + 1])
        for b in range(labels.shape[0])
        for t in range(labels.shape[1] - 1)
        if labels[b, t + 1] != IGNORE_INDEX
    ]
    return torch.stack(losses).mean() if losses else torch.tensor(0.0)


def loss_by_selecting(logits, labels):
    learned = labels[:, 1:] != IGNORE_INDEX
    if not learned.any():
        return logits.sum() * 0
    return F.cross_entropy(logits[:, :-1][learned], labels[:, 1:][learned])


TASKS = [
    Task(
        id="lm.next_token_loss",
        title="The next-token loss",
        difficulty=3,
        importance=5,
        minutes=12,
        reference=next_token_loss,
        used_at=("lm.train:next_token_loss", "lm.evaluate:next_token_loss"),
        make_inputs=loss_inputs,
        check_gradient=True,
        draws=8,
        mistakes=(
            Mistake(
                "labels not shifted",
                loss_unshifted,
                "Each position is asked for the token it has just read. Position t must predict token t+1: compare `logits[:, :-1]` with `labels[:, 1:]`.",
            ),
            Mistake(
                "shifted the wrong way",
                loss_shifted_backwards,
                "The shift goes the wrong way: here position t predicts token t-1, which it has read. Drop the *last* logits and the *first* label.",
            ),
            Mistake(
                "masked labels count as token 0",
                loss_masked_as_token_zero,
                "Positions marked -100 are learned from, as if token 0 stood there. Leave them out: `ignore_index=-100`.",
            ),
            Mistake(
                "nan when everything is masked",
                loss_nan_when_all_masked,
                "Right, but for one case: where every label is -100, a mean over nothing is nan, and one nan spoils the whole model. Sum, then divide by `max(1, number of labels)`.",
            ),
            Mistake(
                "sum for mean",
                loss_sum,
                "This is the sum of the losses, so twice as much text gives twice the loss, and twice the step. Divide by the number of labels that are learned.",
            ),
            Mistake(
                "divided by the number of texts",
                loss_per_text,
                "The sum is divided by the number of texts, so that long texts count for more. Divide by the number of labels that are learned.",
            ),
            Mistake(
                "mean of the texts' means",
                loss_mean_of_means,
                "Each text has its own mean, and then the means have one: a word in a short answer weighs more than one in a long answer. Sum over all texts, divide once by the number of all learned labels.",
            ),
            Mistake(
                "shifted twice",
                loss_shifted_twice,
                "Shifted by two: position t is asked for token t+2, so the model learns to skip a word. Shift once: `logits[:, :-1]` with `labels[:, 1:]`.",
            ),
            Mistake(
                "softmax twice",
                loss_softmax_twice,
                "`F.cross_entropy` takes *logits* and does the softmax itself. With probabilities, all between 0 and 1, it hardly sees a difference, and learns slowly.",
            ),
            Mistake(
                "minus sign",
                loss_sign_lost,
                "The sign is wrong: this loss falls when the right token becomes *less* likely. It is minus the log probability, and `F.cross_entropy` has that minus already.",
            ),
            Mistake(
                "perplexity",
                loss_exponentiated,
                "This is the perplexity, e to the power of the loss: good to read, but what is minimised is the mean cross-entropy itself.",
            ),
            Mistake(
                "a plain number",
                loss_as_a_number,
                "The right number, but torn out of its graph: `.item()` leaves nothing to call `.backward()` on. Return the tensor.",
            ),
            Mistake(
                "softmax over positions",
                loss_softmax_over_positions,
                "The softmax runs over the positions of the text. At each position the *tokens* compete: the last axis, `dim=-1`.",
            ),
            Mistake(
                "first labels counted",
                loss_first_label_counted,
                "The sum is right, but it is divided by all labels that are not -100, the first of each text among them, which nothing predicts. Count in `labels[:, 1:]`.",
            ),
            Mistake(
                "mean over masked positions too",
                loss_mean_over_masked,
                "Masked positions add 0 to the sum, but are counted in the mean, so the loss shrinks with every masked word. Divide by the number of labels that are *not* -100.",
            ),
        ),
        alternatives=(loss_by_gather, loss_by_loop, loss_by_selecting),
        hints=(
            "Which position's logits speak about token 5? And which positions have nothing to predict?",
            "$\\mathcal L = -\\frac1n \\sum_{b,t:\\,y_{b,t+1} \\neq -100} \\log p_{b,t}(y_{b,t+1})$ with $p_{b,t}=\\mathrm{softmax}(\\mathrm{logits}_{b,t})$, over $[B, T-1]$ positions, $n$ of them learned.",
            "```python\npredicted = logits[:, :-1].reshape(...)  # [B·(T-1), V]\nfollowing = labels[:, 1:].reshape(...)  # [B·(T-1)]\ntotal = F.cross_entropy(..., ignore_index=-100, reduction='sum')\nreturn total / ...\n```",
        ),
    ),
]
