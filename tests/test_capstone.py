"""Claim cards: read and refused with clear words; the worked examples; the gallery; the talk's table."""

import json
import re
from dataclasses import asdict, replace
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from course_lib.authoring import gallery
from course_lib.authoring.master import masters
from course_lib.capstone import checks, evaluate
from course_lib.capstone.card import Card, load, save
from course_lib.common.errors import Problem
from course_lib.figures import RECORDED, Figure, from_json, share
from course_lib.session import REPO

SHIPPED = sorted((REPO / gallery.FOLDER).glob("*.json"))
FIGURES = {figure.id: figure for figure in map(from_json, RECORDED.read_text(encoding="utf-8").splitlines())}
GOOD = Card(
    claim="Model A names more than colours do.",
    figure=Figure("a.b", 0.6, 0.5, 0.7, 100, control=0.1, baseline=0.2, ceiling=0.9),
    control="untrained",
    baseline="colours",
    ceiling="known style",
    split="test",
    tried=[{"what": "three rates", "split": "val"}],
    num_seeds=2,
    by_seed=[0.58, 0.62],
    minutes=3.0,
    machine="a CPU",
    command="python run.py",
)
NULL = replace(GOOD, null=True, figure=replace(GOOD.figure, value=0.0, low=-0.02, high=0.02, control=0.1))


def with_figure(**values) -> Card:
    return replace(GOOD, figure=replace(GOOD.figure, **values))


def test_good_cards_are_accepted():
    assert checks.refusals(GOOD) == [] and checks.refusals(NULL) == []


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (with_figure(control=None), "figure.control is missing. Measure the same where it must fail"),
        (replace(GOOD, control=""), "control is missing"),
        (with_figure(control=0.5), "figure.control: the control does as well (50.0 %, interval from 50.0 %)"),
        (with_figure(low=None), "figure.low is missing"),
        (with_figure(high=None), "figure.high is missing"),
        (with_figure(n=None), "figure.n is missing"),
        (with_figure(n=99), "figure.n: 99 are too few"),
        (with_figure(value=0.71), "lies outside its interval, 50.0 % to 70.0 %"),
        (with_figure(ceiling=0.59), "60.0 % is above the ceiling, 59.0 %"),
        (with_figure(baseline=None), "figure.baseline is missing"),
        (replace(GOOD, num_seeds=3), "seeds said: 3, figures given: 2"),
        (replace(GOOD, num_seeds=0), "seeds said: 0"),
        (replace(GOOD, tried=[{"what": "rates", "split": " Test"}]), "'rates' was chosen on 'test'"),
        (replace(GOOD, tried=[]), "tried is missing"),
        (replace(GOOD, minutes=None), "minutes is missing"),
        (replace(NULL, figure=replace(NULL.figure, low=0.01, value=0.015)), "does not hold 0"),
        (replace(NULL, figure=replace(NULL.figure, control=0.02)), "This test could not have seen one"),
    ],
)
def test_a_figure_without_company_is_refused_for_this_reason_alone(card, said):
    (reason,) = checks.refusals(card)
    assert said in reason and len(reason) > len(said)


def test_an_empty_card_is_told_all_that_it_lacks():
    assert [reason.split(" is missing. ")[0] for reason in checks.refusals(Card())] == list(checks.ADVICE)


def test_a_control_of_zero_is_no_gap():
    assert checks.refusals(with_figure(control=0.0, baseline=0.0)) == []


@pytest.mark.parametrize("card", [GOOD, NULL, Card()])
def test_a_card_comes_back_as_it_was_saved(tmp_path, card):
    save(card, tmp_path / "a.json")
    assert load(tmp_path / "a.json") == card


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "can't be read as JSON"),
        ("", "it is empty"),
        ("[]", "is no claim card"),
        ("{} {}", "is no claim card"),
        ('{"clam": "x"}', "there is no field `clam`"),
        ('{"claim": 3}', "`claim` is 3; it should be a text"),
        ('{"null": 1}', "it should be true or false"),
        ('{"num_seeds": 1.5}', "it should be a whole number"),
        ('{"num_seeds": true}', "it should be a whole number"),
        ('{"minutes": NaN}', "it should be a number"),
        ('{"minutes": 1e999}', "it should be a number"),
        ('{"by_seed": ["a"]}', "it should be a list of numbers"),
        ('{"tried": [{"what": "x"}]}', "it should be a list of"),
        ('{"tried": "x"}', "it should be a list of"),
        ('{"figure": 0.6}', "it should be an object"),
        ('{"figure": {"value": 0.6}}', "`figure` needs an `id` and a `value`"),
        ('{"figure": {"id": "a", "value": "0.6"}}', "`figure.value` is"),
        ('{"figure": {"id": "a", "value": 1, "hi": 2}}', "no field `figure.hi`"),
        ('{"figure": {"id": "a", "value": 1, "n": ' + "9" * 400 + "}}", "it should be a whole number"),
    ],
)
def test_a_file_that_is_no_card_gets_a_sentence(tmp_path, text, said):
    file = tmp_path / "bad.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Problem, match=re.escape(said)) as problem:
        load(file)
    assert str(file) in str(problem.value)


def test_a_file_that_is_not_there_gets_a_sentence(tmp_path):
    with pytest.raises(Problem, match="can't be read"):
        load(tmp_path / "none.json")


@pytest.mark.parametrize("name", list(asdict(GOOD)))
def test_no_damaged_card_ends_in_another_error(tmp_path, name):
    """Every field in turn is something else: it is read, and refused or not, or a sentence comes."""
    for value in (
        None,
        "",
        "x",
        0,
        -1,
        1.5,
        True,
        [],
        [None],
        {},
        {"id": "a", "value": 1},
        [{"what": "", "split": ""}],
    ):
        file = tmp_path / "card.json"
        file.write_text(json.dumps(asdict(GOOD) | {name: value}), encoding="utf-8")
        try:
            reasons = checks.refusals(load(file))
        except Problem as problem:
            reasons = [str(problem)]
        assert all(isinstance(reason, str) for reason in reasons)


def test_a_paired_gain_counts_only_what_changed():
    before = [True] * 60 + [False] * 40
    after = [True] * 55 + [False] * 5 + [True] * 15 + [False] * 25
    gain = evaluate.paired_gain("a.gain", after, before)
    assert gain.value == pytest.approx(0.10) and gain.low < 0.10 < gain.high
    apart = share("a.after", after)
    assert gain.high - gain.low < apart.high - apart.low  # narrower than one of the two, let alone both


def test_where_nothing_changed_the_interval_is_no_point():
    gain = evaluate.paired_gain("a.gain", [True] * 100, [True] * 100)
    assert gain.value == 0 and gain.low < 0 < gain.high
    assert evaluate.paired_gain("a.gain", [False, True], [True, False]).value == 0


@pytest.mark.slow
def test_the_worked_examples_run_small(monkeypatch):
    monkeypatch.setenv("COURSE_QUICK", "1")
    for name, card in evaluate.cards().items():
        assert card.figure.id == f"capstone.{name}" and card.minutes >= 0 and card.by_seed == [card.figure.value]
        lacking = [reason for reason in checks.refusals(card) if "is missing" in reason]
        assert lacking == []


def test_the_shipped_cards_are_accepted_and_are_those_that_were_measured():
    assert {file.stem for file in SHIPPED} == {"style", "picture", "wordings"}
    for file in SHIPPED:
        card = load(file)
        assert checks.refusals(card) == []
        measured = replace(FIGURES[f"capstone.{file.stem}"], note=None)
        assert card.figure == measured


class Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


HOSTILE = "<script>alert(1)</script> [x](javascript:alert(2)) ![y](http://z) `a` | b\n\n# c $d$ {e}`f` <!-- g --> &lt;"


def rendered(folder) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(gallery.page(folder))


def test_the_gallery_shows_accepted_cards_and_only_the_reasons_of_others(tmp_path):
    save(GOOD, tmp_path / "good.json")
    save(with_figure(value=0.123, low=0.1, high=0.2, control=None), tmp_path / "lonely.json")
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    page = rendered(tmp_path)
    accepted, _, refused = page.partition("Not accepted yet")
    assert "Model A names more than colours do." in accepted and "60.0 %" in accepted and "untrained" in accepted
    assert "python run.py" in accepted and "50.0 % to 70.0 %, n = 100" in accepted
    assert "lonely.json" in refused and "figure.control is missing" in refused and "12.3 %" not in page
    assert "broken.json" in refused and "can't be read as JSON" in refused and str(tmp_path) not in page


def test_what_a_learner_wrote_is_neither_markdown_nor_html(tmp_path):
    hostile = dict.fromkeys(("claim", "control", "baseline", "ceiling", "machine", "command"), HOSTILE)
    card = replace(
        GOOD, **hostile, tried=[{"what": HOSTILE, "split": HOSTILE}], figure=replace(GOOD.figure, unit=HOSTILE)
    )
    save(card, tmp_path / "a.json")
    save(replace(card, figure=None), tmp_path / "b.json")
    page = rendered(tmp_path)
    tags = Tags(page).found
    assert not {"script", "img", "em"} & {tag for tag, _ in tags}
    assert sum(tag == "code" for tag, _ in tags) == gallery.ADD.count("`") / 2
    links = [attributes["href"] for tag, attributes in tags if tag == "a"]
    assert links == ["notebooks/15_capstone.ipynb"]
    assert "alert(1)" in page and page.count("<h1>") == 1 and page.count("<table>") == 1


def test_the_shipped_gallery_has_all_three_cards():
    page = rendered(REPO / gallery.FOLDER)
    assert page.count("<table>") == 3 and "Not accepted yet" not in page


TALK = (REPO / "docs" / "TALK.md").read_text(encoding="utf-8")
ROWS = [line for line in TALK.splitlines() if line.startswith("| ") and ".ipynb" in line]


def test_every_lesson_that_the_talks_table_names_exists_and_every_lesson_is_named():
    named = set(re.findall(r"\]\(\.\./notebooks/(\w+)\.ipynb\)", TALK))
    assert named == {master.stem for master in masters(REPO / "solutions")}
    assert all(re.search(rf"\[{slug[:2]}\]\(\.\./notebooks/{slug}\.ipynb\)", TALK) for slug in named)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_a_row_of_the_talks_table_has_one_lesson_and_figures_that_were_measured(row):
    _, slide, lesson, ids, _ = row.split("|")
    assert slide.strip() and len(re.findall(r"\.ipynb", lesson)) == 1
    measured = re.findall(r"`([\w.]+)`", ids)
    assert measured and set(measured) <= set(FIGURES)


def test_figures_that_the_talks_page_names_elsewhere_were_measured_too():
    assert set(re.findall(r"`(\w+\.[\w.]+)`", TALK)) <= set(FIGURES) and len(ROWS) >= 20
