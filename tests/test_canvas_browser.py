"""The prompt canvas in a real JupyterLab: drawn on with the mouse and with the keyboard, and read back in Python."""

import ast
from urllib.parse import urlsplit

import lab
import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = lab.MARKS
NAME, SECONDS = "canvas.ipynb", lab.PATIENCE
ASKED: list[str] = []  # addresses that the page asked for
CELL = """
import sys; sys.path.insert(0, "..")
import ipywidgets
import numpy as np
from course_lib.canvas import Answer, PromptCanvas
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

scene, other = (render(make_scene(index, SceneSpec(stream="val", count=(3, 3)))) for index in (3, 4))
heard = ipywidgets.HTML("[]")

def ask(marks):
    heard.value = repr([(mark.kind, mark.points, mark.positive, mark.text) for mark in marks])
    return Answer(scene.instances == 1, "a thing", 0.75) if marks else None

canvas = PromptCanvas(
    scene.image, tools=("click", "scribble", "box", "text", "reference"), reference=other.image,
    ask=ask, alt="a scene", phrases=True,
)
ipywidgets.VBox([canvas.widget, heard])
"""


@pytest.fixture(scope="module")
def page(served):
    """The notebook with the canvas, run."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=lab.find_chromium(), args=lab.SWITCHES)
        page = lab.new_page(browser, viewport={"width": 1280, "height": 1100}, has_touch=True)
        page.on("request", lambda request: ASKED.append(request.url))
        page.goto(served.put(NAME, lab.one_cell(CELL)), timeout=lab.PATIENCE)
        lab.run_all(page, cells=1)
        assert lab.errors(page) == []
        yield page
        browser.close()
    served.end_kernels()


@pytest.fixture
def canvas(page):
    """The canvas, with nothing drawn on it."""
    page.get_by_role("button", name="clear").click()
    wait_for(page, lambda marks: marks == [])
    page.get_by_role("button", name="click", exact=True).click()
    return page.get_by_role("application").first


def wait_for(page, good) -> list[tuple]:
    """What Python heard last, as soon as it is good."""
    for _ in range(lab.PATIENCE // 100):
        marks = ast.literal_eval(page.locator(".widget-html-content").last.inner_text())
        if good(marks):
            return marks
        page.wait_for_timeout(100)
    raise AssertionError(f"Python heard {marks}")


def drag(page, surface, start, end) -> None:
    """Press, move, release, at shares of the picture."""
    frame = surface.bounding_box()
    places = [(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]) for x, y in (start, end)]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=5)
    page.mouse.up()


def test_clicks_with_both_buttons_and_undo(page, canvas):
    side = canvas.bounding_box()["width"]
    canvas.click(position={"x": side / 4, "y": side / 2})
    canvas.click(position={"x": side / 2, "y": side / 4}, button="right")
    (first, second) = wait_for(page, lambda marks: len(marks) == 2)
    assert first[0] == second[0] == "click" and (first[2], second[2]) == (True, False)
    assert first[1][0] == pytest.approx((0.25, 0.5), abs=0.01) and second[1][0] == pytest.approx((0.5, 0.25), abs=0.01)
    sync_api.expect(page.get_by_text("a thing, 75 % sure")).to_be_visible(timeout=SECONDS)
    sync_api.expect(page.locator(".prompt-canvas .mask").first).to_be_visible(timeout=SECONDS)
    page.get_by_role("button", name="undo").click()
    assert wait_for(page, lambda marks: len(marks) == 1) == [first]


def test_a_box_to_any_side_with_a_phrase_and_words(page, canvas):
    page.get_by_role("button", name="box", exact=True).click()
    drag(page, canvas, (0.8, 0.7), (0.2, 0.3))
    page.get_by_label("Phrase of mark 1").fill("a red car")
    page.keyboard.press("Enter")
    page.get_by_label("Words").fill("the left one")
    page.keyboard.press("Enter")
    box, words = wait_for(page, lambda marks: len(marks) == 2 and marks[0][3] != "")
    assert box[0] == "box" and box[3] == "a red car" and words[3] == "the left one"
    assert [*box[1][0], *box[1][1]] == pytest.approx([0.2, 0.3, 0.8, 0.7], abs=0.01)


def test_a_finger_draws_a_box_and_the_page_stays_where_it_is(page, canvas):
    page.get_by_role("button", name="box", exact=True).click()
    frame, scrolled = (
        canvas.bounding_box(),
        page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop"),
    )
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": frame["x"] + x * frame["width"], "y": frame["y"] + y * frame["height"]} for x, y in places]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", (0.2, 0.7))
    for share in (0.25, 0.5, 0.75, 1):
        touch("touchMove", (0.2 + 0.4 * share, 0.7 - 0.5 * share))
    touch("touchEnd")
    (box,) = wait_for(page, lambda marks: len(marks) == 1)
    assert box[0] == "box" and [*box[1][0], *box[1][1]] == pytest.approx([0.2, 0.2, 0.6, 0.7], abs=0.01)
    assert page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop") == scrolled


def test_a_pen_draws_a_stroke(page, canvas):
    page.get_by_role("button", name="scribble", exact=True).click()
    frame, pen = canvas.bounding_box(), page.context.new_cdp_session(page)

    def at(kind: str, x: float, y: float) -> None:
        place = {"x": frame["x"] + x * frame["width"], "y": frame["y"] + y * frame["height"]}
        pressed = {"button": "left", "buttons": int(kind != "mouseReleased"), "clickCount": 1, "force": 0.5}
        pen.send("Input.dispatchMouseEvent", {"type": kind, "pointerType": "pen", **place, **pressed})

    at("mousePressed", 0.2, 0.2)
    for share in (0.25, 0.5, 0.75, 1):
        at("mouseMoved", 0.2 + 0.6 * share, 0.2 + 0.3 * share)
    at("mouseReleased", 0.8, 0.5)
    (stroke,) = wait_for(page, lambda marks: len(marks) == 1)
    assert stroke[0] == "scribble" and len(stroke[1]) >= 4
    assert [*stroke[1][0], *stroke[1][-1]] == pytest.approx([0.2, 0.2, 0.8, 0.5], abs=0.02)


def test_a_scribble_and_a_region_of_the_other_picture(page, canvas):
    page.get_by_role("button", name="scribble", exact=True).click()
    drag(page, canvas, (0.1, 0.1), (0.9, 0.5))
    drag(page, page.get_by_role("application").nth(1), (0.3, 0.3), (0.6, 0.7))
    stroke, region = wait_for(page, lambda marks: len(marks) == 2)
    assert stroke[0] == "scribble" and len(stroke[1]) >= 5
    assert region[0] == "reference" and [*region[1][0], *region[1][1]] == pytest.approx([0.3, 0.3, 0.6, 0.7], abs=0.01)


def test_all_of_it_with_the_keyboard_alone(page, canvas):
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    canvas.focus()
    page.keyboard.press("c")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    include, leave_out, box = wait_for(page, lambda marks: len(marks) == 3)
    x, y = include[1][0]
    assert include[2] and not leave_out[2] and leave_out[1][0] == pytest.approx((x, y + 1 / 128), abs=1e-3)
    assert [*box[1][0], *box[1][1]] == pytest.approx([x, y + 1 / 128, x + 2 / 32, y + 1 / 128 + 1 / 32], abs=1e-3)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert wait_for(page, lambda marks: len(marks) == 1) == [include]
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert wait_for(page, lambda marks: True) == [include]
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells  # no key went to the notebook


def test_everything_has_a_name_and_the_focus_is_seen(page, canvas):
    canvas.focus()
    page.keyboard.press("ArrowUp")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
    nameless = "[...document.querySelectorAll('.prompt-canvas :is(button, input, [tabindex])')].filter(e => !(e.ariaLabel || e.title || e.labels?.length)).length"
    assert page.evaluate(nameless) == 0
    assert page.evaluate("[...document.querySelectorAll('.prompt-canvas img:not(.mask)')].every(e => e.alt)")


def test_nothing_was_asked_of_another_computer(page):
    remote = [url for url in ASKED if not url.startswith(("data:", "blob:"))]
    assert remote and all(urlsplit(url).hostname == "127.0.0.1" for url in remote)
