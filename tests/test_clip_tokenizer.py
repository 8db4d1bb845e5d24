"""The tokenizer: open_clip's interface, any text, end-of-text the highest id."""

import pytest
import torch

from course_lib.clip.tokenizer import PocketTokenizer, train_tokenizer

TEXTS = ["a small red car on the left", "two cats by the sea", "the sun above a house", "a picture of a dog"] * 20
ANY_TEXT = ["Ein Löwe am Meer", "一只红色的猫", "кошка и собака", "🦊 ≠ 🐙", "a\tb\nc", "ﷺ", "\x00", "e\u0301"]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory) -> PocketTokenizer:
    file = tmp_path_factory.mktemp("tokenizer") / "clip_tokenizer.json"
    train_tokenizer(TEXTS, ["car", "hot dog"], file, vocab_size=400)
    return PocketTokenizer(file)


def test_interface_of_open_clip(tokenizer):
    tokens = tokenizer(["a red car", "the sun"])
    assert tokens.shape == (2, 48) and tokens.dtype == torch.int64
    assert tokenizer("a red car").shape == (1, 48)
    assert tokenizer(["a"], context_length=7).shape == (1, 7)
    assert tokenizer([]).shape == (0, 48)
    assert (tokens[:, 0] == tokenizer.sot_token_id).all()
    assert tokens[0, 4] == tokenizer.eot_token_id and (tokens[0, 5:] == 0).all()


def test_end_of_text_is_the_highest_id(tokenizer):
    assert tokenizer.eot_token_id == tokenizer.vocab_size - 1 == tokenizer.sot_token_id + 1
    tokens = tokenizer(ANY_TEXT)
    assert (tokens.max(dim=1).values == tokenizer.eot_token_id).all()
    assert ((tokens == tokenizer.eot_token_id).sum(dim=1) == 1).all()


@pytest.mark.parametrize("text", ANY_TEXT)
def test_any_text_survives(tokenizer, text):
    import unicodedata

    expected = unicodedata.normalize("NFC", text).lower().strip()
    assert tokenizer.decode(tokenizer.encode(text)) == expected


def test_special_tokens_can_not_be_typed(tokenizer):
    ids = tokenizer.encode("a <end> of <start> and <pad>")
    assert not {0, tokenizer.sot_token_id, tokenizer.eot_token_id} & set(ids)


def test_class_names_are_single_tokens(tokenizer):
    assert len(tokenizer.encode("car")) == 1
    assert len(tokenizer.encode("hot dog")) == 2


def test_capitals_and_spaces_around_do_not_matter(tokenizer):
    assert tokenizer.encode("  A Red Car ") == tokenizer.encode("a red car")


def test_long_texts_are_cut_with_a_warning_and_keep_their_end(tokenizer):
    with pytest.warns(UserWarning, match="1 text.* cut to 48 tokens; the first: 'word word"):
        tokens = tokenizer(["short", "word " * 100])
    assert tokens[1, -1] == tokenizer.eot_token_id


def test_training_is_deterministic(tokenizer, tmp_path):
    file = tmp_path / "again.json"
    train_tokenizer(TEXTS, ["car", "hot dog"], file, vocab_size=400)
    assert PocketTokenizer(file).encode("two cats by the sea") == tokenizer.encode("two cats by the sea")


def test_a_missing_file_says_how_to_make_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="bake clip_tokenizer"):
        PocketTokenizer(tmp_path / "none.json")
