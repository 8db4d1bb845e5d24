"""Answers to Lesson 11's exercises as people write them: all the right ones must pass, all the wrong ones must not."""

import numpy as np
import torch
from answers import right, wrong
from scipy.ndimage import distance_transform_edt
from scipy.optimize import linear_sum_assignment
from torch.nn import functional as F

from course_lib.seem.decoder import MIN_COVERAGE
from course_lib.seem.train.losses import CLASS_WEIGHT, DICE_WEIGHT, MASK_WEIGHT


def read(f, grid, mode="bilinear", pad="border", corners=False):
    return (
        F.grid_sample(f, grid[:, None], mode=mode, padding_mode=pad, align_corners=corners).squeeze(2).permute(0, 2, 1)
    )


@wrong("seem.visual_sampler")
def v_defaults(features, points, positive, indicators):
    return (
        F.grid_sample(features, points[:, None] * 2 - 1, align_corners=False)[:, :, 0].mT + indicators[positive.long()]
    )


@wrong("seem.visual_sampler")
def v_times2(features, points, positive, indicators):
    return read(features, points * 2) + indicators[positive.long()]


@wrong("seem.visual_sampler")
def v_flip(features, points, positive, indicators):
    return read(features, 2 * points.flip(2) - 1) + indicators[positive.long()]


@wrong("seem.visual_sampler")
def v_xy_size(features, points, positive, indicators):
    h, w = features.shape[2:]
    x = (points[..., 0] * w).long().clamp(max=w - 1)
    y = (points[..., 1] * h).long().clamp(max=h - 1)
    return features[torch.arange(len(features))[:, None], :, y, x] + indicators[positive.long()]


@wrong("seem.visual_sampler")
def v_neg(features, points, positive, indicators):
    return read(features, 2 * points - 1) + indicators[(~positive).long()]


@wrong("seem.visual_sampler")
def v_minus(features, points, positive, indicators):
    return read(features, 2 * points - 1) - indicators[positive.long()]


@wrong("seem.visual_sampler")
def v_mul(features, points, positive, indicators):
    return read(features, 2 * points - 1) * indicators[positive.long()]


@wrong("seem.visual_sampler")
def v_squeeze(features, points, positive, indicators):
    r = F.grid_sample(features, (2 * points - 1)[:, None], padding_mode="border", align_corners=False).squeeze()
    return r.transpose(-1, -2) + indicators[positive.long()]


@wrong("seem.visual_sampler")
def v_pos_only(features, points, positive, indicators):
    return read(features, 2 * points - 1) + positive[..., None] * indicators[1]


@wrong("seem.visual_sampler")
def v_cat(features, points, positive, indicators):
    return torch.cat([read(features, 2 * points - 1), indicators[positive.long()]], dim=-1)


@wrong("seem.visual_sampler")
def v_bicubic(features, points, positive, indicators):
    return read(features, 2 * points - 1, mode="bicubic") + indicators[positive.long()]


@wrong("seem.visual_sampler")
def v_detach(features, points, positive, indicators):
    return read(features, 2 * points - 1).detach() + indicators[positive.long()]


@wrong("seem.visual_sampler")
def v_reshape(features, points, positive, indicators):
    r = F.grid_sample(features, (2 * points - 1)[:, None], padding_mode="border", align_corners=False)
    return r.reshape(len(features), points.shape[1], -1) + indicators[positive.long()]


@wrong("seem.visual_sampler")
def v_corner(features, points, positive, indicators):
    return read(features, 2 * points - 1, corners=True) + indicators[positive.long()]


@right("seem.visual_sampler")
def v_column(features, points, positive, indicators):
    r = F.grid_sample(features, (points * 2 - 1).unsqueeze(2), padding_mode="border", align_corners=False)
    return r.squeeze(-1).permute(0, 2, 1) + F.embedding(positive.int(), indicators)


@right("seem.visual_sampler")
def v_blend(features, points, positive, indicators):
    p = positive.float().unsqueeze(-1)
    return read(features, (points - 0.5) * 2, pad="reflection") + p * indicators[1] + (1 - p) * indicators[0]


@right("seem.visual_sampler")
def v_pictures(features, points, positive, indicators):
    rows = [
        F.grid_sample(f[None], 2 * p[None, None] - 1, padding_mode="border", align_corners=False)[0, :, 0].T
        for f, p in zip(features, points, strict=True)
    ]
    return torch.stack(rows) + torch.stack([indicators[s.long()] for s in positive])


def att(queries, keys, values, attn_mask, scale=None, fill=float("-inf"), open=True, dim=-1):
    m = attn_mask | ~attn_mask.any(-1, keepdim=True) if open else attn_mask
    s = queries @ keys.mT / (queries.shape[-1] ** 0.5 if scale is None else scale)
    return s.masked_fill(~m, fill).softmax(dim) @ values


@wrong("seem.masked_attention")
def a_noopen(queries, keys, values, attn_mask):
    return att(queries, keys, values, attn_mask, open=False)


@wrong("seem.masked_attention")
def a_nanzero(queries, keys, values, attn_mask):
    return att(queries, keys, values, attn_mask, open=False).nan_to_num(0)


@wrong("seem.masked_attention")
def a_big(queries, keys, values, attn_mask):
    return att(queries, keys, values, attn_mask, open=False, fill=-1000000000.0)


def added(queries, keys, values, attn_mask, large, open):
    m = attn_mask | ~attn_mask.any(-1, keepdim=True) if open else attn_mask
    return (queries @ keys.mT / queries.shape[-1] ** 0.5 - large * (~m)).softmax(-1) @ values


@wrong("seem.masked_attention")
def a_added(queries, keys, values, attn_mask):
    return added(queries, keys, values, attn_mask, 1e9, open=False)


@wrong("seem.masked_attention")
def a_added_ten_thousand(queries, keys, values, attn_mask):
    return added(queries, keys, values, attn_mask, 1e4, open=False)


@right("seem.masked_attention")
def a_added_and_opened(queries, keys, values, attn_mask):
    return added(queries, keys, values, attn_mask, 1e9, open=True)


@right("seem.masked_attention")
def a_added_in_double(queries, keys, values, attn_mask):
    scores = (queries @ keys.mT / queries.shape[-1] ** 0.5).double()
    return (scores - 1e9 * ~attn_mask).softmax(-1).float() @ values


@wrong("seem.masked_attention")
def a_min(queries, keys, values, attn_mask):
    return att(queries, keys, values, attn_mask, open=False, fill=torch.finfo(queries.dtype).min)


@wrong("seem.masked_attention")
def a_noscale(queries, keys, values, attn_mask):
    return att(queries, keys, values, attn_mask, scale=1)


@wrong("seem.masked_attention")
def a_width(queries, keys, values, attn_mask):
    return att(queries, keys, values, attn_mask, scale=queries.shape[-1])


@wrong("seem.masked_attention")
def a_keys(queries, keys, values, attn_mask):
    return att(queries, keys, values, attn_mask, scale=keys.shape[1] ** 0.5)


@wrong("seem.masked_attention")
def a_dim(queries, keys, values, attn_mask):
    return att(queries, keys, values, attn_mask, dim=1)


@wrong("seem.masked_attention")
def a_inv(queries, keys, values, attn_mask):
    m = ~attn_mask
    return att(queries, keys, values, m)


@wrong("seem.masked_attention")
def a_fillinv(queries, keys, values, attn_mask):
    m = attn_mask | ~attn_mask.any(-1, keepdim=True)
    return (queries @ keys.mT / queries.shape[-1] ** 0.5).masked_fill(m, float("-inf")).softmax(-1) @ values


@wrong("seem.masked_attention")
def a_zero(queries, keys, values, attn_mask):
    return att(queries, keys, values, attn_mask, fill=0)


@wrong("seem.masked_attention")
def a_after(queries, keys, values, attn_mask):
    w = (queries @ keys.mT / queries.shape[-1] ** 0.5).softmax(-1) * attn_mask
    return w @ values


@wrong("seem.masked_attention")
def a_mult(queries, keys, values, attn_mask):
    m = attn_mask | ~attn_mask.any(-1, keepdim=True)
    return (queries @ keys.mT / queries.shape[-1] ** 0.5 * m).softmax(-1) @ values


@wrong("seem.masked_attention")
def a_onerow(queries, keys, values, attn_mask):
    m = attn_mask if attn_mask.any() else torch.ones_like(attn_mask)
    return att(queries, keys, values, m, open=False)


@wrong("seem.masked_attention")
def a_first(queries, keys, values, attn_mask):
    m = attn_mask.clone()
    m[~m.any(-1)] = torch.eye(m.shape[-1], dtype=torch.bool)[0]
    return att(queries, keys, values, m)


@wrong("seem.masked_attention")
def a_allkeys(queries, keys, values, attn_mask):
    return att(queries, keys, values, torch.ones_like(attn_mask))


@wrong("seem.masked_attention")
def a_skip(queries, keys, values, attn_mask):
    return att(queries, keys, values, attn_mask) + queries


@wrong("seem.masked_attention")
def a_inplace(queries, keys, values, attn_mask):
    attn_mask[~attn_mask.any(-1)] = True
    return att(queries, keys, values, attn_mask)


@wrong("seem.masked_attention")
def a_nograd(queries, keys, values, attn_mask):
    with torch.no_grad():
        return att(queries, keys, values, attn_mask)


@right("seem.masked_attention")
def a_loop(queries, keys, values, attn_mask):
    out = torch.zeros_like(queries)
    for b in range(len(queries)):
        for r in range(queries.shape[1]):
            on = attn_mask[b, r] if attn_mask[b, r].any() else ~attn_mask[b, r]
            w = (keys[b][on] @ queries[b, r] / queries.shape[-1] ** 0.5).softmax(0)
            out[b, r] = w @ values[b][on]
    return out


@right("seem.masked_attention")
def a_renorm(queries, keys, values, attn_mask):
    m = torch.where(attn_mask.sum(-1, keepdim=True) == 0, torch.ones_like(attn_mask), attn_mask)
    w = torch.bmm(queries, keys.transpose(1, 2)).div(queries.size(-1) ** 0.5).exp() * m
    return torch.bmm(w / w.sum(-1, keepdim=True), values)


@right("seem.masked_attention")
def a_additive(queries, keys, values, attn_mask):
    empty = attn_mask.sum(-1) == 0
    bias = torch.zeros(attn_mask.shape).masked_fill(attn_mask.logical_not(), -torch.inf)
    bias[empty] = 0
    return F.scaled_dot_product_attention(queries, keys, values, attn_mask=bias)


def head(q, t, m, f, scale):
    return (scale * F.normalize(q, dim=-1) @ F.normalize(t, dim=-1).mT, torch.einsum("bqe,behw->bqhw", m, f))


@wrong("seem.mask_head")
def h_noscale(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return head(queries, text_embeddings, mask_embeddings, mask_features, 1)


@wrong("seem.mask_head")
def h_nonorm(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return (
        scale * queries @ text_embeddings.T,
        head(queries, text_embeddings, mask_embeddings, mask_features, scale)[1],
    )


@wrong("seem.mask_head")
def h_dim(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return (
        scale * F.normalize(queries) @ F.normalize(text_embeddings).T,
        head(queries, text_embeddings, mask_embeddings, mask_features, scale)[1],
    )


@wrong("seem.mask_head")
def h_dim0(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return (
        scale * F.normalize(queries, dim=-1) @ F.normalize(text_embeddings, dim=0).T,
        head(queries, text_embeddings, mask_embeddings, mask_features, scale)[1],
    )


@wrong("seem.mask_head")
def h_swap(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return head(queries, text_embeddings, mask_embeddings, mask_features, scale)[::-1]


@wrong("seem.mask_head")
def h_cosmask(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return head(
        queries, text_embeddings, F.normalize(mask_embeddings, dim=-1), F.normalize(mask_features, dim=1), scale
    )


@wrong("seem.mask_head")
def h_scalemask(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return head(queries, text_embeddings, scale * mask_embeddings, mask_features, scale)


@wrong("seem.mask_head")
def h_sig(queries, text_embeddings, mask_embeddings, mask_features, scale):
    c, m = head(queries, text_embeddings, mask_embeddings, mask_features, scale)
    return (c, m.sigmoid())


@wrong("seem.mask_head")
def h_soft(queries, text_embeddings, mask_embeddings, mask_features, scale):
    c, m = head(queries, text_embeddings, mask_embeddings, mask_features, scale)
    return (c.softmax(-1), m)


@wrong("seem.mask_head")
def h_logsoft(queries, text_embeddings, mask_embeddings, mask_features, scale):
    c, m = head(queries, text_embeddings, mask_embeddings, mask_features, scale)
    return (c.log_softmax(-1), m)


@wrong("seem.mask_head")
def h_div(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return head(queries, text_embeddings, mask_embeddings, mask_features, 1 / scale)


@wrong("seem.mask_head")
def h_exp(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return head(queries, text_embeddings, mask_embeddings, mask_features, scale.exp())


@wrong("seem.mask_head")
def h_hard(queries, text_embeddings, mask_embeddings, mask_features, scale):
    c, m = head(queries, text_embeddings, mask_embeddings, mask_features, scale)
    return (c, m > 0)


@wrong("seem.mask_head")
def h_flat(queries, text_embeddings, mask_embeddings, mask_features, scale):
    c, m = head(queries, text_embeddings, mask_embeddings, mask_features, scale)
    return (c, m.flatten(2))


@wrong("seem.mask_head")
def h_root(queries, text_embeddings, mask_embeddings, mask_features, scale):
    c, m = head(queries, text_embeddings, mask_embeddings, mask_features, scale)
    return (c, m / mask_features.shape[1] ** 0.5)


@wrong("seem.mask_head")
def h_item(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return head(queries, text_embeddings, mask_embeddings, mask_features, scale.item())


@wrong("seem.mask_head")
def h_norm1(queries, text_embeddings, mask_embeddings, mask_features, scale):
    c = queries / queries.norm() @ (text_embeddings / text_embeddings.norm()).T
    return (scale * c, head(queries, text_embeddings, mask_embeddings, mask_features, scale)[1])


@right("seem.mask_head")
def h_norms(queries, text_embeddings, mask_embeddings, mask_features, scale):
    q = queries / queries.norm(dim=-1, keepdim=True)
    t = text_embeddings / text_embeddings.norm(dim=1, keepdim=True)
    b, e, h, w = mask_features.shape
    return [
        torch.einsum("bqd,cd->bqc", q, t) * scale,
        torch.bmm(mask_embeddings, mask_features.reshape(b, e, h * w)).reshape(b, -1, h, w),
    ]


@right("seem.mask_head")
def h_after(queries, text_embeddings, mask_embeddings, mask_features, scale):
    dots = torch.matmul(queries, text_embeddings.t())
    cos = dots / (queries.norm(dim=-1)[..., None] * text_embeddings.norm(dim=-1))
    return (
        scale * cos,
        torch.tensordot(mask_embeddings, mask_features, dims=([2], [1])).diagonal(dim1=0, dim2=2).permute(3, 0, 1, 2),
    )


def cost_of(c, m, d):
    return CLASS_WEIGHT * c + MASK_WEIGHT * m + DICE_WEIGHT * d


def pair(cost, **options):
    rows, cols = linear_sum_assignment(cost.detach().numpy(), **options)
    o = cols.argsort()
    return (torch.as_tensor(rows[o]), torch.as_tensor(cols[o]))


@wrong("seem.match")
def k_sum(class_cost, mask_cost, dice_cost):
    return pair(class_cost + mask_cost + dice_cost)


@wrong("seem.match")
def k_max(class_cost, mask_cost, dice_cost):
    return pair(cost_of(class_cost, mask_cost, dice_cost), maximize=True)


@wrong("seem.match")
def k_unordered(class_cost, mask_cost, dice_cost):
    r, c = linear_sum_assignment(cost_of(class_cost, mask_cost, dice_cost).numpy())
    return (torch.from_numpy(r), torch.from_numpy(c))


@wrong("seem.match")
def k_swap(class_cost, mask_cost, dice_cost):
    return pair(cost_of(class_cost, mask_cost, dice_cost))[::-1]


@wrong("seem.match")
def k_argmin(class_cost, mask_cost, dice_cost):
    q = cost_of(class_cost, mask_cost, dice_cost).argmin(0)
    return (q, torch.arange(len(q)))


@wrong("seem.match")
def k_argmin1(class_cost, mask_cost, dice_cost):
    t = cost_of(class_cost, mask_cost, dice_cost).argmin(1)
    return (torch.arange(len(t)), t)


@wrong("seem.match")
def k_noclass(class_cost, mask_cost, dice_cost):
    return pair(cost_of(0 * class_cost, mask_cost, dice_cost))


@wrong("seem.match")
def k_nomask(class_cost, mask_cost, dice_cost):
    return pair(cost_of(class_cost, 0 * mask_cost, dice_cost))


@wrong("seem.match")
def k_nodice(class_cost, mask_cost, dice_cost):
    return pair(cost_of(class_cost, mask_cost, 0 * dice_cost))


@wrong("seem.match")
def k_weights(class_cost, mask_cost, dice_cost):
    return pair(cost_of(mask_cost, class_cost, dice_cost))


@wrong("seem.match")
def k_half_sorted(class_cost, mask_cost, dice_cost):
    r, c = linear_sum_assignment(cost_of(class_cost, mask_cost, dice_cost).numpy())
    return (torch.from_numpy(r), torch.from_numpy(np.sort(c)))


@wrong("seem.match")
def k_arrays(class_cost, mask_cost, dice_cost):
    r, c = linear_sum_assignment(cost_of(class_cost, mask_cost, dice_cost).numpy())
    o = c.argsort()
    return (r[o], c[o])


@wrong("seem.match")
def k_list(class_cost, mask_cost, dice_cost):
    return list(zip(*(x.tolist() for x in pair(cost_of(class_cost, mask_cost, dice_cost))), strict=True))


@wrong("seem.match")
def k_neg(class_cost, mask_cost, dice_cost):
    return pair(cost_of(-class_cost, mask_cost, dice_cost))


@wrong("seem.match")
def k_queries(class_cost, mask_cost, dice_cost):
    return pair(cost_of(class_cost, mask_cost, dice_cost))[0]


@wrong("seem.match")
def k_greedy(class_cost, mask_cost, dice_cost):
    cost = cost_of(class_cost, mask_cost, dice_cost).clone()
    q = []
    for t in range(cost.shape[1]):
        q.append(int(cost[:, t].argmin()))
        cost[q[-1]] = float("inf")
    return (torch.tensor(q), torch.arange(len(q)))


@right("seem.match")
def k_tensor(class_cost, mask_cost, dice_cost):
    rows, cols = linear_sum_assignment(cost_of(class_cost, mask_cost, dice_cost))
    pairs = sorted(zip(cols.tolist(), rows.tolist(), strict=True))
    return (torch.tensor([q for _, q in pairs]), torch.tensor([t for t, _ in pairs]))


@right("seem.match")
def k_torch_order(class_cost, mask_cost, dice_cost):
    q, t = map(
        torch.from_numpy, linear_sum_assignment(np.asarray(cost_of(class_cost, mask_cost, dice_cost), dtype=np.float64))
    )
    t, order = t.sort()
    return (q[order], t)


def dice(p, t, s=1, d=1):
    return 1 - (2 * (p * t).sum((1, 2)) + s) / (p.sum((1, 2)) + t.sum((1, 2)) + d)


@wrong("seem.dice_loss")
def d_raw(logits, targets):
    return dice(logits, targets)


@wrong("seem.dice_loss")
def d_hard(logits, targets):
    return dice((logits.sigmoid() > 0.5).float(), targets)


@wrong("seem.dice_loss")
def d_nosmooth(logits, targets):
    return dice(logits.sigmoid(), targets, 0, 0)


@wrong("seem.dice_loss")
def d_eps(logits, targets):
    return dice(logits.sigmoid(), targets, 0, 1e-06)


@wrong("seem.dice_loss")
def d_eps2(logits, targets):
    return dice(logits.sigmoid(), targets, 1e-06, 1e-06)


@wrong("seem.dice_loss")
def d_below(logits, targets):
    return dice(logits.sigmoid(), targets, 0, 1)


@wrong("seem.dice_loss")
def d_above(logits, targets):
    return dice(logits.sigmoid(), targets, 1, 0)


@wrong("seem.dice_loss")
def d_score(logits, targets):
    return 1 - dice(logits.sigmoid(), targets)


@wrong("seem.dice_loss")
def d_negscore(logits, targets):
    return dice(logits.sigmoid(), targets) - 1


@wrong("seem.dice_loss")
def d_mean(logits, targets):
    return dice(logits.sigmoid(), targets).mean()


@wrong("seem.dice_loss")
def d_pool(logits, targets):
    p = logits.sigmoid()
    return 1 - (2 * (p * targets).sum() + 1) / (p.sum() + targets.sum() + 1)


@wrong("seem.dice_loss")
def d_once(logits, targets):
    p = logits.sigmoid()
    return 1 - ((p * targets).sum((1, 2)) + 1) / (p.sum((1, 2)) + targets.sum((1, 2)) + 1)


@wrong("seem.dice_loss")
def d_iou(logits, targets):
    p = logits.sigmoid()
    i = (p * targets).sum((1, 2))
    return 1 - (i + 1) / ((p + targets).sum((1, 2)) - i + 1)


@wrong("seem.dice_loss")
def d_ones_forgotten(logits, targets):
    p = logits.sigmoid()
    return 1 - 2 * (p * targets).sum((1, 2)) / (p.sum((1, 2)) + targets.sum((1, 2)))


@wrong("seem.dice_loss")
def d_small_ones(logits, targets):
    p = logits.sigmoid()
    return 1 - (2 * (p * targets).sum((1, 2)) + 1e-6) / (p.sum((1, 2)) + targets.sum((1, 2)) + 1e-6)


@wrong("seem.dice_loss")
def d_iou2(logits, targets):
    p = logits.sigmoid()
    i = (p * targets).sum((1, 2))
    return 1 - (2 * i + 1) / ((p + targets).sum((1, 2)) - i + 1)


@wrong("seem.dice_loss")
def d_means(logits, targets):
    p = logits.sigmoid()
    return 1 - (2 * (p * targets).mean((1, 2)) + 1) / (p.mean((1, 2)) + targets.mean((1, 2)) + 1)


@wrong("seem.dice_loss")
def d_sq(logits, targets):
    p = logits.sigmoid()
    return 1 - (2 * (p * targets).sum((1, 2)) + 1) / ((p**2).sum((1, 2)) + (targets**2).sum((1, 2)) + 1)


@wrong("seem.dice_loss")
def d_rows(logits, targets):
    p = logits.sigmoid()
    return 1 - (2 * (p * targets).sum(-1) + 1) / (p.sum(-1) + targets.sum(-1) + 1)


@wrong("seem.dice_loss")
def d_batch(logits, targets):
    p = logits.sigmoid()
    return 1 - (2 * (p * targets).sum(0) + 1) / (p.sum(0) + targets.sum(0) + 1)


@wrong("seem.dice_loss")
def d_twice(logits, targets):
    return dice(logits.sigmoid().sigmoid(), targets)


@wrong("seem.dice_loss")
def d_soft(logits, targets):
    return dice(logits.softmax(-1), targets)


@wrong("seem.dice_loss")
def d_add(logits, targets):
    return dice(logits.sigmoid(), targets).sum()


@right("seem.dice_loss")
def d_ratio(logits, targets):
    p = 1 / (1 + torch.exp(-logits))
    both = p.sum((-1, -2)) + targets.sum((-1, -2))
    return (both - 2 * (p * targets).sum((-1, -2))) / (both + 1)


@right("seem.dice_loss")
def d_reshape(logits, targets):
    n = logits.shape[0]
    p, t = (torch.sigmoid(logits).reshape(n, -1), targets.reshape(n, -1))
    return -((2 * torch.sum(p * t, -1) + 1) / (torch.sum(p + t, dim=-1) + 1)) + 1


def errs(mask, truth):
    return (truth & ~mask, mask & ~truth)


def deepest(area, pad=1, edt=distance_transform_edt):
    d = edt(np.pad(area, pad))
    d = d[1:-1, 1:-1] if pad else d
    y, x = np.unravel_index(d.argmax(), d.shape)
    return (int(x), int(y))


@wrong("seem.next_click")
def c_nonone(mask, truth):
    m, e = errs(mask, truth)
    inc = bool(m.sum() >= e.sum())
    return (*deepest(m if inc else e), inc)


@wrong("seem.next_click")
def c_gt(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() and (not e.any()):
        return None
    inc = bool(m.sum() > e.sum())
    return (*deepest(m if inc else e), inc)


@wrong("seem.next_click")
def c_nopad(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() and (not e.any()):
        return None
    inc = bool(m.sum() >= e.sum())
    return (*deepest(m if inc else e, 0), inc)


@wrong("seem.next_click")
def c_frame_never_put_on(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() and (not e.any()):
        return None
    inc = bool(m.sum() >= e.sum())
    d = distance_transform_edt(m if inc else e)[1:-1, 1:-1]
    y, x = np.unravel_index(d.argmax(), d.shape)
    return (int(x), int(y), inc)


@wrong("seem.next_click")
def c_yx(mask, truth):
    c = c_right(mask, truth)
    return c and (c[1], c[0], c[2])


@wrong("seem.next_click")
def c_sign(mask, truth):
    c = c_right(mask, truth)
    return c and (c[0], c[1], not c[2])


@wrong("seem.next_click")
def c_swapped(mask, truth):
    m, e = (mask & ~truth, truth & ~mask)
    if not m.any() and (not e.any()):
        return None
    inc = bool(m.sum() >= e.sum())
    return (*deepest(m if inc else e), inc)


@wrong("seem.next_click")
def c_missed(mask, truth):
    m, _e = errs(mask, truth)
    return (*deepest(m), True) if m.any() else None


@wrong("seem.next_click")
def c_mean(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() and (not e.any()):
        return None
    inc = bool(m.sum() >= e.sum())
    ys, xs = np.nonzero(m if inc else e)
    return (int(xs.mean()), int(ys.mean()), inc)


@wrong("seem.next_click")
def c_first(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() and (not e.any()):
        return None
    inc = bool(m.sum() >= e.sum())
    y, x = np.argwhere(m if inc else e)[0]
    return (int(x), int(y), inc)


@wrong("seem.next_click")
def c_xor(mask, truth):
    if (mask == truth).all():
        return None
    x, y = deepest(mask ^ truth)
    return (x, y, bool(truth[y, x]))


@wrong("seem.next_click")
def c_deeper(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() and (not e.any()):
        return None
    dm, de = (distance_transform_edt(np.pad(a, 1)).max() for a in (m, e))
    inc = bool(dm >= de)
    return (*deepest(m if inc else e), inc)


@wrong("seem.next_click")
def c_smaller(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() and (not e.any()):
        return None
    inc = bool(m.sum() < e.sum())
    return (*deepest(m if inc else e), inc)


@wrong("seem.next_click")
def c_padoff(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() and (not e.any()):
        return None
    inc = bool(m.sum() >= e.sum())
    d = distance_transform_edt(np.pad(m if inc else e, 1))
    y, x = np.unravel_index(d.argmax(), d.shape)
    return (int(x), int(y), inc)


@wrong("seem.next_click")
def c_any(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() and (not e.any()):
        return None
    inc = bool(m.any())
    return (*deepest(m if inc else e), inc)


@right("seem.next_click")
def c_sizes(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() and (not e.any()):
        return None
    inc = bool(truth.sum() >= mask.sum())
    return (*deepest(m if inc else e), inc)


@wrong("seem.next_click")
def c_noneearly(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() or not e.any():
        return None
    inc = bool(m.sum() >= e.sum())
    return (*deepest(m if inc else e), inc)


@wrong("seem.next_click")
def c_truth(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() and (not e.any()):
        return None
    inc = bool(m.sum() >= e.sum())
    return (*deepest(truth if inc else mask), inc)


@wrong("seem.next_click")
def c_word(mask, truth):
    c = c_right(mask, truth)
    return c and (*c[:2], "include" if c[2] else "exclude")


@wrong("seem.next_click")
def c_flat(mask, truth):
    c = c_right(mask, truth)
    return c and (c[1] * mask.shape[1] + c[0], c[2])


@wrong("seem.next_click")
def c_inverse(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() and (not e.any()):
        return None
    inc = bool(m.sum() >= e.sum())
    return (*deepest(~(m if inc else e)), inc)


@wrong("seem.next_click")
def c_box(mask, truth):
    m, e = errs(mask, truth)
    if not m.any() and (not e.any()):
        return None
    inc = bool(m.sum() >= e.sum())
    ys, xs = np.nonzero(m if inc else e)
    return (int(xs.min() + xs.max()) // 2, int(ys.min() + ys.max()) // 2, inc)


@wrong("seem.next_click")
def c_false(mask, truth):
    return c_right(mask, truth) or False


@right("seem.next_click")
def c_right(mask, truth):
    missed, extra = (np.sum(truth & ~mask), np.sum(mask & ~truth))
    if missed + extra == 0:
        return None
    area = (
        np.logical_and(truth, np.logical_not(mask)) if missed >= extra else np.logical_and(mask, np.logical_not(truth))
    )
    h, w = area.shape
    framed = np.zeros((h + 2, w + 2))
    framed[1:-1, 1:-1] = area
    i = int(distance_transform_edt(framed)[1 : h + 1, 1 : w + 1].argmax())
    return (i % w, i // w, missed >= extra)


@right("seem.next_click")
def c_last(mask, truth):
    m, e = errs(mask, truth)
    if np.array_equal(mask, truth):
        return None
    area, inc = (m, True) if m.sum() >= e.sum() else (e, False)
    d = distance_transform_edt(np.pad(area, 5))[5:-5, 5:-5]
    y, x = np.argwhere(d == d.max())[-1]
    return (np.array([x, y])[0], y, inc)


@wrong("seem.memory_update")
def u_ge(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask.float(), (height, width)).flatten(1) >= MIN_COVERAGE


@wrong("seem.memory_update")
def u_half(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask.float(), (height, width)).flatten(1) > 0.5


@wrong("seem.memory_update")
def u_max(prev_mask, height, width):
    return F.adaptive_max_pool2d(prev_mask.float(), (height, width)).flatten(1) > 0


@wrong("seem.memory_update")
def u_near(prev_mask, height, width):
    return F.interpolate(prev_mask[:, None].float(), (height, width)).flatten(1) > MIN_COVERAGE


@wrong("seem.memory_update")
def u_bil(prev_mask, height, width):
    return (
        F.interpolate(prev_mask[:, None].float(), (height, width), mode="bilinear", align_corners=False).flatten(1)
        > MIN_COVERAGE
    )


@wrong("seem.memory_update")
def u_noflat(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask.float(), (height, width)) > MIN_COVERAGE


@wrong("seem.memory_update")
def u_soft(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask.float(), (height, width)).flatten(1)


@wrong("seem.memory_update")
def u_float(prev_mask, height, width):
    return (F.adaptive_avg_pool2d(prev_mask.float(), (height, width)).flatten(1) > MIN_COVERAGE).float()


@wrong("seem.memory_update")
def u_swap(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask.float(), (width, height)).flatten(1) > MIN_COVERAGE


@wrong("seem.memory_update")
def u_inv(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask.float(), (height, width)).flatten(1) <= MIN_COVERAGE


@wrong("seem.memory_update")
def u_lt(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask.float(), (height, width)).flatten(1) < MIN_COVERAGE


@wrong("seem.memory_update")
def u_flatall(prev_mask, height, width):
    return (F.adaptive_avg_pool2d(prev_mask.float(), (height, width)) > MIN_COVERAGE).flatten()


@wrong("seem.memory_update")
def u_t(prev_mask, height, width):
    return (F.adaptive_avg_pool2d(prev_mask.float(), (height, width)) > MIN_COVERAGE).mT.flatten(1)


@wrong("seem.memory_update")
def u_view(prev_mask, height, width):
    return prev_mask.float().view(len(prev_mask), height * width, -1).mean(-1) > MIN_COVERAGE


@wrong("seem.memory_update")
def u_chan(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask[:, None].float(), (height, width)).flatten(2) > MIN_COVERAGE


@wrong("seem.memory_update")
def u_all(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask.float(), (height, width)).flatten(1) == 1


@right("seem.memory_update")
def u_pool(prev_mask, height, width):
    kernel = (prev_mask.shape[1] // height, prev_mask.shape[2] // width)
    return torch.gt(F.avg_pool2d(prev_mask.unsqueeze(1).to(torch.float64), kernel), MIN_COVERAGE).reshape(
        len(prev_mask), -1
    )


@right("seem.memory_update")
def u_numpy(prev_mask, height, width):
    b, s, _ = prev_mask.shape
    m = prev_mask.numpy().reshape(b, height, s // height, width, s // width)
    return torch.from_numpy(m.mean(axis=(2, 4)).reshape(b, height * width) > MIN_COVERAGE)


@right("seem.memory_update")
def u_loop(prev_mask, height, width):
    rows = []
    for m in prev_mask:
        cells = [c for band in m.chunk(height, 0) for c in band.chunk(width, 1)]
        rows.append(torch.stack([c.float().mean() > MIN_COVERAGE for c in cells]))
    return torch.stack(rows)
