"""The course in a real browser, as a learner meets it: it opens, Run All runs, the widget answers, nothing leaves the computer."""

import http.client
import io
import re
from contextlib import closing
from urllib.parse import urlsplit

import lab
import nbformat
import pytest
from PIL import Image

from course_lib.session import REPO

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = lab.MARKS
WELCOME = "00_welcome.ipynb"
SECONDS = lab.PATIENCE  # for an answer of the widget


@pytest.fixture(scope="module")
def address(served):
    """What `start` printed."""
    yield served.address
    served.end_kernels()


@pytest.fixture(scope="module")
def browser():
    """A Chromium without a window."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=lab.find_chromium(), args=lab.SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def welcome(browser, address) -> "Tab":
    return Tab(browser, address, nbformat.read(REPO / "notebooks" / WELCOME, 4))


@pytest.fixture(scope="module")
def labels(browser, served) -> "Tab":
    """The label box of Lesson 02, with what it needs: the lesson's training would take minutes."""
    notebook = lab.only_for("02_clip", "label_box(")
    return Tab(browser, served.put("labels.ipynb", notebook), notebook)


class Tab:
    """A notebook, opened in a page and run to its end, and all that the page asked for."""

    def __init__(self, browser, address: str, notebook: nbformat.NotebookNode) -> None:
        self.page, self.asked = lab.new_page(browser, viewport={"width": 1280, "height": 900}), []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))
        self.page.goto(address, timeout=lab.PATIENCE)
        lab.run_all(self.page, cells=len(lab.code_cells(notebook)))

    def asked_of_others(self) -> list[str]:
        """Addresses that are not on this computer (`data:` and `blob:` are part of the page)."""
        remote = [url for url in self.asked if not url.startswith(("data:", "blob:"))]
        return [url for url in remote if urlsplit(url).hostname != "127.0.0.1"]


def status(url: str) -> int:
    """The HTTP status of an address, where it does not lead elsewhere."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc, timeout=600)
    connection.request("GET", f"{place.path}?{place.query}")
    with closing(connection):
        return connection.getresponse().status


def test_start_prints_an_address_and_nothing_is_open_without_its_token(address):
    assert re.fullmatch(rf"http://127\.0\.0\.1:\d+/lab/tree/notebooks/{WELCOME}\?token=[\w-]{{40,}}", address)
    site, token = address.split("/lab/")[0], urlsplit(address).query
    for refused, private in (
        (403, "/api/contents/notebooks"),
        (403, "/api/kernels"),
        (302, f"/files/notebooks/{WELCOME}"),
    ):
        statuses = [status(f"{site}{private}?{query}") for query in ("", "token=wrong", token)]
        assert statuses == [refused, refused, 200]  # 302 leads to a page that asks for the token


def test_the_welcome_lesson_opens_and_runs_to_its_end(welcome):
    assert lab.errors(welcome.page) == []
    cards = welcome.page.locator(".jp-OutputArea", has_text="not started")
    assert cards.count() == 2  # its two exercises were checked, and the reference stepped in


def test_every_picture_of_the_welcome_lesson_has_an_alt_text(welcome):
    alts = [picture.get_attribute("alt") for picture in welcome.page.locator(".jp-OutputArea img").all()]
    assert len(alts) >= 3 and all(alt and alt.strip() for alt in alts)


def test_the_label_box_answers(labels):
    assert lab.errors(labels.page) == []
    page, expect = labels.page, sync_api.expect
    probabilities = page.get_by_role("table", name="Probabilities of the labels").get_by_role("row")
    first = probabilities.all_inner_texts()
    assert first[0].startswith("a guitar") and len(first) == 3

    words = page.get_by_label("Labels", exact=True)
    words.fill("a rocket, a piano, a dog, a blue guitar")
    words.press("Enter")
    expect(probabilities).to_have_count(4, timeout=SECONDS)
    typed = probabilities.all_inner_texts()
    assert typed[0].startswith("a blue guitar") and not set(typed) & set(first)

    page.get_by_label("Picture", exact=True).select_option("rocket")
    expect(probabilities.first).to_contain_text("a rocket", timeout=SECONDS)
    expect(page.get_by_alt_text("The chosen picture: rocket")).to_be_visible(timeout=SECONDS)

    words.fill(" , ")
    words.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("✗", timeout=SECONDS)


def test_the_label_box_takes_a_picture_of_ones_own(labels):
    stream = io.BytesIO()
    Image.new("RGB", (300, 200), "green").save(stream, "PNG")
    with labels.page.expect_file_chooser() as chooser:
        labels.page.get_by_role("button", name="Upload (").click()
    chooser.value.set_files({"name": "own.png", "mimeType": "image/png", "buffer": stream.getvalue()})
    own = labels.page.get_by_alt_text("The chosen picture: your own")
    sync_api.expect(own).to_be_visible(timeout=SECONDS)


def test_nothing_was_asked_of_another_computer(welcome, labels):
    for tab in (welcome, labels):
        assert any(url.startswith("ws:") for url in tab.asked)  # it was recorded, down to the kernel's messages
        assert tab.asked_of_others() == []
