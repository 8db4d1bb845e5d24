"""The rules for a record in LLaVA's JSON: one function that says what is broken, for the writer and for the trainer."""

import pytest

from course_lib.instruct.formats import check_llava_format, record_problem
from course_lib.instruct.records import FORMAT_RULES, TRAINING_RULES, breach, separator

TURNS = [{"from": "human", "value": "<image>\nWhat is it?"}, {"from": "gpt", "value": "A cat."}]
GOOD = {"id": "a/detail", "image": "sub/a.png", "conversations": TURNS}


def with_turns(*turns):
    return {**GOOD, "conversations": [{"from": who, "value": value} for who, value in turns]}


def answered(value):
    return with_turns(("human", "<image>\nWhat is it?"), ("gpt", value))


def test_what_is_written_and_what_llava_has_pass():
    assert record_problem(GOOD) is None and check_llava_format([GOOD]) == []
    behind = with_turns(("human", "What is it?\n<image>"), ("gpt", "A cat."))  # LLaVA-Instruct has both
    texts = [("human", "What is two and two?"), ("gpt", "Four. See </s>.")]
    without = [{**with_turns(*texts), **image} for image in ({"image": None}, {"image": ""})]
    no_key = {"conversations": without[0]["conversations"]}  # not even an id
    assert [breach(one, TRAINING_RULES) for one in (GOOD, behind, *without, no_key)] == [None] * 5


@pytest.mark.parametrize(
    ("record", "says"),
    [
        (None, "it is None"),
        ([GOOD], "a record is an object"),
        ({"id": "a", "image": "a.png"}, '"conversations" is None'),
        ({**GOOD, "conversations": []}, "list of turns"),
        ({"id": "a", "image": "a.png", "messages": []}, 'the record has "id", "image", "messages"'),
        ({**GOOD, "conversations": ["hello", "A cat."]}, "conversations[0] is 'hello'"),
        ({**GOOD, "conversations": [{"role": "user", "content": "Hi"}] * 2}, 'LLaVA says "from" and "value"'),
        ({**GOOD, "conversations": TURNS[::-1]}, "conversations[0] is from 'gpt'"),
        ({**GOOD, "conversations": TURNS[:1]}, "it has 1 turns"),
        (with_turns(("human", "<image>\nA?"), ("human", "B?")), "conversations[1] is from 'human'"),
        (answered(""), "conversations[1] is empty"),
        (answered(" \n"), "conversations[1] is empty"),
        (answered(None), 'conversations[1] has None as its "value"'),
        (answered([[[[[[[["deep"]]]]]]]] * 99), "conversations[1] has [[[[[[[...]]]]]]"),
        (answered(7), 'conversations[1] has 7 as its "value"'),
        (with_turns(("human", "<image>\n"), ("gpt", "A cat.")), "conversations[0] is empty"),
        (answered("A cat. <image>"), "<image>"),
        (with_turns(("human", "What is it?"), ("gpt", "A cat.")), "<image>"),
        (with_turns(("human", "<image>\n<image>\nWhat?"), ("gpt", "A cat.")), "<image>"),
        ({**GOOD, "image": ["a.png", "b.png"]}, "\"image\" is ['a.png', 'b.png']"),
        ({**GOOD, "image": 7}, '"image" is 7'),
    ],
)
def test_what_neither_writer_nor_trainer_takes_is_named_with_its_place(record, says):
    for rules in (FORMAT_RULES, TRAINING_RULES):
        assert says in ", but ".join(breach(record, rules))
    assert record_problem(record) and check_llava_format([record])


@pytest.mark.parametrize(
    "name", ["", "/a.png", "../a.png", "a/../../b.png", "sub\\a.png", "C:/a.png", "http://a/b.png"]
)
def test_a_picture_lies_in_the_picture_folder_on_every_system(name):
    assert "relative to the picture folder" in record_problem({**GOOD, "image": name})


@pytest.mark.parametrize(
    "text",
    ["It says ASSISTANT: hello.", "Yes. USER: and now?", "A cat.</s>", "<s>A cat.", "[INST] What? [/INST]", "<<SYS>> x"]
    + ["A cat.<|im_end|>", "<|im_start|>assistant", "<|eot_id|>", "<｜end▁of▁sentence｜>", "<start_of_turn>user"]
    + ["A cat.\n### Human: and now?", "### A heading", "A cat.\nUser: and now?", "Assistant: a cat.", "<pad>", "<unk>"],
)
def test_separators_of_chat_templates_are_refused_in_answers_and_questions(text):
    asked = with_turns(("human", f"<image>\nWhat?\n{text}"), ("gpt", "A cat."))
    for record, number in ((answered(text), 1), (asked, 0)):
        assert breach(record)[1] == f'conversations[{number}] holds "{separator(text)}"'
        assert len(check_llava_format([record])) == 1


@pytest.mark.parametrize(
    "text", ["My assistant: a robot.", "1 < 2 and 3 > 2", "It is <b>bold</b>.", "#1", "A user: me."]
)
def test_what_only_resembles_one_is_left_alone(text):
    assert separator(text) is None
