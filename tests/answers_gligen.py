"""Answers to Lesson 10's exercises as people write them."""

import math

import numpy as np
import torch
from answers import right, wrong
from torch.nn import functional as F

from course_lib.gligen.grounding import fourier_features

STEP, GUIDANCE, WAVES = "gligen.ddim_step", "gligen.guided_velocity", "gligen.fourier_features"
TOKENS, GATE, SCHEDULE = "gligen.token_inputs", "gligen.gated_self_attention", "gligen.grounding_strengths"


@right(STEP)
def step_as_diffusers(noisy, v, alpha_bar, alpha_bar_next):
    beta = 1 - alpha_bar
    original = alpha_bar**0.5 * noisy - beta**0.5 * v
    epsilon = alpha_bar**0.5 * v + beta**0.5 * noisy
    return alpha_bar_next**0.5 * original + (1 - alpha_bar_next) ** 0.5 * epsilon


@right(STEP)
def step_by_matrix(noisy, v, alpha_bar, alpha_bar_next):
    a, s = math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)
    clean, noise = torch.tensordot(torch.tensor([[a, -s], [s, a]]), torch.stack([noisy, v]), dims=1)
    return math.sqrt(alpha_bar_next) * clean + math.sqrt(1 - alpha_bar_next) * noise


@wrong(STEP)
def step_of_epsilon(noisy, v, alpha_bar, alpha_bar_next):
    x0 = (noisy - torch.sqrt(1 - alpha_bar) * v) / torch.sqrt(alpha_bar)
    return torch.sqrt(alpha_bar_next) * x0 + torch.sqrt(1 - alpha_bar_next) * v


@wrong(STEP)
def step_variances(noisy, v, alpha_bar, alpha_bar_next):
    x0, eps = alpha_bar * noisy - (1 - alpha_bar) * v, alpha_bar * v + (1 - alpha_bar) * noisy
    return alpha_bar_next * x0 + (1 - alpha_bar_next) * eps


@wrong(STEP)
def step_one_root_forgotten(noisy, v, alpha_bar, alpha_bar_next):
    x0, eps = alpha_bar**0.5 * noisy - (1 - alpha_bar) ** 0.5 * v, alpha_bar**0.5 * v + (1 - alpha_bar) ** 0.5 * noisy
    return alpha_bar_next**0.5 * x0 + (1 - alpha_bar_next) * eps


@wrong(STEP)
def step_same_level(noisy, v, alpha_bar, alpha_bar_next):
    x0, eps = alpha_bar**0.5 * noisy - (1 - alpha_bar) ** 0.5 * v, alpha_bar**0.5 * v + (1 - alpha_bar) ** 0.5 * noisy
    return alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * eps


@wrong(STEP)
def step_noise_taken_off(noisy, v, alpha_bar, alpha_bar_next):
    x0, eps = alpha_bar**0.5 * noisy - (1 - alpha_bar) ** 0.5 * v, alpha_bar**0.5 * v + (1 - alpha_bar) ** 0.5 * noisy
    return alpha_bar_next**0.5 * x0 - (1 - alpha_bar_next) ** 0.5 * eps


@wrong(STEP)
def step_signs_exchanged(noisy, v, alpha_bar, alpha_bar_next):
    x0, eps = alpha_bar**0.5 * noisy + (1 - alpha_bar) ** 0.5 * v, alpha_bar**0.5 * v - (1 - alpha_bar) ** 0.5 * noisy
    return alpha_bar_next**0.5 * x0 + (1 - alpha_bar_next) ** 0.5 * eps


@wrong(STEP)
def step_v_taken_off(noisy, v, alpha_bar, alpha_bar_next):
    x0, eps = alpha_bar**0.5 * noisy - (1 - alpha_bar) ** 0.5 * v, (1 - alpha_bar) ** 0.5 * noisy - alpha_bar**0.5 * v
    return alpha_bar_next**0.5 * x0 + (1 - alpha_bar_next) ** 0.5 * eps


@wrong(STEP)
def step_plus(noisy, v, alpha_bar, alpha_bar_next):
    x0, eps = alpha_bar**0.5 * noisy + (1 - alpha_bar) ** 0.5 * v, alpha_bar**0.5 * v + (1 - alpha_bar) ** 0.5 * noisy
    return alpha_bar_next**0.5 * x0 + (1 - alpha_bar_next) ** 0.5 * eps


@wrong(STEP)
def step_minus(noisy, v, alpha_bar, alpha_bar_next):
    x0, eps = alpha_bar**0.5 * noisy - (1 - alpha_bar) ** 0.5 * v, alpha_bar**0.5 * v - (1 - alpha_bar) ** 0.5 * noisy
    return alpha_bar_next**0.5 * x0 + (1 - alpha_bar_next) ** 0.5 * eps


@wrong(STEP)
def step_levels_swapped(noisy, v, alpha_bar, alpha_bar_next):
    a, b = alpha_bar_next, alpha_bar
    x0, eps = a**0.5 * noisy - (1 - a) ** 0.5 * v, a**0.5 * v + (1 - a) ** 0.5 * noisy
    return b**0.5 * x0 + (1 - b) ** 0.5 * eps


@wrong(STEP)
def step_clean_only(noisy, v, alpha_bar, alpha_bar_next):
    return torch.sqrt(alpha_bar) * noisy - torch.sqrt(1 - alpha_bar) * v


@wrong(STEP)
def step_random(noisy, v, alpha_bar, alpha_bar_next):
    x0 = torch.sqrt(alpha_bar) * noisy - torch.sqrt(1 - alpha_bar) * v
    return torch.sqrt(alpha_bar_next) * x0 + torch.sqrt(1 - alpha_bar_next) * torch.randn(noisy.shape)


@wrong(STEP)
def step_difference(noisy, v, alpha_bar, alpha_bar_next):
    return noisy - (alpha_bar_next - alpha_bar).sqrt() * v


@right(GUIDANCE)
def guidance_as_written(predict, text, grounding, null_text, null_grounding, guidance_scale):
    empty = predict(null_text, null_grounding)
    return empty + (predict(text, grounding) - empty) * guidance_scale


@right(GUIDANCE)
def guidance_from_the_condition(predict, text, grounding, null_text, null_grounding, guidance_scale):
    asked, empty = predict(text, grounding), predict(null_text, null_grounding)
    return asked + (guidance_scale - 1) * (asked - empty)


@wrong(GUIDANCE)
def guidance_one_more(predict, text, grounding, null_text, null_grounding, guidance_scale):
    asked, empty = predict(text, grounding), predict(null_text, null_grounding)
    return asked + guidance_scale * (asked - empty)


@wrong(GUIDANCE)
def guidance_backwards(predict, text, grounding, null_text, null_grounding, guidance_scale):
    asked, empty = predict(text, grounding), predict(null_text, null_grounding)
    return empty + guidance_scale * (empty - asked)


@wrong(GUIDANCE)
def guidance_keeps_boxes(predict, text, grounding, null_text, null_grounding, guidance_scale):
    asked, empty = predict(text, grounding), predict(null_text, grounding)
    return empty + guidance_scale * (asked - empty)


@wrong(GUIDANCE)
def guidance_keeps_text(predict, text, grounding, null_text, null_grounding, guidance_scale):
    asked, empty = predict(text, grounding), predict(text, null_grounding)
    return empty + guidance_scale * (asked - empty)


@wrong(GUIDANCE)
def guidance_sum(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return predict(null_text, null_grounding) + guidance_scale * predict(text, grounding)


@wrong(GUIDANCE)
def guidance_in_one_batch(predict, text, grounding, null_text, null_grounding, guidance_scale):
    """There may be no boxes, and the network stands at latents of one batch."""
    both = predict(torch.cat([text, null_text]), torch.cat([grounding, null_grounding]))
    asked, empty = both.chunk(2)
    return empty + guidance_scale * (asked - empty)


@wrong(GUIDANCE)
def guidance_shares_exchanged(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return (1 - guidance_scale) * predict(text, grounding) + guidance_scale * predict(null_text, null_grounding)


@wrong(GUIDANCE)
def guidance_times(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return predict(text, grounding) * guidance_scale


@right(WAVES)
def waves_by_logspace(boxes):
    frequencies = torch.logspace(0, 2, 9)[:-1]
    angles = torch.einsum("f,bnc->bnfc", frequencies, boxes)
    return torch.cat([angles.sin(), angles.cos()], dim=-1).flatten(2)


@right(WAVES)
def waves_as_gligen(boxes):
    parts = []
    for frequency in 100 ** (torch.arange(8) / 8):
        for function in (torch.sin, torch.cos):
            parts.append(function(frequency * boxes))
    return torch.cat(parts, -1)


@right(WAVES)
def waves_in_numpy(boxes):
    angles = boxes.numpy()[:, :, None, None] * (100 ** (np.arange(8) / 8))[:, None, None]  # [B, N, 8, 1, 4]
    waves = np.concatenate([np.sin(angles), np.cos(angles)], axis=3)
    return torch.tensor(waves.reshape(*boxes.shape[:2], 64), dtype=boxes.dtype)


@wrong(WAVES)
def waves_with_turns(boxes):
    angles = 2 * math.pi * boxes[:, :, None] * (100 ** (torch.arange(8) / 8))[:, None]
    return torch.cat([angles.sin(), angles.cos()], -1).flatten(2)


@wrong(WAVES)
def waves_all_sines(boxes):
    angles = (boxes[:, :, None] * (100 ** (torch.arange(8) / 8))[:, None]).flatten(2)
    return torch.cat([angles.sin(), angles.cos()], -1)


@wrong(WAVES)
def waves_cosine_first(boxes):
    angles = boxes[:, :, None] * (100 ** (torch.arange(8) / 8))[:, None]
    return torch.cat([angles.cos(), angles.sin()], -1).flatten(2)


@wrong(WAVES)
def waves_coordinates_outside(boxes):
    angles = boxes[..., None] * 100 ** (torch.arange(8) / 8)
    return torch.cat([angles.sin(), angles.cos()], -1).flatten(2)


@wrong(WAVES)
def waves_coordinate_major(boxes):
    angles = (boxes[..., None] * 100 ** (torch.arange(8) / 8)).flatten(2)
    return torch.cat([angles.sin(), angles.cos()], -1)


@wrong(WAVES)
def waves_of_one_coordinate_after_the_other(boxes):
    return torch.cat(
        [
            wave(boxes[..., c : c + 1] * 100 ** (torch.arange(8) / 8))
            for c in range(4)
            for wave in (torch.cos, torch.sin)
        ],
        -1,
    )


@wrong(WAVES)
def waves_nerf(boxes):
    angles = boxes[:, :, None] * (2 ** torch.arange(8))[:, None]
    return torch.cat([angles.sin(), angles.cos()], -1).flatten(2)


@wrong(WAVES)
def waves_linear(boxes):
    angles = boxes[:, :, None] * torch.linspace(1, 100, 8)[:, None]
    return torch.cat([angles.sin(), angles.cos()], -1).flatten(2)


@wrong(WAVES)
def waves_sevenths(boxes):
    angles = boxes[:, :, None] * torch.logspace(0, 2, 8)[:, None]
    return torch.cat([angles.sin(), angles.cos()], -1).flatten(2)


@wrong(WAVES)
def waves_one_to_eight(boxes):
    angles = boxes[:, :, None] * (100 ** (torch.arange(1, 9) / 8))[:, None]
    return torch.cat([angles.sin(), angles.cos()], -1).flatten(2)


@wrong(WAVES)
def waves_falling(boxes):
    angles = boxes[:, :, None] * (100 ** (-torch.arange(8) / 8))[:, None]
    return torch.cat([angles.sin(), angles.cos()], -1).flatten(2)


@right(TOKENS)
def tokens_assigned(phrases, boxes, masks, null_phrase, null_box):
    tokens = torch.cat([phrases, fourier_features(boxes)], dim=-1)
    tokens[masks == 0] = torch.cat([null_phrase, null_box])
    return tokens


@right(TOKENS)
def tokens_masked_fill(phrases, boxes, masks, null_phrase, null_box):
    there = masks[..., None] > 0.5
    return torch.cat(
        [torch.where(there, phrases, null_phrase), torch.where(there, fourier_features(boxes), null_box)], 2
    )


@wrong(TOKENS)
def tokens_multiplied(phrases, boxes, masks, null_phrase, null_box):
    return torch.cat([phrases * masks[..., None], fourier_features(boxes) * masks[..., None]], dim=2)


@wrong(TOKENS)
def tokens_mask_turned(phrases, boxes, masks, null_phrase, null_box):
    m = masks[..., None]
    return torch.cat([(1 - m) * phrases + m * null_phrase, (1 - m) * fourier_features(boxes) + m * null_box], dim=-1)


@wrong(TOKENS)
def tokens_waves_of_nothing(phrases, boxes, masks, null_phrase, null_box):
    m = masks[..., None]
    return torch.cat([m * phrases + (1 - m) * null_phrase, fourier_features(m * boxes)], dim=-1)


@wrong(TOKENS)
def tokens_box_before_phrase(phrases, boxes, masks, null_phrase, null_box):
    m = masks[..., None]
    return torch.cat([m * fourier_features(boxes) + (1 - m) * null_box, m * phrases + (1 - m) * null_phrase], dim=-1)


@wrong(TOKENS)
def tokens_nulls_not_masked(phrases, boxes, masks, null_phrase, null_box):
    m = masks[..., None]
    return torch.cat([m * phrases + null_phrase, m * fourier_features(boxes) + null_box], dim=-1)


@wrong(TOKENS)
def tokens_phrase_without_null(phrases, boxes, masks, null_phrase, null_box):
    m = masks[..., None]
    return torch.cat([m * phrases, m * fourier_features(boxes) + (1 - m) * null_box], dim=-1)


@wrong(TOKENS)
def tokens_coordinates(phrases, boxes, masks, null_phrase, null_box):
    m = masks[..., None]
    return torch.cat([m * phrases + (1 - m) * null_phrase, m * boxes], dim=-1)


@wrong(TOKENS)
def tokens_first_mask_for_all(phrases, boxes, masks, null_phrase, null_box):
    m = masks[0][None, :, None]
    return torch.cat([m * phrases + (1 - m) * null_phrase, m * fourier_features(boxes) + (1 - m) * null_box], dim=-1)


@right(GATE)
def gate_as_diffusers(visual, tokens, attention, norm, alpha, beta=1.0):
    n_visual = visual.shape[1]
    return visual + beta * torch.tanh(alpha) * attention(norm(torch.cat([visual, tokens], dim=1)))[:, :n_visual, :]


@right(GATE)
def gate_by_number(visual, tokens, attention, norm, alpha, beta=1):
    seen = attention(norm(torch.concat((visual, tokens), axis=-2)))
    return (beta * F.tanh(alpha)) * seen[:, : -tokens.shape[-2]] + visual


@wrong(GATE)
def gate_alpha(visual, tokens, attention, norm, alpha, beta=1.0):
    return visual + beta * alpha * attention(norm(torch.cat([visual, tokens], dim=1)))[:, : visual.shape[1]]


@wrong(GATE)
def gate_all_places(visual, tokens, attention, norm, alpha, beta=1.0):
    both = torch.cat([visual, tokens], dim=1)
    return both + beta * alpha.tanh() * attention(norm(both))


@wrong(GATE)
def gate_slice_forgotten(visual, tokens, attention, norm, alpha, beta=1.0):
    seen = attention(norm(torch.cat([visual, tokens], dim=1)))
    return visual + beta * torch.tanh(alpha) * seen


@wrong(GATE)
def gate_slice_of_the_batch(visual, tokens, attention, norm, alpha, beta=1.0):
    return visual + beta * alpha.tanh() * attention(norm(torch.cat([visual, tokens], dim=1)))[: visual.shape[1]]


@wrong(GATE)
def gate_unnormed(visual, tokens, attention, norm, alpha, beta=1.0):
    return visual + beta * alpha.tanh() * attention(torch.cat([visual, tokens], dim=1))[:, : visual.shape[1]]


@wrong(GATE)
def gate_tokens_before(visual, tokens, attention, norm, alpha, beta=1.0):
    return visual + beta * alpha.tanh() * attention(norm(torch.cat([tokens, visual], dim=1)))[:, : visual.shape[1]]


@wrong(GATE)
def gate_tail(visual, tokens, attention, norm, alpha, beta=1.0):
    return visual + beta * alpha.tanh() * attention(norm(torch.cat([visual, tokens], dim=1)))[:, tokens.shape[1] :]


@wrong(GATE)
def gate_beta_unused(visual, tokens, attention, norm, alpha, beta=1.0):
    return visual + torch.tanh(alpha) * attention(norm(torch.cat([visual, tokens], dim=1)))[:, : visual.shape[1]]


@wrong(GATE)
def gate_shut_by_default(visual, tokens, attention, norm, alpha, beta=0.0):
    return visual + beta * alpha.tanh() * attention(norm(torch.cat([visual, tokens], dim=1)))[:, : visual.shape[1]]


@wrong(GATE)
def gate_nothing_kept(visual, tokens, attention, norm, alpha, beta=1.0):
    return beta * alpha.tanh() * attention(norm(torch.cat([visual, tokens], dim=1)))[:, : visual.shape[1]]


@wrong(GATE)
def gate_learned_by_nobody(visual, tokens, attention, norm, alpha, beta=1.0):
    gate = math.tanh(alpha)
    return visual + beta * gate * attention(norm(torch.cat([visual, tokens], dim=1)))[:, : visual.shape[1]]


@wrong(GATE)
def gate_logistic(visual, tokens, attention, norm, alpha, beta=1.0):
    seen = attention(norm(torch.cat([visual, tokens], dim=1)))[:, : visual.shape[1]]
    return visual + beta * torch.sigmoid(alpha) * seen


@right(SCHEDULE)
def schedule_by_numpy(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = int(steps * grounded_fraction), int(steps * decay_fraction)
    slope = np.linspace(1, 0, falling + 1)[1:]
    return np.concatenate([np.ones(full), slope, np.zeros(steps - full - falling)]).tolist()


@right(SCHEDULE)
def schedule_by_index(steps, grounded_fraction, decay_fraction=0):
    betas = [0] * steps
    full, falling = int(grounded_fraction * steps), int(decay_fraction * steps)
    betas[:full] = [1] * full
    for i in range(falling):
        betas[full + i] = (falling - 1 - i) / falling
    return betas


@wrong(SCHEDULE)
def schedule_rounds(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = round(grounded_fraction * steps), round(decay_fraction * steps)
    return [1.0] * full + [1 - (i + 1) / falling for i in range(falling)] + [0.0] * (steps - full - falling)


@wrong(SCHEDULE)
def schedule_ceils(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = math.ceil(grounded_fraction * steps), math.ceil(decay_fraction * steps)
    return [1.0] * full + [1 - (i + 1) / falling for i in range(falling)] + [0.0] * (steps - full - falling)


@wrong(SCHEDULE)
def schedule_rounds_the_first(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = round(grounded_fraction * steps), int(decay_fraction * steps)
    return [1.0] * full + [1 - (i + 1) / falling for i in range(falling)] + [0.0] * (steps - full - falling)


@wrong(SCHEDULE)
def schedule_linspace(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = int(grounded_fraction * steps), int(decay_fraction * steps)
    return [1.0] * full + np.linspace(1, 0, falling).tolist() + [0.0] * (steps - full - falling)


@wrong(SCHEDULE)
def schedule_compares(steps, grounded_fraction, decay_fraction=0.0):
    """A step that is only begun counts as well."""
    betas = []
    for i in range(steps):
        left = 1 - (i / steps - grounded_fraction) / decay_fraction if decay_fraction else 0
        betas.append(1.0 if i / steps < grounded_fraction else max(0.0, left))
    return betas


@wrong(SCHEDULE)
def schedule_at_once(steps, grounded_fraction, decay_fraction=0.0):
    full = int(grounded_fraction * steps)
    return [1.0] * full + [0.0] * (steps - full)


@wrong(SCHEDULE)
def schedule_turned(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = int(grounded_fraction * steps), int(decay_fraction * steps)
    return [0.0] * (steps - full - falling) + [i / falling for i in range(falling)] + [1.0] * full


@wrong(SCHEDULE)
def schedule_never_off(steps, grounded_fraction, decay_fraction=0.0):
    return [1.0 for _ in range(steps)]


@wrong(SCHEDULE)
def schedule_too_long(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = int(grounded_fraction * steps), int(decay_fraction * steps)
    return [1.0] * full + [1 - (i + 1) / falling for i in range(falling)] + [0.0] * (steps - full)


@wrong(SCHEDULE)
def schedule_tensor(steps, grounded_fraction, decay_fraction=0.0):
    return torch.tensor(schedule_by_numpy(steps, grounded_fraction, decay_fraction))
