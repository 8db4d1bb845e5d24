"""Quizzes: read from the master, shown as options that open, each with its reason; and those of the lessons."""

import re

import nbformat
import pytest

from course_lib.authoring import quiz
from course_lib.authoring.master import LessonError, masters, read_lesson
from course_lib.authoring.notebook import lay_out
from course_lib.checker.registry import all_tasks
from course_lib.session import REPO

LESSONS = [read_lesson(master) for master in masters(REPO / "solutions")]
OPTIONS = "   - [ ] no & `f(x)` :: because *not*\n   - [x] yes :: it <is>\n   - [ ] never :: no"
GOOD = "\n\n".join(f"{number}. Why?\n{OPTIONS}" for number in (1, 2, 3))


def quiz_of(lesson) -> str:
    """The text below a lesson's mark, "" if it has none yet."""
    cells = [cell.source for cell in lesson.cells if quiz.MARK in cell.source]
    return cells[0].partition(quiz.MARK)[2] if cells else ""


def test_an_option_opens_and_says_why():
    shown = quiz.with_quiz(f"## Quiz\n\n{quiz.MARK}\n\n{GOOD}")
    assert shown.startswith("## Quiz\n\n") and shown.count("<details>") == 9 and quiz.MARK not in shown
    assert shown.count("✓ Right.") == 3 and shown.count("✗ No.") == 6
    assert "<summary>no &amp; <code>f(x)</code></summary>✗ No. because <em>not</em></details>" in shown
    assert "✓ Right. it &lt;is&gt;</details>" in shown
    assert quiz.with_quiz("no quiz") == "no quiz"


@pytest.mark.parametrize(
    "bad, said",
    [
        (GOOD.replace("3. Why", "Why"), "neither"),
        (GOOD.replace(" :: no", "", 1), "neither"),
        (GOOD.replace("[x]", "[ ]", 1), "one .x. among them"),
        (GOOD.replace("   - [ ] never :: no\n", "", 1), "3 options or more"),
        (f"1. Why?\n{OPTIONS}", "3 questions or more"),
        (f"{OPTIONS}\n{GOOD}", "neither"),
    ],
)
def test_a_quiz_that_is_not_one_is_refused(bad, said):
    with pytest.raises(LessonError, match=said):
        quiz.read(bad)


def test_every_lesson_asks_and_its_right_answers_have_no_favourite_place():
    asked = [question for lesson in LESSONS if quiz_of(lesson) for question in quiz.read(quiz_of(lesson))]
    places = [[option.right for option in question.options].index(True) for question in asked]
    assert len(asked) >= 25 and max(map(places.count, set(places))) < 0.5 * len(places)
    lengths = [(len(option.text), option.right) for question in asked for option in question.options]
    right, wrong = ([length for length, good in lengths if good is kind] for kind in (True, False))
    assert sum(right) / len(right) < 1.4 * sum(wrong) / len(wrong)  # nor are they told by their length
    assert all("## Quiz" in "\n".join(cell.source for cell in lesson.cells) for lesson in LESSONS)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_the_words_of_a_lesson_lead_to_the_glossary(lesson):
    cells = lay_out(lesson, "header", all_tasks())
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    page = (REPO / quiz.PAGE).read_text(encoding="utf-8")
    headings = {quiz.anchor(heading) for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
    linked = re.findall(r"GLOSSARY\.md#([\w-]+)\)", text)
    asked = any(quiz.WORDS_MARK in cell.source for cell in lesson.cells)
    assert set(linked) <= headings and (len(linked) >= 3) == asked
    assert quiz.MARK not in text and quiz.WORDS_MARK not in text


def test_words_that_the_glossary_lacks_are_an_error():
    lesson = LESSONS[0].__class__("99_none", "None", [], [], 1, [nbformat.v4.new_markdown_cell(quiz.WORDS_MARK)])
    with pytest.raises(LessonError, match="ascribes no word"):
        quiz.with_words(lesson, quiz.WORDS_MARK)
    assert quiz.anchor("retrieval, R@1") == "retrieval-r1"
