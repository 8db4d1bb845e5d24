"""Lesson 09's training: what each stage moves and what it leaves alone, what its batches hold, and the arms on disk."""

import copy
import random
import signal
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from course_lib.checkpoints import CheckpointError
from course_lib.emergence import texts, train
from course_lib.emergence.arms import ALL, ARMS
from course_lib.emergence.languages import get_language
from course_lib.emergence.texts import drawn_questions, text_batch, text_conversation
from course_lib.emergence.tokenizer import NUM_NEW, NUM_OLD
from course_lib.emergence.train import saved
from course_lib.llava.connector import visible_words
from course_lib.llava.data.packing import NUM_PATCHES
from course_lib.llava.data.pictures import PicturePool
from course_lib.llava.data.practice_signs import practice_scene
from course_lib.llava.letters import ALPHABET
from course_lib.llava.train import saved as llava_saved
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.world.questions import wordings
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

TINY = replace(train.TEXTS, steps=3, batch_size=1)
SHOWN = replace(train.PICTURES, batch_size=4)
FRENCH = ("est-ce", "combien", "quelle", "y a-t-il", "où")


@pytest.fixture(scope="module")
def born():
    """What every arm but those of reading begins with; each test copies it."""
    return train.build_model(ALL)


@pytest.fixture(scope="module")
def assistant():
    """Lesson 07's, with its mixture of words."""
    return llava_saved.load("mixture")


@pytest.fixture(scope="module")
def pool():
    """Pictures of signs; what the vision tower makes of them is left out."""
    rng = random.Random(0)
    scenes = [practice_scene(rng) for _ in range(12)]
    return PicturePool(scenes, [render(scene) for scene in scenes], torch.zeros(12, NUM_PATCHES, 160))


def rows(model) -> torch.Tensor:
    """A copy of the embedding table [V', D]."""
    return model.language_model.get_input_embeddings().weight.detach().clone()


def same(a, b) -> bool:
    """Are two modules' weights equal, bit for bit?"""
    return all(map(torch.equal, a.state_dict().values(), b.state_dict().values()))


def test_the_longer_table_changes_nothing_for_english(born, assistant):
    old, new = rows(assistant), rows(born)
    assert new.shape == (NUM_OLD + NUM_NEW, old.shape[1]) and torch.equal(new[:NUM_OLD], old)
    assert new[NUM_OLD:].std().item() == pytest.approx(old.std().item(), rel=0.2) and len(new.unique(dim=0)) == len(new)
    text = "is there a red car on the beach?"
    ids = [tokenizer(text, return_tensors="pt")["input_ids"] for tokenizer in (get_tokenizer(), born.tokenizer)]
    assert torch.equal(*ids)
    with torch.no_grad():
        expected, logits = (model.language_model(ids[0]).logits for model in (assistant, born))
    torch.testing.assert_close(logits[..., :NUM_OLD], expected)
    assert born.connector.letter_embeddings is None


def test_new_rows_are_the_same_noise_for_the_same_seed(assistant):
    tables = []
    for seed in (1, 1, 2):
        model = copy.deepcopy(assistant.language_model)
        train.lengthen(model, NUM_OLD + 8, seed)
        tables.append(model.get_input_embeddings().weight.detach())
        assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    assert torch.equal(tables[0], tables[1]) and not torch.equal(tables[0], tables[2])


def test_texts_move_the_language_model_and_nothing_else(born):
    model = copy.deepcopy(born)
    progress = train.learn_texts(model, ALL, replace(TINY, steps=1))
    assert len(progress.losses) == 1
    moved = (rows(model) - rows(born)).abs().amax(dim=1)  # [V']
    assert (moved[NUM_OLD:] > 0).all() and (moved[:NUM_OLD] > 0).any()
    assert not same(model.language_model.model.layers, born.language_model.model.layers)
    assert same(model.vision, born.vision) and same(model.connector, born.connector)


def test_new_rows_go_sixteen_times_as_far(born, monkeypatch):
    after = []
    for multiplier in (1.0, train.NEW_ROWS_LR_MULT):
        monkeypatch.setattr(train, "NEW_ROWS_LR_MULT", multiplier)
        model = copy.deepcopy(born)
        train.learn_texts(model, ALL, replace(TINY, steps=1, learning_rate=0.1))
        after.append(rows(model))
    plain, faster = (table[NUM_OLD:] - rows(born)[NUM_OLD:] for table in after)
    assert torch.equal(after[0][:NUM_OLD], after[1][:NUM_OLD]) and plain.abs().max() > 1e-5
    torch.testing.assert_close(faster, 16 * plain, rtol=1e-3, atol=1e-6)


def test_a_stopped_run_of_texts_goes_on_to_the_same_weights(born, tmp_path):
    undisturbed, first, another = (copy.deepcopy(born) for _ in range(3))
    expected = train.learn_texts(undisturbed, ALL, TINY)

    def stop(progress) -> None:
        if progress.step == 2:
            signal.raise_signal(signal.SIGINT)

    file = tmp_path / "texts.safetensors"
    assert train.learn_texts(first, ALL, TINY, callbacks=[stop], state_file=file).stopped and file.exists()
    resumed = train.learn_texts(another, ALL, TINY, state_file=file)
    assert resumed.losses == expected.losses and len(resumed.losses) == TINY.steps and not file.exists()
    assert same(another, undisturbed)


def test_the_loss_of_answers_is_the_models_own(born):
    batch = text_batch(born.tokenizer, ALL, 0, replace(TINY, batch_size=2))
    with torch.no_grad():
        expected = born.language_model(input_ids=batch.input_ids, labels=batch.labels).loss
        assert train.answer_loss(born.language_model, batch).item() == pytest.approx(expected.item(), rel=0.01)


def shown(tokenizer, arm, pool) -> str:
    """All that six batches say."""
    batches = [train.picture_batch(tokenizer, arm, step, SHOWN, pool) for step in range(6)]
    return " ".join(tokenizer.decode(row) for batch in batches for row in batch.input_ids).lower()


def in_cipher(text: str) -> bool:
    """Has it one of the cipher's Greek letters?"""
    return any("\u0370" <= letter <= "\u03ff" for letter in text)


def test_beside_pictures_stands_english_alone_and_no_sign_is_read(born, pool):
    could_be_asked = [one for scene in pool.scenes for one in drawn_questions(scene, random.Random(0))]
    assert any(one.kind == "read" for one in could_be_asked) and any('"' in one.text for one in could_be_asked)
    text = shown(born.tokenizer, ALL, pool)
    assert "how many" in text and "sign" in text and '"' not in text
    assert not any(wording in text for wording in wordings("read", "train"))
    assert not any(word in text for word in FRENCH) and not in_cipher(text)


def test_other_languages_come_with_the_arm_or_with_texts_about_no_picture(born, pool):
    for arm in (ARMS["with_pictures"], replace(ALL, texts_beside=1.0)):
        text = shown(born.tokenizer, arm, pool)
        assert any(word in text for word in FRENCH) and in_cipher(text)


@pytest.mark.parametrize("name", ["all", "tuned"])
def test_pictures_move_the_connector_and_in_tuned_arms_the_language_model(born, pool, name):
    model, arm = copy.deepcopy(born), ARMS[name]
    train.match_connector(model, arm)
    assert same(model.connector, born.connector)  # Lesson 07's goes on as it is
    progress = train.learn_pictures(model, arm, pool, replace(SHOWN, steps=2, rank=2))
    assert len(progress.losses) == 2 and not hasattr(model.language_model, "peft_config")
    assert same(model.vision, born.vision) and not same(model.connector, born.connector)
    assert same(model.language_model, born.language_model) == (name == "all")
    assert torch.equal(rows(model), rows(born))  # word embeddings are frozen in both


def test_the_connector_of_reading_arms_speaks_in_the_embeddings_of_today():
    arm = ARMS["read_text_letters"]
    model = train.build_model(arm)
    with torch.no_grad():
        model.language_model.get_input_embeddings().weight.mul_(2.0)  # as if texts had moved it
    train.match_connector(model, arm)
    weights, connector = rows(model), model.connector
    assert torch.equal(connector.word_embeddings, weights[visible_words(model.tokenizer)])
    spelled = model.tokenizer(" ".join(["says", *ALPHABET]), add_special_tokens=False)["input_ids"][-len(ALPHABET) :]
    assert len(set(spelled)) == len(ALPHABET)  # a piece each, with the space before it
    assert torch.equal(connector.letter_embeddings, weights[spelled].repeat(2, 1))


def test_arms_of_shares_are_told_as_rarely_in_new_languages_as_they_are_asked_in_them(monkeypatch):
    monkeypatch.setattr(texts, "described", lambda scene, chosen, told, asked, *_, **__: (told.code, asked.code))
    shares = {}
    for name in ("none", "share_1", "share_15", "all"):
        rng = random.Random(0)
        both = [texts.text_conversation(ARMS[name], rng) for _ in range(1500)]
        shares[name] = [sum(code != "en" for code in codes) / len(both) for codes in zip(*both, strict=True)]
    assert shares["none"] == [0, 0] and max(shares["share_1"]) < 0.02
    assert all(0.08 < share < 0.22 for share in shares["share_15"])
    assert 0.4 < shares["all"][0] < 0.6 and 0.6 < shares["all"][1] < 0.73


def test_what_the_texts_of_an_arm_leave_out(monkeypatch):
    monkeypatch.setattr(
        texts,
        "described",
        lambda _, chosen, told, asked, *__, **___: (told.code, asked.code, {one.kind for one in chosen}),
    )
    monkeypatch.setattr(texts, "translation", lambda *_: None)
    made = {
        name: [text_conversation(ARMS[name], random.Random(i)) for i in range(600)]
        for name in ("all", "alone", "translations", "no_count")
    }
    crossed = {name: sum(one[0] != one[1] for one in filter(None, each)) for name, each in made.items()}
    assert crossed["alone"] == crossed["translations"] == 0 and 0.4 < crossed["all"] / 600 < 0.6
    assert 0.25 < made["translations"].count(None) / 600 < 0.35 and None not in made["alone"]
    for name, counted in (("no_count", {"en", "fr"}), ("all", {"en", "fr", "ci"})):
        assert {asked for _, asked, kinds in made[name] if "count" in kinds} == counted


def test_the_last_two_fifths_of_the_texts_are_another_mixture(monkeypatch):
    met = []
    monkeypatch.setattr(texts, "text_conversation", lambda *given: met.append(given[2]) or [])
    monkeypatch.setattr(texts, "encode_chat", lambda *_: None)
    monkeypatch.setattr(texts, "pack", lambda rows, *_: next(rows))
    for step in (0, 59, 60, 99):
        text_batch(None, ALL, step, replace(train.TEXTS, steps=100))
    assert met == [texts.EARLY, texts.EARLY, texts.LATE, texts.LATE]


def test_key_words_are_told_only_where_they_suffice(monkeypatch):
    monkeypatch.setattr(type(get_language("en")), "keywords", lambda *_, **__: "KEY WORDS.")
    scenes = [make_scene(number, SceneSpec(count=(2, 3))) for number in range(40)]
    told = {"colour": [], "place": [], "test": []}
    for number, scene in enumerate(scenes):
        english, rng = get_language("en"), random.Random(number)
        for kind in ("colour", "place"):
            chosen = texts.scene_questions(scene, rng, (kind,))
            told[kind] += [texts.described(scene, chosen, english, english, rng)] if chosen else []
        told["test"].append(texts.described(scene, chosen, english, english, rng, "test"))
    key_words = {kind: sum("KEY WORDS" in turns[0]["content"] for turns in both) for kind, both in told.items()}
    assert key_words["colour"] == key_words["test"] == 0 < len(told["colour"])
    assert 10 < key_words["place"] < 30  # half


def test_reading_arms_see_no_picture_in_training(tmp_path):
    assert saved.look_at_pictures("read_text", 0, tmp_path, train.build_model(ARMS["read_text"])) is None
    assert not list(tmp_path.iterdir())
    for name in ("read_text", "read_letters"):
        rng = random.Random(1)
        questions = " ".join(turn["content"] for _ in range(300) for turn in text_conversation(ARMS[name], rng)[::2])
        assert ("what does the sign say" in questions) == (name == "read_text") and "how many" not in questions


def test_arms_that_read_the_same_texts_share_what_has_read_them():
    pairs = {name: saved.same_texts(arm) for name, arm in ARMS.items()}
    shared = {name: first for name, first in pairs.items() if name != first}
    assert shared == {
        "no_pictures": "all",
        "with_pictures": "all",
        "tuned": "all",
        "tuned_texts": "all",
        "read_text": "read_text_letters",
        "read_neither": "read_letters",
    }


def test_an_arm_goes_on_from_the_texts_of_another(born, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "TEXTS", replace(TINY, steps=1))
    monkeypatch.setattr(train, "build_model", lambda arm, seed: copy.deepcopy(born))
    first, minutes = saved.read_texts("all", 0, tmp_path)
    monkeypatch.delattr(train, "learn_texts")
    second, again = saved.read_texts("with_pictures", 0, tmp_path)
    assert same(first, second) and minutes == again > 0 and not same(first, born)


@pytest.mark.parametrize("name", ["all", "read_text_letters"])
def test_what_is_written_in_int8_is_loaded_again(tmp_path, name):
    arm, file = ARMS[name], tmp_path / "emergence.safetensors"
    model = train.build_model(arm)
    train.match_connector(model, arm)
    with torch.no_grad():
        for parameter in [*model.connector.parameters(), *model.language_model.parameters()]:
            parameter.add_(0.01)
    card = saved.save(file, model, [train.TEXTS, train.PICTURES], 1.5, [0.5, 0.7])
    assert card["minutes"] == 1.5 and card["final_loss"] == 0.6 and len(card["recipe"]) == 2
    kept = load_file(file)
    assert not any(key.startswith("vision.") for key in kept) and card["stored_as"] == "int8"
    assert card["bytes"] < 1.1 * sum(tensor.numel() for tensor in kept.values())
    expected = {key: tensor for key, tensor in model.state_dict().items() if not key.startswith("vision.")}
    loaded = saved.load(file, arm)
    read = loaded.state_dict()
    alike = [(read[key] - tensor).abs().max() <= tensor.abs().max() / 200 for key, tensor in expected.items()]
    assert all(alike) and same(loaded.vision, model.vision)


def test_a_missing_file_says_how_to_make_it(tmp_path):
    with pytest.raises(CheckpointError, match="bake emergence"):
        saved.load(tmp_path / "emergence.safetensors")
