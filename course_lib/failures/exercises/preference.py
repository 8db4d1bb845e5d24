"""Exercises on preferences: log-probabilities of texts and their ratios, mDPO's loss, and what is added to a reward."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.failures.loss import LENGTH_PENALTY, UNFINISHED_PENALTY, log_ratios, mdpo_loss, shaped_reward
from course_lib.lm.loss import IGNORE_INDEX, answer_logps


def logps_inputs(rng) -> tuple[Tensor, Tensor]:
    """Logits [B, T, V], and labels of texts of unlike lengths behind a prompt, with padding behind; in one draw, a single text."""
    batch, length, vocabulary = int(rng.integers(2, 5)), int(rng.integers(7, 11)), int(rng.integers(4, 9))
    batch = rng.in_turn((batch, 1, batch, 3, batch))
    logits = torch.from_numpy(rng.standard_normal((batch, length, vocabulary)).astype("float32"))
    labels = torch.full((batch, length), IGNORE_INDEX)
    for row in labels:
        start = int(rng.integers(1, 3))
        end = int(rng.integers(start + 2, length))
        row[start:end] = torch.from_numpy(rng.integers(0, vocabulary, end - start))
    return logits, labels


def _token_logps(logits: Tensor, labels: Tensor) -> Tensor:
    """[B, T-1]: of each next token, 0 where there is none to be learned."""
    following = labels[:, 1:]
    picked = logits[:, :-1].log_softmax(-1).gather(-1, following.clamp(min=0)[..., None])[..., 0]
    return picked * (following != IGNORE_INDEX)


def logps_mean(logits, labels):
    return _token_logps(logits, labels).sum(1) / (labels[:, 1:] != IGNORE_INDEX).sum(1)


def logps_padding_counted(logits, labels):
    following = labels[:, 1:].clamp(min=0)
    return logits[:, :-1].log_softmax(-1).gather(-1, following[..., None])[..., 0].sum(1)


def logps_not_shifted(logits, labels):
    picked = logits.log_softmax(-1).gather(-1, labels.clamp(min=0)[..., None])[..., 0]
    return (picked * (labels != IGNORE_INDEX)).sum(1)


def logps_of_batch(logits, labels):
    return _token_logps(logits, labels).sum().expand(len(labels))


def logps_positive(logits, labels):
    return -answer_logps(logits, labels)


def logps_by_gather(logits, labels):
    return _token_logps(logits, labels).sum(dim=1)


class TinyScorer:
    """log p(text | picture) by a random table: each of a text's tokens is drawn, by a softmax, for what the picture shows."""

    def __init__(self, rng, width: int, vocabulary: int) -> None:
        self.table = torch.from_numpy(rng.standard_normal((width, vocabulary)).astype("float32"))

    def __call__(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """pictures [B, N, W], texts int64 [B, T], −1 where nothing is said → [B]."""
        log_probs = (pictures.mean(1) @ self.table).log_softmax(-1)  # [B, V]
        return (log_probs.gather(-1, texts.clamp(min=0)) * (texts >= 0)).sum(1)


def ratios_inputs(rng) -> tuple[TinyScorer, TinyScorer, Tensor, Tensor, Tensor]:
    """A model and what it began as, pictures, and two texts about each; several pairs, and one."""
    width, vocabulary = int(rng.integers(3, 6)), int(rng.integers(5, 9))
    batch = rng.in_turn((int(rng.integers(3, 7)), 1, 4, 2, 6))
    pictures = torch.from_numpy(rng.standard_normal((batch, int(rng.integers(2, 5)), width)).astype("float32"))
    texts = [torch.from_numpy(rng.integers(-1, vocabulary, (batch, length))) for length in (5, 7)]
    return TinyScorer(rng, width, vocabulary), TinyScorer(rng, width, vocabulary), pictures, *texts


def ratios_reference_trained(model, reference, pictures, chosen, rejected):
    return tuple(model(pictures, texts) - reference(pictures, texts) for texts in (chosen, rejected))


def ratios_nothing_learns(model, reference, pictures, chosen, rejected):
    with torch.no_grad():
        return ratios_reference_trained(model, reference, pictures, chosen, rejected)


def _ratio(model, reference, pictures, texts, shown_before=None) -> Tensor:
    with torch.no_grad():
        before = reference(pictures if shown_before is None else shown_before, texts)
    return model(pictures, texts) - before


def ratios_rejected_blind(model, reference, pictures, chosen, rejected):
    blank = torch.zeros_like(pictures)
    return _ratio(model, reference, pictures, chosen), _ratio(model, reference, blank, rejected)


def ratios_reference_blind(model, reference, pictures, chosen, rejected):
    blank = torch.zeros_like(pictures)
    return tuple(_ratio(model, reference, pictures, texts, blank) for texts in (chosen, rejected))


def ratios_swapped(model, reference, pictures, chosen, rejected):
    return log_ratios(model, reference, pictures, rejected, chosen)


def ratios_without_reference(model, reference, pictures, chosen, rejected):
    return model(pictures, chosen), model(pictures, rejected)


def ratios_model_is_reference(model, reference, pictures, chosen, rejected):
    return log_ratios(model, model, pictures, chosen, rejected)


def ratios_chosen_before_for_both(model, reference, pictures, chosen, rejected):
    with torch.no_grad():
        before = reference(pictures, chosen)
    return model(pictures, chosen) - before, model(pictures, rejected) - before


def ratios_reversed(model, reference, pictures, chosen, rejected):
    return tuple(-ratio for ratio in log_ratios(model, reference, pictures, chosen, rejected))


def ratios_by_detach(model, reference, pictures, chosen, rejected):
    now = torch.stack([model(pictures, texts) for texts in (chosen, rejected)])  # [2, B]
    before = torch.stack([reference(pictures, texts) for texts in (chosen, rejected)]).detach()
    return tuple(now - before)


def ratios_frozen_pictures(model, reference, pictures, chosen, rejected):
    """The reference gets what no gradient runs through."""
    still = pictures.detach()
    learned_of_chosen = model(pictures, chosen).sub(reference(still, chosen).detach())
    learned_of_rejected = model(pictures, rejected).sub(reference(still, rejected).detach())
    return learned_of_chosen, learned_of_rejected


def mdpo_inputs(rng) -> tuple[Tensor, Tensor, Tensor, float]:
    """Log-probability ratios of a few pairs: random, at the first step (all 0), far apart, one pair."""
    case = rng.in_turn(("random", "start", "far", "one", "random"))
    count = 1 if case == "one" else int(rng.integers(3, 7))
    scale = {"start": 0.0, "far": 5000.0}.get(case, 5.0)
    ratios = [torch.from_numpy(scale * rng.standard_normal(count)).float() for _ in range(3)]
    return *ratios, float(rng.uniform(0.05, 0.5))


def _sigmoids(*margins: Tensor) -> Tensor:
    return sum(-F.logsigmoid(margin) for margin in margins).mean()


def mdpo_dpo_only(chosen, rejected, cropped, beta):
    return _sigmoids(beta * (chosen - rejected))


def mdpo_no_anchor(chosen, rejected, cropped, beta):
    return _sigmoids(beta * (chosen - rejected), beta * (chosen - cropped))


def mdpo_rejected_cropped(chosen, rejected, cropped, beta):
    return _sigmoids(beta * (chosen - rejected), beta * (rejected - cropped), beta * chosen)


def mdpo_condition_reversed(chosen, rejected, cropped, beta):
    return _sigmoids(beta * (chosen - rejected), beta * (cropped - chosen), beta * chosen)


def mdpo_anchor_on_rejected(chosen, rejected, cropped, beta):
    return _sigmoids(beta * (chosen - rejected), beta * (chosen - cropped), -beta * rejected)


def mdpo_mean_of_terms(chosen, rejected, cropped, beta):
    return mdpo_loss(chosen, rejected, cropped, beta) / 3


def mdpo_log_of_sigmoid(chosen, rejected, cropped, beta):
    return -sum(torch.sigmoid(beta * m).log() for m in (chosen - rejected, chosen - cropped, chosen)).mean()


def mdpo_by_softplus(chosen, rejected, cropped, beta):
    margins = beta * torch.stack([chosen - rejected, chosen - cropped, chosen])
    return F.softplus(-margins).sum(dim=0).mean()


def reward_inputs(rng) -> tuple[Tensor, Tensor, Tensor, int]:
    """A reward model's scores of texts, their lengths, and whether they came to an end."""
    count, max_length = int(rng.integers(3, 8)), int(rng.integers(40, 120))
    rewards = torch.from_numpy(3 * rng.standard_normal(count)).float()
    lengths = torch.from_numpy(rng.integers(1, max_length, count))
    finished = torch.from_numpy(rng.random(count) < rng.in_turn((0.5, 1.0, 0.0, 0.7, 0.5)))
    return rewards, torch.where(finished, lengths, max_length), finished, max_length


def reward_longer_is_better(rewards, lengths, finished, max_length):
    return rewards + LENGTH_PENALTY * lengths / max_length - UNFINISHED_PENALTY * (~finished)


def reward_by_tokens(rewards, lengths, finished, max_length):
    return rewards - LENGTH_PENALTY * lengths - UNFINISHED_PENALTY * (~finished)


def reward_finished_punished(rewards, lengths, finished, max_length):
    return rewards - LENGTH_PENALTY * lengths / max_length - UNFINISHED_PENALTY * finished


def reward_by_longest(rewards, lengths, finished, max_length):
    return rewards - LENGTH_PENALTY * lengths / lengths.max() - UNFINISHED_PENALTY * (~finished)


def reward_no_length(rewards, lengths, finished, max_length):
    return rewards - UNFINISHED_PENALTY * (~finished)


def reward_by_where(rewards, lengths, finished, max_length):
    used = lengths.float().div(max_length)
    return torch.where(finished, rewards - 10 * used, rewards - 10 * used - 8)


def logps_by_loop(logits, labels):
    """Text by text."""
    rows = []
    for of, targets in zip(logits.log_softmax(-1)[:, :-1], labels[:, 1:], strict=True):
        said = targets != IGNORE_INDEX
        rows.append(of[said, targets[said]].sum())
    return torch.stack(rows)


def mdpo_by_log1p(chosen, rejected, cropped, beta):
    terms = [torch.logaddexp(torch.zeros_like(m), -beta * m) for m in (chosen - rejected, chosen - cropped, chosen)]
    return torch.stack(terms).mean(dim=1).sum()


def reward_by_loop(rewards, lengths, finished, max_length):
    rows = zip(rewards.tolist(), lengths.tolist(), finished.tolist(), strict=True)
    return torch.tensor([score - 10 * length / max_length - (0 if ended else 8) for score, length, ended in rows])


TASKS = [
    Task(
        id="failures.text_logps",
        title="How probable is a text?",
        difficulty=3,
        importance=5,
        minutes=12,
        reference=answer_logps,
        used_at=("failures.loss:answer_logps",),
        make_inputs=logps_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "mean for sum",
                logps_mean,
                "This is the mean over a text's tokens. DPO is derived for the probability of the whole text, the product of its tokens': take the sum. With means, short and long texts weigh alike, and length is judged in secret.",
            ),
            Mistake(
                "padding counted",
                logps_padding_counted,
                "Prompt and padding are counted, too. Where the label is −100 nothing was said: leave those places out of the sum.",
            ),
            Mistake(
                "not shifted",
                logps_not_shifted,
                "The logits of a place are held against the label of the same place. They predict the *next* token: logits up to the last but one, labels from the second on.",
            ),
            Mistake(
                "of the whole batch",
                logps_of_batch,
                "The sum runs over the whole batch. Each text has its own: [B].",
            ),
            Mistake("sign", logps_positive, "The sign is that of a loss. A log-probability is negative."),
        ),
        alternatives=(logps_by_gather, logps_by_loop),
        hints=(
            "Lesson 04's loss, text by text, as a sum, and not negated.",
            "$\\log p(y) = \\sum_{t\\,:\\,y_{t+1} \\neq -100} \\log \\mathrm{softmax}(z_t)_{y_{t+1}}$, for logits $z$ [B, T, V] → [B].",
            "```python\nlog_probs = logits[:, :-1].log_softmax(dim=-1)  # [B, T-1, V]\nfollowing = labels[:, 1:]\npicked = log_probs.gather(-1, following.clamp(min=0)[..., None])[..., 0]\nreturn (picked * ...).sum(dim=1)\n```",
        ),
    ),
    Task(
        id="failures.log_ratios",
        title="How much likelier has it become?",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=log_ratios,
        used_at=("failures.evaluate.repair:log_ratios",),
        make_inputs=ratios_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "the reference learns, too",
                ratios_reference_trained,
                "The values are right, but a gradient runs through the reference: it would learn along with the model, and then nothing holds the model to where it began. Ask it inside `with torch.no_grad():`.",
            ),
            Mistake(
                "nothing learns",
                ratios_nothing_learns,
                "The values are right, but the model is asked without gradients as well: nothing could be learned from these ratios. Keep `no_grad` to the reference.",
            ),
            Mistake(
                "picture on one side only",
                ratios_rejected_blind,
                "The chosen text stands beside its picture, the rejected one beside none. Then the pair differs in more than its words, and a margin can grow by the picture alone: show it to both.",
            ),
            Mistake(
                "the reference sees nothing",
                ratios_reference_blind,
                "The reference is asked without the picture. A ratio then holds what a look at the picture gives, which the model could before it learned anything: both see the same.",
            ),
            Mistake(
                "chosen and rejected swapped",
                ratios_swapped,
                "The two are swapped: DPO would teach what was rejected. The chosen text's ratio comes first.",
            ),
            Mistake(
                "no reference",
                ratios_without_reference,
                "These are the model's own log-probabilities. What was likely all along is no gain: subtract the reference's.",
            ),
            Mistake(
                "the model is its own reference",
                ratios_model_is_reference,
                "The model is compared with itself, as it is now, so that all ratios are 0. Compare it with `reference`, what it began as.",
            ),
            Mistake(
                "one reference for both",
                ratios_chosen_before_for_both,
                "The reference's score of the *chosen* text is taken off both. Each text has its own.",
            ),
            Mistake(
                "reversed",
                ratios_reversed,
                "The sign is reversed: what has become likelier has a ratio above 0, so the model's log-probability minus the reference's.",
            ),
        ),
        alternatives=(ratios_by_detach, ratios_frozen_pictures),
        hints=(
            "Four scores: two models, two texts, one picture. Which two of the four may learn?",
            "$c = \\log\\pi_\\theta(y_c \\mid v) - \\log\\pi_{ref}(y_c \\mid v)$, and $r$ with the rejected $y_r$ in its place; each [B]. $\\pi_{ref}$ is constant.",
            "```python\nwith torch.no_grad():\n    chosen_before, rejected_before = ...\nreturn model(pictures, chosen) - ..., ...\n```",
        ),
    ),
    Task(
        id="failures.mdpo_loss",
        title="mDPO: the picture must matter",
        difficulty=3,
        importance=5,
        minutes=12,
        reference=mdpo_loss,
        used_at=("failures.train.preference:mdpo_loss",),
        make_inputs=mdpo_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "DPO only",
                mdpo_dpo_only,
                "This is DPO's term alone, which can be lowered without a look at the picture. Add the condition and the anchor.",
            ),
            Mistake(
                "no anchor",
                mdpo_no_anchor,
                "The anchor is missing. A margin grows as well when the chosen text becomes less likely, if only the other falls faster.",
            ),
            Mistake(
                "the rejected text is cropped",
                mdpo_rejected_cropped,
                "The condition compares the rejected text. It is the *chosen* text that must be likelier with its picture than with a scrap of it.",
            ),
            Mistake(
                "condition reversed",
                mdpo_condition_reversed,
                "The condition is reversed: it rewards whoever finds the text likelier without the picture.",
            ),
            Mistake(
                "anchor on the rejected",
                mdpo_anchor_on_rejected,
                "The anchor pushes the rejected text down. It holds the *chosen* one up: −log σ(β · chosen).",
            ),
            Mistake(
                "mean of the terms",
                mdpo_mean_of_terms,
                "The three terms are averaged. They are added, each with weight 1; the mean is over the pairs.",
            ),
            Mistake(
                "log of a sigmoid",
                mdpo_log_of_sigmoid,
                "`torch.sigmoid(x).log()` is −inf where x is very negative, and the gradient is lost. `F.logsigmoid` computes both at once.",
            ),
        ),
        alternatives=(mdpo_by_softplus, mdpo_by_log1p),
        hints=(
            "Three margins, each through −log σ: over the rejected text, over the scrap, over the reference.",
            "$\\mathcal L = -\\frac1B \\sum \\left[\\log\\sigma(\\beta(c - r)) + \\log\\sigma(\\beta(c - s)) + \\log\\sigma(\\beta c)\\right]$; $c, r, s$ are log ratios to the reference, [B].",
            "```python\npreference = -F.logsigmoid(beta * (chosen - ...))\ncondition = ...\nanchor = ...\nreturn (preference + condition + anchor).mean()\n```",
        ),
    ),
    Task(
        id="failures.shaped_reward",
        title="What a long answer costs",
        difficulty=1,
        importance=3,
        minutes=5,
        reference=shaped_reward,
        used_at=("failures.evaluate:shaped_reward",),
        make_inputs=reward_inputs,
        mistakes=(
            Mistake(
                "longer is better",
                reward_longer_is_better,
                "The length is added: longer texts win. Subtract it.",
            ),
            Mistake(
                "by tokens",
                reward_by_tokens,
                "Ten a token is far too much. Ten for the *share* of `max_length` that the text takes up.",
            ),
            Mistake(
                "the finished pay",
                reward_finished_punished,
                "Who came to an end pays. `finished` says who did; the others, `~finished`, lose 8.",
            ),
            Mistake(
                "share of the longest",
                reward_by_longest,
                "The share is of the batch's longest text, so a text's reward depends on its neighbours. Divide by `max_length`.",
            ),
            Mistake(
                "length forgotten",
                reward_no_length,
                "The length costs nothing here. Subtract 10 times the share of `max_length`.",
            ),
        ),
        alternatives=(reward_by_where, reward_by_loop),
        hints=(
            "Two deductions from the score: for length, and for being cut off.",
            "$r - 10 \\cdot \\ell / \\ell_{\\max} - 8 \\cdot [\\text{cut off}]$, [B].",
            "```python\nreturn rewards - LENGTH_PENALTY * ... - UNFINISHED_PENALTY * (~finished)\n```",
        ),
    ),
]
