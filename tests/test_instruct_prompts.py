"""What the teacher reads, and how its reply is understood."""

import re

import pytest

from course_lib.instruct import prompts, reply
from course_lib.instruct.formats import TYPES, Box, ImageContext, Turn, from_scene, serialise_context
from course_lib.instruct.resources import examples
from course_lib.instruct.run.plan import SHARES, mixed_types
from course_lib.world.scenes import make_scene

CONTEXT = ImageContext("a", "a.png", ("a  taxi\n", "one taxi"), (Box("taxi", 0.46875, 0.25, 0.8, 1.0),))
QA = "Question:\nWhat is there?\n===\nAnswer:\nA taxi.\n===\n"


def test_captions_come_one_a_line_and_boxes_after_an_empty_line():
    assert serialise_context(CONTEXT, boxes=False) == "a taxi\none taxi"
    assert serialise_context(CONTEXT, boxes=True) == "a taxi\none taxi\n\ntaxi: [0.469, 0.250, 0.800, 1.000]"
    assert serialise_context(ImageContext("a", "a.png", ("a taxi",), ()), boxes=True) == "a taxi"


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("boxes_for_all", [False, True])
def test_messages_are_system_then_examples_then_the_picture(type, boxes_for_all):
    messages = prompts.teacher_messages(CONTEXT, type, boxes_for_all)
    roles = [message["role"] for message in messages]
    assert roles == ["system", *["user", "assistant"] * len(examples()[type]), "user"]
    boxes = type != "conversation" or boxes_for_all
    assert messages[-1]["content"] == serialise_context(CONTEXT, boxes)
    assert all(("[0." in message["content"]) == boxes for message in messages if message["role"] == "user")
    assert ("[left" in messages[0]["content"]) == boxes
    assert prompts.reply_type(messages) == type


def test_foreign_messages_have_no_type():
    with pytest.raises(ValueError, match="system messages"):
        prompts.reply_type([{"role": "system", "content": "Be kind."}])


@pytest.mark.parametrize("type", TYPES)
def test_examples_keep_the_rules_they_teach(type):
    assert len(examples()[type]) == (2 if type == "conversation" else 3)
    for context, text in examples()[type]:
        turns = reply.parse_turns(text, type, context.id)
        assert not re.search(r"caption|box|coordinate|sentence|\d\.\d|<image>", text)
        assert len(turns) == 1 or type == "conversation"
        if type == "complex":  # the question gives none of the picture's things away
            assert not any(re.search(rf"\b{box.name}s?\b", turns[0].question) for box in context.boxes)
    replies = " ".join(text for _, text in examples()["conversation"])
    assert "No," in replies, "without a negative example the teacher asks only what is so"


def test_boxes_of_the_examples_are_shares_in_order():
    for context, _ in examples()["detail"]:
        assert len(context.captions) == 5
        assert all(0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1 for box in context.boxes)


def test_the_scene_itself_never_reaches_the_teacher():
    scene = make_scene(5)
    text = serialise_context(from_scene(scene), boxes=True)
    lines = text.splitlines()
    assert lines.index("") == 5 and len(lines) == 6 + len(scene.things)
    assert not any(word in text for word in ("style", "tilt", "drawing", "backdrop=", "train_"))


def test_turns_are_read_in_order():
    found = reply.parse_turns(QA + "Question: Is it red?\n ===\nAnswer: No,\nit is blue.", "conversation", "a")
    assert found == (Turn("What is there?", "A taxi."), Turn("Is it red?", "No,\nit is blue."))
    assert reply.parse_turns(QA, "complex", "a") == (Turn("What is there?", "A taxi."),)
    assert reply.parse_turns("  A taxi.\n", "detail", "a") == (Turn(reply.detail_question("a"), "A taxi."),)


@pytest.mark.parametrize(
    ("text", "type", "says"),
    [
        (" \n", "detail", "empty"),
        ("A taxi stands there.", "conversation", "is missing"),
        ("Question:\nWhat?\n===\n", "conversation", "is missing"),
        (QA + "Question:\nAnd\n===\nAnswer:", "conversation", "answer in part 4 is empty"),
        ("Question:\n===\nAnswer:\nA taxi.\n===", "conversation", "question in part 1 is empty"),
        ("Answer:\nA taxi.\n===\nQuestion:\nWhat?\n===", "conversation", 'part 1 should begin with "Question:"'),
        ("Sure!\nQuestion:\nWhat?\n===\nAnswer:\nA taxi.\n===", "conversation", 'but begins with "Sure!'),
        ("Question:\nWhat?\nAnswer:\nA taxi.\n===\nAnswer:\nYes.", "conversation", 'second "Answer:"'),
        (QA + QA, "complex", "2 questions"),
        (QA, "detail", "questions and answers"),
    ],
)
def test_malformed_replies_are_refused_with_the_reason(text, type, says):
    with pytest.raises(reply.ReplyError, match=says):
        reply.parse_turns(text, type, "a")


def test_the_detail_question_depends_on_the_picture_alone():
    drawn = [reply.detail_question(f"picture {number}") for number in range(300)]
    assert set(drawn) == set(reply.DETAIL_QUESTIONS)
    assert drawn == [reply.detail_question(f"picture {number}") for number in range(300)]


def test_types_are_mixed_as_in_llava_from_the_first_on():
    types = mixed_types(158)
    assert {type: types.count(type) for type in SHARES} == {"conversation": 58, "detail": 23, "complex": 77}
    assert mixed_types(40) == types[:40] and mixed_types(0) == []
    for count in range(1, 159):
        for type, share in SHARES.items():
            assert abs(types[:count].count(type) - count * share / 158) < 1
