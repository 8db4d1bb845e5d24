"""MiniLlavaVideo: tokens, positions, batches with mirrors, controls, and a run that can be stopped and loaded."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from course_lib.checkpoints import FOLDER
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.video import evaluate, train, ui
from course_lib.video.data.batches import DENSE_PROMPT, mirrored, to_pixels, video_batch
from course_lib.video.data.clips import make_clip, mirror, render_clip
from course_lib.video.data.testset import static_examples, temporal_examples
from course_lib.video.evaluate.controls import middle_frame, shuffled
from course_lib.video.model import FRAME_TOKENS, clip_tokens, scaled_positions
from course_lib.video.recipes import FIRST

TINY = replace(FIRST, steps=2, batch_size=4)


@pytest.fixture(scope="module")
def model():
    return train.build_model()


def test_tokens_are_means_of_two_by_two_patches_with_a_newline_behind_each_frame():
    patches, newline = torch.randn(2, 3, 64, 5), torch.randn(5)
    tokens = clip_tokens(patches, newline)
    assert tokens.shape == (2, 3 * FRAME_TOKENS, 5)
    frame = tokens.unflatten(1, (3, FRAME_TOKENS))[1, 2]
    four = patches[1, 2, [2, 3, 10, 11]].mean(0)  # rows 0 and 1, columns 2 and 3
    assert torch.allclose(frame[1], four, atol=1e-6) and torch.equal(frame[-1], newline)


def test_positions_are_the_usual_ones_unless_scaled():
    is_clip = torch.tensor([[False, True, True, False, False]])
    assert scaled_positions(is_clip, 1.0).tolist() == [[0, 1, 2, 3, 4]]
    assert scaled_positions(is_clip, 2.0).tolist() == [[0, 1, 1.5, 2, 3]]


def test_a_mirror_is_seen_as_the_same_frames_the_other_way_round(model):
    clip = make_clip(3)
    seen, back = (model.image_features(to_pixels([render_clip(one)])) for one in (clip, mirror(clip)))
    assert torch.allclose(mirrored(seen, 8), back, atol=1e-5)


def test_a_batch_holds_clip_and_mirror_with_the_same_questions_and_other_answers(model):
    questions = replace(TINY, batch_size=8, log_frac=0.0, caption_frac=0.0, dense_frac=0.0)
    batch = video_batch(model.tokenizer, model.image_features, 1, questions)
    again = video_batch(model.tokenizer, model.image_features, 1, questions)
    assert all(torch.equal(vars(batch)[name], vars(again)[name]) for name in vars(batch))
    assert torch.allclose(mirrored(batch.pixel_values[::2], 8), batch.pixel_values[1::2], atol=1e-6)
    assert (batch.input_ids == model.image_token).sum(dim=1).tolist() == [8 * FRAME_TOKENS] * 8
    learned = batch.labels != IGNORE_INDEX
    assert not torch.equal(batch.labels[::2], batch.labels[1::2])
    assert torch.equal(batch.input_ids[::2][~learned[::2]], batch.input_ids[1::2][~learned[1::2]])
    alone = video_batch(model.tokenizer, model.image_features, 0, replace(TINY, mirrors=False))
    assert not torch.allclose(mirrored(alone.pixel_values[::2], 8), alone.pixel_values[1::2], atol=1e-2)


def test_the_log_is_read_beside_the_clip_where_the_recipe_says_so(model):
    always = video_batch(model.tokenizer, model.image_features, 0, replace(TINY, log_frac=1.0, dense_frac=0.0))
    never = video_batch(model.tokenizer, model.image_features, 0, replace(TINY, log_frac=0.0, dense_frac=0.0))
    text = model.tokenizer.decode(always.input_ids[0].tolist())
    assert "frame " in text and "frame " not in model.tokenizer.decode(never.input_ids[0].tolist())


def test_the_log_is_written_from_what_is_seen_where_the_recipe_says_so(model):
    batch = video_batch(model.tokenizer, model.image_features, 0, replace(TINY, log_frac=0.0, dense_frac=1.0))
    for labels in batch.labels:
        assert ": " in model.tokenizer.decode(labels[labels != IGNORE_INDEX].tolist())  # "in a meadow: a red car. …"
    assert DENSE_PROMPT in model.tokenizer.decode(batch.input_ids[0].tolist())


def test_each_frame_is_stamped_with_its_number_at_its_end_and_nowhere_else(model):
    connector = model.connector
    numbers = model.tokenizer([f" {n}" for n in range(1, 9)], add_special_tokens=False)["input_ids"]
    words = train.build_model().language_model.get_input_embeddings()(torch.tensor(numbers)[:, 0])  # [8, D]
    stamps = connector.stamps(8).unflatten(0, (8, FRAME_TOKENS))  # [8, 17, D]
    assert torch.equal(stamps[:, -1], words) and not stamps[:, :-1].any()
    try:
        connector.position_scale = 2.0
        assert torch.equal(connector.stamps(16).unflatten(0, (8, 2, FRAME_TOKENS))[:, 1, -1], words)
    finally:
        connector.position_scale = 1.0


def test_answers_are_those_of_generate_and_do_not_depend_on_the_batch(model):
    examples = static_examples(2, "val")
    prompts = [one.text for one in examples]
    features = model.image_features(to_pixels([render_clip(one.clip) for one in examples]))
    together = model.answer(features, prompts)
    assert together == [model.answer(features[i : i + 1], [prompt])[0] for i, prompt in enumerate(prompts)]
    assert together == super(type(model), model).answer(features, prompts, max_new_tokens=16)


def test_controls_keep_frames_and_take_order_or_all_but_one():
    features = torch.randn(3, 8 * 64, 4)
    mixed = shuffled(features).unflatten(1, (8, 64))
    frames = features.unflatten(1, (8, 64))
    for one, other in zip(mixed, frames, strict=True):
        places = [next(i for i, frame in enumerate(other) if torch.equal(frame, part)) for part in one]
        assert sorted(places) == list(range(8)) and places != list(range(8))
    assert not torch.equal(shuffled(features, 50), shuffled(features))
    assert torch.equal(middle_frame(features), frames[:, 4])


def test_a_bag_of_frames_gets_half_of_what_needs_order():
    """Whatever it answers: a question and its mirror have the same words, the same frames, and opposite answers."""
    examples = [one for one in temporal_examples(10, "val") if one.kind != "times"]
    always_first = [one.text for one in examples]
    said = {text: one.answer for text, one in zip(always_first, examples, strict=True)}  # the same for both
    assert np.mean([said[one.text] == one.answer for one in examples]) == 0.5


def test_a_run_is_saved_and_loaded_and_the_tower_stays(model, tmp_path, monkeypatch):
    for file in FOLDER.iterdir():
        if file.is_file():
            (tmp_path / file.name).symlink_to(file)
    for name in ("video.safetensors", "video.json"):
        (tmp_path / name).unlink(missing_ok=True)
    train.bake(tmp_path, (TINY, replace(TINY, frame_questions=2, seed=3)))
    assert (tmp_path / "video.safetensors").stat().st_size < 4e6
    loaded = train.load(tmp_path / "video.safetensors", TINY)
    assert not torch.equal(loaded.connector.newline, model.connector.newline)
    for before, after in zip(model.vision.parameters(), loaded.vision.parameters(), strict=True):
        assert torch.equal(before, after)


def test_only_blank_frames_and_what_is_changed_change_the_answers(model):
    examples = static_examples(2, "val")
    right = evaluate.correct(model, examples)
    assert right.shape == (6,) and right.sum() >= 3
    assert (evaluate.correct(model, examples, lambda features, number: features) == right).all()
    assert evaluate.correct(model, examples, blank=True)[4:].sum() < 2  # no place can be seen


def test_every_batch_is_shuffled_anew(model, monkeypatch):
    numbers = []
    monkeypatch.setattr(evaluate, "BATCH_SIZE", 2)
    evaluate.correct(model, static_examples(2, "val"), lambda features, number: numbers.append(number) or features)
    assert len(set(numbers)) == len(numbers) == 3


def test_figures_stand_beside_the_right_conditions(model, monkeypatch):
    def correct(model, examples, change=None, blank=False):
        share = {"shuffled": 0.5, "middle_frame": 0.25}.get(getattr(change, "__name__", ""), 1 - blank)
        share = share if model.connector.position_scale == 1 else 0.75
        return np.arange(len(examples)) < share * len(examples)

    monkeypatch.setattr(train, "load", lambda: model)
    monkeypatch.setattr(evaluate, "correct", correct)
    monkeypatch.setattr(evaluate, "correct_from_log", lambda model, examples: np.ones(len(examples), bool))
    made = {one.id: one for one in evaluate.figures(4)}
    assert made["video.temporal"].n == 16 and made["video.temporal"].chance == pytest.approx(0.4583, abs=1e-4)
    assert (made["video.temporal"].value, made["video.temporal"].control) == (1, 0.5)
    assert made["video.static"].control == made["video.blank.temporal"].value == 0
    assert made["video.middle.static"].value == 0.25 and made["video.shuffled.static"].bar == 0.97
    assert made["video.longer.scaled"].value == 0.75 and made["video.longer.scaled"].baseline == 1
    assert (made["video.pairs"].value, made["video.pairs"].n) == (1, 6)
    assert made["video.pairs"].control == pytest.approx(4 / 6, abs=1e-4)  # the first eight of sixteen answers
    assert model.connector.position_scale == 1.0


def test_a_clip_is_played_and_asked_about(model, capsys):
    clip = make_clip(5)
    ui.play(clip)
    assert capsys.readouterr().out.startswith("A clip: ")
    assert ui.player_html(clip).startswith('<img alt="A clip: ') and ui.gif(render_clip(clip)).startswith(b"GIF8")
    features = model.image_features(to_pixels([render_clip(clip)]))
    assert (
        ui.ask(model, clip, ["where is this?", "what place is this?"])[0]
        == model.answer(features, ["where is this? Use one word only."])[0]
    )
