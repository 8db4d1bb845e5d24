"""Answers to Lesson 04's exercises as people write them: all the right ones must pass, all the wrong ones must not."""

import torch
from answers import right, wrong
from torch.nn import functional as F

from course_lib.lm.data.self_instruct import longest_common


@right("lm.attention")
def attention_filled_with_the_lowest(query, key, value, mask):
    scores = torch.matmul(query, key.mT).div(query.size(-1) ** 0.5)
    scores[~mask.expand_as(scores)] = torch.finfo(scores.dtype).min
    weights = F.softmax(scores, dim=3)
    return torch.matmul(weights, value), weights


@right("lm.attention")
def attention_by_where(query, key, value, mask):
    scores = torch.where(mask, (query @ key.transpose(2, 3)) * query.shape[-1] ** -0.5, torch.tensor(-1e9))
    weights = torch.softmax(scores, -1)
    return weights @ value, weights


@wrong("lm.attention")
def attention_without_root_or_mask(query, key, value, mask):
    weights = (query @ key.transpose(-2, -1)).softmax(dim=-1)
    return weights @ value, weights


@wrong("lm.attention")
def attention_with_a_mask_of_its_own(query, key, value, mask):
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    mask = torch.ones(scores.shape[-2:]).tril().bool()
    weights = scores.masked_fill(~mask, -1e9).softmax(dim=-1)
    return weights @ value, weights


@wrong("lm.attention")
def attention_additive_infinity(query, key, value, mask):
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    weights = (scores + torch.zeros(mask.shape).masked_fill(~mask, float("-inf"))).softmax(dim=-1)
    return weights @ value, weights


@wrong("lm.attention")
def attention_where_read_by_readers(query, key, value, mask):
    scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
    weights = scores.masked_fill(~mask, -1e9).softmax(dim=2)
    return weights @ value, weights


@right("lm.dpo_loss")
def dpo_as_trl(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    """Written as trl's DPOTrainer does for loss_type="sigmoid", without label smoothing."""
    chosen_logratios = chosen_logps - ref_chosen_logps
    rejected_logratios = rejected_logps - ref_rejected_logps
    per_sequence_loss = -F.logsigmoid(beta * (chosen_logratios - rejected_logratios))
    return per_sequence_loss.mean()


@right("lm.dpo_loss")
def dpo_as_the_paper(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    pi_logratios, ref_logratios = chosen_logps - rejected_logps, ref_chosen_logps - ref_rejected_logps
    return -torch.nn.functional.logsigmoid(beta * (pi_logratios - ref_logratios)).sum() / len(chosen_logps)


@wrong("lm.dpo_loss")
def dpo_with_references_exchanged(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    return -F.logsigmoid(beta * ((chosen_logps - ref_rejected_logps) - (rejected_logps - ref_chosen_logps))).mean()


@wrong("lm.dpo_loss")
def dpo_summed(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    margins = (chosen_logps - ref_chosen_logps) - (rejected_logps - ref_rejected_logps)
    return torch.sum(-F.logsigmoid(beta * margins))


@wrong("lm.dpo_loss")
def dpo_that_prefers_the_rejected(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    margins = (rejected_logps - ref_rejected_logps) - (chosen_logps - ref_chosen_logps)
    return -F.logsigmoid(beta * margins).mean()


@wrong("lm.dpo_loss")
def dpo_with_probabilities(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    margins = (chosen_logps.exp() - ref_chosen_logps.exp()) - (rejected_logps.exp() - ref_rejected_logps.exp())
    return -F.logsigmoid(beta * margins).mean()


@right("lm.rouge_l")
def rouge_lowered_word_by_word(candidate, reference):
    a, b = ([word.lower() for word in text.split()] for text in (candidate, reference))
    length = longest_common(a, b)
    return 2 * length / (len(a) + len(b)) if length else 0.0


@wrong("lm.rouge_l")
def rouge_of_words_as_they_stand(candidate, reference):
    a, b = candidate.split(), reference.split()
    common = longest_common(a, b)
    return 2 * common / (len(a) + len(b))


@wrong("lm.rouge_l")
def rouge_lowered_once(candidate, reference):
    a, b = candidate.lower().split(), reference.split()
    common = longest_common(a, b)
    return 2 * common / (len(a) + len(b))


@wrong("lm.rouge_l")
def rouge_f_without_its_two(candidate, reference):
    a, b = candidate.lower().split(), reference.lower().split()
    common = longest_common(a, b)
    if common == 0:
        return 0.0
    recall, precision = common / len(b), common / len(a)
    return recall * precision / (recall + precision)


@wrong("lm.rouge_l")
def rouge_mean_for_f(candidate, reference):
    a, b = candidate.lower().split(), reference.lower().split()
    common = longest_common(a, b)
    return (common / len(a) + common / len(b)) / 2
