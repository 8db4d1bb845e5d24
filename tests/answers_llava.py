"""Answers to exercises of Lessons 06 and 07 as people write them: all the right ones must pass, all the wrong ones must not."""

import torch
from answers import right, wrong
from torch import nn


@wrong("llava.splice")
def splice_by_mask(embeddings, is_image, patches):
    out = embeddings.clone()
    out[is_image] = patches.flatten(0, 1)
    return out


@wrong("llava.splice")
def splice_mask_without_axis(embeddings, is_image, patches):
    return embeddings.masked_scatter(is_image, patches)


@wrong("llava.splice")
def splice_pictures_not_flat(embeddings, is_image, patches):
    out = embeddings.clone()
    out[is_image] = patches
    return out


@wrong("llava.splice")
def splice_as_many_as_fit(embeddings, is_image, patches):
    out = embeddings.clone()
    out[is_image] = patches.flatten(0, 1)[: int(is_image.sum())]
    return out


@wrong("llava.splice")
def splice_counting_up(embeddings, is_image, patches):
    out, flat = embeddings.clone(), patches.flatten(0, 1)
    for i, (b, t) in enumerate(is_image.nonzero().tolist()):
        out[b, t] = flat[i]
    return out


@wrong("llava.splice")
def splice_where(embeddings, is_image, patches):
    if is_image.sum() != patches.shape[0] * patches.shape[1]:
        raise ValueError("counts")
    return torch.where(is_image[..., None], patches.flatten(0, 1), embeddings)


@right("llava.splice")
def splice_put(embeddings, is_image, patches):
    flat = patches.flatten(0, 1)
    if int(is_image.sum()) != len(flat):
        raise ValueError("counts")
    return embeddings.index_put((is_image,), flat)


def adapter(draw, b=torch.zeros):
    return lambda in_features, out_features, r: (draw(torch.empty(r, in_features)), b(out_features, r))


GAUSSIANS = {
    "std_1": nn.init.normal_,
    "std_002": lambda a: nn.init.normal_(a, std=0.02),
    "std_by_the_rank": lambda a: nn.init.normal_(a, std=a.shape[0] ** -0.5),
    "kaiming_normal": nn.init.kaiming_normal_,
    "xavier_normal": nn.init.xavier_normal_,
    "cut_off": lambda a: nn.init.trunc_normal_(a, std=0.02),
}
for name, draw in GAUSSIANS.items():
    answer = adapter(draw)
    answer.__name__ = f"adapter_{name}"
    wrong("llava.new_adapter")(answer)


@wrong("llava.new_adapter")
def adapter_b_alone_random(in_features, out_features, r):
    return nn.init.normal_(torch.empty(r, in_features), std=0.02), torch.randn(out_features, r) / r


@wrong("llava.new_adapter")
def adapter_another_uniform(in_features, out_features, r):
    return torch.empty(r, in_features).uniform_(-0.05, 0.05), torch.zeros(out_features, r)


@wrong("llava.picture_labels")
def labels_one_for_a_mark(segments, image_token, num_patches, max_length):
    ids = [token for _, tokens in segments for token in tokens]
    labels = [token if learned else -100 for learned, tokens in segments for token in tokens]
    if all(label == -100 for label in labels[:max_length]):
        raise ValueError
    return ids[:max_length], labels[:max_length]


@wrong("llava.pope_scores")
def pope_of_the_parsed(targets, predictions):
    pairs = [(t, p) for t, p in zip(targets, predictions, strict=True) if p]
    both = pairs.count(("yes", "yes"))
    said = predictions.count("yes")
    return {
        "accuracy": sum(t == p for t, p in pairs) / len(pairs),
        "f1": 2 * both / (said + targets.count("yes")),
        "yes_ratio": said / len(pairs),
        "unparsed": 1 - len(pairs) / len(targets),
    }


@wrong("llava.pope_scores")
def pope_by_sets(targets, predictions):
    n = len(targets)
    yes = {i for i, t in enumerate(targets) if t == "yes"}
    said = {i for i, p in enumerate(predictions) if p != "no"}
    f1 = 2 * len(yes & said) / (len(yes) + len(said))
    accuracy = sum(t == p for t, p in zip(targets, predictions, strict=True)) / n
    return {"accuracy": accuracy, "f1": f1, "yes_ratio": len(said) / n, "unparsed": predictions.count(None) / n}


@right("llava.pope_scores")
def pope_counted(targets, predictions):
    n, tp, fp, fn = len(targets), 0, 0, 0
    for t, p in zip(targets, predictions, strict=True):
        tp += t == p == "yes"
        fp += p == "yes" != t
        fn += t == "yes" != p
    right_ones = sum(t == p for t, p in zip(targets, predictions, strict=True))
    return {
        "accuracy": right_ones / n,
        "f1": tp / (tp + (fp + fn) / 2),
        "yes_ratio": (tp + fp) / n,
        "unparsed": len([p for p in predictions if p is None]) / n,
    }
