"""Lesson 09's exercises inside its room: pieces as the tokenizers library has them, the picture gate, the judge, the two controls."""

import json
import math
import random

import numpy as np
import pytest
from tokenizers import Tokenizer

from course_lib import exercise as lesson
from course_lib.emergence import train
from course_lib.emergence.arms import ARMS
from course_lib.emergence.evaluate import arms, asking, controls
from course_lib.emergence.languages import CODES, KINDS, get_language
from course_lib.emergence.mixing import Record, picture_questions, sampling_probabilities
from course_lib.emergence.texts import language_of
from course_lib.emergence.tokenizer import continue_bpe, merge
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.world.questions import WORDINGS
from course_lib.world.scenes import SceneSpec, make_scene

LANGUAGES = [get_language(code) for code in CODES]
SIGNS = SceneSpec(kinds=(0.5, 0.1, 0.4))


def test_merging_one_pair_after_the_other_gives_the_pieces_of_the_tokenizers_library():
    spec = continue_bpe(["une voiture rouge et une vache rouge"] * 3, num_new=6)
    library = Tokenizer.from_str(json.dumps(spec))
    for word in ("Ġvoiture", "Ġrouge", "Ġpicture", "Ġbanana", "Ġaaaa"):
        pieces = list(word)
        for pair in spec["model"]["merges"]:
            pieces = merge(pieces, tuple(pair))
        assert pieces == [token.value for token in library.model.tokenize(word)]


def shown(arm: str, count: int = 40) -> str:
    """All that this arm hears beside `count` pictures, half of them with more signs than usual."""
    tokenizer, rng, texts = get_tokenizer(), random.Random(arm), []
    for i in range(count):
        scene = make_scene(i, SIGNS if i % 2 else SceneSpec())
        made = train.about_picture(tokenizer, scene, ARMS[arm], rng, max_tokens=10_000)
        texts += [tokenizer.decode([id_ for id_ in ids if id_ >= 0]) for one in made for _, ids in one]
    return " ".join(texts)


def has(text: str, language) -> bool:
    """Does one of the language's numbers, colours or "yes" stand in it, that is no English word?"""
    words = {
        language.YES_NO["yes"],
        *language.numbers.values(),
        *(form for forms in language.colours.values() for form in forms),
    }
    return bool((words - LANGUAGES[0].vocabulary()) & set(text.replace("<", " ").split()))


@pytest.mark.parametrize("arm", [name for name in ARMS if name != "with_pictures"])
def test_beside_pictures_no_arm_but_the_ceiling_hears_french_or_the_cipher_nor_reads(arm):
    text = shown(arm)
    assert "in the picture" in text and not any(has(text, language) for language in LANGUAGES[1:])
    assert '"' not in text and not any(wording in text for _, wording in WORDINGS["read"])


def reading_too(records, picture_languages):
    """A gate that forgot what it must not let through: "read"."""
    return [one for one in records if one.language in picture_languages and one.kind in (*KINDS, "read")]


def test_the_ceiling_hears_all_three_and_so_does_an_arm_behind_a_gate_that_leaks():
    assert all(has(shown("with_pictures"), language) for language in LANGUAGES[1:])
    with lesson.stand_in("emergence.tag", lambda records, picture_languages: picture_questions(records, CODES)):
        assert all(has(shown("all"), language) for language in LANGUAGES[1:])
    with lesson.stand_in("emergence.tag", reading_too):
        assert any(wording in shown("all") for _, wording in WORDINGS["read"])
    assert picture_questions([Record(None, KINDS[0], "is there a cat?")], ("en",)) == []


def test_temperature_one_keeps_the_shares_and_infinity_makes_them_equal():
    counts = {"en": 100_000, "fr": 5000, "ci": 500}
    assert sampling_probabilities(counts, 1) == pytest.approx({"en": 100 / 105.5, "fr": 5 / 105.5, "ci": 0.5 / 105.5})
    assert sampling_probabilities(counts | {"ko": 0}, math.inf) == {"en": 1 / 3, "fr": 1 / 3, "ci": 1 / 3, "ko": 0}
    rare = [sampling_probabilities(counts, temperature)["ci"] for temperature in (1, 2, 5, math.inf)]
    assert rare == sorted(rare)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES, ids=CODES)
def test_every_right_answer_is_judged_right_and_in_its_own_language(kind, language):
    asked = asking.examples(kind, 40)
    replies = [f"{language.answer(one.question).capitalize()}." for one in asked]
    assert asking.is_right(replies, asked, LANGUAGES).all() and asking.is_in(replies, language).all()
    assert not asking.is_right(replies[1:] + ["blurple"], asked, LANGUAGES).all()
    assert not asking.is_in(["", ".", "blurple"], language).any()


@pytest.mark.parametrize("code", CODES[1:])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "exist"])
def test_who_speaks_by_the_permuted_dictionary_follows_it_and_nobody_else_does(kind, code):
    asked, arm = asking.examples(kind, 40), ARMS["permuted"]
    said = [[one.answer(example.question) for example in asked] for one in (get_language(code), language_of(arm, code))]
    (none, n), (all_, also) = (arms.follows(replies, asked, arm, code) for replies in said)
    assert none == 0 and all_ == also == n > 20


def test_yes_and_no_cannot_tell_the_dictionaries_apart():
    assert arms.follows(["oui"] * 10, asking.examples("exist", 10), ARMS["permuted"], "fr") == (0, 0)


def test_the_interval_of_the_interaction_holds_the_truth_95_times_in_100():
    rng, shares, asked = np.random.default_rng(0), np.array([[0.2, 0.3], [0.25, 0.7]]), np.array([[100, 80], [120, 90]])
    truth = (0.7 - 0.25) - (0.3 - 0.2)
    intervals = [controls.interaction(rng.binomial(asked, shares), asked)[1:] for _ in range(4000)]
    assert np.mean([low <= truth <= high for low, high in intervals]) == pytest.approx(0.95, abs=0.012)


def test_reading_that_needs_both_texts_and_eyes_is_all_interaction():
    nothing = dict.fromkeys(("read_neither", "read_letters", "read_text"), (0, 50))
    difference, low, high = controls.reading_interaction(nothing | {"read_text_letters": (40, 50)})
    assert difference == pytest.approx(0.8) and 0.6 < low < difference < high
    adding = {"read_neither": (5, 50), "read_letters": (15, 50), "read_text": (20, 50), "read_text_letters": (30, 50)}
    assert controls.reading_interaction(adding)[0] == pytest.approx(0)
