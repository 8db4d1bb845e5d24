"""The steps that the learner writes say the same as the room's own."""

import random

import pytest

from course_lib.instruct import prompts, reply, steps
from course_lib.instruct.formats import TYPES, from_coco, serialise
from course_lib.instruct.resources import examples
from course_lib.instruct.steps import unsupported_nouns
from course_lib.world.coco import to_coco, to_coco_captions
from course_lib.world.scenes import make_scene


def test_serialise_agrees_on_coco_data():
    scenes = [make_scene(index) for index in range(30)]
    instances, said = to_coco(scenes), to_coco_captions(scenes)
    names = {category["id"]: category["name"] for category in instances["categories"]}
    for image, context in zip(instances["images"], from_coco(instances, said), strict=True):
        captions = [a["caption"] for a in said["annotations"] if a["image_id"] == image["id"]]
        mine = [a for a in instances["annotations"] if a["image_id"] == image["id"]]
        boxes = [(names[a["category_id"]], tuple(a["bbox"])) for a in mine]
        size = (image["width"], image["height"])
        assert steps.serialise(captions, boxes, *size) == serialise(context, boxes=True)
        assert steps.serialise(captions, [], *size) == serialise(context, boxes=False)


@pytest.mark.parametrize("type", TYPES)
def test_build_messages_agrees(type):
    shown = [(serialise(context, boxes=True), text) for context, text in examples()[type]]
    context = examples()["complex"][2].context
    written = steps.build_messages(type, prompts.system(type), shown, serialise(context, boxes=True))
    assert written == prompts.messages(context, type)


def test_parse_reply_agrees_on_damaged_replies():
    rng, refused = random.Random(0), 0
    sound = [text for _, text in (*examples()["conversation"], *examples()["complex"])]
    for _ in range(2000):
        lines = rng.choice(sound).split("\n")
        for _ in range(rng.randrange(3)):
            at = rng.randrange(len(lines))
            lines[at : at + 1] = rng.choice(([], [""], [lines[at], "==="], ["Question:"], ["Answer:"], ["Sure!"]))
        text = "\n".join(lines)
        if any(part.count("Question:") + part.count("Answer:") > 1 for part in text.split("\n===")):
            continue  # a second head in one part is the room's own finesse
        try:
            expected = [(turn.question, turn.answer) for turn in reply.parse(text, "conversation", "a")]
        except reply.ReplyError:
            expected, refused = None, refused + 1
        assert steps.parse_reply(text) == expected, text
    assert refused > 500


def test_what_the_filter_finds():
    known = {"boat": {"sailboat", "ship"}, "dog": {"dog"}, "cat": {"cat"}}
    assert unsupported_nouns("A boat, a dog and a cat. No dog! Cat?", known, {"ship", "dog"}) == ["cat", "cat"]
    assert unsupported_nouns("", known, set()) == []
