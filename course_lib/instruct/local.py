"""A teacher that runs on this machine: a chat model in transformers."""

import threading

from course_lib.commands.problem import Problem
from course_lib.instruct.teachers import MAX_REPLY_TOKENS, Messages, Reply


class LocalTeacher:
    """A model from a folder, or from the Hugging Face hub. It writes what it finds likeliest, so always the same."""

    def __init__(self, model: str | None = None) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        from course_lib import smollm2
        from course_lib.session import best_device

        where = model or smollm2.folder()
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(where)
            self._model = AutoModelForCausalLM.from_pretrained(where, dtype="auto").to(best_device()[0]).eval()
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise Problem(f'The model "{where}" can\'t be loaded: {reason}') from None
        self.name = f"local:{model or smollm2.NAME}"
        self._one_at_a_time = threading.Lock()

    def ask(self, messages: Messages) -> Reply:
        """Render the messages with the model's chat template and let it write, greedily."""
        import torch

        inputs = self._tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_dict=True, return_tensors="pt"
        ).to(self._model.device)
        length = inputs["input_ids"].shape[1]
        with self._one_at_a_time, torch.inference_mode():
            written = self._model.generate(**inputs, max_new_tokens=MAX_REPLY_TOKENS, do_sample=False)[0, length:]
        text = self._tokenizer.decode(written, skip_special_tokens=True)
        return Reply(text, length, len(written), cut_off=len(written) == MAX_REPLY_TOKENS)
