"""A byte-level BPE tokenizer with the interface of open_clip's, trained on the world's own English.

CLIP's vocabulary has 49,408 entries, which would be three quarters of a pocket model. Ours has 1,024: the 256 bytes, so
that any text in any script can be written, and the words of the world, nearly all of them in a single token.
"""

import warnings
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from course_lib import checkpoints
from course_lib.common.text import readable

TOKENIZER_FILE = checkpoints.FOLDER / "clip_tokenizer.json"
PAD, START, END = "<pad>", "<start>", "<end>"
CLASS_NAME_WEIGHT = 1000  # how often each class name is repeated in the training text: enough to become one token


class PocketTokenizer:
    """Texts → token ids: start, the text, end, then padding.

    The end of text has the highest id, because CLIP finds it with argmax; padding is 0.
    """

    def __init__(self, file: Path = TOKENIZER_FILE, context_length: int = 48) -> None:
        from tokenizers import Tokenizer

        if not file.exists():
            raise FileNotFoundError(f"{file.name} is missing. Make it: python -m course_lib bake clip_tokenizer")
        self._bpe = Tokenizer.from_file(str(file))
        self._bpe.encode_special_tokens = True  # a learner who types "<end>" gets these five characters, not the token
        self.context_length = context_length
        self.vocab_size = self._bpe.get_vocab_size()
        self.sot_token_id = self._bpe.token_to_id(START)
        self.eot_token_id = self._bpe.token_to_id(END)

    def encode(self, text: str) -> list[int]:
        """The ids of one text, without start and end."""
        return self._bpe.encode(readable(text)).ids

    def decode(self, ids: Iterable[int]) -> str:
        """Ids → text, without start, end and padding."""
        special = {0, self.sot_token_id, self.eot_token_id}
        return self._bpe.decode([int(i) for i in ids if int(i) not in special]).strip()

    def __call__(self, texts: str | Sequence[str], context_length: int | None = None) -> Tensor:
        """B texts → int64 [B, context_length]. A longer text loses its end, but keeps the end-of-text token; that warns."""
        texts = [texts] if isinstance(texts, str) else list(texts)
        length = context_length or self.context_length
        tokens = torch.zeros(len(texts), length, dtype=torch.long)
        cut = []
        for row, encoding in enumerate(self._bpe.encode_batch([readable(text) for text in texts])):
            ids = encoding.ids
            if len(ids) > length - 2:
                ids, cut = ids[: length - 2], [*cut, texts[row]]
            ids = [self.sot_token_id, *ids, self.eot_token_id]
            tokens[row, : len(ids)] = torch.tensor(ids)
        if cut:
            warnings.warn(f"{len(cut)} text(s) cut to {length} tokens; the first: {cut[0][:60]!r}…", stacklevel=2)
        return tokens


@cache
def get_tokenizer() -> PocketTokenizer:
    """The course's tokenizer, loaded once."""
    return PocketTokenizer()


def train_tokenizer(texts: Iterable[str], class_names: Sequence[str], file: Path, vocab_size: int = 1024) -> None:
    """Learn the merges from `texts` and write `file` (json). The class names are weighted up, to become one token each.

    The same texts give the same file.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    bpe = Tokenizer(models.BPE())
    bpe.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase(), normalizers.Strip()])
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - 2,  # start and end come last
        special_tokens=[PAD],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator([*texts, *(name for name in class_names for _ in range(CLASS_NAME_WEIGHT))], trainer)
    bpe.add_special_tokens([START, END])
    file.parent.mkdir(parents=True, exist_ok=True)
    bpe.save(str(file))
