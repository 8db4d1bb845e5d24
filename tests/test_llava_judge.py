"""The judge by rule: truth and completeness count, order does not, and replies that can't be read are left out."""

import pytest

from course_lib.llava.evaluate.descriptions import (
    parse_scores,
    reference_description,
    relative_score,
    rule_judge,
    verify_claims,
)
from course_lib.world.scenes import Scene, SceneSpec, Thing, make_scene

CAR = Thing("sticker", "car", 1, 1, "noto", "red", None, "medium", 0.36, 0.2, 0.5)
CAT = Thing("sticker", "cat", 2, 2, "noto", None, None, "medium", 0.36, 0.8, 0.5)
SCENE = Scene("val", 0, 0, "sea", 0, (CAR, CAT))
SCENES = [make_scene(index, SceneSpec(stream="val")) for index in range(60)]


@pytest.mark.parametrize(
    ("text", "num_true", "num_false"),
    [
        ("There is a red car and a cat at sea.", 4, 0),
        ("There is a blue car.", 1, 1),
        ("There is a dog.", 0, 1),
        ("There is no dog.", 0, 0),
        ("This is on the beach.", 0, 1),
        ("The car is to the left of the cat.", 3, 0),
        ("The car is to the right of the cat.", 2, 1),
        ("a taxi", 1, 0),  # could be said of it
        ("gribble of the of", 0, 0),
        ("", 0, 0),
    ],
)
def test_claims_are_held_against_the_scene(text, num_true, num_false):
    found = verify_claims(text, SCENE)
    assert (found.num_true, found.num_false) == (num_true, num_false), found


def test_a_score_needs_truth_and_completeness():
    everything = verify_claims("There is a red car and a cat at sea.", SCENE)
    some, wrong = (
        verify_claims("There is a car.", SCENE),
        verify_claims("There is a dog, a bus and a red car at sea.", SCENE),
    )
    assert everything.score == 10 > some.score > 1 and everything.score > wrong.score
    assert verify_claims("", SCENE).score == 1 == verify_claims("A dog.", SCENE).score


def test_the_teacher_is_right_and_another_scenes_description_is_not():
    own = [verify_claims(reference_description(scene), scene).score for scene in SCENES]
    other = [
        verify_claims(reference_description(scene), another).score
        for scene, another in zip(SCENES, SCENES[1:] + SCENES[:1], strict=True)
    ]
    assert sum(own) / len(own) > 8 and sum(other) / len(other) < 3
    assert sum(verify_claims(reference_description(scene), scene).num_false for scene in SCENES) <= 3


def test_order_does_not_matter_to_a_rule_and_the_same_text_scores_100():
    texts = [reference_description(scene) for scene in SCENES]
    score = relative_score(SCENES, texts, texts)
    assert score.value == score.model_first == score.reference_first == pytest.approx(100)
    short = relative_score(SCENES, texts, ["There is something."] * len(texts))
    assert short.value < 30 and short.model_first == pytest.approx(short.reference_first)


def test_a_judge_who_likes_the_first_is_found_out_and_unreadable_replies_are_counted():
    def partial(scene, first, second):
        return "9 6"

    def moody(scene, first, second):
        return "I would rather not say." if scene.index % 2 else rule_judge(scene, first, second)

    texts = [reference_description(scene) for scene in SCENES]
    score = relative_score(SCENES, texts, texts, partial)
    assert score.model_first == pytest.approx(150) and score.reference_first == pytest.approx(100 * 6 / 9)
    assert score.value == pytest.approx(100)  # both orders together cancel it
    score = relative_score(SCENES, texts, texts, moody)
    assert (score.unparsed, score.replies) == (60, 120) and score.value == pytest.approx(100)
    with pytest.raises(ValueError, match="None of the judge's replies"):
        relative_score(SCENES, texts, texts, lambda *_: "no numbers")


@pytest.mark.parametrize(
    ("reply", "scores"),
    [("8 7\nbecause", (8, 7)), ("8.5, 7", (8.5, 7)), ("-1 -1", None), ("8", None), ("", None), ("11 3", None)],
)
def test_scores_are_parsed_strictly(reply, scores):
    assert parse_scores(reply) == scores
