"""A teacher on this machine: any folder with a chat model will do; where there is none, the lesson says so and goes on."""

import pytest

from course_lib.common import smollm2
from course_lib.common.errors import Problem
from course_lib.instruct.teachers import local
from course_lib.instruct.teachers.base import MAX_REPLY_TOKENS
from course_lib.lm.pretrained import load_tuned
from course_lib.lm.tokenizer import get_tokenizer

MESSAGES = [{"role": "user", "content": "what is the opposite of big?"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The course's own language model, as a folder that from_pretrained reads."""
    made = tmp_path_factory.mktemp("model")
    load_tuned().save_pretrained(made)
    get_tokenizer().save_pretrained(made)
    return made


def test_it_answers_with_the_models_own_template(folder):
    teacher = local.LocalTeacher(str(folder))
    reply = teacher.ask(MESSAGES)
    assert reply == teacher.ask(MESSAGES), "the same question, the same answer"
    asked = get_tokenizer().apply_chat_template(MESSAGES, add_generation_prompt=True, tokenize=False)
    assert reply.prompt_tokens == len(get_tokenizer().encode(asked, add_special_tokens=False))
    assert reply.text.strip() and "<|" not in reply.text
    assert reply.cut_off == (reply.completion_tokens == MAX_REPLY_TOKENS)
    assert teacher.name == f"local:{folder}"


def test_an_unknown_model_is_a_problem_in_one_sentence(tmp_path):
    with pytest.raises(Problem, match="can't be loaded"):
        local.LocalTeacher(str(tmp_path))


def test_without_weights_the_lesson_goes_on(monkeypatch, capsys):
    monkeypatch.setattr(smollm2, "available", lambda: False)
    assert local.local_teacher("pocket") is None
    assert capsys.readouterr().out.startswith("Skipped: this needs the full tier")

    def unreachable(model):
        raise Problem(f"{model} can't be loaded: no network.")

    monkeypatch.setattr(local, "LocalTeacher", unreachable)
    assert local.local_teacher("full") is None
    assert capsys.readouterr().out == f"{local.FULL_TIER} can't be loaded: no network. The lesson goes on without it.\n"
