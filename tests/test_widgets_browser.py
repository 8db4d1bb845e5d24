"""The widgets of Lessons 05, 07 and 11 in a real JupyterLab, opened from the lessons' own cells and used once (02's: test_browser, 10's: test_gligen_browser)."""

import re

import lab
import nbformat
import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = lab.MARKS
SECONDS = lab.PATIENCE  # for an answer of a widget
# Lesson 05's cell builds on nearly all cells before it; two clean samples and a spoilt one are enough.
SAMPLES = """
import random
from course_lib.instruct.evaluate import filter_scores
from course_lib.instruct.evaluate.clean_samples import teacher_samples
from course_lib.instruct.formats import from_scene
from course_lib.instruct.teachers.grammar import GrammarTeacher
from course_lib.instruct.resources import defect_wordings
from course_lib.world.render import render
from course_lib.world.scenes import make_scene

clean = teacher_samples(GrammarTeacher(), [from_scene(make_scene(index)) for index in range(20)])
spoilt = {
    name: filter_scores.plant_many(clean, name, 1, defect_wordings("dev"), random.Random(0))[0]
    for name in ("leakage", "unsupported_noun")
}
"""


@pytest.fixture(scope="module")
def opened(served):
    """Opens a notebook in a page of its own and runs it; afterwards its page and its kernel end."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=lab.find_chromium(), args=lab.SWITCHES)

        def run(lesson: str, notebook: nbformat.NotebookNode):
            page = lab.new_page(browser, viewport={"width": 1400, "height": 1100})
            page.goto(served.put(f"{lesson}_widget.ipynb", notebook), timeout=lab.PATIENCE)
            lab.run_all(page, cells=len(lab.code_cells(notebook)))
            assert lab.errors(page) == []
            return page

        yield run
        browser.close()
    served.end_kernels()


def test_the_viewer_of_lesson_05_shows_what_was_seen_written_and_found(opened):
    lesson = nbformat.read(lab.REPO / "notebooks" / "05_instruction_data.ipynb", 4)
    last = next(cell for cell in lab.code_cells(lesson) if "viewer(samples" in cell.source)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SAMPLES), last], metadata=lesson.metadata)
    page, expect = opened("05", notebook), sync_api.expect
    expect(page.get_by_text("No filter fired.")).to_be_visible(timeout=SECONDS)
    picture = page.locator(".widget-html-content img")
    first = picture.get_attribute("src")
    assert picture.get_attribute("alt").startswith("The picture train_0_")
    page.get_by_label("Only where a filter fired").check()
    expect(page.locator("[aria-live=polite]", has_text="leakage")).to_be_visible(timeout=SECONDS)
    assert page.get_by_label("Sample").locator("option").count() == 2
    page.get_by_label("Only where a filter fired").uncheck()
    page.get_by_label("Sample").select_option(index=5)
    expect(picture).not_to_have_attribute("src", first, timeout=SECONDS)


def test_the_chat_of_lesson_07_answers_and_shows_where_it_looked(opened):
    page, expect = opened("07", lab.only_for("07_llava_tuned", "display(chat(")), sync_api.expect
    words = page.get_by_label("Question", exact=True)
    words.fill("how many things are there?")
    words.press("Enter")
    looked = page.get_by_alt_text("Where it looked")
    expect(looked).to_have_count(1, timeout=SECONDS)
    page.get_by_label("Picture", exact=True).select_option("scene 3")
    expect(looked).to_have_count(0, timeout=SECONDS)  # what was said of another picture goes
    page.get_by_role("button", name="Ask").click()
    expect(looked).to_have_count(1, timeout=SECONDS)
    words.fill(" ")
    words.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("type a question", timeout=SECONDS)


def test_the_canvas_of_lesson_11_finds_what_is_clicked(opened):
    page, expect = opened("11", lab.only_for("11_seem", "tools=Interactive.takes,\n    reference")), sync_api.expect
    surface = page.get_by_role("application").first
    mask = page.locator(".prompt-canvas .mask").first
    expect(mask).to_be_visible(timeout=SECONDS)
    said = page.locator(".prompt-canvas .said").first
    expect(said).to_contain_text("cat", timeout=SECONDS)  # the lesson's words
    before = mask.get_attribute("src")
    page.get_by_role("button", name="clear", exact=True).click()
    page.get_by_role("button", name="click", exact=True).click()
    side = surface.bounding_box()["width"]
    surface.click(position={"x": side * 0.32, "y": side * 0.49})  # the middle of the bus
    expect(said).to_contain_text(re.compile(r"\bbus, \d+ % sure"), timeout=SECONDS)
    expect(mask).not_to_have_attribute("src", before, timeout=SECONDS)
    assert page.get_by_role("list", name="What you drew").get_by_role("listitem").count() == 1
