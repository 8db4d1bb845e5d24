"""The filters: each defect is found, named, and at its turn; clean samples pass; and bad filters would be caught."""

import random
from dataclasses import replace

import pytest

from course_lib.instruct.evaluate.clean_samples import handwritten_samples, world_samples
from course_lib.instruct.evaluate.defects import PLANTERS, plant
from course_lib.instruct.evaluate.filter_scores import Scores, outside_noun_hits, plant_many
from course_lib.instruct.filters import DEFECTS, across_samples, check_dataset, check_record, check_sample, defect_names
from course_lib.instruct.filters.claims import claimed_mentions
from course_lib.instruct.filters.mentions import noun_forms
from course_lib.instruct.filters.wrong_count import is_wrong_count, stated_counts
from course_lib.instruct.filters.wrong_relation import relation_claims
from course_lib.instruct.formats import Box, ImageContext, Sample, Turn
from course_lib.instruct.reply import DETAIL_QUESTIONS
from course_lib.instruct.resources import clean_answers, clean_pictures, defect_wordings

YARD, SEA, FRUIT = (clean_pictures()[name] for name in ("yard", "sea", "fruit"))
DEV, TEST = defect_wordings("dev"), defect_wordings("test")
OF_ONE = [name for name in PLANTERS if name != "near_duplicate"]


@pytest.fixture(scope="module")
def clean():
    return world_samples("val", 30) + handwritten_samples(clean_answers("dev"))


def said(answer, question="What does the picture show?", picture=YARD):
    return Sample(
        picture.id, picture.image, "conversation", (Turn("Is this a picture?", "Yes."), Turn(question, answer))
    )


def defects_of(planted, context):
    record = planted.record or planted.sample.to_llava()
    return [*check_sample(planted.sample, context), *check_record(record, {context.id: context})]


def test_clean_samples_have_no_defect(clean):
    for sample, context in clean[:30]:
        assert check_sample(sample, context) == [] and check_record(sample.to_llava(), {context.id: context}) == []


def test_hardly_any_answer_that_was_written_to_mislead_is_suspected(clean):
    alone = [check_sample(sample, context) == [] for sample, context in clean[30:]]
    assert sum(alone) / len(alone) > 0.95


@pytest.mark.parametrize("name", OF_ONE)
def test_planted_defects_are_found_and_named_at_their_turn(name, clean):
    found = plant_many(clean, name, 20, DEV, random.Random(0))
    hits = [any((d.name, d.turn) == (name, p.turn) for d in defects_of(p, context)) for p, context in found]
    assert sum(hits) >= 18


@pytest.mark.parametrize(
    ("answer", "question", "name"),
    [
        ("A horse grazes beside the dog.", "What is there?", "unsupported_noun"),
        ("It is asleep.", "What is the horse doing?", "unsupported_noun"),
        ("Yes.", "Is there a horse?", "unsupported_noun"),
        ("There are four cats.", "What is there?", "wrong_count"),
        ("Four.", "How many cats are there?", "wrong_count"),
        ("The caption says that there is a dog.", "What is there?", "leakage"),
        ("I'm sorry, but I can't help with that.", "What is there?", "refusal"),
        (" \n", "What is there?", "empty"),
        ("What is there?", "There is a dog.", "role_swap"),
        ("There is a dog. ASSISTANT: A horse.", "What is there?", "separator"),
        ("There is a dog.", "What is there?</s>", "separator"),
        ("There is a dog.", "Is this a picture?", "repetition"),
        ("There is a dog. It is brown. There is a dog.", "What is there?", "repetition"),
        (
            "There is a dog and a cat and a dog and a cat and a dog and a cat and a dog and a cat.",
            "What is there?",
            "repetition",
        ),
    ],
)
def test_each_defect_by_itself(answer, question, name):
    assert [(d.name, d.turn) for d in check_sample(said(answer, question), YARD)] == [(name, 1)]


def test_a_relation_is_wrong_only_against_clear_boxes():
    assert defect_names(said("The whale is to the right of the sailboat.", picture=SEA), SEA) == ["wrong_relation"]
    assert defect_names(said("right", "Where is the whale, seen from the sailboat?", SEA), SEA) == ["wrong_relation"]
    assert defect_names(said("The whale is to the left of the sailboat.", picture=SEA), SEA) == []
    assert (
        defect_names(said("The sailboat is to the left of the sun.", picture=SEA), SEA) == []
    )  # 7.5 %: too close to call


@pytest.mark.parametrize(
    "answer", ["There is no horse.", "A horse can't be seen.", "It resembles a horse.", "No, neither."]
)
def test_what_is_denied_or_compared_with_is_not_claimed_mentions(answer):
    assert claimed_mentions(answer) == []
    assert check_sample(said(answer, "What else is there?"), YARD) == []


def test_names_that_could_be_the_same_thing_support_each_other():
    assert defect_names(said("There is a car.", picture=FRUIT), FRUIT) == []
    assert defect_names(said("There is a truck.", picture=FRUIT), FRUIT) == ["unsupported_noun"]


@pytest.mark.parametrize("answer", ["There is a sofa.", "Two benches stand there.", "I see a bowl on a dining table."])
def test_things_that_the_world_has_no_name_for_are_made_up_too(answer):
    assert defect_names(said(answer), YARD) == ["unsupported_noun"]


@pytest.mark.parametrize("answer", ["It is a remote place.", "There is no sofa.", "A bench would fit in.", "They tie."])
def test_words_for_such_things_may_mean_something_else(answer):
    assert defect_names(said(answer), YARD) == []


def test_names_and_captions_of_coco_support_their_synonyms():
    box = Box("couch", 0.1, 0.1, 0.6, 0.6)
    living_room = ImageContext("1", "1.jpg", ("A cat on a rug beside a mug.",), (box,))
    assert defect_names(said("A sofa, a carpet and a cup.", "What else do you see?", living_room), living_room) == []
    assert defect_names(said("There is a stool.", picture=living_room), living_room) == ["unsupported_noun"]


def test_made_up_things_are_found_however_they_are_worded(clean):
    assert sum(outside_noun_hits(clean[:30], DEV, 40)) >= 36


def test_forms_for_many_are_english():
    assert {("knives",), ("forks", "and", "knives"), ("mice",), ("bookshelves",)} <= set(noun_forms())
    assert not {("knifes",), ("scissorses",), ("glasseses",)} & set(noun_forms())


def test_numbers_in_other_roles_are_no_counts():
    for text in ("Two of the cats are orange.", "It has four legs.", "There are two cats."):
        assert not any(is_wrong_count(claim, YARD) for claim in stated_counts(text)), text
    assert relation_claims(Turn("How many?", "Two.")) == []


def test_records():
    record = said("There is a dog.").to_llava()
    contexts = {"yard": YARD, "sea": SEA}
    assert check_record(record, contexts) == []
    assert [d.name for d in check_record({**record, "image": "sea.png"}, contexts)] == ["wrong_image_id"]
    assert [d.name for d in check_record({**record, "id": "moon/detail"}, contexts)] == ["wrong_image_id"]
    record["conversations"][3]["value"] += " <image>"
    assert [(d.name, d.turn) for d in check_record(record, contexts)] == [("image_token", 1)]
    record["conversations"][1]["from"] = "human"
    assert {d.name for d in check_record(record, contexts)} == {"image_token", "role_swap"}


def test_copies_and_a_bias_show_only_together(clean):
    samples = [sample for sample, _ in clean[:30]]
    contexts = {context.id: context for _, context in clean}
    copy = plant(*clean[3], "near_duplicate", random.Random(1), DEV).sample
    records = [sample.to_llava() for sample in [*samples, copy]]
    found = check_dataset([*samples, copy], records, contexts)
    assert [d.name for d in found[30]] == ["near_duplicate"] and not set(found) & set(range(30))
    yes, no = said("Yes."), said("No.")  # before either, each was asked something that it answered yes
    assert across_samples.check_yes_bias([yes] * 60) and not across_samples.check_yes_bias([yes])
    assert not across_samples.check_yes_bias([no] * 60)


def test_the_scores_of_a_bad_filter_are_bad(clean):
    sample, context = clean[0]
    planted = plant(sample, context, "leakage", random.Random(0), DEV)
    scores = Scores()
    scores.add(planted.sample, context, [], planted)
    scores.add(sample, context, check_sample(planted.sample, context), None)
    assert scores.found["leakage"] == [False] and scores.right["leakage"] == [False] and scores.clean == [False]


def test_the_exercises_filter_is_scored_on_the_same_samples(clean):
    sample, context = clean[0]
    planted = plant(sample, context, "unsupported_noun", random.Random(0), DEV)
    scores = Scores()
    for answer, told in (("There is a sofa.", None), ("Fine.", None), ("There is a sofa.", replace(planted, turn=0))):
        said = Sample(sample.id, sample.image, sample.type, (Turn("What is there?", answer),))
        scores.add(said, context, [], told)
    assert scores.simple_found == [True] and scores.simple_right == [False, True]


@pytest.mark.parametrize("question", DETAIL_QUESTIONS)
def test_every_question_for_a_description_asks(question):
    assert "role_swap" not in defect_names(said("Three dogs.", question), YARD)


def test_the_wordings_that_measure_are_none_of_those_looked_at():
    for name in ("unsupported_noun", "wrong_count", "leakage", "refusal", "role_swap"):
        assert not set(getattr(DEV, name)) & set(getattr(TEST, name)), name
    assert not set(clean_answers("dev")) & set(clean_answers("test")) and len(clean_answers("test")) >= 60
    assert set(DEFECTS) == {*PLANTERS, "yes_bias"}
