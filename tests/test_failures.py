"""The room of Lesson 12: pairs of the same words, data that harm, preferences that mend, and what measures them."""

import copy
import random
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch

from course_lib.clip.pretrained import load_clip
from course_lib.failures.chair import chair, named_things, present_things
from course_lib.failures.data import cooccurrence, details, naming, preferences, swaps
from course_lib.failures.data.descriptions import description_requests, description_scenes
from course_lib.failures.data.preferences import Preference
from course_lib.failures.evaluate import composition, harm, repair
from course_lib.failures.evaluate.rule import read_claim
from course_lib.failures.loss import text_logps
from course_lib.failures.train import negclip, preference, saved
from course_lib.failures.train.preference import METHODS, PreferenceRecipe, train_on_preferences
from course_lib.failures.train.reward import RewardModel, train_reward
from course_lib.failures.train.tune import LEARNS, TUNE, free, merge, tune
from course_lib.llava.train import saved as assistants
from course_lib.llava.train.stages import build_model
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.splits import training_may_see

PAIRS = [Preference(i, "describe this picture.", f"There is a {a}.", f"There are a {b} and a {a}.") for i, (a, b) in
         enumerate([("cat", "dog"), ("bus", "key"), ("pear", "moon"), ("crab", "tent")])]  # fmt: skip


@pytest.mark.parametrize("kind", swaps.SWAPS)
def test_a_swap_is_two_pictures_and_two_captions_of_the_same_words(kind):
    for index in range(8):
        swap = swaps.make_swap(kind, index, "train")
        assert Counter(swap.caption.replace("an ", "a ").split()) == Counter(
            swap.other_caption.replace("an ", "a ").split()
        )
        assert swap.caption != swap.other_caption and swap.scene.things != swap.other.things
        assert training_may_see(swap.scene) and training_may_see(swap.other)
        assert swap == swaps.make_swap(kind, index, "train") != swaps.make_swap(kind, index, "val")


def test_there_are_three_sorts_of_swap():
    with pytest.raises(ValueError, match="place, colour, scoops"):
        swaps.make_swap("sizes", 0)


def test_the_rule_reads_a_claim_and_checks_it_on_masks():
    image, left, right = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), bool), np.zeros((8, 8), bool)
    left[2:5, :3], right[2:5, 5:] = True, True
    claim = read_claim("a cat to the left of a dog")
    assert claim.holds(image, [left, right]) and not claim.holds(image, [right, left])
    assert not claim.holds(image, [left, np.zeros((8, 8), bool)])  # a thing that was not found
    image[left], image[right] = (220, 30, 30), (30, 60, 220)
    assert read_claim("a red hat and a blue car").holds(image, [left, right])
    assert not read_claim("a blue hat and a red car").holds(image, [left, right])
    assert read_claim("a red star and an orange dress").colours == ("red", "orange")


def test_a_system_of_parts_does_what_one_vector_cannot():
    from course_lib.seem.train import stages

    scoops = composition.swaps_of("scoops", 24, "val")
    scores = {
        "parts": composition.seem_scores(stages.load(), scoops),
        "CLIP": composition.clip_scores(load_clip(), scoops),
        "repaired": composition.clip_scores(saved.load_repaired_clip(), scoops),
    }
    group = {name: composition.winoground_scores(of)["group"].mean() for name, of in scores.items()}
    assert group["CLIP"] < 0.3 < 0.8 < min(group["parts"], group["repaired"])


def test_replies_in_one_row_are_as_probable_as_each_alone():
    model = assistants.load("2")
    swaps_ = composition.swaps_of("scoops", 3, "val")
    features = model.image_features(preferences.render_pixels([one.scene for one in swaps_]))
    turns = [[("caption:", one.caption), ("what is this? Use one word only.", "no")] for one in swaps_]
    together = composition.reply_logps(model, features, turns)
    alone = [composition.reply_logps(model, features, [[of[k]] for of in turns]) for k in range(2)]
    assert together == pytest.approx(np.concatenate(alone, axis=1), abs=1e-3) and (together < 0).all()
    batch = preferences.collate(
        model.tokenizer,
        [[preferences.picture_segments(model.tokenizer, preferences.to_messages([of[0]]))] for of in turns],
        features,
    )
    with torch.no_grad():
        assert text_logps(model, batch).numpy() == pytest.approx(together[:, 0], abs=1e-3)


def test_named_things_go_by_synonyms_and_not_by_what_is_denied():
    scene = make_scene(3, SceneSpec("val", names=("rabbit", "bus")))
    assert named_things("There are bunnies, a coach and a lemon, but no cat.", scene) >= {"rabbit", "lemon"}
    assert "cat" not in named_things("There are bunnies and a lemon, but no cat.", scene)
    measured = chair([named_things("A rabbit and a lemon.", scene)], [present_things(scene)])
    assert measured == {"instance": 0.5, "sentence": 1.0, "coverage": 0.5}


def test_details_are_four_pixels_wide_named_in_the_text_and_admitted_where_they_should_be():
    rng = random.Random(0)
    for arm in details.ARMS:
        plain, detailed = details.detail_scene(rng, details.WIDTHS[arm])
        new = detailed.things[len(plain.things) :]
        assert [64 * thing.width for thing in new] == [18 if arm == "visible" else 4] * details.NUM_DETAILS
        assert detailed.things[: len(plain.things)] == plain.things and training_may_see(detailed)
        assert not {thing.name for thing in new} & {thing.name for thing in plain.things}
    tokenizer, recipe = assistants.load("2").tokenizer, replace(TUNE, batch_size=2)
    text = lambda arm, share: " ".join(  # noqa: E731
        tokenizer.batch_decode(details.detail_batch(tokenizer, 0, recipe, arm, share).input_ids.clamp(min=0))
    )
    assert "too small for me" in text("admitted", 1.0) and "too small for me" not in text("admitted", 0.0)
    assert "too small for me" not in text("too small", 1.0)
    with pytest.raises(ValueError, match="no arm"):
        details.detail_batch(tokenizer, 0, recipe, "large", 1.0)


def test_companions_stand_together_as_often_as_their_world_says():
    for world, frac in cooccurrence.TOGETHER.items():
        rng = random.Random(1)
        scenes = [present_things(cooccurrence.paired_scene(rng, world)) for _ in range(150)]
        together = [second in names for names in scenes for first, second in cooccurrence.pairs() if first in names]
        assert np.mean(together) == pytest.approx(frac, abs=0.09)


def test_adversarial_questions_ask_for_companions_which_are_never_there():
    companions = {second for _, second in cooccurrence.pairs()}
    for negatives in ("random", "adversarial"):
        asked = cooccurrence.companion_questions(negatives, 12, "val")
        assert Counter(one.answer for one in asked) == {"yes": 36, "no": 36}
        assert not any(present_things(one.scene) & companions for one in asked)
        wrong = [any(name in one.text for name in companions) for one in asked if one.answer == "no"]
        assert all(wrong) if negatives == "adversarial" else not any(wrong)


def test_replay_mixes_earlier_batches_in_and_the_new_task_asks_for_names_only():
    tokenizer, recipe = assistants.load("2").tokenizer, replace(TUNE, batch_size=2)
    lengths = [naming.naming_batch(tokenizer, step, recipe, 0.5).input_ids.shape[1] for step in range(12)]
    alone = [naming.naming_batch(tokenizer, step, recipe).input_ids.shape[1] for step in range(12)]
    assert max(alone) < max(lengths) and any(a == b for a, b in zip(lengths, alone, strict=True))
    kinds = {one.scene.things[0].kind for one in naming.naming_examples(naming.SHAPES, 4, "val")}
    assert kinds == {"shape"}


def test_shuffled_preferences_are_the_same_pairs_half_of_them_turned_round():
    pairs = [replace(PAIRS[0], index=i) for i in range(200)]
    turned = [a.chosen == b.rejected for a, b in zip(pairs, preferences.shuffled(pairs), strict=True)]
    assert 60 < sum(turned) < 140


def test_the_shipped_pairs_are_of_training_scenes_and_their_chosen_text_is_truer():
    pairs = preferences.load()
    assert preferences.FILE.stat().st_size < 400_000 and len(pairs) > 200
    for one in pairs:
        assert one.scene.stream == "train" and training_may_see(one.scene)
        false = [named_things(text, one.scene) - present_things(one.scene) for text in (one.chosen, one.rejected)]
        true = [named_things(text, one.scene) & present_things(one.scene) for text in (one.chosen, one.rejected)]
        assert len(false[0]) < len(false[1]) or true[0] > true[1]
        assert len(false[0]) <= len(false[1]) and true[0] >= true[1]


def test_the_tool_that_samples_wrong_descriptions_makes_the_same_twice():
    assistant = assistants.load("2")
    rows = preferences.wrong_descriptions(assistant, 16)
    assert rows and rows == preferences.wrong_descriptions(assistant, 16)
    for row in rows:
        [scene] = preferences.preference_scenes([row["index"]])
        assert named_things(row["text"], scene) - present_things(scene) and preferences.pairs_of(**row) is not None


def test_a_scrap_of_the_picture_is_a_fifth_at_most():
    picture = torch.arange(64.0).expand(1, 3, 64, 64)  # brighter to the right: how much of its range is left?
    scraps = [preferences.cropped(picture, torch.Generator().manual_seed(seed)) for seed in range(20)]
    widths = [float(scrap.max() - scrap.min()) + 1 for scrap in scraps]
    assert all(scrap.shape == picture.shape for scrap in scraps)
    assert min(widths) > 1 and max(widths) <= 64 * 0.2**0.5 + 1 and len(set(widths)) > 5


@pytest.mark.parametrize("method", METHODS)
def test_each_method_makes_the_chosen_texts_likelier_by_its_adapters_alone(method):
    model = build_model()
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    recipe = PreferenceRecipe(method=method, steps=8, num_pairs=4, learning_rate=3e-3)
    losses = train_on_preferences(model, PAIRS, recipe).losses
    assert losses[-1] < losses[0]
    kept = {name: p for name, p in model.named_parameters() if name in before}
    assert all(torch.equal(p, before[name]) for name, p in kept.items()) and "vision" in " ".join(kept)


def test_dpo_starts_at_the_coins_loss_and_there_are_four_methods():
    recipe = PreferenceRecipe(method="dpo", steps=1, num_pairs=4)
    assert train_on_preferences(build_model(), PAIRS, recipe).losses[0] == pytest.approx(np.log(2), abs=1e-3)
    with pytest.raises(ValueError, match="sft, dpo, dpo_blind, mdpo"):
        train_on_preferences(build_model(), PAIRS, replace(recipe, method="ppo"))


def logps_by_hand(model, which):
    """log p of the PAIRS' texts, token by token in numpy, of the model's logits."""
    batch = preferences.to_batch(model.tokenizer, PAIRS, which, preferences.pixels_of(PAIRS))
    with torch.no_grad():
        _, logits = model(**batch.inputs())
    sums = []
    for row, labels in zip(logits.double().numpy(), batch.labels.tolist(), strict=True):
        said = [(row[place], token) for place, token in enumerate(labels[1:]) if token != -100]
        sums.append(sum(scores[token] - np.log(np.exp(scores).sum()) for scores, token in said))
    return np.array(sums)


def test_the_rooms_dpo_loss_is_the_papers_and_trls(monkeypatch):
    """Equation 7 of the DPO paper; trl's "sigmoid": −log σ(β ((π_chosen − π_rejected) − (ref_chosen − ref_rejected)))."""
    monkeypatch.setattr(preference, "mixed_precision", nullcontext)
    model, expected = build_model(), []
    reference = copy.deepcopy(model)

    def by_hand(progress):  # what the *next* step's loss must be: all pairs are in every step
        policy, before = ([logps_by_hand(of, which) for which in ("chosen", "rejected")] for of in (model, reference))
        logits = (policy[0] - policy[1]) - (before[0] - before[1])  # [P]
        expected.append(np.mean([-np.log(1 / (1 + np.exp(-0.3 * x))) for x in logits]))

    recipe = PreferenceRecipe(method="dpo", steps=4, num_pairs=4, learning_rate=1e-2, beta=0.3)
    losses = train_on_preferences(model, PAIRS, recipe, callbacks=[by_hand]).losses
    assert losses[1:] == pytest.approx(expected[:-1], rel=1e-4)
    assert losses[-1] < 0.6  # it has left log 2, where any two references look alike


def test_what_learns_is_what_was_asked_for():
    learning = {}
    for what in LEARNS:
        model = build_model()
        free(model, TUNE, what)
        learning[what] = {name for name, p in model.named_parameters() if p.requires_grad}
        assert not any("vision" in name or "tower" in name for name in learning[what])
    assert learning["connector"] and all("connector" in name for name in learning["connector"])
    assert any("lora" in name for name in learning["adapters"])
    assert any("embed" in name for name in learning["everything"])
    with pytest.raises(ValueError, match="adapters, everything, connector"):
        free(build_model(), TUNE, "tower")
    model = build_model()
    tune(
        model,
        lambda step: naming.naming_batch(model.tokenizer, step, replace(TUNE, batch_size=1)),
        replace(TUNE, steps=1),
    )
    assert not any(p.requires_grad or "lora" in name for name, p in model.named_parameters())


def test_a_reward_is_read_at_a_texts_end_whatever_pads_it_and_learns_from_pairs():
    judge = RewardModel(assistants.load("2"), with_facts=True)
    scenes, requests = description_scenes(2, "val"), description_requests(description_scenes(2, "val"))
    features = judge.llava.image_features(preferences.pixels_of(PAIRS[:2]))
    texts = ["There is a cat.", "There are a dog, a bus and a very large moon above a house."]
    with torch.no_grad():
        both = judge(judge.batch(scenes, requests, texts, features))
        alone = judge(judge.batch(scenes[:1], requests[:1], texts[:1], features[:1]))
        assert both[0] == pytest.approx(float(alone[0]), abs=1e-3)
        judge.with_facts = False
        assert judge(judge.batch(scenes, requests, texts, features))[0] != pytest.approx(float(both[0]), abs=1e-4)
    losses = train_reward(judge, PAIRS * 3, steps=8, learning_rate=1e-3).losses
    assert losses[-1] < losses[0]


def test_negclips_steps_show_both_pictures_of_a_pair_each_with_the_others_caption():
    batch = negclip.swap_batch(0, negclip.NegClipRecipe(num_pairs=3))
    assert batch.images.shape == (6, 3, 64, 64)
    assert torch.equal(batch.texts[:3], batch.negatives[3:]) and torch.equal(batch.texts[3:], batch.negatives[:3])
    alone = negclip.swap_batch(0, negclip.NegClipRecipe(num_pairs=3, negative_images=False))
    assert torch.equal(alone.images, batch.images[:3])


def test_a_repair_that_changes_nothing_cut_nothing_and_cost_nothing():
    same = repair.Measured(
        [{"cat", "dog"}, {"dog", "bus"}], [{"cat"}, {"bus"}], 4.0, ["yes"], ["yes"], 0.5, np.array([True])
    )
    rows = {figure.id: figure.value for figure in repair.change_figures("none", same, same)}
    assert set(rows.values()) == {0.0} and len(rows) == 4
    better = replace(same, named=same.present)
    cut, lost, *_ = repair.change_figures("better", same, better, cut=0.3)
    assert (cut.value, cut.bar, lost.value) == (1.0, 0.3, 0.0)


def test_the_shipped_repair_changed_the_assistant_and_its_rows_say_by_how_much():
    before, after = assistants.load("2"), saved.load_repaired_assistant()
    names = [n for n, p in after.named_parameters() if not torch.equal(p, dict(before.named_parameters())[n])]
    assert names and all("language_model" in name for name in names)
    rewards = list(repair.implicit_rewards("after", after, before, preferences.load()[:16], 0.1))
    assert rewards[0].value > rewards[1].value  # chosen over rejected


def test_the_threshold_moves_the_ratio_alone():
    right, ratio = repair.yes_threshold(assistants.load("2"), 12)
    assert 0.35 < ratio.value < 0.65 and right.value > 0.7


def test_naming_answers_are_compared_one_by_one():
    model = copy.deepcopy(assistants.load("2"))
    examples = naming.naming_examples(naming.SHAPES, 6, "val")
    merge(model)
    assert harm.correct(model, examples).shape == (6,)
