"""The pocket language model's tokenizer: transformers' own class, a small vocabulary, and a chat template.

Byte-level BPE, so that any text can be written; nearly every word of the world is one token, together with the space before
it. The template is ChatML with spaces in place of line breaks, so that an answer's first word is the very token that it
is within a sentence. `<image>` is reserved for Lesson 06, where it stands for a picture.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from course_lib import checkpoints

TOKENIZER_FILE = checkpoints.FOLDER / "lm_tokenizer.json"
PAD, END_OF_TEXT, START, END, IMAGE = "<pad>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>"
SPECIAL = (PAD, END_OF_TEXT, START, END, IMAGE)
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }} {{ message['content'] }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant{% endif %}"
)


@cache
def get_tokenizer(file: Path = TOKENIZER_FILE):
    """The course's tokenizer, a `PreTrainedTokenizerFast`, loaded once. FileNotFoundError says how to make it."""
    from transformers import PreTrainedTokenizerFast

    if not file.exists():
        raise FileNotFoundError(f"{file.name} is missing. Make it: python -m course_lib bake lm_tokenizer")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(file),
        pad_token=PAD,
        bos_token=END_OF_TEXT,
        eos_token=END,
        additional_special_tokens=[START, IMAGE],
        clean_up_tokenization_spaces=False,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def train_tokenizer(texts: Iterable[str], file: Path, vocab_size: int = 1536) -> None:
    """Learn the merges from `texts` and write `file` (json). The same texts give the same file."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    file.parent.mkdir(parents=True, exist_ok=True)
    bpe.save(str(file))
