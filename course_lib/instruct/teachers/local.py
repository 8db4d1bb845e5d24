"""A teacher that runs on this machine: a chat model in transformers."""

import threading

from course_lib.common import smollm2
from course_lib.common.errors import Problem
from course_lib.instruct.teachers.base import MAX_REPLY_TOKENS, Completion, Messages
from course_lib.session import best_device

FULL_TIER = "Qwen/Qwen2.5-0.5B-Instruct"  # Apache-2.0, and not gated; a T4 holds it many times over


def local_teacher(tier: str) -> "LocalTeacher | None":
    """The chat model of this tier: from the hub, or the one of the offline package. Without it None, and one sentence why."""
    if tier != "full" and not smollm2.available():
        print(f"Skipped: this needs the full tier (COURSE_TIER=full), or {smollm2.NAME}: {smollm2.INSTALL}.")
        return None
    try:
        return LocalTeacher(FULL_TIER if tier == "full" else None)
    except Problem as problem:
        print(f"{problem} The lesson goes on without it.")
        return None


class LocalTeacher:
    """A model from a folder, or from the Hugging Face hub. It writes what it finds likeliest, so always the same."""

    def __init__(self, model: str | None = None) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        where = model or smollm2.folder()
        device, dtype, _ = best_device()  # not the format of the weights: a T4 has no bfloat16
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(where)
            loaded = AutoModelForCausalLM.from_pretrained(where, dtype=getattr(torch, dtype), use_safetensors=True)
            self._model = loaded.to(device).eval()
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise Problem(f'The model "{where}" can\'t be loaded: {reason}') from None
        self.name = f"local:{model or smollm2.NAME}"
        self._one_at_a_time = threading.Lock()

    def ask(self, messages: Messages) -> Completion:
        """Render the messages with the model's chat template and let it write, greedily."""
        import torch

        inputs = self._tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_dict=True, return_tensors="pt"
        ).to(self._model.device)
        length = inputs["input_ids"].shape[1]
        with self._one_at_a_time, torch.inference_mode():
            written = self._model.generate(**inputs, max_new_tokens=MAX_REPLY_TOKENS, do_sample=False)[0, length:]
        text = self._tokenizer.decode(written, skip_special_tokens=True)
        return Completion(text, length, len(written), cut_off=len(written) == MAX_REPLY_TOKENS)
