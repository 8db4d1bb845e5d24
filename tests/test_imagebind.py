"""The ImageBind room: voices, spectrograms, disparities, pairs, and sounds that a learner brings along."""

import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch

from course_lib.clip.data.testsets import image_features
from course_lib.clip.pretrained import load_clip
from course_lib.imagebind import train, ui
from course_lib.imagebind.compare import centre, modality_gap
from course_lib.imagebind.data import recordings, speech, voices
from course_lib.imagebind.data.augment import change_sounds, move
from course_lib.imagebind.data.depth import disparity
from course_lib.imagebind.data.mel import log_mel, mel_filter_bank
from course_lib.imagebind.data.pairs import close_ups, make_pairs, sounding_scene
from course_lib.imagebind.evaluate import ablations, alignment, ladder, swaps
from course_lib.imagebind.loss import info_nce
from course_lib.imagebind.model import PocketBind
from course_lib.world.render import render
from course_lib.world.splits import training_may_see
from course_lib.world.stickers import classes


def test_sixty_nouns_sound_and_all_may_be_trained_on():
    base = {c.name for c in classes() if c.split == "base"}
    assert len(voices.SOUNDING) == len(set(voices.SOUNDING)) == 60 and set(voices.SOUNDING) <= base


@pytest.mark.parametrize("noun", ["dog", "trumpet", "owl"])
def test_a_sound_is_one_second_and_the_same_each_time(noun):
    one, again = (voices.utter(noun, voices.speaker(3)) for _ in range(2))
    assert one.shape == (16_000,) and one.dtype == np.float32 and np.abs(one).max() == pytest.approx(0.9)
    assert np.array_equal(one, again)


def test_two_speakers_of_a_noun_sound_different_and_two_nouns_more_so():
    nouns = ("dog", "cat", "bus", "fire", "bell", "cow")
    mels = [[log_mel(voices.utter(noun, voices.speaker(i))) for i in range(4)] for noun in nouns]
    one_noun = np.mean([np.abs(of[0] - other).mean() for of in mels for other in of[1:]])
    two_nouns = np.mean([np.abs(mels[a][0] - mels[b][1]).mean() for a in range(6) for b in range(6) if a != b])
    assert 0.1 < one_noun < 0.9 * two_nouns


def test_speakers_of_validation_and_test_lie_outside_of_what_training_heard():
    def reach(stream):
        return [
            abs(getattr(voices.speaker(i, stream), name)) for i in range(300) for name in ("pitch", "size", "tempo")
        ]

    heard = {
        name: max(abs(getattr(voices.speaker(i), name)) for i in range(300)) for name in ("pitch", "size", "tempo")
    }
    for stream in ("val", "test"):
        for name, most in heard.items():
            assert min(abs(getattr(voices.speaker(i, stream), name)) for i in range(300)) > most
    assert min(reach("test")) > min(reach("val"))


def test_the_spectrogram_is_that_of_a_library():
    from transformers.audio_utils import mel_filter_bank as library_bank
    from transformers.audio_utils import spectrogram, window_function

    bank = library_bank(257, 64, 0, 8000, 16_000, norm=None, mel_scale="htk")
    assert np.abs(bank - mel_filter_bank()).max() < 1e-12
    sound = voices.utter("parrot", voices.speaker(0))
    theirs = spectrogram(
        sound.astype(float), window_function(400, "hann"), 400, 320, 512, power=2.0, center=False, mel_filters=bank,
        mel_floor=1e-5, log_mel="log10",
    )  # fmt: skip
    assert np.abs(log_mel(sound) - theirs).max() < 1e-4


def test_pairs_hold_only_what_training_may_see_and_one_thing_of_each_scene_sounds():
    for index in range(200):
        scene, noun = sounding_scene(index, "train")
        assert training_may_see(scene) and noun in [thing.name for thing in scene.things]


def test_what_lies_in_front_is_nearer_and_a_scene_is_no_silhouette():
    scene = next(
        scene for scene, _ in (sounding_scene(i, "train", (2, 2)) for i in range(99)) if scene.backdrop == "road"
    )
    depth, instances = disparity(scene), render(scene).instances
    first, second = (depth[instances == k].mean() - 0.4 * scene.things[k - 1].width for k in (1, 2))
    assert second > first
    ground = depth[-2:][instances[-2:] == 0]
    assert depth[instances == 1].std() > 0.01 and ground.mean() > depth[:2][instances[:2] == 0].mean() + 0.2


def test_a_sound_is_changed_without_its_pitch():
    mels = torch.from_numpy(make_pairs(6).mels)
    changed = change_sounds(mels, torch.Generator().manual_seed(0))
    assert changed.shape == mels.shape and not torch.equal(changed, mels)
    again = change_sounds(mels, torch.Generator().manual_seed(0))
    assert torch.equal(changed, again)
    for before, after in zip(mels.amax(dim=2), changed.amax(dim=2), strict=True):  # [64]: how loud each band gets
        assert np.corrcoef(before, after)[0, 1] > 0.9 > np.corrcoef(before, after.roll(8))[0, 1]


def test_guessing_costs_the_logarithm_and_the_right_pairs_nothing():
    same = torch.nn.functional.normalize(torch.ones(8, 4), dim=-1)
    assert float(info_nce(same, same)) == pytest.approx(np.log(8), abs=1e-5)
    assert float(info_nce(torch.eye(8), torch.eye(8), 0.01)) < 1e-6


def test_a_tower_learns_its_pairs():
    mels = torch.from_numpy(make_pairs(48, things=(1, 1)).mels)
    targets = torch.nn.functional.normalize(torch.randn(48, 128, generator=torch.Generator().manual_seed(0)), dim=-1)
    tower = train.build_tower("audio", mels)
    recipe = train.BindRecipe(steps=40, batch_size=32)
    progress = train.train_tower(tower, train.sound_batches(mels, targets, recipe), recipe)
    assert np.mean(progress.losses[-5:]) < 0.9 * np.log(32)


def test_the_shipped_tower_names_sounds_and_the_control_does_not():
    model, controls = train.load_bind(), train.load_controls()
    mels, names = alignment.sounds_of(per_noun=2), alignment.name_embeddings(model, voices.SOUNDING)
    right = alignment.names_correct(alignment.embed(model.audio, mels), names, 2).mean()
    shuffled = alignment.names_correct(alignment.embed(controls["shuffled"], mels), names, 2).mean()
    assert right > 0.5 > 0.15 > shuffled


def test_centring_closes_the_gap():
    first, second = torch.randn(50, 8) + 2, torch.randn(40, 8) - 1
    assert modality_gap(first, second) > 1 > 0.3 > modality_gap(centre(first), centre(second))


def test_segmenting_by_an_embedding_leaves_the_words_of_seem_alone():
    from course_lib.clip.data.images import normalise, to_tensor
    from course_lib.seem.train import stages

    images, targets, nouns, others = swaps.scenes_to_segment(3)
    assert all(a != b for a, b in zip(nouns, others, strict=True)) and targets.any((1, 2)).all()
    seem = stages.load()
    before = seem.class_text_embeddings
    with torch.no_grad():
        features = seem.encode(normalise(to_tensor(images)))
    masks = swaps.segment_by(seem, features, stages.class_text_embeddings(tuple(nouns)))
    assert masks.shape == targets.shape and seem.class_text_embeddings is before


# what a learner may bring along

TONE = np.sin(np.arange(16_000) * 0.3)


def test_silence_no_samples_and_no_numbers_are_refused_in_one_sentence():
    for samples, words in (
        (np.zeros(8000), "silent"),
        (np.zeros(0), "no samples"),
        (np.full(100, np.nan), "NaN"),
        (np.array([[["a"]]]), "row of numbers"),
    ):
        with pytest.raises(recordings.SoundError, match=words):
            recordings.prepare_sound(samples)
    with pytest.raises(recordings.SoundError, match="rate"):
        recordings.prepare_sound(TONE, 0)


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 48_000])
def test_any_rate_gives_the_same_second(rate):
    tone = np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    sound = recordings.prepare_sound(tone, rate)
    assert sound.shape == (16_000,)
    assert np.abs(np.fft.rfft(sound)).argmax() == pytest.approx(440, abs=1)


def test_stereo_is_averaged_and_integers_are_shares():
    stereo = np.stack([TONE, TONE], axis=1)
    for samples in (stereo, (stereo * 32_000).astype(np.int16), (stereo * 100 + 128).astype(np.uint8)):
        assert np.abs(recordings.prepare_sound(samples) - recordings.prepare_sound(TONE)).max() < 0.02


def test_of_a_minute_the_loudest_second_is_heard_and_a_short_sound_is_filled_up():
    minute = np.zeros(60 * 16_000)
    minute[500_000:516_000] = TONE
    assert np.abs(recordings.prepare_sound(minute) - recordings.prepare_sound(TONE)).max() < 1e-6
    assert (recordings.prepare_sound(TONE[:4000])[4000:] == 0).all()


def test_clipping_is_said_and_a_sine_is_not_called_clipped():
    with pytest.warns(UserWarning, match="clipped"):
        recordings.prepare_sound(np.clip(3 * TONE, -1, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        recordings.prepare_sound(voices.utter("dog", voices.speaker(1)))


def test_wav_files_are_read_and_others_refused(tmp_path):
    from scipy.io import wavfile

    wavfile.write(tmp_path / "mine.wav", 22_050, (TONE * 30_000).astype(np.int16))
    assert recordings.open_sound(tmp_path / "mine.wav").shape == (16_000,)
    (tmp_path / "text.wav").write_text("no sound")
    for name, words in (("text.wav", "no WAV file"), ("missing.wav", "can't be read")):
        with pytest.raises(recordings.SoundError, match=words):
            recordings.open_sound(tmp_path / name)


def test_a_folder_of_sounds_is_heard_and_what_is_none_is_said(tmp_path, capsys):
    from scipy.io import wavfile

    assert recordings.open_folder(tmp_path / "nowhere") == {}
    wavfile.write(tmp_path / "dog.wav", 16_000, (TONE * 30_000).astype(np.int16))
    wavfile.write(tmp_path / "silence.wav", 16_000, np.zeros(16_000, np.int16))
    assert list(recordings.open_folder(tmp_path)) == ["dog"]
    assert "silent" in capsys.readouterr().out


# speech


def test_without_espeak_speech_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    monkeypatch.setattr(speech, "find_library", lambda name: None)
    speech.engine.cache_clear()
    with pytest.raises(speech.NoSpeechError, match="pip install"):
        speech.say_noun("dog", 0)


def test_no_voice_pitch_or_speed_of_the_tests_is_heard_in_training():
    assert not set(speech.VARIANTS["train"]) & set(speech.VARIANTS["test"])
    for ranges in (speech.PITCHES, speech.RATES):
        assert ranges["train"][1] < ranges["test"][0]


def test_espeak_says_a_noun_and_another_differently():
    try:
        said = [log_mel(speech.say_noun(noun, 0)) for noun in ("dog", "dog", "trumpet")]
    except speech.NoSpeechError as error:
        pytest.skip(str(error))
    same, other = (np.abs(said[0] - one).mean() for one in said[1:])
    assert same < 0.5 * other


def test_frozen_pictures_keep_their_words_and_free_ones_move(monkeypatch):
    pairs, clip = make_pairs(12, things=(1, 1)), load_clip()
    names = alignment.name_embeddings(PocketBind(clip), voices.SOUNDING)
    monkeypatch.setattr(ablations, "UNFROZEN", replace(ablations.UNFROZEN, steps=12, batch_size=8, learning_rate=0.01))
    before = clip.visual.query.clone()
    right = {free: ablations.trained_with_pictures(pairs, names, free)[1] for free in (False, True)}
    assert right[False] > 0.8 > right[True]
    assert torch.equal(load_clip().visual.query, before)


def test_strongly_changed_pictures_are_others_of_the_same_size():
    pairs = make_pairs(4)
    changed = ablations.strongly_changed(pairs)
    assert changed.shape == pairs.images.shape and np.abs(changed.astype(int) - pairs.images).mean() > 10


@pytest.mark.parametrize("name", ["untrained", "supervised", "clip"])
def test_a_rung_has_a_direction_for_each_noun(name):
    rung = ladder.rungs()[name]()
    assert rung.names.shape == (60, 128) and torch.allclose(rung.names.norm(dim=-1), torch.ones(60), atol=1e-4)
    with torch.no_grad():
        assert rung.encode(torch.zeros(2, 3, 64, 64)).shape == (2, 128)


def test_a_word_as_a_sound_would_come_becomes_its_own_phrase():
    keys, values = swaps.vocabulary()
    given = swaps.as_phrases(keys[:5])
    likeness = torch.nn.functional.normalize(given, dim=-1) @ torch.nn.functional.normalize(values, dim=-1).T
    assert likeness.argmax(dim=1).tolist() == [0, 1, 2, 3, 4]


def test_the_sound_box_answers_with_three_pictures_that_are_described():
    from course_lib.gligen.train.gates import load_gated
    from course_lib.seem.train import stages

    pairs, model = make_pairs(4), train.load_bind()
    features = image_features(model.clip, pairs.images)
    sound = voices.utter("dog", voices.speaker(0))
    page = ui.answer_html(model, stages.load(), load_gated(), sound, pairs.images, features)
    assert page.count("<img alt=") == 3 and "<audio" in page


def test_close_ups_show_the_thing_that_sounds():
    pairs = make_pairs(8)
    images, depths = close_ups(pairs)
    assert images.shape == (8, 32, 32, 3) and depths.shape == (8, 32, 32)


def test_moved_disparities_keep_their_numbers():
    depths = torch.from_numpy(make_pairs(4).depths)
    moved = move(depths, torch.Generator().manual_seed(0))
    assert moved.shape == depths.shape and not torch.equal(moved, depths)
    assert set(moved[0].unique().tolist()) <= set(depths[0].unique().tolist())


def test_depth_sees_close_ups_first_and_whole_scenes_in_turn_later():
    recipe = train.BindRecipe(steps=10, batch_size=4)
    whole, near = ((torch.zeros(6, side, side), torch.zeros(6, 128)) for side in (64, 32))
    batch = train.depth_batches(whole, near, recipe)
    assert [batch(step)[0].shape[1] for step in range(8)] == [32, 32, 32, 32, 64, 32, 64, 32]


def test_a_step_pairs_each_sound_with_its_own_scene():
    mels = torch.arange(20.0)[:, None, None].expand(20, 64, 49).clone() * 100
    features = torch.arange(20.0)[:, None].expand(20, 128)
    maps, targets = train.sound_batches(mels, features, train.BindRecipe(batch_size=16))(3)
    assert (maps.amax(dim=(1, 2)) / 100 - targets[:, 0]).abs().max() < 0.2
