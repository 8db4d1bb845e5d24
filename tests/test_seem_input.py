"""What a prompt may not be is one clear sentence; what it may be, however odd, gives an answer."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from course_lib.canvas import Mark, PromptCanvas
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.seem.prompts import MAX_TEXT_TOKENS, Prompt, collate
from course_lib.seem.train import stages
from course_lib.seem.ui import Interactive
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

PICTURE = render(make_scene(3, SceneSpec(stream="val", count=(2, 3)))).image
NOTHING = np.zeros((64, 64), bool)


@pytest.fixture(scope="module")
def model():
    return stages.new_model(seed=1)


@pytest.fixture(scope="module")
def person(model):
    return Interactive(model).look(PICTURE)


@pytest.fixture(scope="module")
def features(model):
    with torch.no_grad():
        return model.encode(torch.zeros(1, 3, 64, 64))


def one_pixel(x: int, y: int) -> np.ndarray:
    mask = NOTHING.copy()
    mask[y, x] = True
    return mask


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        (Prompt(), "says nothing"),
        (Prompt(text="  "), "says nothing"),
        (Prompt(positive=NOTHING), "says nothing"),  # an empty scribble
        (Prompt(positive=NOTHING, negative=NOTHING), "says nothing"),
        (Prompt(reference=torch.zeros(0, 128)), "says nothing"),
        (Prompt(positive=np.ones((32, 64), bool)), r"bool 64 × 64.*\(32, 64\)"),
        (Prompt(positive=np.ones((64, 64))), "bool 64 × 64.*float64"),
        (Prompt(text="a cat", negative=np.ones((128, 128), bool)), "bool 64 × 64"),
    ],
)
def test_prompts_that_cannot_be(model, features, prompt, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        model.segment(features, [prompt])
    assert str(caught.value).count(".") <= 1 and "\n" not in str(caught.value)


@torch.no_grad()
def test_clicks_alone_carry_no_words_and_find_the_same_as_with_padding(model, features):
    prompts = collate([Prompt(positive=one_pixel(30, 30))], model.clip, 64, 128)
    assert prompts.text.shape == (1, 0, 128) and prompts.reference.shape == (1, 0, 128)
    tokens = get_tokenizer()([""])[:, :MAX_TEXT_TOKENS]
    padding = {
        "text": model.clip.text.states(tokens),
        "text_valid": torch.zeros_like(tokens, dtype=torch.bool),
        "reference": torch.ones(1, 3, 128),
        "reference_valid": torch.zeros(1, 3, dtype=torch.bool),
    }
    assert padding["text"].any()
    wanted, padded = (model.segment(features, one) for one in (prompts, replace(prompts, **padding)))
    torch.testing.assert_close(padded.mask_logits, wanted.mask_logits, rtol=1e-5, atol=1e-5)
    valid = {name: torch.ones_like(padding[name]) for name in ("text_valid", "reference_valid")}
    another = model.segment(features, replace(prompts, **{**padding, **valid}))
    assert not torch.allclose(another.mask_logits, wanted.mask_logits, atol=1e-3)


def test_a_reference_region_without_area(model, features):
    with pytest.raises(ValueError, match="no area"):
        model.reference_tokens(features, [NOTHING])


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt(positive=one_pixel(5, 5), negative=one_pixel(5, 5)),  # contradictory clicks
        Prompt(negative=one_pixel(0, 0)),  # only what it is not, in a corner
        Prompt(positive=~NOTHING),  # everything
        Prompt(text="zzz 123 ünïcödé 猫 and more than twelve tokens of it"),  # unknown, and cut
        Prompt(text="a cat", positive=one_pixel(63, 63)),
    ],
)
@torch.no_grad()
def test_odd_prompts_get_an_answer(model, features, prompt):
    output = model.segment(features, [prompt])
    assert output.mask_logits.shape == (1, 1, 64, 64)
    assert all(torch.isfinite(part).all() for part in (output.mask_logits, output.class_logits, output.objectness))


@pytest.mark.parametrize(
    ("mark", "sentence"),
    [
        ({"kind": "click", "points": [[1.5, 0.5]]}, "outside the picture"),
        ({"kind": "click", "points": [[float("nan"), 0.5]]}, "outside the picture"),
        ({"kind": "scribble", "points": []}, "has 0"),
        ({"kind": "box", "points": [[0.5, 0.5], [0.5, 0.9]]}, "has an area"),
        ({"kind": "reference", "points": [[0.5, 0.5], [0.5, 0.5]]}, "has an area"),
        ({"kind": "text", "text": " "}, "empty text"),
        ({"kind": "text", "text": "the zeppelin"}, "never read “zeppelin”"),
    ],
)
def test_marks_that_cannot_be(person, mark, sentence):
    canvas = PromptCanvas(PICTURE, ask=person.ask)
    canvas.take([mark])
    assert sentence in canvas.problem and (canvas.answer is None or canvas.answer.mask is None)


def test_the_same_click_twice_changes_nothing_in_the_prompt(person):
    click = Mark("click", ((0.5, 0.5),))
    once, twice = person.prompt([click]), person.prompt([click, click])
    assert (once.positive == twice.positive).all() and once.positive.sum() == 1


def test_a_region_of_another_picture_needs_one(model):
    alone = Interactive(model).look(PICTURE)
    with pytest.raises(ValueError, match="There is no other picture to point at"):
        alone.ask([Mark("reference", ((0.2, 0.2), (0.8, 0.8)))])


@torch.no_grad()
def test_prompts_with_fewer_points_are_answered_together_as_if_alone():
    model = stages.load()  # in a new one all points, and the null point, have value 0
    features = model.encode(torch.zeros(1, 3, 64, 64))
    most = np.zeros((64, 64), bool)
    most[20:40, 20:40] = True
    prompts = [
        Prompt(text="a cat"),
        Prompt(positive=one_pixel(30, 30)),
        Prompt(negative=one_pixel(3, 60)),
        Prompt(positive=most, negative=one_pixel(3, 60)),
    ]
    together = collate(prompts, model.clip, 64, 128)
    assert together.points_valid.sum(dim=1).tolist() == [0, 1, 1, 13]
    assert together.positive.sum(dim=1).tolist() == [0, 1, 0, 12]
    assert together.points[2, 0].tolist() == [3.5 / 64, 60.5 / 64]
    assert collate(prompts[:1], model.clip, 64, 128).points.shape == (1, 0, 2)
    shared = replace(features, prompts_per_image=len(prompts))
    answers = model.segment(shared, together).mask_logits
    for prompt, answer in zip(prompts, answers, strict=True):
        torch.testing.assert_close(answer, model.segment(features, [prompt]).mask_logits[0], rtol=1e-4, atol=1e-4)
