"""The room of Lesson 01: the bank, the specialists, the wiring, and what they are measured with."""

import numpy as np
import pytest
import torch

from course_lib.seem.data.queries import class_names
from course_lib.specialists import before, costs, detector, rules, tools
from course_lib.specialists.boxes import mean_average_precision
from course_lib.specialists.data.bank import KNOWN, REVEALED, bank, right, use_of
from course_lib.specialists.evaluate import boxes, tasks
from course_lib.specialists.groups import DANGERS
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.splits import training_may_see


def test_twelve_tasks_ask_the_same_at_every_call_about_test_scenes_only():
    assert (len(KNOWN), len(REVEALED), len(bank())) == (6, 6, 12)
    for task in bank().values():
        examples = task.examples(6)
        assert examples == task.examples(6) and {one.scene.stream for one in examples} == {"test"}
        assert all(right(task, [one.question.answer for one in examples], examples))
        assert not any(right(task, [None] * 6, examples))


def test_made_questions_have_one_true_answer():
    for one in bank()["need"].examples(20):
        [number] = one.question.things
        uses = [use_of(thing) for thing in one.scene.things]
        assert uses.count(uses[number]) == 1 and f"to {uses[number]} " in one.question.text
    for one in bank()["swim"].examples(20):
        dangerous = any(thing.name in DANGERS for thing in one.scene.things)
        safe = one.scene.backdrop in ("sea", "beach") and not dangerous
        assert one.question.answer == ("yes" if safe else "no")
    for one in bank()["sign_thing"].examples(20):
        assert one.scene.things[one.question.things[0]].text == one.question.answer


def test_a_need_is_met_by_the_thing_that_is_named_first():
    task, [one] = bank()["need"], bank()["need"].examples(1)
    other = next(thing.name for thing in one.scene.things if thing.name != one.question.answer)
    answer = one.question.answer
    assert right(task, [f"Take the big {answer}, not the {other}."], [one]) == [True]
    assert right(task, [f"The {other}: one can use it, unlike the {answer}."], [one]) == [False]


def test_the_detector_learns_from_scenes_that_training_may_see_and_gives_every_thing_a_cell():
    recipe = detector.DetectorRecipe(steps=1, batch_size=4)
    for step in range(2):
        batch = detector.make_detection_batch(step, recipe)
        assert batch.classes.shape == (4, len(class_names()), 16, 16) and (batch.classes.sum(dim=(1, 2, 3)) > 0).all()
    for placement in detector.PLACEMENTS:
        spec = SceneSpec(placement=placement)
        assert all(training_may_see(make_scene(index, spec, detector.SCENES_SEED)) for index in range(8))


def test_further_training_begins_with_lesson_10s_boxes_and_reduces_the_loss():
    recipe = detector.DetectorRecipe(steps=12, batch_size=4)
    model, before_it = detector.build_detector(recipe), detector.load_detector().eval()
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(model.eval()(image)[1], before_it(image)[1], atol=1e-5)
    losses = detector.train_detector(model, recipe, make_batch=detector.make_detection_batch).losses
    assert np.mean(losses[-3:]) < np.mean(losses[:3])


def test_average_precision_is_that_of_pycocotools():
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    rng = np.random.default_rng(0)
    truths, found, annotations, results = [], [], [], []
    for image in range(1, 13):
        low = rng.uniform(0, 0.4, (4, 2))
        there = np.concatenate([low, low + rng.uniform(0.2, 0.5, (4, 2))], axis=1)
        seen = np.concatenate([there + rng.normal(0, 0.04, (4, 4)), there[:2] + 0.3])
        truth, guess = rng.integers(0, 3, 4), rng.integers(0, 3, 6)
        guess[:3] = truth[:3]
        scores = rng.permutation(600)[:6] / 600
        truths.append((torch.tensor(there), torch.tensor(truth)))
        found.append((torch.tensor(seen), torch.tensor(guess), torch.tensor(scores)))

        def coco(box):
            x0, y0, x1, y1 = (1000 * box).tolist()
            return [x0, y0, x1 - x0, y1 - y0]

        for box, number in zip(there, truth, strict=True):
            sizes = {"bbox": coco(box), "area": float(np.prod(coco(box)[2:])), "iscrowd": 0}
            annotations.append({"id": len(annotations) + 1, "image_id": image, "category_id": int(number) + 1, **sizes})
        for box, number, score in zip(seen, guess, scores, strict=True):
            results.append(
                {"image_id": image, "category_id": int(number) + 1, "bbox": coco(box), "score": float(score)}
            )
    truth = COCO()
    truth.dataset = {
        "images": [{"id": n, "width": 1000, "height": 1000} for n in range(1, 13)],
        "categories": [{"id": n, "name": str(n)} for n in (1, 2, 3)],
        "annotations": annotations,
    }
    truth.createIndex()
    theirs = COCOeval(truth, truth.loadRes(results), "bbox")
    theirs.evaluate()
    theirs.accumulate()
    theirs.summarize()
    assert mean_average_precision(found, truths) == pytest.approx(theirs.stats[1], abs=1e-6)
    assert 0.1 < theirs.stats[1] < 0.95


def test_the_baked_detector_finds_held_out_scenes_things_and_its_scores_can_be_trusted():
    made, pictures = boxes.scenes(24, "val")
    truths = [boxes.true_boxes(*pair) for pair in zip(made, pictures, strict=True)]
    found = [(one.boxes, one.classes, one.scores) for one in boxes.detections(pictures, 0.05)]
    assert mean_average_precision(found, truths) > 0.9
    rows = boxes.threshold_sweep(40)
    assert max(rows, key=lambda row: row.f1).f1 > 0.85
    assert [row.recall for row in rows] == sorted((row.recall for row in rows), reverse=True)
    (low, rarely, _), *_, (high, mostly, _) = boxes.calibration(40)
    assert low < high and rarely < 0.2 and mostly > 0.9


def test_every_tool_has_a_schema_and_does_what_it_says():
    scene = make_scene(3, SceneSpec("val", names=("cat", "bus"), backdrop="meadow"))
    image = render(scene).image
    assert set(tools.TOOLS) == {"find", "read", "ask", "choose", "place", "mask", "draw"}
    for name, tool in tools.TOOLS.items():
        schema = tool.schema()
        assert schema["name"] == name and set(schema["parameters"]["required"]) <= set(
            schema["parameters"]["properties"]
        )
    assert {one["name"] for one in tools.TOOLS["find"](image)} == {"cat", "bus"}
    assert tools.TOOLS["ask"](image, question="where is this?") == tools.TOOLS["place"](image) == "meadow"
    assert tools.TOOLS["choose"](image, options=["a cat and a bus", "a banana"]) == "a cat and a bus"
    assert (
        tools.TOOLS["mask"](image, phrase="a bus")["score"]
        > 0.5
        > tools.TOOLS["mask"](image, phrase="a lemon")["score"]
    )
    box = [0.0, 0.0, 0.4, 0.4]
    drawn = tools.TOOLS["draw"](image, phrase="a frog", box=box)
    assert drawn.shape == image.shape and not np.array_equal(drawn[:24, :24], image[:24, :24])


def test_the_reader_reads_most_signs_and_says_nothing_where_there_is_none():
    examples = bank()["read"].examples(40, "val")
    words = [tools.read(render(one.scene).image) for one in examples]
    assert np.mean([word == one.question.answer for word, one in zip(words, examples, strict=True)]) > 0.5
    assert tools.read(render(make_scene(1, SceneSpec("val", names=("cat",), backdrop="plain"))).image) == ""


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("is there a cat in the picture?", "yes"),
        ("is there a lemon in the picture?", "no"),
        ("is there a printer in the picture?", None),
        ("do you see a red cat?", None),
        ("how many cats are there?", "two"),
        ("count the things.", "three"),
        ("where is the dog, seen from the cat?", "right"),
        ("on which side of the cat is the dog?", "right"),
        ("is the dog to the left of the cat?", "no"),
        ("which is bigger, the cat or the dog?", "dog"),
        ("what does the sign say?", "EXIT"),
        ("can I print my documents here?", None),
        ("how many animals are there?", None),
    ],
)
def test_the_wired_specialists_answer_what_their_rules_cover_and_are_silent_elsewhere(question, said):
    things = (
        rules.Found("cat", (0.0, 0.4, 0.2, 0.6), 0.9),
        rules.Found("cat", (0.0, 0.8, 0.1, 0.9), 0.6),
        rules.Found("dog", (0.5, 0.4, 0.9, 0.8), 0.8),
    )
    findings = rules.Findings(things, "EXIT", lambda options, box: options[0], lambda: "room")
    assert rules.answer(question, findings, rules.KNOWN) == said


def test_rules_over_the_truth_answer_nearly_all_and_another_scenes_picture_does_not_help_the_model():
    for name in ("count", "group", "swim", "colour"):
        result = tasks.measure(bank()[name], 12, "val")
        assert result.right["ceiling"].mean() >= 0.9 and result.right["paid"].mean() > 0.5
        assert result.answered["wired"].all() == (name == "count")
    assert result.right["shuffled"].mean() < result.right["model"].mean()  # of colours


def test_the_control_shows_every_scene_once_and_none_beside_its_own_question_or_always_the_next_one():
    partners = tasks._partners(100)
    places = np.arange(100)
    assert sorted(partners) == list(places) and (partners != places).all()
    assert len(set((partners - places) % 100)) > 30  # truths that take turns must not be swapped in turn


def test_the_bill_counts_lists_lines_and_training():
    paid = {one.task: one for one in costs.paid()}
    assert set(paid) == {task.id for task in REVEALED}
    assert paid["group"].labels > 30 and paid["place"].labels == tools.LABELLED_PLACES and paid["sign_thing"].lines == 0
    assert costs.nouns().labels > 100_000 and costs.nouns().minutes > 10


def test_what_old_computer_vision_found_is_recorded_with_its_command():
    record = before.recorded()
    assert set(record["photographs"]) == set(before.PHOTOGRAPHS) and record["command"].startswith("python tools/")
    assert record["photographs"]["astronaut"]["face"] and record["photographs"]["rocket"]["person"]
    assert record["sign"]["text"][0]["text"].replace(" ", "") == "BUSINESSCENTER"
    assert before.digits_accuracy()[0] > 0.95 and before.office_sign().shape == (160, 480, 3)


def test_a_detector_with_80_names_finds_something_in_each_photograph_and_has_no_name_for_a_printer():
    record = before.recorded()
    labels, looks = record["labels"], {**record["photographs"], "sign": record["sign"]}
    assert len(set(labels)) == len(labels) == 80 and not {"printer", "rocket"} & set(labels)
    for name, of in looks.items():
        sure = of["objects"] + of["squashed"]
        assert bool(sure) == (name != "sign"), name
        assert all(one["score"] >= record["min_score"] for one in sure)
        assert all(one["label"] in labels and min(one["box"]) >= 0 for one in [*sure, of["surest"]])
    assert all(of["texts"] == [] for of in record["photographs"].values())


def test_finds_are_drawn_in_the_picture_and_in_the_squashed_one():
    picture = np.zeros((40, 80, 3), np.uint8)
    finds = [{"label": "cat", "score": 0.5, "box": [20, 10, 40, 20]}]
    for squash, shape, row in ((False, (40, 80, 3), 10), (True, (80, 80, 3), 20)):
        drawn = before.named(picture, finds, squash=squash)
        assert drawn.shape == shape and drawn[row, 60].tolist() == [255, 200, 0] and not drawn[row + 6, 40].any()
    assert (before.in_words(finds), before.in_words([])) == ("cat 0.50", "nothing")
    assert not picture.any()
