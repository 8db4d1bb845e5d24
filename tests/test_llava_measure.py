"""The questions, the controls and the contradictions of mini-LLaVA's proofs, and what they say of an oracle and a parrot."""

import random

import numpy as np
import pytest
import torch

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.llava import evaluate
from course_lib.llava.chat_format import in_one_word
from course_lib.llava.data.testsets import (
    SCORED_KINDS,
    blank,
    colour_apart,
    draw,
    shuffled,
    trained_words,
    unseen_pairs,
    vqa_examples,
)
from course_lib.llava.evaluate import text_prior
from course_lib.llava.evaluate.contradiction import contradictions
from course_lib.llava.evaluate.descriptions import REQUESTS, description_figures, says_a_sentence_twice
from course_lib.llava.evaluate.pope import pope_figures
from course_lib.llava.evaluate.vqa import (
    answers,
    ceiling,
    contradiction_figures,
    harder_figures,
    is_correct,
    vqa_figures,
)
from course_lib.world.questions import KINDS, questions
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.signs import WORDS_TEST, WORDS_TRAIN
from course_lib.world.splits import held_out_colour, training_may_see


class Parrot:
    """Says the same, whatever it sees."""

    def __init__(self, text: str) -> None:
        self.text = text

    def image_features(self, pixels):
        return pixels

    def answer(self, pictures, texts, max_new_tokens=60):
        return [self.text] * len(texts)


class Oracle(Parrot):
    """Knows the right answer for every picture and question that it was told before, and nothing else."""

    def __init__(self, scenes, texts, truth) -> None:
        self.known = {}
        for one, text, answer in zip(normalise(to_tensor(draw(scenes))), texts, truth, strict=True):
            self.known[one.numpy().tobytes(), in_one_word(text)] = answer

    def answer(self, pictures, texts, max_new_tokens=60):
        pairs = zip(pictures, texts, strict=True)
        return [self.known.get((picture.numpy().tobytes(), text), "nothing") for picture, text in pairs]


@pytest.mark.parametrize("kind", KINDS)
def test_questions_are_about_test_scenes_in_test_wordings_and_the_same_again(kind):
    examples = vqa_examples(kind, 40)
    assert examples == vqa_examples(kind, 40) and len(examples) == 40
    assert len({one.scene.index for one in examples}) == 40
    assert all(one.scene.stream == "test" and one.question.kind == kind for one in examples)
    assert not any(training_may_see(one.scene) for one in examples)
    trained = {one.question.text for one in vqa_examples(kind, 300, "train", "train")}
    assert not trained & {one.question.text for one in examples}


def test_a_kind_that_is_none_is_refused():
    with pytest.raises(ValueError, match='kind "taste".*exist, count'):
        vqa_examples("taste", 1)


def test_harder_sets_are_what_they_say():
    for one in colour_apart(30):
        assert len({thing.colour for thing in one.scene.things if thing.colour}) >= 2
    for one in unseen_pairs(30):
        assert held_out_colour(one.scene.things[one.question.things[0]].name, one.question.answer)
    for plain, trained in zip(vqa_examples("read", 30), trained_words(30), strict=True):
        assert plain.question.answer in WORDS_TEST and trained.question.answer in WORDS_TRAIN
        assert trained.scene.things[trained.question.things[0]].text == trained.question.answer


def test_controls_show_nothing_or_another_scene():
    images = draw([one.scene for one in vqa_examples("place", 5)])
    assert np.ptp(blank(3)) == 0 and blank(3).shape == (3, 64, 64, 3)
    assert not any((a == b).all() for a, b in zip(images, shuffled(images), strict=True))
    assert {image.tobytes() for image in shuffled(images)} == {image.tobytes() for image in images}


@pytest.mark.parametrize("kind", KINDS)
def test_a_contradiction_makes_another_answer_right_and_changes_the_picture(kind):
    made = contradictions(kind, 60)
    assert len(made) == 60
    for one in made:
        assert one.answer != one.question.answer
        assert not (draw([one.scene]) == draw([one.changed])).all()
    assert len({one.answer for one in made}) > 1


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "exist"])
def test_the_world_itself_gives_the_contradicting_answer(kind):
    """Ask the changed scene anew: whenever the same words come up, they have the answer that was foretold."""
    rng, met = random.Random(0), 0
    for one in contradictions(kind, 40):
        for _ in range(60):
            same = [q for q in questions(one.changed, rng, "test") if q.text == one.question.text]
            met += len(same)
            assert all(q.answer == one.answer for q in same), (one, same)
    assert met > 100


def test_what_is_asked_for_is_there_only_where_the_answer_is_yes():
    for one in contradictions("exist", 60):
        there = {"yes": one.scene, "no": one.changed}[one.question.answer]
        gone = {"yes": one.changed, "no": one.scene}[one.question.answer]
        lost = set(there.things) - set(gone.things)
        assert len(lost) == 1 and set(gone.things) < set(there.things) and gone.things
        assert lost.pop().name in one.question.text
    answers = [one.question.answer for one in contradictions("exist", 60)]
    assert answers.count("yes") == answers.count("no")


def test_who_names_first_takes_the_longest_name_and_else_the_commonest_answer():
    """Not whichever a set happens to begin with, which is another one in every process."""
    guesser = text_prior.NamedFirst().fit([""] * 6, ["below", "right", "right", "car", "sports car", "cat"])
    asked_for = ["where is it?", "is the cat or the sports car bigger?", "is the sports car or the cat bigger?"]
    assert guesser.predict(asked_for) == ["right", "cat", "sports car"]


def test_the_prior_is_no_worse_than_guessing_and_knows_no_picture():
    examples = vqa_examples("size", 200)
    assert is_correct(text_prior.predict("size", examples), text_prior.targets_of(examples)).mean() > 0.4
    examples = vqa_examples("related", 200)
    assert is_correct(text_prior.predict("related", examples), text_prior.targets_of(examples)).mean() < 0.62
    assert ceiling(examples) == 1.0


def test_an_oracle_scores_one_and_guesses_nothing_without_its_pictures():
    examples = [one for kind in SCORED_KINDS for one in vqa_examples(kind, 12)]
    oracle = Oracle([one.scene for one in examples], text_prior.questions_of(examples), text_prior.targets_of(examples))
    found = {figure.id: figure for figure in vqa_figures(oracle, num_per_kind=12, kinds=SCORED_KINDS)}
    assert found["llava.vqa.mean"].value == found["llava.vqa.mean"].ceiling == 1.0
    assert found["llava.vqa.mean"].n == 12 * len(SCORED_KINDS)
    assert found["llava.vqa_blank.mean"].value == 0 and found["llava.vqa_shuffled.mean"].value < 0.1
    assert found["llava.vqa.exist"].control == 0


def test_a_parrot_flips_nothing_that_follows_and_always_yes_is_found_out():
    flips = {
        figure.id: figure for figure in contradiction_figures(Parrot("yes"), num_per_kind=20, kinds=("exist", "place"))
    }
    assert flips["llava.contradiction_flip.exist"].value == 0.5 == flips["llava.contradiction_flip.exist"].control
    assert flips["llava.contradiction_flip.place"].value == 0
    found = {figure.id: figure.value for figure in pope_figures(Parrot("yes"), num_scenes=5)}
    assert found["llava.pope.yes_ratio"] == 1 and found["llava.pope.adversarial"] == 0.5
    assert found["llava.pope.random_f1"] == pytest.approx(2 / 3, abs=1e-3)


def test_an_oracle_follows_every_contradiction():
    made = contradictions("relation", 15)
    oracle = Oracle([c.changed for c in made], [c.question.text for c in made], [c.answer for c in made])
    assert [figure.value for figure in contradiction_figures(oracle, num_per_kind=15, kinds=("relation",))] == [
        1.0,
        1.0,
    ]


def test_harder_figures_have_all_their_names():
    ids = [figure.id for figure in harder_figures(Parrot("red"), num_per_kind=5)]
    assert ids == ["llava.vqa.colour_apart", "llava.vqa.colour_unseen_pairs", "llava.vqa.read_trained_words"]


def test_models_that_never_met_the_format_line_are_asked_without_it(monkeypatch):
    class Listener:
        def __init__(self):
            self.heard = set()

        def image_features(self, pixels):
            return pixels

        def answer(self, features, asked, max_new_tokens):
            self.heard |= set(asked)
            return ["yes"] * len(asked)

    words, captioner, assistant = Listener(), Listener(), Listener()
    monkeypatch.setattr(evaluate.saved, "load", lambda stage: words)
    evaluate.word_mixture_figure(1)
    list(evaluate.captioner_figures(captioner, assistant, 1))
    line = in_one_word("").strip()
    assert words.heard and captioner.heard and not any(line in one for one in words.heard | captioner.heard)
    assert all(line in one for one in assistant.heard)


def test_a_description_is_measured_greedily_and_by_beam_search():
    class Searcher(Parrot):
        def answer(self, pictures, texts, max_new_tokens, num_beams=1):
            return (
                ["There is a cat."] * len(texts) if num_beams > 1 else ["There is a cat. There is a cat."] * len(texts)
            )

    found = {figure.id: figure for figure in description_figures(Searcher(""), Searcher(""), num_scenes=4)}
    assert found["llava.describe.repeats"].value == 1 and found["llava.describe.repeats_beams"].value == 0
    assert found["llava.describe.true_claims_beams"].n == 4 and found["llava.describe.true_claims"].n == 8


def test_beam_search_finds_a_likelier_text_than_greedy_decoding_does():
    model = evaluate.saved.load("2")
    scenes = [make_scene(index, SceneSpec(stream="val"), seed=41) for index in (0, 11, 49)]
    greedy, searched = (answers(model, draw(scenes), REQUESTS[:1] * 3, False, num_beams=n) for n in (1, 3))
    features = model.image_features(normalise(to_tensor(draw(scenes))))

    def log_prob(text: str, row: int) -> float:
        (ids, labels), picture = model.encode(REQUESTS[0], text), features[row : row + 1]
        loss, _ = model(torch.tensor([ids]), torch.ones(1, len(ids)), torch.tensor([labels]), features=picture)
        return -loss.item()  # a mean over tokens, as beams are ranked

    assert all(map(says_a_sentence_twice, greedy)) and not any(map(says_a_sentence_twice, searched))
    assert all(log_prob(a, n) > log_prob(b, n) for n, (a, b) in enumerate(zip(searched, greedy, strict=True)))


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        ("A cat. A dog.", False),
        ("The cat is on the left. the cat is on the left.", True),
        ("", False),
        ("A cat", False),
    ],
)
def test_a_description_that_loops_is_told(text, twice):
    assert says_a_sentence_twice(text) == twice
