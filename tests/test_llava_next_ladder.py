"""The ladder: one change a rung, equal steps, and rows that survive a stop."""

import json
from dataclasses import asdict, replace

import pytest

from course_lib.llava_next.data import batches
from course_lib.llava_next.evaluate import ladder, pocketbench
from course_lib.llava_next.recipes import BAKED
from course_lib.lm.tokenizer import get_tokenizer


def test_each_rung_is_the_one_below_and_its_own_change():
    recipes = [asdict(ladder.recipe_of(number, 9, 4)) for number in range(len(ladder.RUNGS))]
    for rung, below, above in zip(ladder.RUNGS[1:], recipes, recipes[1:], strict=False):
        assert {name for name in above if above[name] != below[name]} == set(rung.change)
    assert {(one["steps"], one["batch_size"], one["seed"]) for one in recipes} == {(9, ladder.BATCH_SIZE, 4)}


@pytest.mark.parametrize("line", [False, True])
def test_the_line_stands_in_the_prompts_where_the_recipe_has_it(line):
    tokenizer = get_tokenizer()
    recipe = replace(
        BAKED,
        batch_size=3,
        forms=("whole",),
        form_weights=(1.0,),
        format_prompt=line,
        sentence_frac=0.0,
        letter_frac=0.0,
    )
    batch = batches.next_batch(tokenizer, 0, recipe)
    assert ("Use one word only." in tokenizer.decode(batch.input_ids.flatten())) == line


def test_few_scenes_come_again_and_are_of_all_kinds():
    import random

    recipe = replace(BAKED, num_scenes=3)
    rng = random.Random(0)
    seen = {batches.draw_scene(rng, recipe, "tiles") for _ in range(60)}
    assert 3 <= len(seen) <= 9 and max(len(scene.things) for scene in seen) > 4


def test_rows_that_are_there_are_not_made_again_and_become_figures(tmp_path, monkeypatch):
    made = []

    def climb(number, seed, steps, mlp):
        assert mlp or not ladder.RUNGS[number].aside
        made.append((number, seed))
        scores = dict.fromkeys(pocketbench.COLUMNS, (number + seed) / 10)
        return {"rung": ladder.RUNGS[number].name, "seed": seed, "steps": steps, "minutes": 1.0, "tokens": 64, **scores}

    monkeypatch.setattr(ladder, "climb", climb)
    file = tmp_path / "rows.jsonl"
    ladder.run_all(file, seeds=(0,), steps=5)
    ladder.run_all(file, seeds=(0, 2), steps=5)
    assert len(made) == 2 * len(ladder.RUNGS) - 3  # no file, so no rung aside
    ladder.run_all(file, seeds=(0, 2), steps=5, mlp=tmp_path / "mlp.safetensors")
    assert len(made) == len(set(made)) == 2 * len(ladder.RUNGS) - 1  # the last rung has one seed
    figures = {figure.id: figure for figure in ladder.figures(ladder.read_rows(file))}
    one = figures["next.ladder.format_prompt"]
    assert (one.value, one.low, one.high, one.baseline) == (0.2, 0.1, 0.3, 0.1)
    assert figures["next.ladder.mlp"].baseline == figures["next.ladder.academic_and_reading_data"].baseline == one.value
    assert len(figures) == len(ladder.RUNGS)
    assert all(json.loads(figure.to_json()) for figure in figures.values())


def test_the_rung_aside_begins_with_the_mlp_of_its_file(tmp_path, monkeypatch):
    import torch
    from safetensors.torch import save_file

    from course_lib.llava.connector import make_connector
    from course_lib.llava_next import train

    def score(bench, _):
        return dict.fromkeys(pocketbench.COLUMNS, 0.0)

    begun = []
    mlp = make_connector(160, 192)
    save_file(mlp.state_dict(), tmp_path / "mlp.safetensors")
    monkeypatch.setattr(train, "train", lambda model, recipe: begun.append(model.connector))
    monkeypatch.setattr(pocketbench, "score", score)
    monkeypatch.setattr(pocketbench, "answered", lambda model, bench, form: [])
    number = next(number for number, rung in enumerate(ladder.RUNGS) if rung.aside)
    row = ladder.climb(number, 0, 1, tmp_path / "mlp.safetensors")
    views, [connector] = ladder.Views(torch.randn(2, 64, 160), None, (64, 64)), begun
    assert row["rung"] == "mlp" and torch.equal(connector(views), mlp(views.whole))


def test_added_layers_say_nothing_at_first_and_can_learn():
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=30,
            hidden_size=16,
            intermediate_size=20,
            num_hidden_layers=2,
            num_attention_heads=2,
            pad_token_id=0,
            eos_token_id=1,
        )
    ).eval()
    ids = torch.arange(2, 8)[None]
    before, said = model(ids).logits, model.generate(ids, max_new_tokens=4, do_sample=False)
    ladder.double_layers(model)
    assert model.config.num_hidden_layers == len(model.model.layers) == 4
    assert torch.allclose(model(ids).logits, before, atol=1e-5)
    assert torch.equal(model.generate(ids, max_new_tokens=4, do_sample=False), said)
    model(ids, labels=ids).loss.backward()
    assert model.model.layers[1].mlp.down_proj.weight.grad.abs().sum() > 0


def test_the_mlp_stands_beside_the_mixture_of_words():
    figures = list(ladder.connector_figures(ladder.read_rows(ladder.CONNECTORS)))
    assert [figure.id for figure in figures] == ["next.mlp", "next.mlp_longer"]
    assert all(figure.n == 420 and figure.low < figure.value < figure.high for figure in figures)
    assert all(figure.bar == round(figure.baseline - 0.02, 4) for figure in figures)
