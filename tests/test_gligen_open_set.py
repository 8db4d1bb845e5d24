"""Open set: what the lesson's gates may not read while they learn, and how it is asked for afterwards."""

from dataclasses import replace

import torch

from course_lib.gligen.data import batches
from course_lib.gligen.data.scenes import draw_scene
from course_lib.gligen.data.testsets import of_things
from course_lib.gligen.evaluate import open_set
from course_lib.gligen.model import GeneratorConfig, add_gates
from course_lib.gligen.train import attention_warmup as warmup
from course_lib.gligen.train import gates
from course_lib.gligen.train.base_generator import new_base
from course_lib.gligen.train.detector import load_detector
from course_lib.gligen.vocabulary import NAMES
from tools import larger_vocabulary


def test_gates_learn_without_three_of_twelve_phrases_and_the_shipped_ones_with_all():
    assert len(set(gates.HELD_OUT) & set(NAMES)) == 3
    assert gates.LIVE.held_out == gates.HELD_OUT and gates.BAKED.held_out == ()
    scenes = [draw_scene(index, held_out=gates.HELD_OUT) for index in range(200)]
    assert {thing.name for scene in scenes for thing in scene.things} == set(NAMES) - set(gates.HELD_OUT)
    assert draw_scene(7) == draw_scene(7, held_out=())


def test_neither_training_nor_warm_up_shows_what_is_held_out(monkeypatch):
    asked, base = [], new_base(GeneratorConfig(block_out_channels=(16, 32))).model.eval()

    def noting(*given):
        asked.append(draw_scene(*given))
        return asked[-1]

    monkeypatch.setattr(batches, "draw_scene", noting)
    monkeypatch.setattr(warmup, "draw_scene", noting)
    monkeypatch.setattr(warmup, "NUM_PICTURES", 64)
    monkeypatch.setattr(open_set, "LIVE", replace(gates.LIVE, attention_warmup_steps=1, batch_size=32))
    open_set.trained(base, steps=1)
    assert len(asked) == 64 + 32
    assert not {thing.name for scene in asked for thing in scene.things} & set(gates.HELD_OUT)


def test_scenes_of_some_things_have_no_others():
    tests = of_things(("frog", "bus"), ((1, 3), (2, 2)))
    assert [len(scene.things) for scene in tests.scenes] == [1, 1, 1, 2, 2]
    assert {thing.name for scene in tests.scenes for thing in scene.things} <= {"frog", "bus"}


@torch.no_grad()
def test_read_and_unread_phrases_are_asked_for_with_a_caption_and_without(monkeypatch):
    base = new_base(GeneratorConfig(block_out_channels=(16, 32))).model.eval()
    said = []
    monkeypatch.setattr(
        open_set, "generate", lambda model, tests, **_: said.append(tests) or open_set.real_images(tests)
    )
    figures = list(open_set.open_set_figures(add_gates(base), base, load_detector(), counts=((1, 2),)))
    kinds = ["read_phrases", "read_phrases_no_caption", "unread_phrases", "unread_phrases_no_caption"]
    assert [figure.id.rpartition(".")[2] for figure in figures[::2]] == kinds
    assert all(figure.value == 1 for figure in figures[::2])  # real pictures
    assert [set(tests.captions) == {""} for tests in said] == [False, False, True, True] * 2
    asked = [{one.phrase.split(" ", 1)[1] for layout in tests.layouts for one in layout} for tests in said]
    assert not asked[0] & set(gates.HELD_OUT) and asked[-1] <= set(gates.HELD_OUT)


@torch.no_grad()
def test_gates_of_three_vocabularies_are_asked_for_the_same_three(monkeypatch):
    base = new_base(GeneratorConfig(block_out_channels=(16, 32))).model.eval()
    read = []

    def trained(base, held_out):
        drawn = {thing.name for index in range(150) for thing in draw_scene(index, held_out=held_out).things}
        read.append(drawn)
        return add_gates(base)

    monkeypatch.setattr(larger_vocabulary, "trained", trained)
    monkeypatch.setattr(larger_vocabulary, "generate", lambda model, tests, **_: open_set.real_images(tests))
    figures = list(larger_vocabulary.vocabulary_figures(base, counts=((1, 2),)))
    assert [len(drawn) for drawn in read] == [9, 21, 33] and not any(set(gates.HELD_OUT) & drawn for drawn in read)
    assert [figure.value for figure in figures if ".ap50." in figure.id] == [1] * 9  # real pictures
    assert {thing.name for index in range(150) for thing in draw_scene(index).things} == set(NAMES)


def test_behind_a_shut_gate_nothing_learns_and_behind_one_ajar_little():
    base = new_base(GeneratorConfig(block_out_channels=(16, 32))).model.eval()
    batch = batches.make_grounded_batch(1, gates.GatesRecipe(steps=1, batch_size=2, grounding_dropout=0), base.space)
    sizes = [gates.gradient_sizes(add_gates(base), batch, alpha) for alpha in (0.0, 0.001, 0.5)]
    assert all(at_alpha > 0 for at_alpha, _ in sizes)
    shut, ajar, open = (behind for _, behind in sizes)
    assert shut == 0 < ajar < open / 100


def test_losses_of_two_trainings_are_told_apart():
    model = add_gates(new_base(GeneratorConfig(block_out_channels=(16, 32))).model.eval())
    figures = list(open_set.warmup_figures(model, model))
    assert len({figure.id for figure in figures}) == 6 and all("noise level 900" in figure.note for figure in figures)
