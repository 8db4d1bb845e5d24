"""The course as a website: every link and picture leads somewhere, the search finds, nothing is asked of other computers."""

import importlib.util
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import lab
import nbformat
import pytest

from course_lib.authoring import site
from course_lib.authoring.colab import Release
from course_lib.authoring.master import masters
from course_lib.session import REPO

LESSONS = [master.stem for master in masters(REPO / "solutions")]
MISSING = [name for name in site.NEEDS if not importlib.util.find_spec(name)]
needs_sphinx = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} ({site.LIST})")
SHOWN = {("img", "src"), ("script", "src"), ("link", "href"), ("source", "src"), ("iframe", "src")}


@pytest.fixture(scope="module")
def staged(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    site.stage(folder)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "site"
    assert site.make(folder) == []
    return folder


class Page(HTMLParser):
    """What a page names: anchors of its own, links, what it loads, pictures."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.anchors, self.links, self.loads, self.pictures = set(), [], [], []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list) -> None:
        found = dict(attributes)
        self.anchors |= {found[name] for name in ("id", "name") if found.get(name)}
        self.loads += [value for name, value in attributes if (tag, name) in SHOWN and value]
        self.links += [found["href"]] if tag == "a" and found.get("href") else []
        self.pictures += [found] if tag == "img" else []


def markdown_of(file: Path) -> str:
    """The text of a page, or of a notebook's Markdown cells."""
    if file.suffix == ".md":
        return file.read_text(encoding="utf-8")
    return "\n".join(cell.source for cell in nbformat.read(file, 4).cells if cell.cell_type == "markdown")


def test_links_of_what_sphinx_reads_lead_to_what_it_reads(staged):
    files = [*staged.rglob("*.md"), *staged.rglob("*.ipynb")]
    targets = [(file, link) for file in files for link in re.findall(r"\]\(([^)#\s]+)", markdown_of(file))]
    own = [(file, link) for file, link in targets if not link.startswith("https://")]
    assert len(own) > 50 and all((file.parent / link).exists() for file, link in own)
    assert {file.stem for file in files} >= {"index", "GLOSSARY", *LESSONS}


def test_the_lessons_are_solved_and_have_their_outputs(staged):
    for slug in LESSONS:
        code = [c for c in nbformat.read(staged / "notebooks" / f"{slug}.ipynb", 4).cells if c.cell_type == "code"]
        assert any("### BEGIN SOLUTION" in cell.source for cell in code) and sum(bool(c.outputs) for c in code) > 5
        assert [cell.metadata.get("tags") == ["hide-input"] for cell in code].count(True) == 1  # the set-up cell


def test_the_gallery_is_a_page_where_there_are_cards(staged):
    text = (staged / site.GALLERY).read_text(encoding="utf-8")
    assert text.count("\n## ") == 4 and "notebooks/15_capstone.ipynb" in text  # three cards, and how to add one
    assert re.search(r"^gallery$", (staged / "index.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_links_to_what_the_site_lacks():
    text, there = (
        "[a](../LICENSE) [b](GLOSSARY.md#top) [c](../README.md) [d](https://x.org) ![e](x.png)",
        {
            "docs/GLOSSARY.md",
            "index.md",
        },
    )
    nowhere = site.with_links(text, Path("docs"), there, Release("", "v1.0.0"))
    assert nowhere == "a [b](GLOSSARY.md#top) [c](../index.md) [d](https://x.org) ![e](x.png)"
    somewhere = site.with_links(text, Path("docs"), there, Release("me/course", "v1.0.0"))
    assert somewhere.startswith("[a](https://github.com/me/course/blob/v1.0.0/LICENSE) [b](GLOSSARY.md#top)")


def test_without_sphinx_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "NEEDS", ("json", "no_such_package"))
    (problem,) = site.make(tmp_path / "site")
    assert "no_such_package" in problem and "pip install -r requirements-site.txt" in problem
    assert not (tmp_path / "site").exists() and (REPO / site.LIST).exists()


@needs_sphinx
@pytest.mark.slow
def test_a_link_that_leads_nowhere_is_named(tmp_path):
    (tmp_path / "source" / "_static").mkdir(parents=True)
    (tmp_path / "source" / "index.md").write_text("# A\n\n[gone](gone.md)\n\n![a cat](cat.png)\n")
    problems = site.run_sphinx(tmp_path / "source", tmp_path / "made")
    assert [line.split(":")[0] for line in problems] == ["index.md"] * 2
    assert "gone.md" in problems[0] + problems[1] and "cat.png" in problems[0] + problems[1]
    (tmp_path / "source" / "index.md").write_text("# A\n\n$\\nosuchcommand{x}$\n")
    (problem,) = site.run_sphinx(tmp_path / "source", tmp_path / "made")
    assert "nosuchcommand" in problem


@needs_sphinx
@pytest.mark.slow
def test_every_link_leads_somewhere_and_nothing_comes_from_elsewhere(built):
    pages = {file.resolve(): Page(file) for file in built.rglob("*.html")}
    checked = 0
    for file, page in pages.items():
        assert not [load for load in page.loads if urlsplit(load).scheme in ("http", "https") or load[:2] == "//"]
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or link == "#":
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            assert target.is_file(), f"{file.name} → {link}"
            if parts.fragment and target in pages and target.name != "search.html":
                assert unquote(parts.fragment) in pages[target].anchors, f"{file.name} → {link}"
            checked += 1
    assert len(pages) >= len(LESSONS) + 6 and checked > 500


@needs_sphinx
@pytest.mark.slow
def test_pictures_have_alt_texts_and_formulas_are_mathml(built):
    pages = [Page(file) for file in (built / "notebooks").glob("*.html")]
    alts = [picture.get("alt") for page in pages for picture in page.pictures]
    assert len(alts) > 30 and all(alts)
    clip = (built / "notebooks" / "02_clip.html").read_text(encoding="utf-8")
    assert "<mfrac>" in clip and "clip.zero_shot_top1.trained" in clip
    assert "MathJax" not in clip and not any("mathjax" in load.lower() for page in pages for load in page.loads)


@needs_sphinx
@pytest.mark.slow
def test_the_search_index_knows_the_lessons(built):
    text = (built / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    found = index["terms"]["kangaroo"]
    pages = {index["docnames"][number] for number in (found if isinstance(found, list) else [found])}
    assert "notebooks/02_clip" in pages and "docs/COLAB" not in pages


@needs_sphinx
@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(lab.find_chromium() is None, reason="there is no Chromium; Debian's package: chromium")
def test_the_search_finds_in_a_browser(built):
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=lab.find_chromium(), args=lab.SWITCHES)
        page, asked = lab.new_page(browser), []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{(built / 'search.html').as_uri()}?q=contrastive+shortcut", timeout=lab.PATIENCE)
        page.get_by_role("link", name="Break it: the contrastive shortcut").click(timeout=lab.PATIENCE)
        heading = page.locator("h2", has_text="Break it: the contrastive shortcut")
        sync_api.expect(heading).to_be_visible(timeout=lab.PATIENCE)
        page.goto((built / "notebooks" / "02_clip.html").as_uri())
        assert page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
        browser.close()
    assert asked and all(urlsplit(url).scheme in ("file", "data", "blob") for url in asked)
