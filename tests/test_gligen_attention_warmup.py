"""The attention warm-up: heads learn which cells lie in which box, and nothing that is drawn changes."""

import pytest
import torch

from course_lib.gligen.gated_attention import GatedSelfAttention
from course_lib.gligen.grounding import cell_centres, position_encoding
from course_lib.gligen.layouts import GroundedPhrase, grounding_inputs
from course_lib.gligen.model import GeneratorConfig, add_gates
from course_lib.gligen.sampling import sample
from course_lib.gligen.train import attention_warmup as warmup
from course_lib.gligen.train.base_generator import new_base


@pytest.fixture(scope="module")
def base():
    return new_base(GeneratorConfig(block_out_channels=(32, 64))).average.eval()


def test_heads_learn_where_to_look_and_the_pictures_stay_those_of_the_base(base, monkeypatch):
    monkeypatch.setattr(warmup, "NUM_PICTURES", 48)
    model = add_gates(base)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    bus = GroundedPhrase("a bus", (0.1, 0.2, 0.6, 0.7))
    unlearned = warmup.token_maps(model, [bus])
    run = warmup.attention_warmup(model, steps=25)
    inside = warmup.cells_in_boxes(torch.tensor([[bus.box]]), torch.ones(1, 1), 64).view(8, 8)
    (map,) = warmup.token_maps(model, [bus])
    assert unlearned.shape == (1, 8, 8) and unlearned.max() < 0.2 and map.min() >= 0 and map.max() <= 1
    assert map[inside].mean() > max(map[~inside].mean(), 1.2 * unlearned.mean())
    assert run.losses[-1] < 0.7 * run.losses[0]
    assert torch.equal(sample(model, ["a bus"], [[bus]], steps=2), sample(base, ["a bus"], steps=2))
    moved = {name for name, weight in model.state_dict().items() if not torch.equal(weight, before[name])}
    assert moved and all(".fuser." in name or "position_net" in name for name in moved)
    assert not any(part in name for name in moved for part in ("alpha", "to_v", "to_out", ".ff."))


def test_the_same_seed_gives_the_same_look(base, monkeypatch):
    monkeypatch.setattr(warmup, "NUM_PICTURES", 32)
    one, other = add_gates(base), add_gates(base)
    assert warmup.attention_warmup(one, steps=2).losses == warmup.attention_warmup(other, steps=2).losses


def test_cells_are_inside_by_their_middles_and_empty_places_hold_none():
    grounding = grounding_inputs([[GroundedPhrase("a bus", (0.0, 0.0, 0.5, 0.25))]])
    inside = warmup.cells_in_boxes(grounding["boxes"], grounding["masks"], 64)  # [1, 64, 4]
    assert inside[0, :, 1:].sum() == 0
    assert inside[0, :, 0].view(8, 8).nonzero().tolist() == [[y, x] for y in (0, 1) for x in range(4)]


def test_a_head_that_looks_where_it_should_is_not_surprised():
    inside = torch.tensor([[[True, False], [False, False]]])  # [1, 2 cells, 2 tokens]
    right = torch.tensor([[[[-9.0, -9, 9, -9], [9, 9, -9, -9]]]]).log_softmax(-1)
    wrong = torch.tensor([[[[-9.0, -9, -9, 9], [-9, -9, 9, 9]]]]).log_softmax(-1)
    assert warmup.attention_nll(right, inside) < 1e-3 < 10 < warmup.attention_nll(wrong, inside)


def test_every_cell_has_a_code_of_its_own_and_its_place_reaches_the_layer():
    code = position_encoding(8)[0].flatten(1).T  # [12, 8, 8] → [64, 12]
    assert (torch.cdist(code, code) + torch.eye(64)).min() > 0.1
    assert cell_centres(2)[:, 0, 1].tolist() == [0.75, 0.25]  # x, y
    layer = GatedSelfAttention(32, 20, 4, grid_size=2)
    torch.nn.init.constant_(layer.alpha_attn, 1.0)
    same = torch.ones(1, 4, 32)  # four cells that look alike
    with torch.no_grad():
        seen = layer(same, torch.randn(1, 2, 20, generator=torch.Generator().manual_seed(0)))
        assert not torch.allclose(seen[0, 0], seen[0, 3], atol=1e-3)
        torch.nn.init.zeros_(layer.place.weight)
        alike = layer(same, torch.randn(1, 2, 20, generator=torch.Generator().manual_seed(0)))
    torch.testing.assert_close(alike[0, 0], alike[0, 3])


def test_each_layer_gets_the_states_that_it_reads(base):
    model = add_gates(base)
    seen = {}
    hooks = [
        layer.register_forward_pre_hook(lambda layer, args: seen.update({id(layer): args[0]}))
        for layer in warmup.gated_layers(model)
    ]
    grounding = grounding_inputs([[]])
    read = warmup.read_by_gates(model, torch.randn(1, 12, 16, 16), torch.tensor([500]), grounding)
    assert [id(layer) for layer in warmup.gated_layers(model)] != list(
        seen
    )  # modules stand in another order than they run
    assert all(torch.equal(seen[id(layer)], x) for layer, x in zip(warmup.gated_layers(model), read, strict=True))
    for hook in hooks:
        hook.remove()
