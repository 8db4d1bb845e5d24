"""The pictures of Lesson 04: how attention is computed, what heads look at, and the stages of an assistant's training."""

import torch

from course_lib import show
from course_lib.lm.attention import MATMUL_ATTENTION

Head = tuple[int, int]  # (layer, head), both counted from 0


def attention_diagram() -> None:
    """From a layer's tokens to what one of its heads reads."""
    show.diagram(
        {
            "tokens": show.Box(0, 1, "tokens of a text", "[B, T, 192]"),
            "query": show.Box(1.2, 0, "queries: what is\nlooked for", "[B, H, T, D]", "learned"),
            "key": show.Box(1.2, 1, "keys: what is\nthere to find", "[B, H, T, D]", "learned"),
            "value": show.Box(1.2, 2, "values: what is\nhanded on", "[B, H, T, D]", "learned"),
            "mask": show.Box(2.4, 0, "causal mask", "[T, T]", "frozen"),
            "scores": show.Box(2.4, 1, "scores QKᵀ / √D", "[B, H, T, T]"),
            "weights": show.Box(3.6, 1, "weights: each\nrow sums to 1", "[B, H, T, T]"),
            "read": show.Box(3.6, 2, "weights · V", "[B, H, T, D]", "result"),
        },
        [
            ("tokens", "query"),
            ("tokens", "key"),
            ("tokens", "value"),
            ("query", "scores"),
            ("key", "scores"),
            ("mask", "scores", "hides"),
            ("scores", "weights", "softmax"),
            ("weights", "read"),
            ("value", "read"),
        ],
        alt="Attention. From the tokens come queries, keys and values. Queries times keys give scores, in which the causal mask hides "
        "the future; a softmax turns each row into weights; weights times values is what a head reads.",
    )


def stages_diagram() -> None:
    """From a model that continues texts to an assistant."""
    show.diagram(
        {
            "texts": show.Box(0, 0, "plain texts", "labels: all tokens"),
            "chats": show.Box(1.35, 0, "conversations", "labels: answers"),
            "pairs": show.Box(2.7, 0, "pairs: this answer\nrather than that"),
            "pretrain": show.Box(0, 1, "pretraining", "next token", "learned"),
            "tune": show.Box(1.35, 1, "instruction\ntuning (SFT)", "next token", "learned"),
            "dpo": show.Box(2.7, 1, "preference\ntuning (DPO)", "chosen > rejected", "learned"),
            "base": show.Box(0, 2, "base model:\ncontinues", "", "result"),
            "assistant": show.Box(1.35, 2, "assistant:\nfollows", "", "result"),
            "preferred": show.Box(2.7, 2, "assistant:\nanswers as wished", "", "result"),
        },
        [
            ("texts", "pretrain"),
            ("chats", "tune"),
            ("pairs", "dpo"),
            ("pretrain", "base"),
            ("tune", "assistant"),
            ("dpo", "preferred"),
            ("base", "tune", "starts from"),
            ("assistant", "dpo", "starts from"),
        ],
        alt="Three stages, each starting from the model before it. Pretraining on plain texts gives a base model, which continues; instruction "
        "tuning on conversations an assistant, which follows; preference tuning on pairs of answers one that answers as wished.",
    )


@torch.no_grad()
def attention_weights(model, ids: list[int]) -> torch.Tensor:
    """What every head looks at when the model reads a text: [layers, H, T, T], rows are readers."""
    before = model.config._attn_implementation
    model.set_attn_implementation(MATMUL_ATTENTION)
    weights = model(input_ids=torch.tensor([ids]), output_attentions=True).attentions
    model.set_attn_implementation(before)
    return torch.cat(weights)


def heads(model, tokenizer, text: str, shown: dict[str, Head]) -> None:
    """A heat map for each named head: rows are readers, columns what they look at."""
    from matplotlib import pyplot

    ids = tokenizer.encode(text, add_special_tokens=False)
    words, weights = [tokenizer.decode(i).strip() for i in ids], attention_weights(model, ids)
    figure, axes = pyplot.subplots(1, len(shown), figsize=(4.8 * len(shown), 4.6), layout="constrained", squeeze=False)
    said = []
    for cell, (title, (layer, head)) in zip(axes.flat, shown.items(), strict=True):
        image = cell.imshow(weights[layer, head], cmap="cividis", vmin=0, vmax=1)
        cell.set_xticks(range(len(words)), words, rotation=90, fontsize=8)
        cell.set_yticks(range(len(words)), words, fontsize=8)
        cell.set(xlabel="is read", ylabel="reads")
        cell.set_title(f"{title} (layer {layer}, head {head})", fontsize=9)
        best = weights[layer, head, -1].argmax().item()
        said.append(f"{title}: the last word looks most at word {best + 1}, “{words[best]}”")
    figure.colorbar(image, ax=axes, label="weight", shrink=0.8)
    show.show_figure(figure, f"Attention weights of heads reading “{text}”. {'; '.join(said)}.")
