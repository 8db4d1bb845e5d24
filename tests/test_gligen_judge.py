"""The judge of Lesson 10, and the boxes that are asked for: real renders pass, wrong ones don't, bad input is named."""

import pytest
import torch

from course_lib.clip.data.images import to_tensor
from course_lib.gligen.data.batches import STREAM, cell_targets, make_detection_batch, true_layout
from course_lib.gligen.data.scenes import PIXELS, draw_scene
from course_lib.gligen.detector import Detections, Detector, box_iou, boxes_from_sides, detect
from course_lib.gligen.evaluate.detections import match_boxes
from course_lib.gligen.grounding import cell_centres
from course_lib.gligen.layouts import GroundedPhrase, grounding_inputs
from course_lib.gligen.train.detector import DetectorRecipe, generalised_iou, train_detector
from course_lib.gligen.vocabulary import NAMES
from course_lib.world.render import render


def test_iou_of_boxes():
    a = torch.tensor([[0.0, 0, 0.5, 0.5], [0, 0, 1, 1]])
    b = torch.tensor([[0.25, 0, 0.75, 0.5], [0.6, 0.6, 0.9, 0.9]])
    torch.testing.assert_close(box_iou(a, b), torch.tensor([[1 / 3, 0], [0.25, 0.09]]))
    same, apart = generalised_iou(a, a), generalised_iou(a[:1], b[1:])
    torch.testing.assert_close(same, torch.ones(2))
    assert apart < 0


def test_targets_name_the_middle_of_a_thing_and_its_box_and_the_front_wins():
    boxes = torch.tensor([[0.0, 0, 1, 1], [0.25, 0.25, 0.75, 0.75]])
    classes, box_of = cell_targets([3, 5], boxes)
    assert classes[5, 8, 8] == 1 and classes[3, 8, 8] == 0  # the second lies in front
    assert classes[3, 4, 4] == 1 and classes.sum(dim=0).max() == 1
    torch.testing.assert_close(box_of[:, 8, 8], boxes[1])
    assert box_of[:, 0, 0].eq(0).all()


def test_sides_make_the_box_again():
    box = torch.tensor([0.1, 0.2, 0.7, 0.9])
    x, y = cell_centres(16)[:, 8, 6]
    sides = torch.stack([x - box[0], y - box[1], box[2] - x, box[3] - y]).view(1, 4, 1, 1).expand(1, 4, 16, 16)
    torch.testing.assert_close(boxes_from_sides(sides)[0, :, 8, 6], box)


def test_a_thing_is_found_once():
    class Two(torch.nn.Module):
        """Says "bus" at two neighbouring cells with nearly the same box, and "frog" elsewhere."""

        def forward(self, images):
            logits, sides = torch.full((1, len(NAMES), 16, 16), -9.0), torch.full((1, 4, 16, 16), 0.2)
            logits[0, NAMES.index("bus"), 8, 8:10] = torch.tensor([2.0, 3.0])
            logits[0, NAMES.index("frog"), 8, 8] = 1.0
            return logits, sides

    (detections,) = detect(Two(), torch.zeros(1, 3, PIXELS, PIXELS))
    assert [NAMES[number] for number in detections.classes] == ["bus", "frog"]
    assert detections.scores.tolist() == sorted(detections.scores.tolist(), reverse=True)


def test_verdicts():
    detections = Detections(
        torch.tensor([[0.0, 0, 0.5, 0.5], [0.5, 0.5, 1, 1]]),
        torch.tensor([NAMES.index("bus"), NAMES.index("frog")]),
        torch.tensor([0.9, 0.8]),
    )
    bus, wrong, elsewhere = match_boxes(
        [
            GroundedPhrase("a bus", (0.0, 0.0, 0.5, 0.5)),
            GroundedPhrase("a panda", (0.5, 0.5, 1.0, 1.0)),
            GroundedPhrase("a frog", (0.5, 0.0, 1.0, 0.5)),
        ],
        detections,
    )
    assert bus.matched and bus.phrase_top1 and bus.iou == 1
    assert not wrong.matched and not wrong.phrase_top1 and wrong.iou == 0
    assert not elsewhere.matched and not elsewhere.phrase_top1
    nothing = match_boxes(
        [GroundedPhrase("a bus", (0.0, 0.0, 0.5, 0.5))], Detections(*(part[:0] for part in vars(detections).values()))
    )
    assert not nothing[0].matched and not nothing[0].phrase_top1
    with pytest.raises(ValueError, match="knows no 'a violin'"):
        match_boxes([GroundedPhrase("a violin", (0.0, 0.0, 0.5, 0.5))], detections)


def test_the_judge_learns_from_real_renders_and_not_by_place():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = Detector()
    train_detector(model, DetectorRecipe(steps=45, batch_size=24))
    matched, elsewhere = [], []
    for index in range(60):
        scene = draw_scene(index, "val", (1, 1))
        picture = render(scene, PIXELS)
        (detections,) = detect(model, to_tensor(picture.image[None]))
        layout = true_layout(scene, picture)
        matched += [result.matched for result in match_boxes(layout, detections)]
        mirrored = [
            GroundedPhrase(one.phrase, (1 - one.box[2], 1 - one.box[3], 1 - one.box[0], 1 - one.box[1]))
            for one in layout
        ]
        elsewhere += [result.matched for result in match_boxes(mirrored, detections)]
    assert sum(matched) > 40 and sum(elsewhere) < 0.6 * sum(matched)


def test_the_judge_has_scenes_of_its_own():
    batch = make_detection_batch(0, DetectorRecipe(steps=1, batch_size=6))
    assert batch.images.shape == (6, 3, PIXELS, PIXELS) and batch.images.min() >= 0 and batch.images.max() <= 1
    assert STREAM not in ("train", "val", "test")


def test_what_is_asked_becomes_numbers():
    bus, frog = GroundedPhrase("a bus", (0.1, 0.2, 0.5, 0.6)), GroundedPhrase("a frog", (0.5, 0.5, 1.0, 1.0))
    made = grounding_inputs([[bus, frog], []])
    assert made["masks"].tolist() == [[1, 1, 0, 0], [0, 0, 0, 0]]
    torch.testing.assert_close(made["boxes"][0, 0], torch.tensor(bus.box))
    assert made["positive_embeddings"].shape == (2, 4, 128) and made["positive_embeddings"][1].eq(0).all()
    with pytest.raises(ValueError, match="5 boxes were asked for: this model reads at most 4"):
        grounding_inputs([[bus] * 5])


@pytest.mark.parametrize(
    ("phrase", "box", "message"),
    [
        ("a bus", (-0.1, 0, 0.5, 0.5), "leaves the picture"),
        ("a bus", (10, 12, 40, 50), "shares between 0 and 1"),
        ("a bus", (0.6, 0.1, 0.2, 0.5), "inside out"),
        ("a bus", (0.2, 0.1, 0.2, 0.5), "empty"),
        ("a bus", (float("nan"), 0, 1, 1), "leaves the picture"),
        (" ", (0, 0, 1, 1), "no phrase"),
    ],
)
def test_a_box_that_nothing_can_be_drawn_from_is_named(phrase, box, message):
    with pytest.raises(ValueError, match=message):
        GroundedPhrase(phrase, box)
