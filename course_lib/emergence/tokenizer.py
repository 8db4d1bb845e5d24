"""More pieces for a tokenizer that exists: byte pair encoding, continued on texts in new languages.

English keeps its pieces and their numbers, so that the language model of Lesson 04 can be trained on. Large models do the same when
a language is added (Cui et al., 2023, "Chinese-LLaMA", arXiv 2304.08177, section 2.1): train a tokenizer on the new language, and
append what it has found.
"""

import json
import random
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

from course_lib import checkpoints
from course_lib.lm.tokenizer import TOKENIZER_FILE, get_tokenizer

FILE = checkpoints.FOLDER / "emergence_tokenizer.json"
NUM_OLD, NUM_NEW = 1536, 1024


def continue_bpe(texts: Iterable[str], num_new: int = NUM_NEW, base: Path = TOKENIZER_FILE) -> dict:
    """Go on merging the commonest pair of pieces, `num_new` times (Sennrich et al., 2016, arXiv 1508.07909).

    texts: of the new languages. Returns the tokenizer's file as a dictionary, the new pieces and merges behind the old ones.
    """
    from tokenizers import Tokenizer

    spec, old = json.loads(base.read_text(encoding="utf-8")), Tokenizer.from_file(str(base))
    words = Counter(word for text in texts for word, _ in old.pre_tokenizer.pre_tokenize_str(f" {text}"))
    pieces = {word: [token.value for token in old.model.tokenize(word)] for word in words}
    vocab, merges = spec["model"]["vocab"], spec["model"]["merges"]
    while num_new:
        pair = commonest_pair(pieces, words)
        pieces = {word: merge(parts, pair) for word, parts in pieces.items()}
        merges.append(list(pair))
        if "".join(pair) not in vocab:  # another road to a piece that is there already takes no new number
            vocab["".join(pair)] = len(vocab)
            num_new -= 1
    return spec


def commonest_pair(pieces: dict[str, list[str]], counts: Counter) -> tuple[str, str]:
    """The two neighbouring pieces that stand side by side most often; of equally common ones the first in the alphabet."""
    pairs: Counter[tuple[str, str]] = Counter()
    for word, parts in pieces.items():
        for pair in pairwise(parts):
            pairs[pair] += counts[word]
    return min(pairs, key=lambda pair: (-pairs[pair], pair))


def merge(parts: list[str], pair: tuple[str, str]) -> list[str]:
    """The pieces of a word, this pair joined wherever it stands: ["c", "h", "a", "t"] and ("c", "h") → ["ch", "a", "t"]."""
    merged: list[str] = []
    for part in parts:
        if merged and (merged[-1], part) == pair:
            merged[-1] += part
        else:
            merged.append(part)
    return merged


def load_tokenizer(file: Path = FILE):
    """The course's tokenizer with pieces for French and the cipher. FileNotFoundError says how to make it."""
    return get_tokenizer(file)


def bake_tokenizer(out_folder: Path) -> None:
    """Continue the tokenizer of Lesson 04 on texts in the new languages."""
    from course_lib.emergence.languages import get_language
    from course_lib.emergence.texts import ALL, text_conversation

    rng = random.Random("emergence tokenizer")
    texts = [turn["content"] for _ in range(6000) for turn in text_conversation(ALL, rng) if turn["content"]]
    words = [f" {word}" for code in ("fr", "ci") for word in sorted(get_language(code).vocabulary()) for _ in range(40)]
    spec = continue_bpe([*texts, *words])
    out_folder.mkdir(parents=True, exist_ok=True)
    (out_folder / FILE.name).write_text(json.dumps(spec, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
