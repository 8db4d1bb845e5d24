"""Draw boxes and generate: what is drawn becomes a request, four pictures follow, what can't be drawn is one sentence."""

import builtins

import numpy as np
import pytest
import torch

from course_lib.canvas import Mark, MarkError
from course_lib.gligen.data import scenes
from course_lib.gligen.layouts import GroundedPhrase, grounding_inputs
from course_lib.gligen.model import GeneratorConfig, add_gates, transformer_blocks
from course_lib.gligen.sampling import sample
from course_lib.gligen.train.base_generator import new_base
from course_lib.gligen.ui.board import DrawBoxes
from course_lib.gligen.ui.pipeline import PocketPipeline, Request
from course_lib.gligen.ui.widgets import SIDE, sheet
from course_lib.gligen.vocabulary import known_words, note_on_caption, note_on_phrase
from course_lib.world.language import phrase
from course_lib.world.render import render
from course_lib.world.stickers import classes

FROG = Mark("box", ((0.1, 0.5), (0.45, 0.85)), text="a frog")
BUS = Mark("box", ((0.5, 0.5), (0.9, 0.9)), text="a bus")
GONE = Mark("box", ((0.5, 0.5), (0.9, 0.9)), positive=False)


@pytest.fixture(scope="module")
def pipeline() -> PocketPipeline:
    """An untrained generator whose gates stand open, with two steps."""
    model = add_gates(new_base(GeneratorConfig(block_out_channels=(16, 32))).model.eval())
    for block in transformer_blocks(model.unet):
        block.fuser.alpha_attn.data.fill_(1.0)
    return PocketPipeline(model, steps=2)


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return render(scenes.draw_scene(3, "val"), scenes.PIXELS).image


def test_what_is_drawn_and_set_is_what_is_painted(pipeline):
    board = DrawBoxes(pipeline, caption="a frog on the beach", seed=5)
    board.draw([FROG, BUS])
    board.settings["guidance_scale"] = 2.0
    steps_done = []
    board.generate(steps_done.append)
    layout = [GroundedPhrase("a frog", (0.1, 0.5, 0.45, 0.85)), GroundedPhrase("a bus", (0.5, 0.5, 0.9, 0.9))]
    wanted = sample(pipeline.model, ["a frog on the beach"] * 4, [layout] * 4, seed=5, steps=2, guidance_scale=2.0)
    assert board.pictures.shape == (4, 64, 64, 3) and board.pictures.dtype == np.uint8
    assert np.abs(board.pictures / 255 - wanted.permute(0, 2, 3, 1).numpy()).max() <= 0.5 / 255 + 1e-6
    assert steps_done == [1, 2] and board.problem == "" and board.notes == []


def test_strength_and_share_are_heard(pipeline):
    request = Request(layout=(GroundedPhrase("a frog", FROG.xyxy),))
    full, half, off, never = (
        pipeline.generate(Request(layout=request.layout, **options))
        for options in ({}, {"strength": 0.5}, {"strength": 0.0}, {"grounded_fraction": 0.0})
    )
    assert (full != half).any() and (half != off).any() and (off == never).all()
    assert (full == pipeline.generate(request)).all()


@pytest.mark.parametrize(
    ("marks", "says"),
    [
        ([Mark("box", FROG.points)], "has no phrase yet: type what shall be in it"),
        ([Mark("box", FROG.points, text="  ")], "has no phrase yet"),
        ([FROG, GONE], "nothing to exclude on an empty page"),
        ([FROG] * 5, "5 boxes were asked for: this model reads at most 4"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence_on_the_canvas_and_under_the_button(pipeline, marks, says):
    board = DrawBoxes(pipeline)
    board.draw([FROG])
    board.generate()
    before = board.pictures
    board.draw(marks)
    assert says in board.canvas.problem and board.canvas.answer is None
    board.generate()
    assert board.problem == board.canvas.problem and board.pictures is before
    board.draw([FROG])
    board.generate()
    assert board.problem == board.canvas.problem == ""


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ([[0.5, 0.5], [1.2, 0.9]], "outside the picture"),
        ([[0.9, 0.5], [0.2, 0.9]], "left top to its right bottom"),
        ([[0.5, 0.5], [0.5, 0.5]], "has an area"),
    ],
)
def test_a_box_outside_inverted_or_empty_is_refused_and_the_old_boxes_stay(pipeline, points, says):
    board = DrawBoxes(pipeline)
    board.draw([FROG])
    board.canvas.take([{"kind": "box", "points": points, "text": "a frog"}])  # as the browser would send it
    assert says in board.canvas.problem and board.canvas.marks == [FROG]
    with pytest.raises(MarkError, match=says):
        board.draw([{"kind": "box", "points": points}])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("a giraffe", "knows these words, but this generator has never drawn such a thing"),
        ("a businessman", "never read “businessman”"),
        ("ein Frosch", "never read “ein”, so these words mean nothing to it"),
        ("蛙", "never read “蛙”"),
        ("???", "never read “???”, so these words mean nothing to it. Expect anything. What it has drawn: panda, frog"),
    ],
)
def test_other_words_get_a_note_and_a_picture(pipeline, words, says, recwarn):
    board = DrawBoxes(pipeline)
    board.draw([Mark("box", FROG.points, text=words), BUS])
    assert says in str(board.canvas.answer) and board.canvas.problem == ""
    board.generate()
    assert len(board.pictures) == 4 and len(board.notes) == 1 and says in board.notes[0]
    assert says in board.summary and not any("Expect anything" in str(one.message) for one in recwarn)


def test_every_phrase_of_training_is_read_and_needs_no_note():
    for index in range(60):
        for thing in scenes.draw_scene(index, "val", (1, 4)).things:
            assert note_on_phrase(phrase(thing, size=False)) == ""
    assert note_on_phrase("Pine tree") == note_on_phrase("the red frog") == ""
    assert {"giraffe", "frog", "red", "a"} <= known_words()
    novel = {word for c in classes() if c.split == "novel" for word in c.name.lower().split()}
    assert len(novel - known_words()) > 30  # the tower never read the names that training holds back


def test_a_caption_is_free_but_not_endless():
    assert note_on_caption("") == note_on_caption("ein Frosch am Strand") == ""
    assert "is cut after 24" in note_on_caption("a frog " * 30)


def test_an_embedding_takes_the_place_of_a_phrase():
    embedding = torch.randn(128)
    grounding = grounding_inputs([[GroundedPhrase("a frog", FROG.xyxy), GroundedPhrase("", BUS.xyxy, embedding)], []])
    assert set(grounding) == {"boxes", "masks", "positive_embeddings"}
    assert torch.equal(grounding["positive_embeddings"][0, 1], embedding)
    assert grounding["masks"].tolist()[0] == [1, 1, 0, 0]
    assert torch.equal(
        grounding["positive_embeddings"][0, 0],
        grounding_inputs([[GroundedPhrase("a frog", BUS.xyxy)]])["positive_embeddings"][0, 0],
    )
    with pytest.raises(ValueError, match="a phrase and a reference picture"):
        GroundedPhrase("a frog", FROG.xyxy, embedding)
    with pytest.raises(ValueError, match="no phrase"):
        GroundedPhrase("", FROG.xyxy)


def test_a_box_without_a_phrase_holds_what_is_marked_on_the_reference(pipeline, scene, monkeypatch):
    seen = []
    monkeypatch.setattr(pipeline, "embed_reference", lambda crop: seen.append(crop) or torch.ones(128))
    board = DrawBoxes(pipeline, reference=scene)
    board.draw([Mark("box", FROG.points), BUS])
    assert "mark a region of the reference picture" in board.canvas.problem
    board.draw([Mark("box", FROG.points), BUS, Mark("reference", ((0.25, 0.5), (0.5, 1.0)))])
    first, second = board.request().layout
    assert torch.equal(first.embedding, torch.ones(128)) and second.embedding is None and second.phrase == "a bus"
    assert (seen[-1] == scene[32:64, 16:32]).all()
    board.generate()
    assert board.problem == "" and len(board.pictures) == 4


def test_a_scene_is_changed_where_boxes_are_and_one_goes_on_from_a_picture(pipeline, scene):
    board = DrawBoxes(pipeline, scene=scene)
    board.generate()
    assert "nothing is to be changed" in board.problem and board.pictures is None
    with pytest.raises(ValueError, match="there is no picture 1 to go on from"):
        board.take(1)
    board.draw([FROG, GONE])
    assert "2 box(es) ready" in str(board.canvas.answer)
    board.generate()
    top = board.pictures[:, :28].astype(int)  # both boxes lie below
    assert np.abs(top - scene[:28]).mean() < 12 and len(np.unique(board.pictures, axis=0)) == 4
    with pytest.raises(ValueError, match="choose 1, 2, 3 or 4"):
        board.take(0)
    board.take(2)
    assert (board.canvas.picture == board.pictures[1]).all() and board.canvas.marks == []
    assert (board.request().scene == board.pictures[1]).all()
    board.take(None)
    assert board.request().scene is None and board.canvas.alt == "an empty page"


def test_on_a_page_that_is_only_read_it_is_a_picture_with_words(pipeline, capsys):
    board = DrawBoxes(pipeline, caption="a frog")
    board.draw([FROG])
    alone = board.still()
    board.generate()
    assert board.still().width > alone.width
    board._ipython_display_()
    message = capsys.readouterr().out
    assert "an empty page, with box from 10 %, 50 % to 45 %, 85 %: a frog" in message
    assert "Four pictures for the caption “a frog”" in message


def test_boxes_are_drawn_over_the_pictures_or_not(pipeline):
    pictures = np.full((4, 64, 64, 3), 128, np.uint8)
    bare, drawn = np.asarray(sheet(pictures)), np.asarray(sheet(pictures, [FROG]))
    assert bare.shape == drawn.shape == (2 * SIDE + 8, 2 * SIDE + 8, 3)
    changed = (bare != drawn).any(axis=-1)
    assert all(changed[y:, x:].any() for y in (0, SIDE + 8) for x in (0, SIDE + 8))
    assert not changed[: int(0.4 * SIDE), :SIDE].any()


def test_the_fields_write_into_the_board_and_show_its_pictures(pipeline):
    pytest.importorskip("ipywidgets")
    board = DrawBoxes(pipeline)
    board.draw([FROG])
    assert board.widget is board.widget
    front = board._front
    front.caption.value, front.seed.value, front.sliders["strength"].value = "a <b>", 7, 0.5
    assert (board.caption, board.seed, board.settings["strength"]) == ("a <b>", 7, 0.5)
    assert front.pictures.value == "" and front.continue_from.layout.display == "none"
    front.button.click()
    assert front.progress.value == 2 and not front.button.disabled and front.progress.layout.visibility == "hidden"
    assert "a &lt;b&gt;" in front.pictures.value and "data:image/png" in front.pictures.value
    with_boxes = front.pictures.value
    front.show_boxes.value = False
    assert front.pictures.value != with_boxes
    front.continue_from.children[3].click()
    assert (board.scene == board.pictures[1]).all()
    front.button.click()
    assert "nothing is to be changed" in front.message.value and 'role="alert"' in front.message.value
    front.continue_from.children[1].click()
    assert board.scene is None


def test_without_anywidget_there_are_fields_for_boxes(pipeline, monkeypatch):
    pytest.importorskip("ipywidgets")
    real = builtins.__import__

    def without(name, *rest, **options):
        if name in ("anywidget", "course_lib.canvas.widget"):
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    board = DrawBoxes(pipeline)
    assert board.widget is not None and type(board.canvas._front).__name__ == "CanvasFields"
    fields = board.canvas._front
    fields.words.value = "a frog"
    fields.add.click()
    board._front.button.click()
    assert [one.phrase for one in board.request().layout] == ["a frog"] and len(board.pictures) == 4
