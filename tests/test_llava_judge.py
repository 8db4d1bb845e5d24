"""The judge by rule: truth and completeness count, order does not, and replies that can't be read are left out."""

import pytest

from course_lib.instruct.formats import from_scene, serialise_context
from course_lib.instruct.teachers.grammar import write_reply
from course_lib.llava.evaluate.descriptions import claims, read_points, relative_score, rule_judge
from course_lib.world.scenes import Scene, SceneSpec, Thing, make_scene

CAR = Thing("sticker", "car", 1, 1, "noto", "red", None, "medium", 0.36, 0.2, 0.5)
CAT = Thing("sticker", "cat", 2, 2, "noto", None, None, "medium", 0.36, 0.8, 0.5)
SCENE = Scene("val", 0, 0, "sea", 0, (CAR, CAT))
SCENES = [make_scene(index, SceneSpec(stream="val")) for index in range(60)]


def told(scene: Scene) -> str:
    """What the text-only teacher says, who reads captions and boxes."""
    return write_reply(serialise_context(from_scene(scene), boxes=True), "detail")


@pytest.mark.parametrize(
    ("text", "true", "false"),
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
def test_claims_are_held_against_the_scene(text, true, false):
    found = claims(text, SCENE)
    assert (found.true, found.false) == (true, false), found


def test_points_need_truth_and_completeness():
    everything = claims("There is a red car and a cat at sea.", SCENE)
    some, wrong = claims("There is a car.", SCENE), claims("There is a dog, a bus and a red car at sea.", SCENE)
    assert everything.points == 10 > some.points > 1 and everything.points > wrong.points
    assert claims("", SCENE).points == 1 == claims("A dog.", SCENE).points


def test_the_teacher_is_right_and_another_scenes_description_is_not():
    own = [claims(told(scene), scene).points for scene in SCENES]
    other = [
        claims(told(scene), another).points for scene, another in zip(SCENES, SCENES[1:] + SCENES[:1], strict=True)
    ]
    assert sum(own) / len(own) > 8 and sum(other) / len(other) < 3
    assert sum(claims(told(scene), scene).false for scene in SCENES) <= 3


def test_order_does_not_matter_to_a_rule_and_the_same_text_scores_100():
    texts = [told(scene) for scene in SCENES]
    score = relative_score(SCENES, texts, texts)
    assert score.value == score.model_first == score.reference_first == pytest.approx(100)
    short = relative_score(SCENES, texts, ["There is something."] * len(texts))
    assert short.value < 30 and short.model_first == pytest.approx(short.reference_first)


def test_a_judge_who_likes_the_first_is_found_out_and_unreadable_replies_are_counted():
    def partial(scene, first, second):
        return "9 6"

    def moody(scene, first, second):
        return "I would rather not say." if scene.index % 2 else rule_judge(scene, first, second)

    texts = [told(scene) for scene in SCENES]
    score = relative_score(SCENES, texts, texts, partial)
    assert score.model_first == pytest.approx(150) and score.reference_first == pytest.approx(100 * 6 / 9)
    assert score.value == pytest.approx(100)  # both orders together cancel it
    score = relative_score(SCENES, texts, texts, moody)
    assert (score.unreadable, score.replies) == (60, 120) and score.value == pytest.approx(100)
    with pytest.raises(ValueError, match="None of the judge's replies"):
        relative_score(SCENES, texts, texts, lambda *_: "no numbers")


@pytest.mark.parametrize(
    ("reply", "points"),
    [("8 7\nbecause", (8, 7)), ("8.5, 7", (8.5, 7)), ("-1 -1", None), ("8", None), ("", None), ("11 3", None)],
)
def test_points_are_read_strictly(reply, points):
    assert read_points(reply) == points
