"""COCO's annotations: only what is used is judged, the impossible is left out and counted, and nothing else stops."""

import copy
import gzip
import json

import pytest

from course_lib.__main__ import main
from course_lib.common.errors import Problem
from course_lib.instruct.coco import CocoAnnotations
from course_lib.instruct.formats import from_coco, serialise_context
from course_lib.instruct.run.plan import coco_jobs

INSTANCES = {
    "images": [{"id": number, "file_name": f"{number}.jpg", "width": 100, "height": 50} for number in (1, 2, 3)],
    "categories": [{"id": 5, "name": "cat"}, {"id": 6, "name": "dog"}],
    "annotations": [{"id": n, "image_id": n, "category_id": 5, "bbox": [10, 10, 20, 20]} for n in (1, 2, 3)],
}
CAPTIONS = {"annotations": [{"id": n, "image_id": n, "caption": f"a cat, number {n}"} for n in (1, 2, 3)]}
NAN = float("nan")


def written(folder, instances=INSTANCES, captions=CAPTIONS):
    files = folder / "instances.json", folder / "captions.json"
    for file, content in zip(files, (instances, captions), strict=True):
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return files


def damaged(part, number=0, **changes):
    """INSTANCES with a row of a part changed; None takes a key away."""
    content = copy.deepcopy(INSTANCES)
    row = content[part][number] | changes
    content[part][number] = {key: value for key, value in row.items() if value != "gone"}
    return content


def boxes(instances, captions=CAPTIONS):
    """(boxes of the first picture as the teacher reads them, what was said)."""
    annotations = CocoAnnotations(instances, captions)
    picture = next(annotations.pictures())
    return [tuple(round(edge, 3) for edge in box[1:]) for box in picture.boxes], annotations.report()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bbox": "gone"}, "without four numbers"),
        ({"bbox": None}, "without four numbers"),
        ({"bbox": [1, 2, 3]}, "without four numbers"),
        ({"bbox": [1, 2, 3, 4, 5]}, "without four numbers"),
        ({"bbox": ["1", "2", "3", "4"]}, "without four numbers"),
        ({"bbox": [1, 2, NAN, 4]}, "without four numbers"),
        ({"bbox": [1, 2, float("inf"), 4]}, "without four numbers"),
        ({"bbox": [1, 2, 10**400, 4]}, "without four numbers"),
        ({"bbox": [True, 2, 3, 4]}, "without four numbers"),
        ({"bbox": "gone", "segmentation": [[1, 2, 3, 4, 5, 6]]}, "without four numbers"),
        ({"bbox": [1, 2, -1, 4]}, "without extent"),
        ({"bbox": [1, 2, 0, 4]}, "without extent"),
        ({"bbox": [100, 2, 5, 4]}, "outside the picture"),
        ({"bbox": [1, -9, 5, 4]}, "outside the picture"),
        ({"bbox": [0.1, 0.2, 0.3, 0.4]}, "smaller than a pixel"),  # fractions, where COCO has pixels
        ({"category_id": 7}, "of a category that is not listed"),
        ({"category_id": None}, "of a category that is not listed"),
        ({"category_id": "gone"}, "of a category that is not listed"),
        ({"category_id": [5]}, "of a category that is not listed"),
    ],
)
def test_an_impossible_box_is_dropped_and_counted_and_nothing_else(change, reason, tmp_path, capsys):
    instances = damaged("annotations", **change)
    instances["annotations"].append({"image_id": 1, "category_id": 6, "bbox": [50, 10, 20, 20]})
    found, said = boxes(instances)
    assert found == [(0.5, 0.2, 0.7, 0.6)]
    assert said.startswith("instances: boxes dropped: 1 in pictures: 1 (1 ") and reason in said
    assert len(coco_jobs(*written(tmp_path, instances), 3)) == 3
    assert capsys.readouterr().out.count("\n") == 1 and "nan" not in str(from_coco(instances, CAPTIONS))


@pytest.mark.parametrize(
    "change", [{"width": "gone"}, {"width": 0}, {"height": -5}, {"height": None}, {"width": "640"}]
)
def test_a_picture_without_a_size_keeps_its_captions(change):
    instances = damaged("images", **change)
    found, said = boxes(instances)
    assert found == [] and "in a picture without width and height" in said
    assert from_coco(instances, CAPTIONS)[0].captions == ("a cat, number 1",)
    no_boxes = {**instances, "annotations": []}
    assert boxes(no_boxes) == ([], "")  # nobody needs its size


def test_what_sticks_out_is_cut_off_and_counted_but_not_a_rounding():
    assert boxes(damaged("annotations", bbox=[-5, 40, 200, 20])) == (
        [(0, 0.8, 1, 1)],
        "instances: boxes cut off at the picture's edge: 1 (COCO has [left, top, width, height]).",
    )
    assert boxes(damaged("annotations", bbox=[50, 10, 50.01, 20])) == ([(0.5, 0.2, 1, 0.6)], "")


def test_what_was_not_asked_for_is_not_judged(tmp_path, capsys):
    instances, captions = damaged("annotations", 2, bbox=None, category_id=99), copy.deepcopy(CAPTIONS)
    instances["images"][2] |= {"width": 0, "file_name": None}
    captions["annotations"][2]["caption"] = None
    instances["annotations"] += [{"image_id": 77}, {}, None, {"image_id": [1]}]
    captions["annotations"] += [{"image_id": 77, "caption": 7}, {"caption": "of nothing"}]
    assert [job.context.id for job in coco_jobs(*written(tmp_path, instances, captions), 2)] == ["1", "2"]
    assert capsys.readouterr().out == ""
    with pytest.raises(
        Problem, match=r"has 2 pictures with captions, so --count can't be 3.*3 \(its file_name is None"
    ):
        coco_jobs(*written(tmp_path, instances, captions), 3)


@pytest.mark.parametrize("caption", [None, "", "  ", "\n", "...", 7, ["a cat"], float("nan"), "gone"])
def test_captions_without_words_never_reach_the_teacher(caption, tmp_path, capsys):
    captions = copy.deepcopy(CAPTIONS)
    captions["annotations"].insert(0, {"image_id": 1, "caption": caption} if caption != "gone" else {"image_id": 1})
    files = written(tmp_path, captions=captions)
    assert coco_jobs(*files, 1)[0].context.captions == ("a cat, number 1",)
    assert "captions without words: 1" in capsys.readouterr().out
    del captions["annotations"][1]
    assert [job.context.id for job in coco_jobs(*written(tmp_path, captions=captions), 2)] == ["2", "3"]
    assert "pictures skipped: 1 (no caption)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "change", [{"id": None}, {"id": "gone"}, {"id": 1}, {"file_name": None}, {"file_name": 7}]
    + [{"file_name": name} for name in ("", "/data/2.jpg", "../2.jpg", "C:\\2.jpg")],
)  # fmt: skip
def test_a_picture_that_can_not_be_named_is_skipped_before_anything_is_paid(change):
    annotations = CocoAnnotations(damaged("images", 1, **change), CAPTIONS)
    assert [picture.id for picture in annotations.pictures()] == ["1", "3"]
    assert "pictures skipped: " in annotations.report()


def test_what_is_only_written_otherwise_is_understood():
    instances = damaged("images", id="1", file_name="train\\1.jpg")
    instances["annotations"][0] |= {"image_id": 1.0, "category_id": "5"}
    context = from_coco(instances, CAPTIONS)[0]
    assert (context.id, context.image, len(context.captions), len(context.boxes)) == ("1", "train/1.jpg", 1, 1)
    instances["categories"][0]["name"] = "a\n cat "
    assert "\na cat: [" in serialise_context(from_coco(instances, CAPTIONS)[0], boxes=True)


def test_things_that_are_listed_twice_count_once():
    instances = copy.deepcopy(INSTANCES)
    instances["annotations"] *= 2
    assert boxes(instances) == (boxes(INSTANCES)[0], "instances: boxes dropped: 1 in pictures: 1 (1 listed twice).")
    instances["categories"].append({"id": 5, "name": "horse"})
    assert boxes(instances)[0] == []


def test_crowds_are_boxes_as_any_other():
    assert boxes(damaged("annotations", iscrowd=1, segmentation={"counts": []})) == boxes(INSTANCES)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"{", "line 1, column 2"),
        (b"<html>", "which begins '<html>'"),
        (b"[]", 'has no list "images"'),
        (b"null", 'has no list "images"'),
        (b'{"images": {}, "annotations": [], "categories": []}', 'has no list "images"'),
        (json.dumps(CAPTIONS | {"images": []}).encode(), 'has no list "categories"'),  # the files in the wrong order
        (b"{}\n{}", "holds 2 JSON values"),
        (b"[" * 100_000, "can't be read as JSON"),
        (b"9" * 10_000, "can't be read as JSON"),
        (b'{"a": "\xff"}', "Save it as UTF-8"),
        (gzip.compress(b"{}" * 99, mtime=0)[:20], "can't be read"),
    ],
)
def test_a_file_of_another_kind_is_named_in_a_sentence(content, says, tmp_path):
    files = written(tmp_path, content)
    with pytest.raises(Problem, match=r"instances\.json") as error:
        coco_jobs(*files, 1)
    assert says in str(error.value) and "\n" not in str(error.value)
    files[0].unlink()
    files[0].mkdir()
    with pytest.raises(Problem, match="can't be read: "):
        coco_jobs(*files, 1)


@pytest.mark.parametrize("coding", ["utf-8-sig", "utf-16", "gzip"])
def test_files_as_other_systems_write_them(coding, tmp_path):
    text = json.dumps(INSTANCES)
    content = gzip.compress(text.encode()) if coding == "gzip" else text.encode(coding)
    assert len(coco_jobs(*written(tmp_path, content), 3)) == 3


def test_the_command_writes_what_it_can_and_says_what_it_left_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COURSE_NO_VENV", "1")
    files = written(tmp_path, damaged("annotations", bbox=None))
    out = tmp_path / "out.json"
    assert main(["instruct", "write", "--coco", *map(str, files), "--count", "3", "--out", str(out)]) == 0
    assert "boxes dropped: 1" in capsys.readouterr().out and json.loads(out.read_text(encoding="utf-8"))
