"""Lesson 09's figures from rows of measures: whose counts they are, and what they stand beside."""

import json

import pytest

from course_lib import figures as course_figures
from course_lib.emergence import evaluate
from course_lib.emergence.evaluate import arms, asking
from course_lib.emergence.languages import CODES, KINDS

N = 100  # questions of a kind


def row(**shares: float) -> dict:
    """A made-up row: measure → counts. picture_fr=0.5 is half right of each kind asked in French about pictures."""
    made: dict = {"arm": "made up", "seed": 0, "minutes": 1.0}
    for name, value in shares.items():
        measure, code = name.split("_")
        kinds = [f".{kind}" for kind in KINDS] if measure != "language" else [""]
        made |= {f"{measure}.{code}{kind}": [round(N * value), N] for kind in kinds}
    return made


ROWS = {
    ("all", 0): row(picture_fr=0.10, picture_ci=0.10),  # the shipped model is measured anew
    ("all", 1): row(
        picture_fr=0.71, picture_ci=0.61, language_fr=0.97, language_ci=0.95, gate_en=0.9, gate_fr=0.9, gate_ci=0.81
    ),
    ("all", 2): row(
        picture_fr=0.72, picture_ci=0.62, language_fr=0.98, language_ci=0.96, gate_en=0.9, gate_fr=0.9, gate_ci=0.82
    ),
    ("none", 0): row(picture_fr=0.05, picture_ci=0.04, language_fr=0.03, language_ci=0.02),
    ("with_pictures", 0): row(picture_fr=0.91, picture_ci=0.92),
}
SHIPPED = row(
    picture_en=0.9, picture_fr=0.8, picture_ci=0.7, blank_en=0.31, blank_fr=0.32, blank_ci=0.33, language_fr=0.99, language_ci=0.9
)  # fmt: skip


def by_id(made) -> dict:
    """Figures by their ids, each there once."""
    made = list(made)
    assert len({one.id for one in made}) == len(made)
    return {one.id: one for one in made}


def test_a_measure_is_one_pair_or_the_sum_of_its_kinds():
    made = {"picture.fr.exist": [3, 4], "picture.fr.count": [1, 4], "picture.fr.read": [4, 4], "language.fr": [5, 8]}
    assert evaluate.total(made, "picture.fr.") == (4, 8)  # reading is no kind of question that pictures come with
    assert evaluate.total(made, "picture.fr.read") == (4, 4) and evaluate.total(made, "language.fr") == (5, 8)
    assert evaluate.value(made, "picture.fr.") == 0.5 and evaluate.value(made, "picture.fr.count") == 0.25
    figure = evaluate.of("an.id", made, "language.fr", baseline=0.1)
    assert (figure.id, figure.value, figure.n, figure.baseline) == ("an.id", 0.625, 8, 0.1)
    assert figure.low < 0.625 < figure.high
    with pytest.raises(KeyError):
        evaluate.total(made, "language.ci")


def test_kinds_of_different_size_count_by_question():
    assert evaluate.value({"gate.en.exist": [10, 10], "gate.en.count": [0, 30]}, "gate.en.") == 0.25


def test_the_gate_leaves_reading_out_and_has_a_bar():
    gates = by_id(evaluate.gate_figures(row(gate_en=0.99, gate_fr=0.96, gate_ci=0.94) | {"gate.en.read": [0, N]}, ROWS))
    assert [gates[f"emergence.gate.{code}"].value for code in CODES] == [0.99, 0.96, 0.94]
    assert all(0 < one.chance < one.bar == evaluate.GATE and one.n == len(KINDS) * N for one in gates.values())
    assert [course_figures.missed(gates[f"emergence.gate.{code}"]) for code in CODES] == [False, False, True]
    assert "81.0 %, 82.0 %" in gates["emergence.gate.ci"].note


def test_pictures_stand_beside_their_controls():
    made = by_id(evaluate.picture_figures(SHIPPED, ROWS))
    french, cipher = made["emergence.picture.fr"], made["emergence.picture.ci"]
    assert (french.value, french.control, french.baseline, french.ceiling) == (0.8, 0.32, 0.05, 0.91)
    assert (cipher.value, cipher.control, cipher.baseline, cipher.ceiling) == (0.7, 0.33, 0.04, 0.92)
    assert "is there …? alone: 80.0 %, blank 32.0 %" in french.note
    assert made["emergence.picture.en"].control == 0.31
    language = made["emergence.language.fr"]
    assert (language.value, language.n, language.baseline) == (0.99, N, 0.03) and "97.0 %, 98.0 %" in language.note
    assert made["emergence.blank.ci"].value == 0.33


def test_the_headline_is_the_mean_of_three_seeds():
    made = by_id(evaluate.seed_figures(ROWS | {("all", 0): row(picture_fr=0.85, picture_ci=0.72)}))
    french, cipher = made["emergence.seeds.fr"], made["emergence.seeds.ci"]
    assert (french.value, french.low, french.high, french.n) == (0.76, 0.71, 0.85, 3 * len(KINDS) * N)
    assert cipher.value == 0.65 and "72.0 %, 61.0 %, 62.0 %" in cipher.note
    assert not course_figures.missed(french) and course_figures.missed(cipher)


def test_a_blank_picture_must_not_tell_more_than_guessing_does():
    blank = [round(evaluate.chance() + more, 2) for more in (0.1, 0.0)]
    made = by_id(evaluate.picture_figures(SHIPPED | row(blank_fr=blank[0], blank_ci=blank[1]), ROWS))
    judged = [course_figures.missed(made[f"emergence.blank.{code}"]) for code in evaluate.NEW]
    assert judged == [True, False]


def test_the_other_arms_are_asked_the_same_and_what_is_not_there_is_left_out():
    more = {
        "share_5": row(picture_fr=0.4, picture_ci=0.3),
        "tuned": row(picture_en=0.9, picture_fr=0.2, picture_ci=0.1) | {"language.fr": [3, 4], "language.ci": [1, 4]},
    }
    made = by_id(evaluate.arm_figures(ROWS | {(arm, 0): made for arm, made in more.items()}))
    values = {id.removeprefix("emergence."): one.value for id, one in made.items()}
    assert values == {
        "none.fr": 0.05,
        "none.ci": 0.04,
        "ceiling.fr": 0.91,
        "ceiling.ci": 0.92,
        "tuned.en": 0.9,
        "tuned.fr": 0.2,
        "tuned.ci": 0.1,
        "tuned.language.fr": 0.75,
        "tuned.language.ci": 0.25,
        "share_5.fr": 0.4,
        "share_5.ci": 0.3,
    }


def test_only_replies_that_can_tell_count_as_following():
    made = row(picture_fr=0.6, picture_ci=0.5)
    for code, followed in (("fr", 19), ("ci", 10)):
        made |= {f"follows.{code}.count": [0, 0], f"follows.{code}.colour": [followed, 20]}
    figures = by_id(evaluate.permuted_figures(made))
    french, cipher = (figures[f"emergence.permuted.{code}"] for code in evaluate.NEW)
    assert (french.value, french.n, french.chance) == (0.95, 20, 0.5) and "60.0 %" in french.note
    assert [course_figures.missed(one) for one in (french, cipher)] == [False, True]


def test_reading_is_four_cells_and_what_is_left_over_after_adding():
    read = {"read_neither": 1, "read_letters": 3, "read_text": 2, "read_text_letters": 40}
    rows = {(arm, 0): {"letters": [right, N], "read": [1, N], "another": [2, N]} for arm, right in read.items()}
    made = by_id(evaluate.reading_figures(rows))
    assert made["emergence.read.text_letters"].value == 0.4 and made["emergence.read.neither"].value == 0.01
    assert made["emergence.read.text_letters"].control == 0.02
    both = made["emergence.read.interaction"]
    assert both.value == pytest.approx(0.36) and both.low < both.value < both.high and both.n == 4 * N
    swapped = rows | {("read_text", 0): rows["read_text_letters", 0], ("read_text_letters", 0): rows["read_text", 0]}
    assert by_id(evaluate.reading_figures(swapped))["emergence.read.interaction"].value == pytest.approx(-0.4)


def test_every_figure_has_a_name():
    names = json.loads(course_figures.NAMES.read_text(encoding="utf-8"))
    made = [*evaluate.picture_figures(SHIPPED, ROWS), *evaluate.seed_figures(ROWS), *evaluate.arm_figures(ROWS)]
    assert {one.id for one in made} <= set(names)


def test_rows_are_read_line_by_line(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text('{"arm": "all", "seed": 0}\n{"arm": "none", "seed": 1}\n', encoding="utf-8")
    assert [(one["arm"], one["seed"]) for one in arms.read_rows(file)] == [("all", 0), ("none", 1)]


def test_letters_are_found_each_once_in_a_reply_that_spells():
    found = [asking.letters_found(reply, "TOOT").tolist() for reply in ("T O O T", "O", "TOOT", "yes", "")]
    assert found == [[True, True], [True, False], [False, False], [False, False], [False, False]]  # of "O" and "T"


def test_letters_of_another_sign_are_the_control(monkeypatch):
    monkeypatch.setattr(arms, "picture_replies", lambda _, asked, *__: [" ".join(one.question.answer) for one in asked])
    made = arms.reading(None, "val", 20)
    assert made["read"] == (20, 20) and made["letters"][0] == made["letters"][1] > made["another"][0]


def test_how_many_in_the_cipher_stands_beside_no_text_at_all_and_a_blank_picture():
    none = {"picture.ci.count": [5, N]}
    figure = evaluate.no_count_figure(
        {
            ("no_count", 0): {"picture.ci.count": [30, N], "blank.ci.count": [27, N], "gate.ci.count": [4, N]},
            ("none", 0): none,
        }
    )
    assert (
        (figure.value, figure.control, figure.baseline) == (0.3, 0.27, 0.05)
        and "own number: 4.0 %" in figure.note
        and 0.2 < figure.chance < 0.5
    )
