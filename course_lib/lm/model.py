"""The pocket language model: transformers' Llama, in a size that a laptop trains."""

from transformers import LlamaConfig, LlamaForCausalLM

from course_lib.lm.lookup import start_looking_up

SIZES = {"hidden_size": 192, "num_hidden_layers": 4, "num_attention_heads": 6, "intermediate_size": 512}
CONTEXT = 512  # tokens; 64 of them will be picture patches in Lesson 06


def pocket_config(vocab_size: int) -> LlamaConfig:
    """A Llama of two million parameters. Input and output share their embedding table."""
    return LlamaConfig(
        vocab_size=vocab_size,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        attention_bias=True,
        num_key_value_heads=SIZES["num_attention_heads"],
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0},
        attn_implementation="sdpa",
        bos_token_id=1,
        eos_token_id=3,
        pad_token_id=0,
        **SIZES,
    )


def new_model(vocab_size: int, seed: int = 0) -> LlamaForCausalLM:
    """A model as it is born, with heads that begin to look things up: the same for the same seed."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlamaForCausalLM(pocket_config(vocab_size))
        start_looking_up(model)
    return model.eval()
