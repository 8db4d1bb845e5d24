"""Rows of like length: few words behind each picture, no kind of question left out, instruction data kept; the same loss."""

import pytest
import torch

from course_lib.llava.data.batches import NUM_PATCHES, stage2_batch
from course_lib.llava.recipes import LlavaRecipe
from course_lib.llava.train import stages
from course_lib.llava.train.stages import loss_sum, num_label_tokens
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.lm.tokenizer import get_tokenizer

MOST, OPENING = 60, 3  # tokens: behind a picture, and before it


@pytest.fixture(scope="module")
def tokenizer():
    return get_tokenizer()


def recipe(batch_size: int, max_question_tokens: int | None = MOST) -> LlavaRecipe:
    return LlavaRecipe(steps=1, batch_size=batch_size, learning_rate=1e-3, max_question_tokens=max_question_tokens)


def behind(batch) -> list[int]:
    """How many tokens stand behind each picture."""
    return ((batch.input_ids != 0).sum(1) - NUM_PATCHES - OPENING).tolist()


def answers(tokenizer, batch) -> set[str]:
    """All that is learned, answer by answer."""
    texts = [tokenizer.decode(row[row != IGNORE_INDEX]) for row in batch.labels]
    return {text.strip() for row in texts for text in row.split("<|im_end|>") if text.strip()}


def test_no_row_has_more_words_than_it_may_and_none_is_empty(tokenizer):
    free, narrow = (stage2_batch(tokenizer, 0, recipe(8, most), types=()) for most in (None, MOST))
    assert max(behind(free)) > 2 * MOST
    assert min(behind(narrow)) > 0 and max(behind(narrow)) <= MOST
    assert narrow.input_ids.shape[1] < 0.7 * free.input_ids.shape[1]
    assert bool((narrow.labels != IGNORE_INDEX).any(1).all())


def test_over_some_batches_every_sort_of_answer_comes(tokenizer):
    found = [answers(tokenizer, stage2_batch(tokenizer, step, recipe(8), types=())) for step in range(12)]
    said = set().union(*found)
    assert {"yes", "no", "one", "two"} <= said or {"yes", "no", "1", "2"} <= said
    assert said & {"red", "blue", "green", "yellow"} and any("left" in one or "above" in one for one in said)


def test_instruction_data_are_not_left_out(tokenizer):
    with_data = stage2_batch(tokenizer, 0, recipe(4), types=("detail",))
    longest = max(len(text.split()) for text in answers(tokenizer, with_data))
    assert longest > 12  # a description
    assert max(behind(with_data)) > MOST


def test_the_loss_of_what_is_learned_is_the_loss_of_all_logits(tokenizer):
    model, batch = stages.build_model(), stage2_batch(tokenizer, 3, recipe(2))
    with torch.no_grad():
        whole, _ = model(**batch.inputs())
        assert (loss_sum(model, batch) / num_label_tokens(batch)).item() == pytest.approx(whole.item(), abs=1e-5)
