"""What models and servers wrap round an answer comes off, or the reply is refused; it never gets into a data set."""

import pytest

from course_lib.instruct import reply
from course_lib.instruct.formats import TYPES
from course_lib.instruct.reply import ReplyError, parse_turns
from course_lib.instruct.unwrap import unwrap

CRAB = "A crab stands on the sand."
QA = "Question:\nWhat is there?\n===\nAnswer:\nA crab.\n==="
WRAPPED = [
    "<think>There is a crab.</think> {}",
    "<think>\n</think>\n\n{}",
    "There is a crab.\n</think>\n\n{}",
    "<Thinking>Hm.</Thinking>{}",
    '<think time="3">Hm.</think>{}',
    "<reasoning>\nQuestion:\nx\n===\n</reasoning>\n{}",
    "<think>a<think>b</think>c</think>{}",
    "<think>a</think>\n<think>b</think>\n{}",
    "{}\n<think>Was that right? Yes.</think>",
    "[THINK]Hm.[/THINK]{}",
    "◁think▷Hm.◁/think▷{}",
    "<seed:think>Hm.</seed:think>{}",
    "<|START_THINKING|>Hm.<|END_THINKING|>{}",
    "<|begin_of_thought|>Hm.<|end_of_thought|>{}",
    "<scratchpad>Hm.</scratchpad>\n<answer>{}</answer>",
    "&lt;think&gt;Hm.&lt;/think&gt;{}",
    "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>{}<|return|>",
    "analysisWe see a crab.assistantfinal{}",
    "{}<|im_end|>",
    "{}</s>",
    "{} <|eot_id|>",
    "{}<end_of_turn>\n",
    "{}<｜end▁of▁sentence｜>",
    "{}<|endoftext|>",
    "<s> {} </s>",
    "[/INST] {}</s>",
    "<|im_start|>assistant\n{}<|im_end|>\n<|im_start|>user\nAnd what else?",
    "<|start_header_id|>assistant<|end_header_id|>\n\n{}<|eot_id|>",
    "<start_of_turn>model\n{}<end_of_turn>",
    "```\n{}\n```",
    "```json\n{}\n```",
    "```text\r\n{}\r\n```\r\n",
    "```\n{}",
    "~~~\n{}\n~~~",
    "```{}```",
    "Here you are:\n```\n{}\n```\nI hope this helps!",
    "<think>Hm.</think>\n```\n{}<|im_end|>\n```",
    "Assistant: {}",
    "ASSISTANT:\n{}",
    "**Assistant:** {}",
]
PREAMBLES = [
    "Sure! Here is a detailed description of the picture:\n\n{}",
    "Sure, here's the description: {}",
    "Certainly! {}",
    "Of course. Here is what can be seen:\n{}",
    "Description: {}",
    "**Detailed description:**\n{}",
    "# Description\n{}",
    "{}\n\nLet me know if you need anything else!",
    "{} I hope this helps!",
]
HOPELESS = [
    "<think>There is a crab. The limit came before the",
    "{}\n<think>Was that",
    "<think>There is a crab.</think>",
    "There is a crab.</think>  ",
    "<reasoning>Hm",
    "<|channel|>analysis<|message|>We see a crab",
    "analysisWe see a crab",
    "Okay, the user wants a description. Let me think about it. {}",
    "A <b>crab</b>. {}",
    "{} <|vision_start|> {}",
    "{} <image> {}",
    "{}\n```\nx = 1\n```\nand\n```\ny\n```",
    "{}\nUser: And what else?\nAssistant: A dog.",
    "{} [INST] And? [/INST] A dog.",
    '{{"description": "{}"}}',
    '```json\n{{"description": "{}"}}\n```',
]


@pytest.mark.parametrize("wrapped", WRAPPED)
def test_what_is_wrapped_round_any_reply_comes_off(wrapped):
    assert parse_turns(wrapped.format(CRAB), "detail", "a")[0].answer == CRAB
    for type in ("conversation", "complex"):
        assert parse_turns(wrapped.format(QA), type, "a") == parse_turns(QA, type, "a")


@pytest.mark.parametrize("wrapped", PREAMBLES)
def test_a_description_loses_its_preamble(wrapped):
    assert parse_turns(wrapped.format(CRAB), "detail", "a")[0].answer == CRAB


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("text", HOPELESS)
def test_what_can_not_be_told_from_the_answer_is_refused(text, type):
    with pytest.raises(ReplyError):
        parse_turns(text.format(CRAB if type == "detail" else QA, CRAB), type, "a")


@pytest.mark.parametrize(
    "text",
    [
        CRAB,
        "Here is a taxi: it is red, and a dog sits in it.",
        "The sign says 3 < 4 and 5 > 2. I think it is a joke.",
        "It thinks [sic] of a crab.",
        "The crab looks at the analysis on the wall; a thought.",
        'A sign says "=== 7".',
        "Of two crabs, the left one is red.\n\nThe other one is blue.",
    ],
)
def test_plain_answers_stay_as_they_are(text):
    assert unwrap(text) == text and reply.description(text) == text
