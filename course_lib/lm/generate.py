"""Writing text: one token after the other, each chosen from the model's probabilities."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.lm.chat import Message, encode_prompt


def next_token_probabilities(logits: Tensor, temperature: float) -> Tensor:
    """logits [B, V] → probabilities [B, V] of the next token.

    A temperature of 0 means greedy: all probability on the largest logit. Below 1 the likely tokens become likelier,
    above 1 all become more alike.
    """
    if temperature == 0:
        return F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).to(logits.dtype)
    return (logits / temperature).softmax(dim=-1)


@torch.no_grad()
def continue_text(
    model,
    ids: Sequence[int],
    *,
    most: int = 40,
    temperature: float = 0.0,
    stop: Sequence[int] = (),
    generator: torch.Generator | None = None,
    probabilities=next_token_probabilities,
) -> list[int]:
    """Token ids → the ids that follow: at most `most`, up to and without the first one in `stop`.

    Keys and values of what was read are kept (the cache), so that each step reads one token only.
    """
    written: list[int] = []
    cache, unread = None, torch.tensor([list(ids)])  # [1, T]
    for _ in range(most):
        out = model(input_ids=unread, past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        chances = probabilities(out.logits[:, -1], temperature)  # [1, V]
        chosen = torch.multinomial(chances, 1, generator=generator)  # [1, 1]
        if chosen.item() in stop:
            break
        written.append(chosen.item())
        unread = chosen
    return written


def stop_tokens(tokenizer) -> list[int]:
    """What ends a turn or a text."""
    return tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])


def answer(model, tokenizer, messages: Sequence[Message], **options) -> str:
    """What the model says next in a conversation."""
    ids = encode_prompt(tokenizer, messages)
    return tokenizer.decode(continue_text(model, ids, stop=stop_tokens(tokenizer), **options)).strip()


@torch.no_grad()
def complete_all(model, tokenizer, prompts: Sequence[Sequence[int]], most: int = 24, **options) -> list[str]:
    """Prompts (token ids) → what follows each, many at once, by transformers' own `generate` (greedy by default)."""
    written = []
    for start in range(0, len(prompts), 100):
        rows = prompts[start : start + 100]
        longest = max(len(row) for row in rows)
        ids = torch.tensor([[tokenizer.pad_token_id] * (longest - len(row)) + list(row) for row in rows])  # left-padded
        mask = (torch.arange(longest) >= torch.tensor([[longest - len(row)] for row in rows])).long()  # [B, T]
        found = model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=most,
            eos_token_id=stop_tokens(tokenizer),
            pad_token_id=tokenizer.pad_token_id,
            **{"do_sample": False, **options},
        )
        written += [tokenizer.decode(row[longest:], skip_special_tokens=True).strip() for row in found]
    return written
