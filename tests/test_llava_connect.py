"""Lesson 06: its exercises know right from wrong, and its small parts are what the course's own code does."""

import random
from types import SimpleNamespace

import pytest
import torch

from course_lib.checker.checking import check
from course_lib.llava.chat_format import picture_labels
from course_lib.llava.evaluate import patches
from course_lib.llava.exercises import STAGE_1
from course_lib.llava.full import published
from course_lib.llava.train import stages
from course_lib.llava.train.parameters import fingerprints, freeze
from course_lib.llava.vision import PocketVisionTower, TransformersVisionTower, select_features
from course_lib.lm.chat import Message, chat_segments
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.world.scenes import SceneSpec, make_scene

TASKS = STAGE_1


@pytest.fixture(scope="module")
def model():
    return stages.build_model()


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_exercises_know_their_right_answers_and_mistakes(task):
    assert check(task, task.reference).state == "solved"
    assert all(check(task, right).state == "solved" for right in task.alternatives)
    for mistake in task.mistakes:
        verdict = check(task, mistake.code)
        assert (verdict.state, verdict.mistake) == ("wrong", mistake.name), verdict


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_a_blank_is_not_started(task):
    def blank(*inputs): ...

    assert check(task, blank).state == "not started"


def test_features_are_those_of_the_vision_tower(model):
    pixels = torch.randn(2, 3, 64, 64)
    states = model.vision.clip.visual.hidden_states(pixels)
    for layer in (-1, -2):
        features = select_features(states, layer, False)
        assert torch.equal(features, model.vision.clip.encode_patches(pixels, layer))
        assert torch.equal(features, PocketVisionTower(model.vision.clip, layer)(pixels))

    def tower(pixel_values, output_hidden_states):
        return SimpleNamespace(hidden_states=states)

    for layer, token in ((-1, True), (-2, True), (-2, False)):
        assert torch.equal(TransformersVisionTower(tower, layer, token)(pixels), select_features(states, layer, token))


def test_labels_are_those_of_the_course(model):
    question, answer = "what colour is the car?", "red"
    mark, (opening, role, words, *rest) = (
        model.image_token,
        chat_segments(
            model.tokenizer, [Message(role="user", content=question), Message(role="assistant", content=answer)]
        ),
    )
    segments = [opening, role, (False, [mark, *words[1]]), *rest]
    assert picture_labels(segments, mark, model.num_patches, 512) == model.encode(question, answer)
    with pytest.raises(ValueError, match="Nothing is left to learn within 70 tokens, 64 of them the picture's"):
        picture_labels(segments, mark, model.num_patches, 70)


def test_what_learns_is_the_connector_and_fingerprints_prove_it(model):
    assert freeze(model) == [f"connector.{name}" for name, _ in model.connector.named_parameters()]
    before = fingerprints(model.state_dict())
    assert fingerprints(model.state_dict()) == before
    name = random.Random(0).choice(sorted(before))
    with torch.no_grad():
        model.state_dict()[name].flatten()[-1].add_(1e-6)
    after = fingerprints(model.state_dict())
    assert [key for key in before if before[key] != after[key]] == [name]
    assert IGNORE_INDEX == -100  # as the lesson writes it


class Dictionary:
    """A model whose eyes know what they look at: each patch is the embedding of a word of its thing, or of its place."""

    def __init__(self, model, scenes):
        self.tokenizer, self.language_model, self.connector = model.tokenizer, model.language_model, torch.nn.Identity()
        self.known = [[sorted(words)[0] if words else "sea" for words in patches._words_of_things(s)] for s in scenes]

    def image_features(self, pixels):
        ids = [[self.tokenizer.encode(f" {word}", add_special_tokens=False)[0] for word in row] for row in self.known]
        return self.language_model.get_input_embeddings()(torch.tensor(ids)).detach()


def test_a_patch_that_is_a_word_says_it_and_is_right_where_its_thing_is(model):
    scenes = [make_scene(i, SceneSpec(stream="val", count=(1, 2), kinds=(1.0, 0.0, 0.0)), seed=3) for i in range(12)]
    oracle = Dictionary(model, scenes)
    assert patches.patch_words(oracle, scenes) == oracle.known
    true, other = patches.is_word_of_thing(oracle, scenes)
    assert len(true) == len(other) > 30
    assert true.all()
    assert other.mean() < 0.5
    born, _ = patches.is_word_of_thing(model, scenes)
    assert born.mean() < 0.5


def test_the_real_llava_has_the_same_parts_and_is_missed_in_a_sentence(monkeypatch, capsys):
    from transformers import AutoProcessor, CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    eyes = CLIPVisionConfig(hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2)
    words = LlamaConfig(vocab_size=40, hidden_size=24, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    shares = published.parameter_shares(
        LlavaForConditionalGeneration(LlavaConfig(vision_config=eyes, text_config=words))
    )
    assert list(shares) == ["vision_tower", "multi_modal_projector", "language_model"]
    assert shares["multi_modal_projector"][0] == 16 * 24 + 24 + 24 * 24 + 24
    assert sum(share for _, share in shares.values()) == pytest.approx(1)

    def unreachable(*_, **__):
        raise OSError("We couldn't connect to the hub.\nAnd more.")

    monkeypatch.setattr(AutoProcessor, "from_pretrained", unreachable)
    assert published.load_real_llava() is None
    assert capsys.readouterr().out == (
        f"{published.HUB[0]} could not be loaded (We couldn't connect to the hub.). The lesson goes on without it.\n"
    )
