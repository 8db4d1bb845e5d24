"""Autoregressive decoding: one token after the other, each drawn from the model's probabilities (greedy or sampled)."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.lm.chat import Message, encode_prompt

PROMPTS_AT_ONCE = 100  # bounds the memory of a long list of prompts


def next_token_probabilities(logits: Tensor, temperature: float) -> Tensor:
    """Softmax with a temperature: logits [B, V] → probabilities [B, V] of the next token.

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
    max_new_tokens: int = 40,
    temperature: float = 0.0,
    stop_ids: Sequence[int] = (),
    generator: torch.Generator | None = None,
) -> list[int]:
    """Token ids → the ids that follow: at most `max_new_tokens`, up to and without the first one in `stop_ids`.

    Keys and values of what was read are kept (the KV cache), so that each step reads one token only.
    """
    new_ids: list[int] = []
    cache, unread = None, torch.tensor([list(ids)])  # [1, T]
    for _ in range(max_new_tokens):
        out = model(input_ids=unread, past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        probs = next_token_probabilities(out.logits[:, -1], temperature)  # [1, V]
        next_id = torch.multinomial(probs, 1, generator=generator)  # [1, 1]
        if next_id.item() in stop_ids:
            break
        new_ids.append(next_id.item())
        unread = next_id
    return new_ids


def stop_token_ids(tokenizer) -> list[int]:
    """The ids of what ends a turn or a text."""
    return tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])


def answer(model, tokenizer, messages: Sequence[Message], **options) -> str:
    """What the model says next in a conversation; `options` as for `continue_text`."""
    ids = encode_prompt(tokenizer, messages)
    return tokenizer.decode(continue_text(model, ids, stop_ids=stop_token_ids(tokenizer), **options)).strip()


@torch.no_grad()
def generate_batch(
    model, tokenizer, prompts: Sequence[Sequence[int]], max_new_tokens: int = 24, **options
) -> list[str]:
    """Prompts (token ids) → what follows each, many at once, by transformers' own `generate` (greedy by default)."""
    texts = []
    for start in range(0, len(prompts), PROMPTS_AT_ONCE):
        rows = prompts[start : start + PROMPTS_AT_ONCE]
        # Left-padded, so that every prompt ends where the new tokens begin; the mask hides the padding.
        length = max(len(row) for row in rows)
        input_ids = torch.tensor([[tokenizer.pad_token_id] * (length - len(row)) + list(row) for row in rows])  # [B, T]
        attention_mask = (torch.arange(length) >= torch.tensor([[length - len(row)] for row in rows])).long()  # [B, T]
        output_ids = model.generate(
            input_ids=input_ids,
            attention_mask=attention_mask,
            max_new_tokens=max_new_tokens,
            eos_token_id=stop_token_ids(tokenizer),
            pad_token_id=tokenizer.pad_token_id,
            **{"do_sample": False, **options},
        )
        texts += [tokenizer.decode(row[length:], skip_special_tokens=True).strip() for row in output_ids]
    return texts
