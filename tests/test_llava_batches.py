"""Rows of like length: few words behind each picture, no kind of question left out, instruction data kept; the same loss."""

import random
import re
from dataclasses import replace

import pytest
import torch

from course_lib.instruct.reply import DETAIL_QUESTIONS
from course_lib.llava.chat_format import FORMAT_PROMPT, picture_segments
from course_lib.llava.data import requests
from course_lib.llava.data.batches import CAPTION_PROMPTS, sample_instruction, stage2_batch, to_messages
from course_lib.llava.data.existence import existence_questions, group_of, trained_names
from course_lib.llava.data.packing import NUM_PATCHES, collate
from course_lib.llava.data.pictures import PicturePool, render_pixels, to_pixels
from course_lib.llava.evaluate.descriptions import CAPTION_REQUESTS, REQUESTS
from course_lib.llava.recipes import LlavaRecipe
from course_lib.llava.train import stages
from course_lib.llava.train.stages import loss_sum, num_label_tokens
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.world.language import caption
from course_lib.world.nouns import could_be
from course_lib.world.scenes import SceneSpec, make_scene

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


def texts_of(tokenizer, batch) -> str:
    """All rows as text."""
    return " ".join(tokenizer.batch_decode(batch.input_ids))


def test_short_questions_end_with_the_line_that_asks_for_one_word(tokenizer):
    plain = recipe(3, None)
    with_line = texts_of(tokenizer, stage2_batch(tokenizer, 0, replace(plain, format_prompt=True), types=()))
    without = texts_of(tokenizer, stage2_batch(tokenizer, 0, plain, types=()))
    assert with_line.count(FORMAT_PROMPT) == without.count("assistant") > 10 and FORMAT_PROMPT not in without


def test_captions_stand_beside_all_pictures_and_name_their_things_from_left_to_right(tokenizer):
    counts = {
        count: sum(
            texts_of(tokenizer, stage2_batch(tokenizer, 0, replace(recipe(40), num_captions=count), types=())).count(p)
            for p in CAPTION_PROMPTS[:1]
        )
        for count in (0, 1, 3)
    }
    assert counts[0] == 0 < counts[1] < counts[3]
    for seed in range(200):
        scene = make_scene(seed, SceneSpec(colour=None, kinds=(1, 0, 0)))
        names = [thing.name for thing in sorted(scene.things, key=lambda thing: thing.x)]
        if len(set(names)) == len(names):
            text = caption(scene, random.Random(seed), left_to_right=True)
            assert find_in_order(text, names) == names


def find_in_order(text, names):
    """The names in the order in which a text says them; "chicken leg" is no chicken."""
    return sorted(names, key=lambda name: re.search(rf"\b{re.escape(name)}\b(?! leg)", text).start())


def test_instruction_data_stand_beside_a_share_of_the_pictures(tokenizer):
    few, all_of_them = (replace(recipe(40), instruction_frac=share) for share in (0.15, 1.0))
    lengths = [max(behind(stage2_batch(tokenizer, 1, one))) for one in (few, all_of_them)]
    assert min(lengths) > MOST
    long_rows = [sum(n > MOST for n in behind(stage2_batch(tokenizer, 1, one))) for one in (few, all_of_them)]
    assert 2 <= long_rows[0] <= 14 and long_rows[1] == 40


def test_a_pool_gives_the_features_that_its_pictures_have(tokenizer):
    model = stages.build_model()
    pool = PicturePool.compute(model.image_features, 70)
    batch = stage2_batch(tokenizer, 3, recipe(2), pool=pool)
    torch.testing.assert_close(model.image_features(to_pixels(pool.pictures[:70])), pool.features, rtol=1e-4, atol=1e-4)
    assert batch.pixel_values.shape == (2, *pool.features.shape[1:])
    scenes, _, features = pool.draw(2, random.Random(5))
    fresh = collate(tokenizer, [[picture_segments(tokenizer, to_messages([("a?", "b")]))]] * 2, render_pixels(scenes))
    kept = replace(fresh, pixel_values=features)
    with torch.no_grad():
        assert loss_sum(model, kept).item() == pytest.approx(loss_sum(model, fresh).item(), rel=1e-3)


def test_existence_questions_are_balanced_true_and_often_tempting():
    rng, right, tempting, denied = random.Random(1), [], 0, 0
    for index in range(300):
        scene = make_scene(index, SceneSpec(count=(2, 4), kinds=(0.9, 0.1, 0.0)))
        possible = {name for thing in scene.things for name in could_be(thing.name)}
        groups = {group_of(thing.name) for thing in scene.things}
        for question in existence_questions(scene, 6, rng):
            named = [name for name in trained_names() if re.search(rf"\b{re.escape(name)}\b", question.text)]
            name = max(named, key=len)
            right.append(question.answer == "yes")
            assert (name in possible) == (question.answer == "yes"), question
            denied += question.answer == "no"
            tempting += question.answer == "no" and group_of(name) in groups
    assert 0.4 < sum(right) / len(right) < 0.55 and 0.5 < tempting / denied < 0.9
    assert existence_questions(make_scene(0, SceneSpec(count=(1, 1), kinds=(0.0, 0.0, 1.0))), 6, rng) == []


def test_varied_requests_are_hundreds_of_wordings_and_none_of_the_tests(tokenizer):
    for wordings, asked in ((requests.CAPTIONS, CAPTION_REQUESTS), (requests.DESCRIPTIONS, REQUESTS)):
        assert len(set(wordings)) == len(wordings) > 500
        plain = {re.sub(r"[^a-z ]", "", one.lower()) for one in wordings}
        assert not plain & {re.sub(r"[^a-z ]", "", one.lower()) for one in asked}


def test_captions_and_descriptions_are_asked_for_in_varied_words_where_the_recipe_says_so(tokenizer):
    scene = make_scene(0, SceneSpec(count=(2, 2)))
    for varied, expected in ((True, requests.DESCRIPTIONS), (False, DETAIL_QUESTIONS)):
        asked = [sample_instruction(scene, random.Random(i), ("detail",), None, varied)[0]["content"] for i in range(9)]
        assert set(asked) <= set(expected) and (len(set(asked)) > 1) == varied
    varied = replace(recipe(1), num_captions=2, varied_requests=True)
    said = [tokenizer.decode(stage2_batch(tokenizer, step, varied, types=()).input_ids[0]) for step in range(4)]
    heard = {one for text in said for one in requests.CAPTIONS if one in text}
    assert heard - set(CAPTION_PROMPTS)
