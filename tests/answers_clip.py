"""Answers to Lesson 02's exercises as people write them: all the right ones must pass, all the wrong ones must not."""

import math

import numpy as np
import torch
from answers import right, wrong
from torch.nn import functional as F

from course_lib.clip.tokenizer import get_tokenizer
from course_lib.clip.zero_shot import prompt_ensemble


@right("clip.image_head")
def head_batched(patches, query, projection):
    scores = torch.matmul(patches, query[:, None]) / math.sqrt(query.numel())  # [B, N, 1]
    return torch.matmul((F.softmax(scores, dim=-2) * patches).sum(-2), projection)


@right("clip.image_head")
def head_stable(patches, query, projection):
    scores = (patches * query).sum(-1) / np.sqrt(patches.size(-1))
    weights = (scores - scores.amax(dim=1, keepdim=True)).exp()
    return torch.bmm((weights / weights.sum(1, keepdim=True)).unsqueeze(1), patches)[:, 0] @ projection


@wrong("clip.image_head")
def head_multiplied_by_root(patches, query, projection):
    weights = (patches @ query * patches.shape[-1] ** 0.5).softmax(dim=1)
    return (weights.unsqueeze(-1) * patches).sum(dim=1) @ projection


@wrong("clip.image_head")
def head_batch_as_width(patches, query, projection):
    weights = (patches @ query / math.sqrt(patches.shape[0])).softmax(dim=1)
    return (weights[..., None] * patches).sum(dim=1) @ projection


@wrong("clip.image_head")
def head_patches_as_width(patches, query, projection):
    weights = torch.softmax(patches @ query / math.sqrt(patches.size(1)), dim=1)
    return torch.einsum("bn,bnw->bw", weights, patches) @ projection


@wrong("clip.image_head")
def head_without_scale(patches, query, projection):
    attention = F.softmax(torch.einsum("bnw,w->bn", patches, query), dim=-1)
    return torch.einsum("bn,bnw,wd->bd", attention, patches, projection)


@wrong("clip.image_head")
def head_width_itself(patches, query, projection):
    attention = F.softmax(patches @ query / patches.size(-1), dim=-1)
    return (attention.unsqueeze(-1) * patches).sum(1) @ projection


@wrong("clip.image_head")
def head_in_numpy(patches, query, projection):
    x, q, p = (np.asarray(tensor.detach()) for tensor in (patches, query, projection))
    weights = np.exp(x @ q / np.sqrt(len(q)))
    pooled = np.einsum("bn,bnw->bw", weights / weights.sum(1, keepdims=True), x)
    return torch.from_numpy((pooled @ p).astype(np.float32))


@wrong("clip.image_head")
def head_mean_of_the_weighted(patches, query, projection):
    weights = F.softmax(patches @ query / math.sqrt(len(query)), dim=1)
    return torch.mean(weights[:, :, None] * patches, dim=1) @ projection


@right("clip.pool_at_end")
def end_where(hidden, tokens):
    rows, places = torch.where(tokens == get_tokenizer().eot_token_id)
    return hidden[rows, places]


@right("clip.pool_at_end")
def end_written_out(hidden, tokens):
    return hidden[tokens == 1023]


@right("clip.pool_at_end")
def end_by_list(hidden, tokens):
    return torch.stack([hidden[b, ids.tolist().index(max(ids.tolist()))] for b, ids in enumerate(tokens)])


@right("clip.pool_at_end")
def end_take_along(hidden, tokens):
    ends = torch.argmax(tokens, 1)
    return torch.take_along_dim(hidden, ends.view(-1, 1, 1), dim=1).reshape(len(hidden), -1)


@right("clip.pool_at_end")
def end_one_hot(hidden, tokens):
    return torch.einsum("blw,bl->bw", hidden, F.one_hot(tokens.max(dim=1).indices, tokens.shape[1]).to(hidden))


@wrong("clip.pool_at_end")
def end_minus_one(hidden, tokens):
    return hidden[:, -1, :]


@wrong("clip.pool_at_end")
def end_zero(hidden, tokens):
    return hidden[:, 0, :]


@wrong("clip.pool_at_end")
def end_by_list_of_first(hidden, tokens):
    return hidden[:, tokens[0].tolist().index(get_tokenizer().eot_token_id)]


@wrong("clip.pool_at_end")
def end_start_token(hidden, tokens):
    return hidden[tokens == get_tokenizer().sot_token_id]


@wrong("clip.pool_at_end")
def end_first_zero(hidden, tokens):
    return torch.stack([hidden[b, ids.tolist().index(0) - 1] for b, ids in enumerate(tokens)])


@wrong("clip.pool_at_end")
def end_last_word(hidden, tokens):
    return hidden[range(len(hidden)), torch.argmax(tokens, dim=1) - 1]


@wrong("clip.pool_at_end")
def end_all_pairs(hidden, tokens):
    return hidden[:, torch.argmax(tokens, 1)]


@wrong("clip.pool_at_end")
def end_kept_dim(hidden, tokens):
    return hidden[torch.arange(len(hidden)), tokens.argmax(dim=-1)].unsqueeze(1)


@wrong("clip.pool_at_end")
def end_detached(hidden, tokens):
    return hidden.detach()[torch.arange(len(hidden)), tokens.argmax(dim=-1)]


@wrong("clip.pool_at_end")
def end_average(hidden, tokens):
    return torch.mean(hidden, 1)


@wrong("clip.pool_at_end")
def end_average_of_words(hidden, tokens):
    return torch.stack([states[: int(ids.argmax()) + 1].mean(0) for states, ids in zip(hidden, tokens, strict=True)])


@right("clip.contrastive_loss")
def loss_as_open_clip(image_features, text_features, logit_scale):
    per_image = logit_scale * image_features @ text_features.T
    per_text = logit_scale * text_features @ image_features.T
    labels = torch.arange(per_image.shape[0], dtype=torch.long)
    return (F.cross_entropy(per_image, labels) + F.cross_entropy(per_text, labels)) / 2


@right("clip.contrastive_loss")
def loss_by_hand(image_features, text_features, logit_scale):
    powers = (logit_scale * (image_features @ text_features.transpose(0, 1))).exp()
    right = powers.diag()
    return -0.5 * ((right / powers.sum(0)).log().mean() + (right / powers.sum(1)).log().mean())


@right("clip.contrastive_loss")
def loss_by_nll(image_features, text_features, logit_scale):
    logits = logit_scale * torch.mm(image_features, text_features.t())
    labels = torch.tensor(range(len(logits)))
    return 0.5 * (F.nll_loss(F.log_softmax(logits, 1), labels) + F.nll_loss(F.log_softmax(logits.t(), 1), labels))


@wrong("clip.contrastive_loss")
def loss_pictures_only(image_features, text_features, logit_scale):
    return F.cross_entropy(image_features @ text_features.T * logit_scale, torch.arange(image_features.shape[0]))


@wrong("clip.contrastive_loss")
def loss_same_way_twice(image_features, text_features, logit_scale):
    logits, labels = logit_scale * image_features @ text_features.T, torch.arange(len(image_features))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits, labels)) / 2


@wrong("clip.contrastive_loss")
def loss_not_halved(image_features, text_features, logit_scale):
    logits, labels = logit_scale * image_features @ text_features.T, torch.arange(len(image_features))
    return F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)


@wrong("clip.contrastive_loss")
def loss_without_minus(image_features, text_features, logit_scale):
    logits = logit_scale * image_features @ text_features.T
    return (logits.log_softmax(0).diag().mean() + logits.log_softmax(1).diag().mean()) / 2


@wrong("clip.contrastive_loss")
def loss_labels_turned(image_features, text_features, logit_scale):
    logits, labels = logit_scale * image_features @ text_features.T, torch.arange(len(image_features)).flip(0)
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


@wrong("clip.contrastive_loss")
def loss_largest_is_right(image_features, text_features, logit_scale):
    logits = logit_scale * image_features @ text_features.T
    return (F.cross_entropy(logits, logits.argmax(1)) + F.cross_entropy(logits.T, logits.argmax(0))) / 2


@wrong("clip.contrastive_loss")
def loss_cosines(image_features, text_features, logit_scale):
    logits, labels = image_features @ text_features.T, torch.arange(len(image_features))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


@wrong("clip.contrastive_loss")
def loss_summed(image_features, text_features, logit_scale):
    logits, labels = logit_scale * image_features @ text_features.T, torch.arange(len(image_features))
    both = F.cross_entropy(logits, labels, reduction="sum") + F.cross_entropy(logits.T, labels, reduction="sum")
    return both / 2


@wrong("clip.contrastive_loss")
def loss_all_summed(image_features, text_features, logit_scale):
    logits, labels = logit_scale * image_features @ text_features.T, torch.arange(len(image_features))
    both = F.cross_entropy(logits, labels, reduction="sum") + F.cross_entropy(logits.T, labels, reduction="sum")
    return both


@wrong("clip.contrastive_loss")
def loss_exp(image_features, text_features, logit_scale):
    logits, labels = torch.exp(logit_scale) * image_features @ text_features.T, torch.arange(len(image_features))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


@wrong("clip.contrastive_loss")
def loss_frozen_scale(image_features, text_features, logit_scale):
    logits, labels = logit_scale.item() * image_features @ text_features.T, torch.arange(len(image_features))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


@right("clip.clamp_logit_scale")
def clamp_by_torch(logit_scale):
    return torch.clamp(logit_scale, min=0.0, max=float(np.log(100)))


@right("clip.clamp_logit_scale")
def clamp_as_openai(logit_scale):
    return torch.clamp(logit_scale, 0, 4.6052)


@right("clip.clamp_logit_scale")
def clamp_by_max(logit_scale):
    return torch.max(torch.min(logit_scale, torch.tensor(100.0).log()), torch.zeros(()))


@wrong("clip.clamp_logit_scale")
def clamp_both_of_factor(logit_scale):
    return torch.clamp(logit_scale, 1, 100)


@wrong("clip.clamp_logit_scale")
def clamp_only_high(logit_scale):
    return torch.minimum(logit_scale, torch.tensor(math.log(100)))


@wrong("clip.clamp_logit_scale")
def clamp_only_low(logit_scale):
    return F.relu(logit_scale)


@wrong("clip.clamp_logit_scale")
def clamp_factor_returned(logit_scale):
    return torch.exp(torch.clamp(logit_scale, 0, math.log(100)))


@wrong("clip.clamp_logit_scale")
def clamp_high_100(logit_scale):
    return torch.clamp(logit_scale, max=100, min=0)


@wrong("clip.clamp_logit_scale")
def clamp_log2(logit_scale):
    return torch.clamp(logit_scale, 0, np.log2(100))


@wrong("clip.clamp_logit_scale")
def clamp_rounded_limit(logit_scale):
    return logit_scale.clamp(0, 5)


@wrong("clip.clamp_logit_scale")
def clamp_nothing(logit_scale):
    torch.clamp(logit_scale, 0, math.log(100))
    return logit_scale


@wrong("clip.clamp_logit_scale")
def clamp_at_start(logit_scale):
    return logit_scale.clamp(0, math.log(1 / 0.07))


@right("clip.prompt_ensemble")
def ensemble_in_place_of_normalize(text_features):
    unit = text_features / torch.linalg.norm(text_features, dim=2, keepdim=True)
    mean = torch.mean(unit, 1)
    return mean / torch.linalg.norm(mean, dim=1, keepdim=True)


@right("clip.prompt_ensemble")
def ensemble_by_loop(text_features):
    total = torch.zeros_like(text_features[:, 0])
    for k in range(text_features.shape[1]):
        total += F.normalize(text_features[:, k], dim=1)
    return F.normalize(total / text_features.shape[1], dim=1)


@wrong("clip.prompt_ensemble")
def ensemble_only_after(text_features):
    mean = text_features.mean(1)
    return mean / mean.norm(dim=-1, keepdim=True)


@wrong("clip.prompt_ensemble")
def ensemble_only_before(text_features):
    return (text_features / text_features.norm(dim=-1, keepdim=True)).mean(1)


@wrong("clip.prompt_ensemble")
def ensemble_mean_of_classes(text_features):
    return F.normalize(F.normalize(text_features, dim=-1).mean(0), dim=-1)


@wrong("clip.prompt_ensemble")
def ensemble_no_norm(text_features):
    return torch.mean(text_features, dim=1)


@wrong("clip.prompt_ensemble")
def ensemble_default_axis(text_features):
    return F.normalize(F.normalize(text_features).mean(1))


@wrong("clip.prompt_ensemble")
def ensemble_whole_norm(text_features):
    mean = F.normalize(text_features, dim=-1).mean(1)
    return mean / mean.norm()


@wrong("clip.prompt_ensemble")
def ensemble_largest(text_features):
    return F.normalize(F.normalize(text_features, dim=-1).max(dim=1).values, dim=-1)


@wrong("clip.prompt_ensemble")
def ensemble_one_norm(text_features):
    return F.normalize(F.normalize(text_features, dim=-1, p=1).mean(1), dim=-1, p=1)


@right("clip.zero_shot_classifier")
@torch.no_grad()
def classifier_as_open_clip(model, tokenizer, class_names, templates):
    embeddings = []
    for name in class_names:
        texts = [template.format(name) for template in templates]
        embedding = F.normalize(model.encode_text(tokenizer(texts)), dim=-1).mean(dim=0)
        embeddings.append(embedding / embedding.norm())
    return torch.stack(embeddings, dim=1)


@right("clip.zero_shot_classifier")
def classifier_inference_mode(model, tokenizer, class_names, templates):
    texts = [t.replace("{}", c) for c in class_names for t in templates]
    with torch.inference_mode():
        features = model.encode_text(tokenizer(texts), normalize=True).unflatten(0, (len(class_names), len(templates)))
    return prompt_ensemble(features).transpose(0, 1)


@wrong("clip.zero_shot_classifier")
def classifier_not_turned(model, tokenizer, class_names, templates):
    with torch.no_grad():
        each = [
            prompt_ensemble(model.encode_text(tokenizer([t.format(c) for t in templates]))[None]) for c in class_names
        ]
    return torch.cat(each)


@wrong("clip.zero_shot_classifier")
def classifier_names_alone(model, tokenizer, class_names, templates):
    with torch.no_grad():
        return F.normalize(model.encode_text(tokenizer(class_names)), dim=-1).T


@wrong("clip.zero_shot_classifier")
def classifier_first_words(model, tokenizer, class_names, templates):
    with torch.no_grad():
        return F.normalize(model.encode_text(tokenizer([templates[0].format(c) for c in class_names])), dim=-1).T


@wrong("clip.zero_shot_classifier")
def classifier_loops_exchanged(model, tokenizer, class_names, templates):
    texts = [t.format(c) for t in templates for c in class_names]
    with torch.no_grad():
        features = model.encode_text(tokenizer(texts)).reshape(len(class_names), len(templates), -1)
    return prompt_ensemble(features).t()


@wrong("clip.zero_shot_classifier")
def classifier_sorted(model, tokenizer, class_names, templates):
    return classifier_as_open_clip(model, tokenizer, sorted(class_names), templates)


@wrong("clip.zero_shot_classifier")
def classifier_raw_mean(model, tokenizer, class_names, templates):
    texts = [t.format(c) for c in class_names for t in templates]
    with torch.no_grad():
        features = model.encode_text(tokenizer(texts)).view(len(class_names), len(templates), -1)
    return features.mean(dim=1).T


@wrong("clip.zero_shot_classifier")
def classifier_all_columns(model, tokenizer, class_names, templates):
    texts = [t.format(c) for c in class_names for t in templates]
    with torch.no_grad():
        return F.normalize(model.encode_text(tokenizer(texts)), dim=-1).T


@wrong("clip.zero_shot_classifier")
def classifier_without_second_norm(model, tokenizer, class_names, templates):
    with torch.no_grad():
        each = [model.encode_text(tokenizer([t.format(c) for t in templates]), normalize=True) for c in class_names]
    return torch.stack([features.mean(0) for features in each]).T


@right("clip.classify")
def classify_as_written(image_features, weights, logit_scale):
    unit = image_features / image_features.norm(dim=1, keepdim=True)
    return F.softmax(logit_scale * torch.matmul(unit, weights), dim=1)


@right("clip.classify")
def classify_weights_again(image_features, weights, logit_scale):
    """The weights have length 1 already: once more does no harm."""
    return torch.softmax(logit_scale * F.normalize(image_features) @ F.normalize(weights, dim=0), -1)


@right("clip.classify")
def classify_by_logsumexp(image_features, weights, logit_scale):
    logits = torch.einsum("bd,dc->bc", F.normalize(image_features, dim=1), weights) * float(logit_scale)
    return (logits - logits.logsumexp(1, keepdim=True)).exp()


@wrong("clip.classify")
def classify_raw(image_features, weights, logit_scale):
    return F.softmax(logit_scale * image_features @ weights, dim=-1)


@wrong("clip.classify")
def classify_flat(image_features, weights, logit_scale):
    return F.softmax(F.normalize(image_features, dim=-1) @ weights, dim=-1)


@wrong("clip.classify")
def classify_no_softmax(image_features, weights, logit_scale):
    return F.normalize(image_features, dim=-1) @ weights * logit_scale


@wrong("clip.classify")
def classify_axis_0(image_features, weights, logit_scale):
    return F.softmax(logit_scale * F.normalize(image_features, dim=-1) @ weights, dim=0)


@wrong("clip.classify")
def classify_exp(image_features, weights, logit_scale):
    return F.softmax(torch.exp(logit_scale) * F.normalize(image_features, dim=-1) @ weights, dim=-1)


@wrong("clip.classify")
def classify_cosines(image_features, weights, logit_scale):
    return F.normalize(image_features, dim=-1) @ weights


@wrong("clip.classify")
def classify_whole_norm(image_features, weights, logit_scale):
    return F.softmax(logit_scale * (image_features / image_features.norm()) @ weights, dim=-1)


@wrong("clip.classify")
def classify_shares(image_features, weights, logit_scale):
    logits = logit_scale * F.normalize(image_features, dim=-1) @ weights
    return logits / logits.sum(dim=-1, keepdim=True)
