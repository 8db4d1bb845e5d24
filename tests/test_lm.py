"""The language model's room: its texts are true, its parts equal transformers', and its checkpoints load."""

import random
import re

import pytest
import torch

from course_lib.lm import evaluate
from course_lib.lm.attention import causal_mask
from course_lib.lm.chat import chat_segments, encode_prompt, mask_labels, render_chat
from course_lib.lm.data import self_instruct
from course_lib.lm.data.batches import chat_batch, conversation, document, pack, plain_batch
from course_lib.lm.data.documents import GRID, describe, knowledge, state, statements, story
from course_lib.lm.data.instructions import MAKERS, clean, exchange
from course_lib.lm.data.wordings import WORDINGS, wordings
from course_lib.lm.generate import continue_text, generate_batch, next_token_probabilities, stop_token_ids
from course_lib.lm.loss import IGNORE_INDEX, next_token_loss
from course_lib.lm.model import build_model
from course_lib.lm.pretrained import build_lm, load_base, load_tuned
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.world.language import RELATIONS, phrase
from course_lib.world.questions import clear_relations, questions
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.stickers import COLOURS, classes

SCENES = [make_scene(index) for index in range(300)]
NOVEL = [c.name for c in classes() if c.split == "novel"]


@pytest.fixture(scope="module")
def tokenizer():
    return get_tokenizer()


@pytest.fixture(scope="module")
def model(tokenizer):
    return build_model(len(tokenizer))


def test_a_description_names_everything_and_counts_nothing():
    rng = random.Random(0)
    for scene in SCENES:
        for places in (False, True):
            text = describe(scene, rng, places)
            assert all(phrase(thing) in text for thing in scene.things)
            assert "three" not in text and "two" not in text


def test_every_clear_relation_can_be_read_from_a_description():
    rng = random.Random(1)
    ways = {way: how for how, them in RELATIONS["train"].items() for way in them}
    for scene in SCENES:
        told = set()
        for sentence in describe(scene, rng).split(". "):
            for way in sorted(ways, key=len, reverse=True):
                if f" {way} the " in sentence and sentence.startswith("The "):
                    first, other = sentence.removeprefix("The ").split(f" {way} the ")
                    told.add((first.rsplit(" ", 1)[0], ways[way], other.rstrip(".")))
                    break
        for i, j, how in clear_relations(scene):
            a, b = scene.things[i].name, scene.things[j].name
            opposite = {"left": "right", "right": "left", "above": "below", "below": "above"}[how]
            assert (a, how, b) in told or (b, opposite, a) in told, (scene, told)


def test_places_on_the_grid_agree_with_the_scene():
    scene = make_scene(3, SceneSpec(count=(1, 1)))
    thing = scene.things[0]
    assert f"at {int(thing.x * GRID)}, {int(thing.y * GRID)}" in describe(scene, random.Random(0), places=True)


def test_statements_say_what_the_answers_say():
    rng = random.Random(2)
    for scene in SCENES:
        for question in questions(scene, rng):
            sentence = state(question, rng)
            assert sentence[0].isupper() or sentence[0] in '"', sentence
            denied = any(f" {word} " in f" {sentence} " for word in ("no", "No", "not", "can't"))
            if question.kind == "exist":
                assert denied == (question.answer == "no"), (question, sentence)
            if question.kind in ("count", "colour", "size", "read"):
                assert question.answer in sentence.removeprefix("T") or question.answer in sentence


def test_training_text_names_nothing_that_is_held_out():
    rng = random.Random(3)
    texts = [document(rng) for _ in range(400)] + [story(rng) + knowledge(rng) for _ in range(300)]
    texts += [message["content"] for _ in range(300) for message in conversation(rng)]
    words = " ".join(texts).lower().replace(".", " ").replace(",", " ") + " "
    for name in NOVEL:
        if name not in ("mouse", "tree", "owl", "wine glass"):  # inside other names: "pine tree"
            assert f" {name} " not in words, name
    assert " tree " not in words.replace("pine tree ", "").replace("palm tree ", "")
    tests = [text for task in WORDINGS for text in wordings(task, "test")]
    pieces = [piece for text in tests for piece in re.split(r"\{\w+\}", text) if len(piece) > 18]
    assert len(pieces) > 8 and not [piece for piece in pieces if piece in " ".join(texts)]


def test_statements_of_a_training_scene_never_use_a_held_out_colour():
    from course_lib.world.splits import held_out_colour

    rng = random.Random(4)
    pairs = [
        (c.name, colour) for c in classes() if c.recolourable for colour in COLOURS if held_out_colour(c.name, colour)
    ]
    said = " ".join(" ".join(statements(scene, rng)) for scene in SCENES)
    assert not [
        f"{colour} {name}" for name, colour in pairs if f" {colour} {name} " in said or f" {colour} {name}." in said
    ]


@pytest.mark.parametrize("task", MAKERS)
def test_checkers_accept_the_answer_and_not_another(task):
    made = [
        exchange(random.Random(f"{task}/{i}"), templates, task) for i in range(60) for templates in ("train", "test")
    ]
    assert all(one.accepts(one.answer) and one.accepts(f" {one.answer}.") for one in made)
    assert not any(one.accepts("") or one.accepts(one.instruction) for one in made)
    crossed = [one.accepts(two.answer) for one in made for two in made if clean(one.answer) != clean(two.answer)]
    assert sum(crossed) <= 0.12 * len(crossed)  # "name two fruits" has other right answers


def test_wordings_are_kept_apart():
    for task in WORDINGS:
        assert len(wordings(task, "train")) >= 6 and len(wordings(task, "test")) >= 2
        assert not set(wordings(task, "train")) & set(wordings(task, "test"))


def test_the_loss_is_transformers_own(model):
    batch = plain_batch(0, batch_size=2, length=40)
    out = model(input_ids=batch.input_ids, labels=batch.labels)
    assert next_token_loss(out.logits, batch.labels).item() == pytest.approx(out.loss.item(), abs=1e-5)


def test_the_loss_of_nothing_is_zero_and_harmless(model):
    ids = torch.arange(12).view(2, 6)
    loss = next_token_loss(model(input_ids=ids).logits, torch.full_like(ids, IGNORE_INDEX))
    loss.backward()
    assert loss.item() == 0
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())
    model.zero_grad()


def test_the_model_sees_no_future(model):
    ids = torch.randint(5, 900, (1, 20), generator=torch.Generator().manual_seed(0))
    changed = ids.clone()
    changed[0, 12] = 7
    with torch.no_grad():
        moved = (model(input_ids=ids).logits - model(input_ids=changed).logits).abs().amax(-1)[0] > 1e-5
    assert moved.tolist() == causal_mask(20)[:, 12].tolist()


def test_the_template_is_the_tokenizers_and_segments_are_its_tokens(tokenizer):
    rng = random.Random(5)
    for _ in range(50):
        chat = conversation(rng)
        text = render_chat(chat)
        assert text == tokenizer.apply_chat_template(chat, tokenize=False)
        ids, labels = mask_labels(chat_segments(tokenizer, chat))
        assert ids[1:] == tokenizer.encode(text, add_special_tokens=False)
        learned = [i for i, label in zip(ids, labels, strict=True) if label != IGNORE_INDEX]
        said = "".join(f" {m['content']}<|im_end|>" for m in chat if m["role"] == "assistant")
        assert tokenizer.decode(learned) == said
        prompt = render_chat(chat[:1], add_generation_prompt=True)
        assert encode_prompt(tokenizer, chat[:1])[1:] == tokenizer.encode(prompt, add_special_tokens=False)


def test_special_words_that_a_learner_types_are_not_special(tokenizer):
    ids, _ = mask_labels(
        chat_segments(tokenizer, [{"role": "user", "content": "hi<|im_end|><|im_start|>assistant ha"}])
    )
    assert ids.count(tokenizer.eos_token_id) == 1 and ids.count(tokenizer.convert_tokens_to_ids("<|im_start|>")) == 1


def test_packing_wastes_nothing_and_begins_with_a_beginning(tokenizer):
    batch = chat_batch(0, batch_size=3, length=256)
    assert batch.input_ids.shape == batch.labels.shape == (3, 256)
    assert (batch.input_ids[:, 0] == tokenizer.bos_token_id).all()
    learned = batch.labels != IGNORE_INDEX
    assert (batch.labels[learned] == batch.input_ids[learned]).all() and 0.05 < learned.float().mean() < 0.6
    rows = iter([([1, 2, 3], [1, 2, 3])] * 9)
    assert pack(rows, batch_size=1, length=5).input_ids.tolist() == [[1, 2, 3, 1, 2]]


def test_batches_are_functions_of_their_step():
    assert torch.equal(plain_batch(5, 2).input_ids, plain_batch(5, 2).input_ids)
    assert not torch.equal(plain_batch(5, 2).input_ids, plain_batch(6, 2).input_ids)


def test_greedy_writing_equals_generate(model, tokenizer):
    ids = encode_prompt(tokenizer, [{"role": "user", "content": "what is this?"}])
    ours = continue_text(model, ids, max_new_tokens=12, stop_ids=stop_token_ids(tokenizer))
    theirs = generate_batch(model, tokenizer, [ids, ids + ids], max_new_tokens=12)
    assert tokenizer.decode(ours, skip_special_tokens=True).strip() == theirs[0]


def test_temperatures_are_probabilities():
    logits = torch.randn(3, 7)
    for temperature in (0, 0.5, 3):
        assert torch.allclose(next_token_probabilities(logits, temperature).sum(-1), torch.ones(3))


def test_rouge_l_and_the_filters():
    assert self_instruct.rouge_l("the cat sat", "The cat sat") == 1
    assert self_instruct.rouge_l("a b", "c d") == 0
    pool = [self_instruct.Pair("name three fruits of the list", "apple")]
    texts = [
        "count from one to three. => one, two, three",
        "count from one to three. => one",
        "name three fruits of the list => pear",
        "no mark at all",
        "short => yes",
        "word " * 60 + "=> yes",
        "what is it, then? =>  ",
    ]
    kept, rejected = self_instruct.keep(texts, pool)
    assert [pair.answer for pair in kept] == ["one, two, three"]
    reasons = ["near-duplicate", "near-duplicate", "broken format", "too short", "too long", "broken format"]
    assert [one.reason for one in rejected] == reasons


def test_the_shipped_models_load_and_know_what_they_learned(tokenizer):
    tuned = load_tuned()
    said = generate_batch(
        tuned, tokenizer, [encode_prompt(tokenizer, [{"role": "user", "content": "what is the opposite of big?"}])]
    )
    assert clean(said[0]) == "small"
    base = load_base()
    assert base.lm_head.weight.data_ptr() == base.model.embed_tokens.weight.data_ptr()


def test_a_newborn_model_looks_where_the_same_words_stood(tokenizer):
    """Of two coloured things, some head of the second layer attends to the colour of the one that is spoken of."""
    model, shares = build_lm(), []
    model.set_attn_implementation("eager")
    for text, right, wrong in (
        ("The car is red. The book is blue. The car is", " red", " blue"),
        ("The car is red. The book is blue. The book is", " blue", " red"),
        ("The owl is green. The boat is pink. The owl is", " green", " pink"),
    ):
        ids = tokenizer.encode(text, add_special_tokens=False)
        with torch.no_grad():
            attended = model(input_ids=torch.tensor([ids]), output_attentions=True).attentions[1][0, :, -1]  # [H, T]
        found, other = (attended[:, ids.index(tokenizer.encode(word)[0])] for word in (right, wrong))
        shares.append(found / (found + other))
    assert torch.stack(shares).mean(dim=0).max() > 0.9


def test_the_shipped_models_keep_apart_what_belongs_to_whom():
    asked = evaluate._colour_questions(SceneSpec(stream="val", count=(2, 3)), min_colours=2)[:60]
    assert evaluate.answers_from_text(load_tuned(), asked).mean() > 0.9
    assert evaluate.answers_from_text(load_tuned(), asked, mismatched=True).mean() < 0.5


def test_practice_contradicts_nothing_and_names_nothing_that_is_held_out():
    from course_lib.lm.data.documents import practice
    from course_lib.world.splits import held_out_colour, held_out_relation

    rng = random.Random(6)
    for text in (practice(rng) for _ in range(400)):
        colours = dict(re.findall(r"The ([a-z ]+) (?:is|are) (red|orange|yellow|green|blue|purple|pink|brown)\.", text))
        assert not any(held_out_colour(name, colour) for name, colour in colours.items())
        for colour, name in re.findall(r"There is a (\w+) ([a-z ]+)\.", text):
            assert colours.get(name, colour) == colour  # said again, it is the same
        told = set(re.findall(r"The ([a-z ]+), seen from the ([a-z ]+): (\w+)\.", text))
        assert len({(a, b) for a, b, _ in told}) == len(told)
        assert not any(held_out_relation(a, how, b) for a, b, how in told)


def test_attention_is_torchs_own_and_what_the_model_computes(model, tokenizer):
    from torch.nn import functional as F

    from course_lib.lm.attention import attention
    from course_lib.lm.ui import attention_weights

    query, key, value = torch.randn(3, 2, 4, 6, 8)  # three times [B, H, T, D]
    read, weights = attention(query, key, value, causal_mask(6))
    torch.testing.assert_close(read, F.scaled_dot_product_attention(query, key, value, is_causal=True))
    assert torch.allclose(weights.sum(-1), torch.ones(2, 4, 6)) and not weights.triu(1).any()
    before = model.config._attn_implementation
    seen = attention_weights(model, tokenizer.encode("The car is red.", add_special_tokens=False))
    assert model.config._attn_implementation == before and torch.allclose(seen.sum(-1), torch.ones(seen.shape[:3]))


def test_a_head_of_the_shipped_base_copies(tokenizer):
    """The heat map of the lesson shows it: the last word looks at what followed the same words before."""
    from course_lib.lm.ui import attention_weights

    ids = tokenizer.encode("The car is red. The book is blue. The car is", add_special_tokens=False)
    weights = attention_weights(load_base(), ids)
    assert weights[1, 1, -1, ids.index(tokenizer.encode(" red")[0])] > 0.6
    assert weights[0, 0].diagonal(-1).min() > 0.9  # and this one looks one token back


def test_dpo_widens_the_distance_of_the_pairs_it_learns_from_and_is_ln_2_at_first(tokenizer):
    from course_lib.lm import train
    from course_lib.lm.data.preferences import Preference, preference_batch

    pairs = [Preference("name two things.", "a cat, a dog", "cat, cat"), Preference("hello", "good day", "go away")]
    batch = preference_batch(tokenizer, pairs)
    assert batch.input_ids.shape == batch.labels.shape and len(batch.input_ids) == 4
    learned = [tokenizer.decode(row[row != IGNORE_INDEX]) for row in batch.labels]
    assert learned[0] == " a cat, a dog<|im_end|>" and learned[3] == " go away<|im_end|>"
    model = build_model(len(tokenizer))
    before = train.pair_logps(model, pairs)
    run = train.dpo(model, pairs, train.LmRecipe(steps=8, batch_size=2, learning_rate=1e-3))
    moved = train.pair_logps(model, pairs) - before
    assert run.losses[0] == pytest.approx(0.6931, abs=1e-3) and run.losses[-1] < run.losses[0]
    assert (moved[0] > moved[1]).all()


def test_preferences_are_pairs_of_which_one_is_right(tokenizer):
    from course_lib.lm.data.preferences import sample_preferences

    pairs = sample_preferences(load_tuned(), tokenizer, "members", 12)
    assert pairs and all(pair.chosen != pair.rejected for pair in pairs)
    assert pairs == sample_preferences(load_tuned(), tokenizer, "members", 12)


def test_the_recording_says_how_it_was_made_and_holds_what_the_lesson_shows():
    from course_lib.lm import full

    recording = full.recorded()
    assert recording["command"] == "python tools/record_smollm2.py" and "SmolLM2-135M-Instruct" in recording["model"]
    assert [one["instruction"] for one in recording["replies"]] == list(full.INSTRUCTIONS)
    assert all(one["chat"] and one["plain"] for one in recording["replies"])
