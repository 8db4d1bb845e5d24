"""A chat model on the pocket vision tower: its template, its patches, what learns, what is saved. On a tiny random chat model."""

import copy
import signal
from dataclasses import replace

import pytest
import torch

from course_lib import checkpoints
from course_lib.common import smollm2
from course_lib.llava.data.packing import collate
from course_lib.llava.data.pictures import render_pixels, training_scene
from course_lib.llava.model import TemplatedLlava
from course_lib.llava.train import smollm2 as smol
from course_lib.llava.train.parameters import load_trained
from course_lib.llava.train.stages import num_label_tokens
from course_lib.llava.vision import PocketVisionTower
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.training import Progress

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }} {{ m['content'] }}<|im_end|> {% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant {% endif %}"
)
SMALL = smol.SmolRecipe(steps=6, batch_size=2, max_questions=3, rank=2)


def untrained() -> TemplatedLlava:
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = copy.deepcopy(get_tokenizer())
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2
    )
    return smol.assemble(LlamaForCausalLM(config), tokenizer, SMALL.rank)


def learned(model) -> dict[str, torch.Tensor]:
    return {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}


def test_a_conversation_is_what_the_models_own_template_makes_of_it():
    model = untrained()
    ids, labels = model.encode("where is it?", "there")
    messages = [
        {"role": "user", "content": "<image>" * smol.NUM_PATCHES + "where is it?"},
        {"role": "assistant", "content": "there"},
    ]
    expected = model.tokenizer.apply_chat_template(messages, tokenize=False).strip()
    assert model.tokenizer.decode(ids).replace(" ", "") == expected.replace(" ", "")
    assert model.tokenizer.decode([label for label in labels if label >= 0]) == "there<|im_end|>"


def test_who_asks_cannot_end_the_turn():
    model = untrained()
    end = model.tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert model.encode("<|im_end|><image>", "no")[0].count(end) == 2
    assert model.encode("<|im_end|><image>", "no")[0].count(model.image_token) == smol.NUM_PATCHES


def test_four_patches_that_form_a_square_are_one():
    vision = untrained().vision
    pixels = render_pixels([training_scene(smol.random.Random(1))])
    with torch.no_grad():
        patches, squares = PocketVisionTower.forward(vision, pixels)[0], vision(pixels)[0]
    assert squares.shape == (16, 4 * patches.shape[1])
    expected = torch.cat([patches[8 * row + column] for row in (2, 3) for column in (6, 7)])
    assert torch.equal(squares[4 * 1 + 3], expected)


def test_questions_that_share_a_picture_are_learned_as_if_alone():
    model = untrained()
    scene = training_scene(smol.random.Random(2))
    conversations = [model.segments(*pair) for pair in smol.sample_qa_pairs(scene, smol.random.Random(0), 5)]
    pixels = render_pixels([scene])
    together = collate(model.tokenizer, [conversations], pixels, smol.NUM_PATCHES)
    with torch.no_grad():
        sums = [
            smol.answer_loss(model, one).item() * num_label_tokens(one)
            for one in (
                together,
                *(collate(model.tokenizer, [[one]], pixels, smol.NUM_PATCHES) for one in conversations),
            )
        ]
    assert len(conversations) == 5
    assert sums[0] == pytest.approx(sum(sums[1:]), rel=1e-2)  # bfloat16 where it is quicker


def test_connector_and_adapter_learn_and_nothing_else():
    model = untrained()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    smol.train(model, SMALL)
    moved = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert moved
    assert all(name.startswith("connector.") or "lora_" in name for name in moved)
    assert {name.split(".")[-3] for name in moved if "lora_" in name} == {"lora_A", "lora_B"}


def test_stopped_and_resumed_is_the_undisturbed_run(tmp_path):
    undisturbed, file = untrained(), tmp_path / "state.safetensors"
    smol.train(undisturbed, SMALL)

    def stop(progress):
        if progress.step == 3:
            signal.raise_signal(signal.SIGINT)

    assert smol.train(untrained(), SMALL, callbacks=[stop], state_file=file).stopped
    resumed = untrained()
    smol.train(resumed, SMALL, state_file=file)
    assert all(torch.equal(learned(resumed)[name], tensor) for name, tensor in learned(undisturbed).items())


def test_what_is_saved_answers_as_what_was_trained(tmp_path):
    model, file = untrained(), tmp_path / "llava_smollm2.safetensors"
    progress = smol.train(model, SMALL)
    smol.save(file, model, SMALL, progress)
    assert checkpoints.load(file)[1]["stored_as"] == "float16"
    again = untrained()
    smol.load_weights(again, file)
    for name, tensor in learned(model).items():
        assert torch.equal(learned(again)[name], tensor.half().float())
    smol.load_weights(model, file)
    pixels = render_pixels([training_scene(smol.random.Random(5))] * 2)
    asked = ["where is it?", "how many things are there in all?"]
    assert model.answer(pixels, asked, max_new_tokens=5) == again.answer(pixels, asked, max_new_tokens=5)


def logits(language_model) -> torch.Tensor:
    with torch.no_grad():
        return language_model(input_ids=torch.arange(8)[None]).logits


@pytest.mark.filterwarnings("error::UserWarning")
def test_peft_reads_the_adapter_and_writes_the_same_keys(tmp_path):
    from peft import PeftModel
    from safetensors.torch import load_file

    model, file = untrained(), tmp_path / "llava_smollm2.safetensors"
    smol.save(file, model, SMALL, smol.train(model, SMALL))
    smol.load_weights(model, file)  # rounded, as it was saved
    theirs = PeftModel.from_pretrained(untrained().language_model.unload(), tmp_path / "llava_smollm2").eval()
    assert torch.equal(logits(theirs), logits(model.language_model))
    with theirs.disable_adapter():
        assert not torch.equal(logits(theirs), logits(model.language_model))
    theirs.save_pretrained(tmp_path / "theirs", save_embedding_layers=False)
    assert (tmp_path / "theirs" / smol.ADAPTER_CONFIG).exists()
    adapter = load_file(tmp_path / "llava_smollm2" / smol.ADAPTER)
    assert adapter.keys() == load_file(tmp_path / "theirs" / smol.ADAPTER).keys()


@pytest.mark.filterwarnings("error::UserWarning")
def test_peft_reads_the_shipped_adapter():
    from peft import PeftConfig, PeftModel
    from safetensors.torch import load_file
    from transformers import LlamaConfig, LlamaForCausalLM

    checkpoints.load(smol.FILE)  # connector and card are whole
    folder = smol.FILE.with_suffix("")
    shape = {"hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3}
    base = LlamaForCausalLM(
        LlamaConfig(vocab_size=16, intermediate_size=8, **shape)
    )  # SmolLM2's, where the adapter sits
    model, saved = PeftModel.from_pretrained(base, folder), load_file(folder / smol.ADAPTER)
    found = {smol.name_on_disk(name): p for name, p in model.named_parameters() if "lora_" in name}
    assert found.keys() == saved.keys() and len(saved) == 2 * 2 * 30
    assert all(torch.equal(found[name], tensor.float()) for name, tensor in saved.items())
    assert PeftConfig.from_pretrained(folder).base_model_name_or_path == smol.BASE


@pytest.mark.parametrize("name", [smol.ADAPTER, smol.ADAPTER_CONFIG])
def test_an_adapter_that_is_missing_or_damaged_is_named(tmp_path, name):
    model, file = untrained(), tmp_path / "llava_smollm2.safetensors"
    smol.save(file, model, SMALL, Progress(0, 1, [0.1]))
    part = tmp_path / "llava_smollm2" / name
    part.write_bytes(part.read_bytes()[:-1] + b" ")
    with pytest.raises(checkpoints.CheckpointError, match=f"llava_smollm2/{name} is missing or damaged"):
        smol.load_weights(model, file)
    part.unlink()
    with pytest.raises(checkpoints.CheckpointError, match=f"llava_smollm2/{name} is missing or damaged"):
        checkpoints.load(file)


def test_weights_of_another_recipe_are_refused():
    with pytest.raises(checkpoints.CheckpointError, match="another model or recipe"):
        load_trained(untrained(), {"connector.0.weight": torch.zeros(1)})


@pytest.mark.slow
@pytest.mark.skipif(not smollm2.available(), reason="SmolLM2 is not installed")
def test_the_real_one_is_small_enough_and_learns(tmp_path):
    model = smol.build_model()
    progress = smol.train(model, replace(smol.BAKED, steps=6))
    assert progress.losses[-1] < progress.losses[0]
    smol.save(tmp_path / "a.safetensors", model, smol.BAKED, progress)
    assert (tmp_path / "a.safetensors").stat().st_size + (tmp_path / "a" / smol.ADAPTER).stat().st_size < 10e6
