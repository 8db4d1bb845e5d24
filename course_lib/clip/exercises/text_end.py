"""The exercise on the text tower: the state at the end of a text."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.clip.exercises.image_head import normal
from course_lib.clip.text import pool_at_end
from course_lib.clip.tokenizer import get_tokenizer

WORDS = ((3, 1, 5, 2), (2,), (0, 4), (5, 7, 2), (4, 4, 4), (1, 0, 2, 1))  # of each text of a batch


def text_inputs(rng) -> tuple[Tensor, Tensor]:
    """Random states, and texts as the lesson's tokenizer gives them: one, an empty one, one that fills its row, equally long ones."""
    words = rng.in_turn(WORDS)
    length, width = rng.in_turn(((9, 5), (6, 4), (8, 3), (9, 7), (8, 6), (4, 4)))
    tokenizer = get_tokenizer()
    tokens = torch.zeros(len(words), length, dtype=torch.long)
    for row, count in enumerate(words):
        ids = rng.integers(1, tokenizer.sot_token_id, count)
        tokens[row, : count + 2] = torch.tensor([tokenizer.sot_token_id, *ids, tokenizer.eot_token_id])
    return normal(rng, len(words), length, width), tokens


def end_last_position(hidden, tokens):
    return hidden[:, -1]


def end_first_position(hidden, tokens):
    return hidden[:, 0]


def end_mean(hidden, tokens):
    return hidden.mean(dim=1)


def end_one_before(hidden, tokens):
    return hidden[torch.arange(len(hidden)), tokens.argmax(dim=-1) - 1]


def end_of_first_text(hidden, tokens):
    return hidden[:, int(tokens[0].argmax())]


def end_first_padding(hidden, tokens):
    return hidden[torch.arange(len(hidden)), tokens.argmin(dim=-1)]


def end_one_behind(hidden, tokens):
    return hidden[torch.arange(len(hidden)), (tokens != 0).sum(dim=-1)]


def end_mean_of_text(hidden, tokens):
    is_text = (tokens != 0).unsqueeze(-1)
    return (hidden * is_text).sum(dim=1) / is_text.sum(dim=1)


def end_largest(hidden, tokens):
    return hidden.max(dim=1).values


def end_of_every_text(hidden, tokens):
    return hidden[:, tokens.argmax(dim=-1)]


def end_as_row(hidden, tokens):
    return hidden[tokens.argmax(dim=-1)]


def end_over_the_batch(hidden, tokens):
    return hidden[torch.arange(len(hidden)), tokens.argmax(dim=0)]


def end_by_id(hidden, tokens):
    return hidden[tokens == get_tokenizer().eot_token_id]


def end_by_counting(hidden, tokens):
    """Id 0 is padding, and nothing else."""
    lengths = (tokens != 0).sum(dim=1)
    return torch.stack([states[length - 1] for states, length in zip(hidden, lengths, strict=True)])


def end_by_gather(hidden, tokens):
    where = tokens.argmax(1)[:, None, None].expand(-1, 1, hidden.shape[2])  # [B, 1, W]
    return hidden.gather(1, where).squeeze(1)


def end_by_mask(hidden, tokens):
    is_end = tokens == tokens.max()
    return (hidden * is_end.unsqueeze(-1)).sum(dim=1)


TASKS = [
    Task(
        id="clip.pool_at_end",
        title="Read the text where it ends",
        difficulty=2,
        importance=4,
        minutes=8,
        reference=pool_at_end,
        used_at=("clip.text:pool_at_end",),
        make_inputs=text_inputs,
        check_gradient=True,
        draws=len(WORDS),
        mistakes=(
            Mistake(
                "last position",
                end_last_position,
                "This takes the last position, which is padding for every shorter text. Find the end-of-text token: it has the highest id, so `tokens.argmax(dim=-1)`.",
            ),
            Mistake(
                "first position",
                end_first_position,
                "This takes the first position. The tower is causal: the first token has seen nothing but itself. Only the end-of-text token has read everything.",
            ),
            Mistake(
                "mean of all positions",
                end_mean,
                "This is the mean over all positions, padding included. CLIP reads one place: the end-of-text token, `tokens.argmax(dim=-1)`.",
            ),
            Mistake(
                "one before the end",
                end_one_before,
                "This is the last word, one place before the end-of-text token. `argmax` already gives the place of the end: no `- 1`.",
            ),
            Mistake(
                "first padding",
                end_first_padding,
                "`argmin` finds the lowest id, the padding behind the text. The end-of-text token has the *highest* id: `tokens.argmax(dim=-1)`.",
            ),
            Mistake(
                "one behind the end",
                end_one_behind,
                "This is one place behind the end: places are counted from 0, so the last of n tokens stands at n − 1. `tokens.argmax(dim=-1)` gives its place.",
            ),
            Mistake(
                "mean of the text",
                end_mean_of_text,
                "This is the mean over the tokens of the text. CLIP reads one place, the end-of-text token: it has read all the others.",
            ),
            Mistake(
                "maximum over the positions",
                end_largest,
                "This takes the largest of each number over all positions. Not the states but the *ids* have their maximum at the end: `tokens.argmax(dim=-1)`.",
            ),
            Mistake(
                "every text at every end",
                end_of_every_text,
                "`hidden[:, ends]` reads every text at the ends of *all* texts, `[B, B, W]`. Index rows and places together: `hidden[torch.arange(B), ends]`.",
            ),
            Mistake(
                "places as rows",
                end_as_row,
                "The ends are places within a text, but `hidden[ends]` takes them as numbers of texts. Index with the row first: `hidden[torch.arange(B), ends]`.",
            ),
            Mistake(
                "argmax over the batch",
                end_over_the_batch,
                "The argmax runs over the texts (`dim=0`), one result a place. Each text has its own end: `tokens.argmax(dim=-1)`.",
            ),
            Mistake(
                "the end of the first text",
                end_of_first_text,
                "Every text is read where the *first* text ends. Each row has its own end: index with `torch.arange(B)` and the argmax of each row together.",
            ),
        ),
        alternatives=(end_by_gather, end_by_mask, end_by_id, end_by_counting),
        hints=(
            "Which token of a causal tower has seen the whole text? And which id does it have?",
            "$e_b = \\arg\\max_l \\mathrm{tokens}[b, l]$, shape $[B]$; the answer is $\\mathrm{hidden}[b, e_b]$, shape $[B, W]$: two index tensors, one for the rows, one for the places.",
            "```python\nrows = torch.arange(len(hidden))\nends = ...  # [B]\nreturn hidden[rows, ends]\n```",
        ),
    ),
]
