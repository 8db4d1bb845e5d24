"""Answers to Lesson 12's exercises as people write them: all the right ones must pass, all the wrong ones must not."""

from collections import Counter, defaultdict

import numpy as np
import torch
from answers import right, wrong
from torch.nn import functional as F


@right("failures.winoground")
def scores_by_unpacking(scores):
    m = np.moveaxis(np.asarray(scores), 0, -1)  # [2, 2, N]
    text = np.logical_and(m[0, 0] > m[0, 1], m[1, 1] > m[1, 0])
    image = np.logical_and(m[0, 0] > m[1, 0], m[1, 1] > m[0, 1])
    return {"text": text, "image": image, "group": text * image, "pairing": np.trace(m) > m[0, 1] + m[1, 0]}


@wrong("failures.winoground")
def scores_as_shares(scores):
    return {name: value.mean() for name, value in scores_by_unpacking(scores).items()}


@wrong("failures.winoground")
def scores_with_greater_equal(scores):
    s = scores
    text = (s[:, 0, 0] >= s[:, 0, 1]) & (s[:, 1, 1] >= s[:, 1, 0])
    image = (s[:, 0, 0] >= s[:, 1, 0]) & (s[:, 1, 1] >= s[:, 0, 1])
    return {
        "text": text,
        "image": image,
        "group": text & image,
        "pairing": s[:, 0, 0] + s[:, 1, 1] >= s[:, 0, 1] + s[:, 1, 0],
    }


@right("failures.negclip_loss")
def negclip_by_nll(image_features, text_features, negative_features, logit_scale):
    logits = image_features @ torch.cat((text_features, negative_features), dim=0).t() * logit_scale
    n = image_features.shape[0]
    rows = -logits.log_softmax(dim=1)[range(n), range(n)].mean()
    columns = -logits[:, :n].log_softmax(dim=0).diagonal().mean()
    return (rows + columns) / 2


@wrong("failures.negclip_loss")
def negclip_sum(image_features, text_features, negative_features, logit_scale):
    return 2 * negclip_by_nll(image_features, text_features, negative_features, logit_scale)


@wrong("failures.negclip_loss")
def negclip_no_scale(image_features, text_features, negative_features, logit_scale):
    return negclip_by_nll(image_features, text_features, negative_features, 1.0)


@right("failures.chair")
def chair_with_arrays(named, present):
    sizes = np.array([[len(n), len(n - p), len(n & p), len(p)] for n, p in zip(named, present, strict=True)])
    total, false, covered, there = sizes.sum(axis=0)
    return {
        "instance": float(false / total) if total > 0 else 0.0,
        "sentence": float((sizes[:, 1] > 0).mean()),
        "coverage": float(covered / there),
    }


@wrong("failures.chair")
def chair_percent(named, present):
    return {name: 100 * value for name, value in chair_with_arrays(named, present).items()}


@wrong("failures.chair")
def chair_divides_by_nothing(named, present):
    false = sum(len(n - p) for n, p in zip(named, present, strict=True))
    return chair_with_arrays(named, present) | {"instance": false / sum(len(n) for n in named)}


@right("failures.cooccurring_negatives")
def negatives_with_table(present, scenes):
    table = defaultdict(Counter)
    for scene in scenes:
        for a in scene:
            for b in scene:
                table[a][b] += a != b
    out = []
    for name in present:
        ranked = sorted(table[name].items(), key=lambda item: (-item[1], item[0]))
        out += [b for b, count in ranked if count and b not in present and b not in out][:1]
    return out


@wrong("failures.cooccurring_negatives")
def negatives_sorted(present, scenes):
    return sorted(negatives_with_table(present, scenes), reverse=True)


@wrong("failures.cooccurring_negatives")
def negatives_of_the_first(present, scenes):
    return negatives_with_table(present[:1], scenes)


@right("failures.text_logps")
def logps_by_cross_entropy(logits, labels):
    b, t, v = logits.shape
    losses = F.cross_entropy(
        logits[:, :-1].reshape(-1, v), labels[:, 1:].reshape(-1), reduction="none", ignore_index=-100
    )
    return -losses.reshape(b, t - 1).sum(-1)


@wrong("failures.text_logps")
def logps_of_probabilities(logits, labels):
    following = labels[:, 1:]
    picked = logits[:, :-1].softmax(-1).gather(-1, following.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return (picked * (following != -100)).sum(1)


@wrong("failures.text_logps")
def logps_of_logits(logits, labels):
    following = labels[:, 1:]
    picked = logits[:, :-1].gather(-1, following.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return (picked * (following != -100)).sum(1)


@right("failures.log_ratios")
def ratios_in_a_list(model, reference, pictures, chosen, rejected):
    ratios = []
    for texts in [chosen, rejected]:
        old = torch.tensor(reference(pictures, texts).tolist())
        ratios.append(model(pictures, texts) - old)
    return ratios[0], ratios[1]


@wrong("failures.log_ratios")
def ratios_of_probabilities(model, reference, pictures, chosen, rejected):
    return tuple(torch.exp(model(pictures, t) - reference(pictures, t).detach()) for t in (chosen, rejected))


@wrong("failures.log_ratios")
def ratios_margin_only(model, reference, pictures, chosen, rejected):
    c, r = ratios_in_a_list(model, reference, pictures, chosen, rejected)
    return c - r


@wrong("failures.log_ratios")
def ratios_of_the_mean(model, reference, pictures, chosen, rejected):
    return tuple(r.mean() for r in ratios_in_a_list(model, reference, pictures, chosen, rejected))


@wrong("failures.log_ratios")
def ratios_of_a_grey_picture(model, reference, pictures, chosen, rejected):
    c, _ = ratios_in_a_list(model, reference, torch.zeros_like(pictures), chosen, rejected)
    return c, ratios_in_a_list(model, reference, pictures, chosen, rejected)[1]


@right("failures.mdpo_loss")
def mdpo_term_by_term(chosen, rejected, cropped, beta):
    loss = F.softplus(-beta * (chosen - rejected)).mean()
    loss = loss + F.softplus(-beta * (chosen - cropped)).mean()
    return loss + F.softplus(-beta * chosen).mean()


@wrong("failures.mdpo_loss")
def mdpo_no_beta(chosen, rejected, cropped, beta):
    return mdpo_term_by_term(chosen, rejected, cropped, 1.0)


@wrong("failures.mdpo_loss")
def mdpo_swapped(chosen, rejected, cropped, beta):
    return mdpo_term_by_term(rejected, chosen, cropped, beta)


@wrong("failures.mdpo_loss")
def mdpo_not_reduced(chosen, rejected, cropped, beta):
    margins = (chosen - rejected, chosen - cropped, chosen)
    return sum(F.softplus(-beta * margin) for margin in margins)


@right("failures.shaped_reward")
def reward_in_two_lines(rewards, lengths, finished, max_length):
    result = rewards - (10 / max_length) * lengths.to(rewards.dtype)
    return result - 8 * (1 - finished.int())


@wrong("failures.shaped_reward")
def reward_replaced(rewards, lengths, finished, max_length):
    return torch.where(finished, rewards - 10 * lengths / max_length, torch.tensor(-8.0))


@wrong("failures.shaped_reward")
def reward_plus_eight(rewards, lengths, finished, max_length):
    return rewards - 10 * lengths / max_length + 8 * (~finished)
