"""The functions that the learner writes, inside the room that calls them."""

import pytest

from course_lib.instruct import prompts, resources
from course_lib.instruct.filters.unsupported_noun import unsupported_nouns
from course_lib.instruct.formats import TYPES, from_coco, serialise, serialise_context
from course_lib.instruct.reply import ReplyError, parse_reply, parse_turns
from course_lib.world.coco import to_coco, to_coco_captions
from course_lib.world.scenes import make_scene


def test_boxes_in_pixels_and_in_fractions_are_written_alike():
    scenes = [make_scene(index) for index in range(30)]
    instances, coco_captions = to_coco(scenes), to_coco_captions(scenes)
    names = {category["id"]: category["name"] for category in instances["categories"]}
    for image, context in zip(instances["images"], from_coco(instances, coco_captions), strict=True):
        captions = [a["caption"] for a in coco_captions["annotations"] if a["image_id"] == image["id"]]
        annotations = [a for a in instances["annotations"] if a["image_id"] == image["id"]]
        boxes = [(names[a["category_id"]], tuple(a["bbox"])) for a in annotations]
        size = (image["width"], image["height"])
        assert serialise(captions, boxes, *size) == serialise_context(context, boxes=True)
        assert serialise(captions, [], *size) == serialise_context(context, boxes=False)


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("boxes_for_all", [False, True])
def test_the_prompt_shows_captions_and_boxes_as_the_type_wants(type, boxes_for_all):
    context = resources.examples()["complex"][2].context
    system, *turns, last = prompts.teacher_messages(context, type, boxes_for_all)
    boxes = prompts.shows_boxes(type, boxes_for_all)
    assert system == {"role": "system", "content": prompts.system_message(type, boxes_for_all)}
    for (example, reply), user, assistant in zip(resources.examples()[type], turns[::2], turns[1::2], strict=True):
        assert user == {"role": "user", "content": serialise_context(example, boxes)}
        assert assistant == {"role": "assistant", "content": reply}
    assert last == {"role": "user", "content": serialise_context(context, boxes)}


def test_the_product_forgives_a_separator_and_refuses_a_second_head():
    text = "Question:\nA?\n  ====\nAnswer:\nB.\n=== "
    assert parse_reply(text) is None
    assert [(turn.question, turn.answer) for turn in parse_turns(text, "conversation", "a")] == [("A?", "B.")]
    text = "Question:\nA?\n===\nAnswer:\nB.\nQuestion:\nC?"
    assert parse_reply(text) == [("A?", "B.\nQuestion:\nC?")]
    with pytest.raises(ReplyError, match="second"):
        parse_turns(text, "conversation", "a")


def test_an_empty_caption_does_not_end_the_captions():
    instances, coco_captions = to_coco([make_scene(0)]), to_coco_captions([make_scene(0)])
    coco_captions["annotations"][1]["caption"] = "  "
    (context,) = from_coco(instances, coco_captions)
    assert len(context.captions) == 4 and serialise_context(context, boxes=True).count("\n\n") == 1


def test_unsupported_nouns_word_by_word():
    known = {"boat": {"sailboat", "ship"}, "dog": {"dog"}, "cat": {"cat"}}
    assert unsupported_nouns("A boat, a dog and a cat. No dog! Cat?", known, {"ship", "dog"}) == ["cat", "cat"]
    assert unsupported_nouns("", known, set()) == []
