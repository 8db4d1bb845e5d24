"""The letter head: where letters stand, what they may be practised on, what they leave as it was, and what is written down."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from course_lib.llava import recipes
from course_lib.llava.chat_format import MAX_LENGTH, ocr_segments, picture_labels, spell_out
from course_lib.llava.data import batches, pictures
from course_lib.llava.data.practice_signs import NUM_WORDS, practice_scene, practice_words
from course_lib.llava.data.testsets import vqa_examples
from course_lib.llava.letters import ALPHABET, patch_letter_probs
from course_lib.llava.train import letters as letters_learn
from course_lib.llava.train import saved, stages
from course_lib.llava.train.stages import loss_sum
from course_lib.llava.vision import PocketVisionTower
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.signs import WORDS_TEST, WORDS_TRAIN, letter_boxes
from course_lib.world.splits import training_may_see

SMALL = recipes.LlavaRecipe(
    steps=2, batch_size=4, learning_rate=1e-3, rank=4, max_question_tokens=40, ocr_frac=0.5, length_buckets=2
)


@pytest.fixture(scope="module")
def reader():
    model = stages.build_model()
    stages.add_letter_features(model)
    return model


def test_every_letter_has_its_box_from_left_to_right_on_the_plate():
    for word in (*WORDS_TRAIN, *WORDS_TEST):
        boxes = letter_boxes(word)
        assert len(boxes) == len(word)
        assert all(-0.5 < x0 < x1 < 0.5 and -0.5 < y0 < y1 < 0.1 for x0, y0, x1, y1 in boxes)
        assert [box[0] for box in boxes] == sorted(box[0] for box in boxes)


def test_practice_words_are_none_that_tests_ask_to_read():
    words = practice_words()
    assert len(words) == NUM_WORDS and not set(words) & set(WORDS_TEST)
    assert set("".join(words)) == set(ALPHABET)
    scenes = [practice_scene(random.Random(i)) for i in range(30)]
    assert all(training_may_see(scene) and any(thing.text for thing in scene.things) for scene in scenes)


def test_a_sign_with_a_word_of_the_tests_may_not_be_trained_on():
    scene = next(s for s in (make_scene(i, SceneSpec(kinds=(0, 0, 1))) for i in range(99)) if training_may_see(s))
    things = (replace(scene.things[0], text="EXIT"), *scene.things[1:])
    assert not training_may_see(replace(scene, things=things))


def test_letters_stand_where_the_picture_is_bright_and_not_behind_other_things():
    scene = next(
        s
        for s in (make_scene(i, SceneSpec(count=(1, 1), kinds=(0, 0, 1))) for i in range(99))
        if s.things[0].text == "UP"
    )
    drawn = render(scene)
    found = letters_learn.letter_targets(scene, drawn.instances)
    assert set(found.flat) == {0, 1 + ALPHABET.index("U"), 1 + ALPHABET.index("P")}
    assert np.nonzero(found == 1 + ALPHABET.index("U"))[1].max() < np.nonzero(found == 1 + ALPHABET.index("P"))[1].min()
    large = np.kron(found > 0, np.ones((4, 4), bool))  # [16, 16] cells → [64, 64] pixels
    plate = (drawn.instances == 1) & ~large
    assert drawn.image[large].min(axis=-1).mean() > drawn.image[plate].min(axis=-1).mean()  # white letters
    assert not letters_learn.letter_targets(scene, np.zeros_like(drawn.instances)).any()


def test_a_half_of_a_patch_holds_the_surer_of_its_two_cells():
    logits = torch.full((1, 4, 4, 37), -20.0)
    logits[..., 0] = 0.0  # no letter anywhere
    logits[0, 3, 2, 1 + ALPHABET.index("Q")] = 20.0  # lower row, third column: left half of the last patch
    found = patch_letter_probs(logits)
    assert found.shape == (1, 4, 72)
    assert found[0, 3, ALPHABET.index("Q")] > 0.99
    found[0, 3, ALPHABET.index("Q")] = 0
    assert found.max() < 1e-6


def test_what_was_seen_before_is_seen_as_before(reader):
    pixels = pictures.render_pixels([make_scene(i) for i in range(3)])
    both, before = reader.image_features(pixels), PocketVisionTower(reader.vision.clip)(pixels)
    assert torch.equal(both[..., : before.shape[-1]], before)
    assert both.shape[-1] == before.shape[-1] + 72


def test_the_shipped_eyes_find_letters_of_words_that_they_never_saw():
    """Chance is one in 36, what is commonest some one in ten."""
    vision, scenes = letters_learn.load(), [one.scene for one in vqa_examples("read", 60, "test")]
    pixels, letters = letters_learn.letter_batch(scenes)
    with torch.no_grad():
        found = vision.letter_logits(pixels).argmax(dim=-1)
    assert (found == letters)[letters > 0].float().mean() > 0.6
    assert (found > 0)[letters == 0].float().mean() < 0.05


def test_only_the_layers_for_letters_learn():
    vision = letters_learn.load()
    before = {name: tensor.clone() for name, tensor in vision.state_dict().items()}
    letters_learn.train(vision, replace(letters_learn.BAKED, steps=2, batch_size=2))
    moved = {name for name, tensor in vision.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved and all(name.startswith("letter_head.") for name in moved)


def test_a_sign_is_read_out_letter_by_letter(reader):
    tokenizer = reader.tokenizer
    assert tokenizer.decode(spell_out(tokenizer, "STOP")) == " STOP"
    segments = ocr_segments(tokenizer, "what does the sign say?", "STOP")
    _, labels = picture_labels(segments, reader.image_token, reader.num_patches, MAX_LENGTH)
    learned = [label for label in labels if label != IGNORE_INDEX]
    assert tokenizer.decode(learned) == " STOP<|im_end|>"
    assert [tokenizer.decode([token]) for token in learned[-4:-1]] == ["T", "O", "P"]


def test_in_parts_a_batch_teaches_the_same_with_less_padding(reader):
    recipe = replace(SMALL, batch_size=8, text_only_frac=0.5)
    batch = batches.stage2_batch(reader.tokenizer, 0, recipe, types=())
    parts = batch.split_by_length(4)
    assert batch.split_by_length(1)[0] is batch
    assert sum(part.input_ids.numel() for part in parts) < 0.8 * batch.input_ids.numel()
    with torch.no_grad():
        whole = loss_sum(reader, batch)
        assert sum(loss_sum(reader, part) for part in parts).item() == pytest.approx(whole.item(), rel=1e-4)


def test_a_run_that_reads_is_written_down_and_loads_again(tmp_path):
    for name in ("llava_words", "llava_letters"):
        for file in saved.checkpoints.FOLDER.glob(f"{name}.*"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    saved.bake_mixture(tmp_path, (replace(SMALL, ocr_frac=0.0), SMALL))
    model = saved.load("mixture", tmp_path)
    assert stages.has_letter_features(model) and model.connector.letter_embeddings is not None
    assert len(model.answer(pictures.render_pixels([make_scene(0)]), ["read the sign."])) == 1
