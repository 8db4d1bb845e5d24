"""MiniLlava around a language model of half a million, one or two million parameters.

The vision tower and the word detector of the connector are Lesson 06's in every size: which words hold of a patch does not depend on
who reads them. The words' embeddings are looked up anew, in the table of the language model that will read them.
"""

from pathlib import Path

import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from course_lib import checkpoints
from course_lib.llava import connector
from course_lib.llava.model import MiniLlava
from course_lib.llava.train import saved
from course_lib.lm.model import init_induction_heads, pocket_config
from course_lib.lm.pretrained import load_tuned
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.small.recipes import SIZES, LanguageModelSize

SHIPPED = "two"  # the size of Lesson 04's own language model


def language_model_config(size: LanguageModelSize) -> LlamaConfig:
    """Lesson 04's configuration in another width."""
    changed = vars(size) | {
        "num_key_value_heads": size.num_attention_heads,
        "head_dim": size.hidden_size // size.num_attention_heads,
    }
    return LlamaConfig.from_dict({**pocket_config(len(get_tokenizer())).to_dict(), **changed})


def build_language_model(size: LanguageModelSize, seed: int = 0) -> LlamaForCausalLM:
    """An untrained one, with Lesson 04's induction heads to begin with: the same weights for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(language_model_config(size))
        init_induction_heads(model)
    return model.eval()


def language_model_file(name: str, folder: Path = checkpoints.FOLDER) -> Path:
    """Where the language model of a size that Lesson 04 does not ship lies."""
    return folder / f"small_lm_{name}.safetensors"


def load_language_model(name: str, folder: Path = checkpoints.FOLDER) -> LlamaForCausalLM:
    """A language model of this size that follows instructions. CheckpointError when its file is missing or damaged."""
    if name == SHIPPED:
        return load_tuned()
    tensors, _ = checkpoints.load(language_model_file(name, folder))
    model = build_language_model(SIZES[name])
    model.load_state_dict({**tensors, "lm_head.weight": tensors["model.embed_tokens.weight"]})  # one table at both ends
    return model.eval()


def build_model(language_model: LlamaForCausalLM) -> MiniLlava:
    """Lesson 06's model after its mixture of words, before any question, with this language model."""
    model = saved.load("words")
    tokenizer, detector = model.tokenizer, model.connector.word_logits
    embeddings = language_model.get_input_embeddings().weight[connector.visible_words(tokenizer)]  # [K, D]
    mixture = connector.WordMixture(model.connector.residual.in_features, embeddings)
    mixture.word_logits = detector
    return MiniLlava(model.vision, mixture, language_model, tokenizer).eval()


def num_parameters(module: nn.Module) -> int:
    """How many numbers a model holds; a table that stands at both ends counts once."""
    return sum(parameter.numel() for parameter in module.parameters())
