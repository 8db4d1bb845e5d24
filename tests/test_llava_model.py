"""MiniLlava: the splice, the labels, what is shared, what learns, and parity with transformers' Llava."""

import copy
import random
import signal
from dataclasses import replace

import pytest
import torch

from course_lib import checkpoints
from course_lib.instruct import formats
from course_lib.llava import recipes
from course_lib.llava.connector import caption_labels, make_connector, noisy_or_loss, visible_words
from course_lib.llava.data import batches, packing, pictures
from course_lib.llava.model import MiniLlava, packed_attention_mask, splice
from course_lib.llava.train import parameters, saved, stages
from course_lib.llava.vision import TransformersVisionTower
from course_lib.lm.chat import chat_segments
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.lm.tokenizer import get_tokenizer

SMALL = recipes.LlavaRecipe(steps=2, batch_size=2, learning_rate=1e-3, rank=4)


@pytest.fixture(scope="module")
def model() -> MiniLlava:
    return stages.build_model()


@pytest.fixture(scope="module")
def tokenizer():
    return get_tokenizer()


def test_patches_stand_where_the_marks_were():
    embeddings, patches = torch.zeros(2, 6, 3), torch.arange(12.0).view(2, 2, 3) + 1
    marks = torch.tensor([[0, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 0]]).bool()
    spliced = splice(embeddings, marks, patches)
    assert torch.equal(spliced[0, 1:3], patches[0])
    assert torch.equal(spliced[1, 3:5], patches[1])
    assert spliced[~marks].abs().sum() == 0


def test_a_text_that_was_cut_within_a_picture_is_refused():
    with pytest.raises(ValueError, match="places for 1 patches"):
        splice(torch.zeros(1, 3, 2), torch.tensor([[False, False, True]]), torch.ones(1, 2, 2))


def test_an_unknown_connector_is_refused():
    with pytest.raises(ValueError, match="linear, mlp2x_gelu"):
        make_connector(3, 4, "mlp")


def test_only_the_assistants_words_are_learned(model, tokenizer):
    ids, labels = model.encode("what colour is the car?", "red")
    assert ids.count(model.image_token) == model.num_patches
    learned = [label for label in labels if label != IGNORE_INDEX]
    assert tokenizer.decode(learned) == " red<|im_end|>"
    batch = batches.stage2_batch(tokenizer, 0, SMALL)
    assert not (batch.labels == model.image_token).any()
    assert (batch.labels >= 0).any(dim=1).all()


def test_with_the_users_words_more_is_learned(tokenizer):
    usual, more = (batches.stage2_batch(tokenizer, 0, SMALL, learn_user=user) for user in (False, True))
    assert torch.equal(usual.input_ids, more.input_ids)
    assert (more.labels >= 0).sum() > 2 * (usual.labels >= 0).sum()


def test_beside_a_share_of_the_pictures_stands_a_conversation_about_none(tokenizer):
    seeing, mixed = (
        batches.stage2_batch(tokenizer, 0, replace(SMALL, batch_size=4, text_only_frac=share)) for share in (0.0, 1.0)
    )
    assert torch.equal(seeing.pixel_values, mixed.pixel_values)
    assert all((row >= 0).sum() > (usual >= 0).sum() for row, usual in zip(mixed.labels, seeing.labels, strict=True))
    picture = mixed.input_ids[0].tolist().index(tokenizer.convert_tokens_to_ids("<image>"))
    last = int((mixed.labels[0] >= 0).nonzero()[-1])
    assert not mixed.attention_mask[0, 0, last, picture] and mixed.position_ids[0, last] < last


def test_instruction_data_is_of_the_types_that_are_asked_for(tokenizer):
    none, detail, all_three = (
        tokenizer.decode(batches.stage2_batch(tokenizer, 0, SMALL, types=types).input_ids[0])
        for types in ((), ("detail",), batches.TYPES)
    )
    assert none != detail and len(none) < min(len(detail), len(all_three))


def test_nobody_looks_ahead_or_into_another_conversation():
    mask = packed_attention_mask(torch.tensor([[0, 0, 1, 1, 2, 2, -1]]))[0, 0]
    assert mask[5].tolist() == [True, True, False, False, True, True, False]
    assert mask[2].tolist() == [True, True, True, False, False, False, False]
    assert mask[6].tolist() == [False] * 6 + [True]  # padding sees itself, so that no row is empty


def test_a_conversation_beside_a_picture_learns_as_if_there_were_none(model):
    scene = pictures.training_scene(random.Random(3))
    with_picture = [batches.picture_segments(model.tokenizer, batches.to_messages([("what is this?", "a fox")]))]
    text_only = chat_segments(model.tokenizer, batches.to_messages([("say it again: red", "red")]))
    batch = packing.collate(model.tokenizer, [with_picture], pictures.render_pixels([scene]), text_only=[[text_only]])
    length = sum(len(ids) for _, ids in text_only)
    ids, labels = batch.input_ids[:, -length:], batch.labels[:, -length:]
    with torch.no_grad():
        beside = model(**batch.inputs())[1][:, -length:]
        alone = model.language_model(input_ids=ids).logits
    assert (labels >= 0).any() and (beside - alone).abs().max() < 1e-4


def test_conversations_that_share_a_picture_learn_as_if_alone(model):
    rng_scene = pictures.training_scene(random.Random(3))
    questions = [("what colour is the sky?", "blue"), ("how many things are there?", "two")]
    conversations = [batches.picture_segments(model.tokenizer, batches.to_messages([pair])) for pair in questions]
    together = packing.collate(model.tokenizer, [conversations], pictures.render_pixels([rng_scene]))
    with torch.no_grad():
        _, logits = model(**together.inputs())
        learned = together.labels[0] >= 0
        losses = torch.nn.functional.cross_entropy(
            logits[0, :-1][learned[1:]], together.labels[0, 1:][learned[1:]], reduction="none"
        )
        alone = []
        for question, answer in questions:
            ids, labels = (torch.tensor([row]) for row in model.encode(question, answer))
            alone.append(model(ids, torch.ones_like(ids), labels, pixel_values=together.pixel_values)[0].item())
    assert losses.view(2, -1).mean(1).tolist() == pytest.approx(alone, abs=1e-4)


def test_an_answer_with_the_cache_is_that_of_reading_everything_again():
    model = stages.build_model("mlp2x_gelu")
    pixels = pictures.render_pixels([pictures.training_scene(random.Random(5))] * 2)
    questions = ["what is the setting?", "tell me, how many things do you see?"]
    said = model.answer(pixels, questions)
    for question, text in zip(questions, said, strict=True):
        ids, labels = (torch.tensor([row]) for row in model.encode(question, text))
        with torch.no_grad():
            _, logits = model(ids, torch.ones_like(ids), labels, pixel_values=pixels[:1])
        learned = labels[0, 1:] != IGNORE_INDEX
        assert torch.equal(logits[0, :-1][learned].argmax(-1), labels[0, 1:][learned])
    assert model.answer(model.image_features(pixels), questions) == said


def test_stage_1_moves_the_connector_and_nothing_else():
    model = stages.build_model()
    before = copy.deepcopy(model.state_dict())
    stages.stage1(model, SMALL)
    moved = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved
    assert all(name.startswith("connector.") for name in moved)


def test_the_mixture_of_words_moves_the_words_logits_and_nothing_else():
    model = stages.build_model()
    before = copy.deepcopy(model.state_dict())
    stages.train_word_mixture(model, SMALL)
    moved = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved == {name for name in before if name.startswith("connector.word_logits.")}


def test_a_word_is_said_of_a_picture_where_one_patch_says_it():
    none, some = torch.full((1, 4, 2), -20.0), torch.full((1, 4, 2), -20.0)
    some[0, 2, 1] = 20.0  # one patch, the second word
    said = torch.tensor([[False, True]])
    assert noisy_or_loss(some, said) < 1e-3 < 10 < noisy_or_loss(none, said)
    by_hand = -(1 - (1 - some.double().sigmoid()).prod(1)).clamp(1e-6).log()[0, 1]
    assert noisy_or_loss(some, said).item() == pytest.approx(by_hand.item(), abs=1e-3)


def test_the_words_of_a_caption_are_found_and_nothing_held_out_is_among_them(tokenizer):
    words = visible_words(tokenizer)
    said = caption_labels(tokenizer, ["a small red car in a meadow", "two of them"], words)
    found = [tokenizer.decode(word).strip() for word, true in zip(words, said[0], strict=True) if true]
    assert sorted(found) == ["car", "meadow", "red", "small"]
    assert not said[1].any()


def test_a_frozen_parameter_that_moves_is_named():
    layer = torch.nn.Linear(2, 2).requires_grad_(False)
    with pytest.raises(RuntimeError, match="bias was frozen"), parameters.frozen_stay(layer):
        layer.bias.add_(1)


def test_a_picture_is_rendered_once_a_batch(tokenizer, monkeypatch):
    rendered, usual = [], pictures.render
    for module in (pictures, formats):
        monkeypatch.setattr(module, "render", lambda scene, *size: rendered.append(scene) or usual(scene, *size))
    batches.stage2_batch(tokenizer, 0, SMALL, types=("detail",))
    assert len(rendered) == SMALL.batch_size


def test_stage_2_moves_connector_and_adapters_and_nothing_else():
    model = stages.build_model()
    before_vision = parameters.fingerprints(model.vision.state_dict())
    before = {name: p.clone() for name, p in model.language_model.state_dict().items()}
    stages.stage2(model, SMALL)
    assert parameters.fingerprints(model.vision.state_dict()) == before_vision
    after = model.language_model.state_dict()
    for name, tensor in before.items():
        found = next(t for n, t in after.items() if n.replace(".base_layer", "").endswith(name))
        assert torch.equal(found, tensor), name
    assert any(p.abs().sum() > 0 for name, p in after.items() if "lora_B" in name)


def stop_at(step: int):
    """A callback that presses Ctrl-C once, after this step."""

    def callback(progress):
        if progress.step == step:
            signal.raise_signal(signal.SIGINT)

    return callback


def test_stopped_at_ten_random_steps_and_resumed_is_the_undisturbed_run(tmp_path):
    recipe = replace(SMALL, steps=14, batch_size=1)
    undisturbed = stages.build_model()
    stages.stage2(undisturbed, recipe)
    file = tmp_path / "state.safetensors"
    for step in sorted(random.Random(0).sample(range(1, 14), 10)):
        assert stages.stage2(stages.build_model(), recipe, callbacks=[stop_at(step)], state_file=file).step == step
    resumed = stages.build_model()
    assert not stages.stage2(resumed, recipe, state_file=file).stopped
    for (name, a), b in zip(undisturbed.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_what_is_saved_is_what_was_trained_and_loads_again(tmp_path):
    saved.bake_words(tmp_path, replace(SMALL, rank=0))
    saved.bake_connector(tmp_path, replace(SMALL, rank=0))
    saved.bake_mixture(tmp_path, (SMALL, replace(SMALL, text_only_frac=1.0)))
    tensors, card = checkpoints.load(tmp_path / "llava_mixture.safetensors")
    assert {name.split(".")[0] for name in tensors} == {"connector", "language_model"}
    assert all("lora" in name for name in tensors if name.startswith("language_model"))
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    words, _ = checkpoints.load(tmp_path / "llava_words.safetensors")  # what all else begins with is not rounded
    assert {tensor.dtype for tensor in words.values()} == {torch.float32}
    assert [recipe["rank"] for recipe in card["recipe"]] == [SMALL.rank, SMALL.rank]
    made = {file.stem for file in tmp_path.iterdir()}
    assert made == {"llava_words", "llava_connector", "llava_mixture.run0", "llava_mixture"}  # `bake` removes the runs
    first, second = saved.load("1", tmp_path), saved.load("mixture", tmp_path)
    assert not torch.equal(first.connector.residual.weight, second.connector.residual.weight)
    assert not any("lora" in name for name, _ in second.named_parameters())


def test_a_bake_that_ends_between_its_runs_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    def stopped(*arguments, **options):
        monkeypatch.setattr(saved, "stage2", stages.stage2)
        raise KeyboardInterrupt

    folders = tmp_path / "undisturbed", tmp_path / "stopped"
    recipes = (SMALL, replace(SMALL, text_only_frac=1.0))
    for folder in folders:
        folder.mkdir()
        for file in saved.checkpoints.FOLDER.glob("llava_words.*"):
            (folder / file.name).write_bytes(file.read_bytes())
    saved.bake_mixture(folders[0], recipes)
    saved.bake_mixture(folders[1], recipes[:1])
    for part in (".safetensors", ".json"):  # as it is between the two
        (folders[1] / f"llava_mixture{part}").rename(folders[1] / f"llava_mixture.run0{part}")
    monkeypatch.setattr(saved, "stage2", stopped)
    with pytest.raises(KeyboardInterrupt):
        saved.bake_mixture(folders[1], recipes)
    saved.bake_mixture(folders[1], recipes)
    files = [(folder / "llava_mixture.safetensors").read_bytes() for folder in folders]
    assert files[0] == files[1]


@pytest.fixture
def mixture_folder(tmp_path):
    for name in ("llava_mixture", "llava_letters"):
        for file in saved.checkpoints.FOLDER.glob(f"{name}.*"):
            (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_an_mlp_takes_the_mixtures_place_and_goes_on_where_it_was_stopped(mixture_folder, monkeypatch):
    monkeypatch.setattr(saved.distil, "NUM_PICTURES", saved.distil.CHUNK)
    fit, tune = replace(recipes.DISTIL, steps=3, batch_size=1), replace(SMALL, ocr_frac=0.5)
    starts = []

    def stopped(model, *arguments, **options):
        starts.append(copy.deepcopy(model.connector))
        raise KeyboardInterrupt

    monkeypatch.setattr(saved, "stage2", stopped)
    for _ in range(2):  # the second time, what was fitted is read
        with pytest.raises(KeyboardInterrupt):
            saved.bake(mixture_folder, (fit, tune))
        monkeypatch.setattr(saved.distil, "distil", None)
    assert all(torch.equal(*pair) for pair in zip(*(one.parameters() for one in starts), strict=True))
    monkeypatch.setattr(saved, "stage2", stages.stage2)
    saved.bake(mixture_folder, (fit, tune))
    model = saved.load("2", mixture_folder)
    assert [type(layer).__name__ for layer in model.connector] == ["Linear", "GELU", "Linear"]
    assert not torch.equal(model.connector[0].weight, starts[0][0].weight)  # stage 2 moved it
    assert not any("lora" in name for name, _ in model.named_parameters())


def test_what_is_distilled_comes_to_say_what_the_mixture_says():
    model, recipe = saved.load("mixture"), replace(recipes.DISTIL, steps=40, batch_size=8)
    pool, unseen = (saved.distil.patches_pool(model, 128, replace(recipe, seed=seed)) for seed in (0, 1))
    student = saved.distil.new_mlp(model)
    before = saved.distil.explained_variance(student, unseen)
    saved.distil.distil(student, pool, recipe)
    assert before < 0.1 and saved.distil.explained_variance(student, unseen) > before + 0.3


def transformers_llava(tokenizer, strategy: str):
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=2, image_size=32, patch_size=8
    )
    language = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=language,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-2,
        vision_feature_select_strategy=strategy,
    )
    torch.manual_seed(0)
    return LlavaForConditionalGeneration(config).eval()


@pytest.mark.parametrize(("strategy", "patches"), [("default", 16), ("full", 17)])
def test_same_weights_same_logits_and_loss_as_transformers(tokenizer, strategy, patches):
    from transformers import LlamaForCausalLM

    theirs = transformers_llava(tokenizer, strategy)
    connector = make_connector(32, 48, "mlp2x_gelu")
    connector[0].load_state_dict(theirs.model.multi_modal_projector.linear_1.state_dict())
    connector[2].load_state_dict(theirs.model.multi_modal_projector.linear_2.state_dict())
    language_model = LlamaForCausalLM(theirs.config.text_config).eval()
    language_model.model.load_state_dict(theirs.model.language_model.state_dict())
    language_model.lm_head.load_state_dict(theirs.lm_head.state_dict())
    vision = TransformersVisionTower(theirs.model.vision_tower, class_token=strategy == "default")
    ours = MiniLlava(vision, connector, language_model, tokenizer, num_patches=patches).eval()

    rows = [ours.encode("what colour is it?", "red"), ours.encode("where is it now?", "there")]
    length = min(len(ids) for ids, _ in rows)
    ids, labels = (torch.tensor([row[i][-length:] for row in rows]) for i in range(2))
    pixels, mask = torch.randn(2, 3, 32, 32), torch.ones(2, length, dtype=torch.long)
    with torch.no_grad():
        loss, logits = ours(ids, mask, labels, pixel_values=pixels)
        out = theirs(input_ids=ids, attention_mask=mask, labels=labels, pixel_values=pixels)
    assert (logits - out.logits).abs().max() < 1e-4
    assert loss.item() == pytest.approx(out.loss.item(), abs=1e-4)
