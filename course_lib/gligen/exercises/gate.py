"""The exercise on gated self-attention."""

import torch
from torch import Tensor, nn

from course_lib.checker.task import Mistake, Task
from course_lib.gligen.exercises.grounding import normal
from course_lib.gligen.gated_attention import gated_self_attention


def gate_inputs(rng) -> tuple:
    """Visual places and tokens, an attention that mixes all it is given, a norm; gates ajar, shut, wide open and negative; β or none."""
    many = tuple(int(rng.integers(low, low + 2)) for low in (2, 7, 3, 10))
    batch, num_visual, tokens, dim = rng.in_turn((many, (2, 4, 4, 8), (1, 1, 5, 6), (3, 6, 1, 3), (3, 3, 3, 3)))
    norm = nn.LayerNorm(dim)
    norm.weight.data, norm.bias.data = 1 + 0.3 * normal(rng, dim), normal(rng, dim)
    alpha = torch.tensor(float(rng.uniform(0.6, 1.2) * rng.in_turn((1, -1, 3, 0, 1, 1))))
    visual, grounding = 1 + 2 * normal(rng, batch, num_visual, dim), normal(rng, batch, tokens, dim) - 1
    beta = rng.in_turn(((float(rng.uniform(0.4, 0.9)),), (), (0.5,), (1.0,), (0.0,), ()))  # () leaves it to its default
    return visual, grounding, _Mixer(), norm, alpha, *beta


class _Mixer(nn.Module):
    """Self-attention with one head and no weights: every place gets a mean of all, by likeness."""

    def forward(self, x: Tensor) -> Tensor:
        """[B, L, W] → [B, L, W]."""
        return (x @ x.transpose(1, 2) / x.shape[-1] ** 0.5).softmax(dim=-1) @ x


def _attended(visual, tokens, attention, norm) -> Tensor:
    return attention(norm(torch.cat([visual, tokens], dim=1)))[:, : visual.shape[1]]


def gate_without_tanh(visual, tokens, attention, norm, alpha, beta=1.0):
    return visual + beta * alpha * _attended(visual, tokens, attention, norm)


def gate_without_residual(visual, tokens, attention, norm, alpha, beta=1.0):
    return beta * alpha.tanh() * _attended(visual, tokens, attention, norm)


def gate_blending(visual, tokens, attention, norm, alpha, beta=1.0):
    share = beta * alpha.tanh()
    return (1 - share) * visual + share * _attended(visual, tokens, attention, norm)


def gate_tokens_kept(visual, tokens, attention, norm, alpha, beta=1.0):
    both = torch.cat([visual, tokens], dim=1)
    return both + beta * alpha.tanh() * attention(norm(both))


def gate_not_cut(visual, tokens, attention, norm, alpha, beta=1.0):
    return visual + beta * alpha.tanh() * attention(norm(torch.cat([visual, tokens], dim=1)))


def gate_not_cut_added_to(visual, tokens, attention, norm, alpha, beta=1.0):
    return beta * alpha.tanh() * attention(norm(torch.cat([visual, tokens], dim=1))) + visual


def gate_tokens_first(visual, tokens, attention, norm, alpha, beta=1.0):
    attended = attention(norm(torch.cat([tokens, visual], dim=1)))[:, : visual.shape[1]]
    return visual + beta * alpha.tanh() * attended


def gate_sigmoid(visual, tokens, attention, norm, alpha, beta=1.0):
    return visual + beta * alpha.sigmoid() * _attended(visual, tokens, attention, norm)


def gate_norm_forgotten(visual, tokens, attention, norm, alpha, beta=1.0):
    return gated_self_attention(visual, tokens, attention, nn.Identity(), alpha, beta)


def gate_tokens_not_normed(visual, tokens, attention, norm, alpha, beta=1.0):
    attended = attention(torch.cat([norm(visual), tokens], dim=1))[:, : visual.shape[1]]
    return visual + beta * alpha.tanh() * attended


def gate_norm_afterwards(visual, tokens, attention, norm, alpha, beta=1.0):
    attended = norm(attention(torch.cat([visual, tokens], dim=1)))[:, : visual.shape[1]]
    return visual + beta * alpha.tanh() * attended


def gate_residual_normed(visual, tokens, attention, norm, alpha, beta=1.0):
    return norm(visual) + beta * alpha.tanh() * _attended(visual, tokens, attention, norm)


def gate_without_beta(visual, tokens, attention, norm, alpha, beta=1.0):
    return gated_self_attention(visual, tokens, attention, norm, alpha)


def gate_beta_inside(visual, tokens, attention, norm, alpha, beta=1.0):
    return visual + (beta * alpha).tanh() * _attended(visual, tokens, attention, norm)


def gate_without_tokens(visual, tokens, attention, norm, alpha, beta=1.0):
    return visual + beta * alpha.tanh() * attention(norm(visual))


def gate_last_places(visual, tokens, attention, norm, alpha, beta=1.0):
    attended = attention(norm(torch.cat([visual, tokens], dim=1)))[:, -visual.shape[1] :]
    return visual + beta * alpha.tanh() * attended


def gate_around_it_all(visual, tokens, attention, norm, alpha, beta=1.0):
    return visual + beta * (alpha * _attended(visual, tokens, attention, norm)).tanh()


def gate_step_by_step(visual, tokens, attention, norm, alpha, beta=1.0):
    num_visual = visual.size(1)
    seen = attention(norm(torch.hstack([visual, tokens]))).narrow(1, 0, num_visual)  # [B, V, W]
    return torch.addcmul(visual, seen, torch.tanh(alpha).expand_as(seen), value=beta)


def gate_by_split(visual, tokens, attention, norm, alpha, beta=1.0):
    both = norm(torch.cat((visual, tokens), 1))
    attended, _ = attention(both).split([visual.shape[1], tokens.shape[1]], dim=1)
    return torch.add(visual, attended * (torch.tanh(alpha) * beta))


def gate_norm_apart(visual, tokens, attention, norm, alpha, beta=1.0):
    """The norm looks at one place at a time, so it may come before."""
    return (
        visual + beta * torch.tanh(alpha) * attention(torch.cat([norm(visual), norm(tokens)], 1))[:, : -tokens.shape[1]]
    )


TASKS = [
    Task(
        id="gligen.gated_self_attention",
        title="Gated self-attention",
        difficulty=3,
        importance=5,
        minutes=15,
        reference=gated_self_attention,
        used_at=("gligen.gated_attention:gated_self_attention",),
        make_inputs=gate_inputs,
        check_gradient=True,
        draws=6,
        mistakes=(
            Mistake(
                "no tanh",
                gate_without_tanh,
                "The gate is α itself, which may grow without bound. It is `alpha.tanh()`, between −1 and 1.",
            ),
            Mistake(
                "no residual",
                gate_without_residual,
                "What was there before is lost: at α = 0 nothing at all comes out. *Add* to `visual`.",
            ),
            Mistake(
                "a blend",
                gate_blending,
                "You blend: what is let in pushes out what was there. GLIGEN leaves `visual` whole, and adds to it.",
            ),
            Mistake(
                "tokens come out, too",
                gate_tokens_kept,
                "The grounding tokens come out as well, V + N places. They are only read: cut back to the first `visual.shape[1]` places.",
            ),
            Mistake(
                "not cut",
                gate_not_cut,
                "Attention answers for V + N places, and `visual` has V: they can't be added. Keep the first V of the answers: `[:, : visual.shape[1]]`.",
            ),
            Mistake(
                "not cut, added to",
                gate_not_cut_added_to,
                "What attention returns has V + N places, `visual` only V. Keep the picture's own, `[:, : visual.shape[1]]`, before you add.",
            ),
            Mistake(
                "tokens first",
                gate_tokens_first,
                "You put the tokens *before* the picture, and then cut off at V: the wrong places. `torch.cat([visual, tokens], dim=1)`.",
            ),
            Mistake(
                "no norm",
                gate_norm_forgotten,
                "`norm` is not used. Attention reads normalised places: `attention(norm(both))`.",
            ),
            Mistake(
                "tokens not normed",
                gate_tokens_not_normed,
                "Only the visual places go through `norm`, and tokens of another size outshout them. Normalise both together: `norm(torch.cat([visual, tokens], dim=1))`.",
            ),
            Mistake(
                "norm after attention",
                gate_norm_afterwards,
                "The norm comes after attention here. It comes before: `attention(norm(both))`.",
            ),
            Mistake(
                "residual normed",
                gate_residual_normed,
                "You add to `norm(visual)`. Then an open and a shut gate both change the base: add to `visual` as it is.",
            ),
            Mistake(
                "no β",
                gate_without_beta,
                "`beta` is not used, and the sampler could not turn the boxes down. Multiply the gate by it.",
            ),
            Mistake(
                "β inside the tanh",
                gate_beta_inside,
                "β stands inside the tanh. It turns down what the gate lets in: `beta * alpha.tanh()`.",
            ),
            Mistake(
                "tokens unused",
                gate_without_tokens,
                "The grounding tokens are not read at all: attention is given `torch.cat([visual, tokens], dim=1)`.",
            ),
            Mistake(
                "last places",
                gate_last_places,
                "You keep the *last* V places, some of which are tokens. The picture's come first: `[:, : visual.shape[1]]`.",
            ),
            Mistake(
                "tanh around it all",
                gate_around_it_all,
                "The tanh runs over what attention says, and flattens it. Only α goes through it: `alpha.tanh() * attended`.",
            ),
            Mistake(
                "sigmoid",
                gate_sigmoid,
                "`sigmoid(0)` is a half: this gate stands open from the start, and the frozen base is disturbed. `tanh(0)` is 0.",
            ),
        ),
        alternatives=(gate_by_split, gate_norm_apart, gate_step_by_step),
        hints=(
            "Which places attend, to which, and whose answers are kept? And what must come out while α is still 0?",
            "$v + \\beta \\tanh(\\alpha)\\, \\mathrm{SA}(\\mathrm{LN}([v; g]))_{1 \\ldots V}$ with $v$ `[B, V, W]`, $g$ `[B, N, W]`; the result is `[B, V, W]`.",
            "```python\nboth = torch.cat([visual, tokens], dim=1)  # [B, V + N, W]\nseen = ...[:, : visual.shape[1]]\nreturn visual + ...\n```",
        ),
    ),
]
