"""Lesson 10's drawing board in a real JupyterLab: boxes by mouse and by keyboard, phrases, Generate, pictures."""

import lab
import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = lab.MARKS
NAME, SECONDS = "board.ipynb", lab.PATIENCE
CELL = """
import sys; sys.path.insert(0, "..")
from course_lib.gligen.train.gates import load_gated
from course_lib.gligen.ui.board import DrawBoxes
from course_lib.gligen.ui.pipeline import PocketPipeline

board = DrawBoxes(PocketPipeline(load_gated(), steps=2), caption="a lion in the snow")
board
"""


@pytest.fixture(scope="module")
def page(served):
    """The notebook with the board, run."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=lab.find_chromium(), args=lab.SWITCHES)
        page = lab.new_page(browser, viewport={"width": 1400, "height": 1200})
        page.goto(served.put(NAME, lab.one_cell(CELL)), timeout=lab.PATIENCE)
        lab.run_all(page, cells=1)
        assert lab.errors(page) == []
        yield page
        browser.close()
    served.end_kernels()


def pictures(page):
    """The sheet of pictures that the board shows."""
    return page.locator(".widget-html-content img")


def test_without_a_box_one_is_told_so_or_gets_the_caption_alone(page):
    page.get_by_role("button", name="Generate").click()
    sync_api.expect(pictures(page)).to_have_count(1, timeout=SECONDS)
    assert "lion" in pictures(page).get_attribute("alt")


def test_boxes_by_mouse_and_keyboard_their_phrases_and_the_pictures(page):
    page.get_by_role("button", name="box", exact=True).click()
    surface = page.get_by_role("application").first
    frame = surface.bounding_box()
    at = [(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]) for x, y in ((0.1, 0.5), (0.45, 0.9))]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=5)
    page.mouse.up()
    page.get_by_label("Phrase of mark 1").fill("a lion")
    page.keyboard.press("Enter")
    surface.focus()
    for key in ("b", *["ArrowRight"] * 2, *["ArrowUp"] * 10, "Enter", *["Shift+ArrowRight"] * 8, *["ArrowRight"] * 8):
        page.keyboard.press(key)
    for key in (*["ArrowDown"] * 9, "Enter"):
        page.keyboard.press(key)
    drawn = page.get_by_role("list", name="What you drew").get_by_role("listitem")
    sync_api.expect(drawn.nth(0)).to_contain_text("box from 10 %, 50 % to 45 %, 90 %", timeout=SECONDS)
    sync_api.expect(drawn.nth(1)).to_contain_text("box from 51 %, 59 % to 83 %, 87 %", timeout=SECONDS)
    page.get_by_label("Phrase of mark 2").fill("a bus")
    page.keyboard.press("Enter")
    before = pictures(page).get_attribute("src")
    page.get_by_role("button", name="Generate").click()
    page.wait_for_function(
        "before => document.querySelector('.widget-html-content img')?.src !== before", arg=before, timeout=SECONDS
    )
    alt = pictures(page).get_attribute("alt")
    assert "a lion" in alt and "a bus" in alt


def test_without_the_boxes_over_them_and_with_another_seed_the_pictures_are_others(page):
    shown = pictures(page).get_attribute("src")
    page.get_by_label("boxes over the pictures").uncheck()
    sync_api.expect(pictures(page)).not_to_have_attribute("src", shown, timeout=SECONDS)
    bare = pictures(page).get_attribute("src")
    page.get_by_label("seed").fill("7")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Generate").click()
    sync_api.expect(pictures(page)).not_to_have_attribute("src", bare, timeout=SECONDS)


def test_a_phrase_that_it_does_not_know_is_answered_in_words_and_the_pictures_stay(page):
    shown = pictures(page).count()
    page.get_by_label("Phrase of mark 2").fill("ein Elefant")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Generate").click()
    sync_api.expect(page.locator("[aria-live=polite]").last).to_contain_text("Elefant", timeout=SECONDS)
    assert pictures(page).count() == shown and lab.errors(page) == []


def test_a_picture_becomes_the_scene_to_be_changed(page):
    background = page.locator(".prompt-canvas img:not(.mask)").first
    empty = background.get_attribute("src")
    page.get_by_role("button", name="picture 2").click()
    page.wait_for_function(
        "empty => document.querySelector('.prompt-canvas img:not(.mask)').src !== empty", arg=empty, timeout=SECONDS
    )
    assert background.get_attribute("alt") and lab.errors(page) == []
