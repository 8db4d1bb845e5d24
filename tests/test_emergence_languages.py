"""Three languages say the same things, each by its own grammar, and their words are apart."""

import random
import re
from dataclasses import replace
from itertools import combinations

import pytest

from course_lib.emergence.languages import ASKED, CODES, KINDS, asked_for, get_language, permuted
from course_lib.world.language import phrase
from course_lib.world.questions import Question, questions
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.shapes import SHAPES
from course_lib.world.stickers import COLOURS, classes

NAMES = [c.name for c in classes() if c.split == "base"] + [*SHAPES, "sign"]
COGNATES = {  # the same word in English and in French, in one number or in both
    *("ambulance", "ambulances", "bus", "cactus", "crocodile", "crocodiles", "croissant", "croissants", "football"),
    *(
        "hamburger",
        "hamburgers",
        "jeans",
        "lion",
        "lions",
        "microscope",
        "microscopes",
        "orange",
        "oranges",
        "panda",
        "pandas",
    ),
    *(
        "piano",
        "pizza",
        "pizzas",
        "puzzle",
        "rose",
        "roses",
        "six",
        "t-shirt",
        "t-shirts",
        "taco",
        "tacos",
        "taxi",
        "taxis",
    ),
    *("train", "trains", "triangle", "triangles"),
}
MANY_KINDS = {"kinds": (0.6, 0.2, 0.2)}
SCENES = [make_scene(i, SceneSpec(**MANY_KINDS)) for i in range(300)]
SCENES += [make_scene(i, SceneSpec(stream="test", **MANY_KINDS)) for i in range(100)]
SCENES += [make_scene(i, SceneSpec(names=("scissors", "scissors", "elephant"))) for i in range(20)]
FRENCH, CIPHER, ENGLISH = get_language("fr"), get_language("ci"), get_language("en")


def asked(templates: str) -> list[Question]:
    rng = random.Random(f"languages/{templates}")
    return [q for scene in SCENES for q in questions(scene, rng, templates) if q.kind in ASKED]


def exist(words: str) -> Question:
    return Question("exist", "", "yes", (), {"any": words})


def test_codes_and_kinds():
    assert CODES == ("en", "fr", "ci") and set(KINDS) < set(ASKED)
    with pytest.raises(ValueError, match="no language"):
        get_language("de")


@pytest.mark.parametrize("code", CODES)
def test_every_name_has_a_word_of_its_own(code):
    language = get_language(code)
    assert set(language.names) == set(NAMES)
    for number in ("word", "many"):
        words = [getattr(noun, number) for noun in language.names.values()]
        assert len(set(words)) == len(words)
    assert set(language.colours) == set(COLOURS)


def test_no_two_invented_words_are_alike():
    parts = [noun.word for noun in CIPHER.names.values()] + [forms[0] for forms in CIPHER.colours.values()]
    parts += [*CIPHER.numbers.values(), *CIPHER.YES_NO.values(), *(word for word, _ in CIPHER.places.values())]
    small = {
        word for texts in CIPHER.WORDINGS.values() for both in texts.values() for text in both for word in text.split()
    }
    small = {word for word in small if "{" not in word}
    assert len(set(parts)) == len(parts) and not (small & set(parts))
    assert all(re.fullmatch("(?:[βγδζθκλμνπρστφχ][αεηιουω]){2,3}", word) for word in [*parts, *small])


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("seed", [0, 1])
def test_permuted_moves_every_word_and_keeps_the_grammar(code, seed):
    plain, moved = get_language(code), permuted(get_language(code), seed)
    for name, noun in plain.names.items():
        other = moved.names[name]
        assert other.word != noun.word
        assert (other.gender, other.kind == "plural") == (noun.gender, noun.kind == "plural")
    for field in ("names", "colours", "numbers", "places"):
        before, after = getattr(plain, field), getattr(moved, field)
        assert list(before) == list(after) and sorted(map(str, before.values())) == sorted(map(str, after.values()))
        stays = {key for key in before if before[key] == after[key]}
        assert stays == ({"one"} if (code, field) == ("fr", "numbers") else set())
    assert moved.vocabulary() == plain.vocabulary() and moved.YES_NO == plain.YES_NO
    assert moved == permuted(get_language(code), seed)


def test_two_permutations_differ():
    assert permuted(CIPHER, 0) != permuted(CIPHER, 1)


@pytest.mark.parametrize("templates", ["train", "test"])
def test_languages_agree_about_every_question(templates):
    """Whatever has one answer in English has one in each language, another has another, and a permuted one answers all."""
    rng = random.Random(0)
    for code in CODES:
        language, meanings = get_language(code), {}
        for question in asked(templates):
            assert language.ask(question, rng, templates)
            said = language.answer(question)
            assert set(said.split()) <= language.vocabulary() or question.kind == "read"
            assert permuted(language).ask(question, rng, templates) and permuted(language).answer(question)
            meanings.setdefault((question.kind, said), set()).add(question.answer)
        assert all(len(english) == 1 for english in meanings.values())


@pytest.mark.parametrize("templates", ["train", "test"])
def test_english_keeps_the_question_of_the_world(templates):
    rng = random.Random(0)
    for question in asked(templates):
        assert ENGLISH.ask(question, rng, templates) == question.text and ENGLISH.answer(question) == question.answer
        other = "test" if templates == "train" else "train"
        assert ENGLISH.ask(question, rng, other) != question.text


def test_english_phrases_are_those_of_the_world():
    for thing in (thing for scene in SCENES for thing in scene.things):
        said = ENGLISH.phrase(thing.name, thing.colour, thing.text)
        assert said == phrase(thing, size=False)
        assert asked_for(said)[:3] == (thing.name, thing.colour, thing.text)


def test_a_kind_without_wordings_is_refused():
    rng = random.Random(0)
    for code in CODES:
        with pytest.raises(ValueError, match="size"):
            get_language(code).ask(Question("size", "", "cat", ()), rng)


def test_asked_for_inverts_a_phrase():
    assert asked_for("an orange") == ("orange", None, None, None)
    assert asked_for("an orange car") == ("car", "orange", None, None)
    assert asked_for("any cherries").name == "cherries" and asked_for("the sun").name == "sun"
    assert asked_for('a green sign that reads "STOP"') == ("sign", "green", "STOP", "that reads")
    with pytest.raises(ValueError, match="no phrase"):
        asked_for("a red printer")


def frame(wording: str) -> tuple[frozenset, tuple[str, str]]:
    """The words around the slots, and the first and last of a wording."""
    words = re.sub(r"[?.,]", " ", wording).split()
    words = [word if "sign" in word or "{" not in word else "_" for word in words]  # a sign's word is always the same
    return frozenset(words) - {"_"}, (words[0], words[-1])


@pytest.mark.parametrize("code", ["fr", "ci"])
def test_wordings_of_tests_are_apart(code):
    wordings = get_language(code).WORDINGS
    assert tuple(wordings) == ASKED
    for kind, both in wordings.items():
        assert len(set(both["train"])) >= 6 and len(set(both["test"])) == 2
        for test in both["test"]:
            assert test not in both["train"]
            frames = [frame(train) for other in wordings if other != kind for train in wordings[other]["train"]]
            assert frame(test)[0] not in [words for words, _ in frames]
            assert frame(test)[1] not in [ends for _, ends in frames]


def test_the_cipher_has_no_latin_letter():
    rng = random.Random(0)
    said = [CIPHER.describe(scene, rng) for scene in SCENES]
    said += [CIPHER.ask(question, rng, which) for which in ("train", "test") for question in asked(which)]
    said += [CIPHER.answer(question) for question in asked("train") if question.kind != "read"]
    assert not [text for text in said if re.search("[A-Za-z]", re.sub('"[^"]+"', "", text))]
    assert any('"' in text for text in said)


def test_french_agreement():
    assert FRENCH.phrase("car", "green") == "une voiture verte"
    assert FRENCH.phrase("scissors", "purple") == "des ciseaux violets"
    assert FRENCH.phrase("socks", "blue") == "des chaussettes bleues"
    assert FRENCH.phrase("chair", "brown") == "une chaise marron"
    assert FRENCH.phrase("bread", None) == "du pain" and FRENCH.phrase("beer", None) == "de la bière"
    assert FRENCH.phrase("sign", "green", "STOP") == 'un panneau vert qui dit "STOP"'
    assert FRENCH.counted("crown", "purple", "three") == "trois couronnes violettes"
    assert FRENCH.counted("scissors", None, "two") == "deux paires de ciseaux"


def all_ways(question: Question) -> set[str]:
    wordings = FRENCH.WORDINGS[question.kind]
    return {text.format(**FRENCH.slots(question)) for text in (*wordings["train"], *wordings["test"])}


def test_french_questions():
    def count(things):
        return Question("count", "", "one", (), {"things": things})

    def colour(thing):
        return Question("colour", "", "green", (), {"thing": thing})

    assert "combien d'éléphants y a-t-il ?" in all_ways(count("elephants"))
    assert "combien d'hexagones vois-tu ?" in all_ways(count("hexagons"))
    assert "combien de hérissons vois-tu ?" in all_ways(count("hedgehogs"))
    assert "combien de choses y a-t-il ?" in all_ways(count("things"))
    assert "de quelle couleur est l'étoile ?" in all_ways(colour("star"))
    assert "de quelle couleur sont les ciseaux ?" in all_ways(colour("scissors"))
    assert "quelle est la couleur du crayon ?" in all_ways(colour("pencil"))
    assert "dis-moi la couleur des lunettes." in all_ways(colour("glasses"))
    assert "y a-t-il une voiture verte dans l'image ?" in all_ways(exist("a green car"))
    assert "est-ce qu'on voit le soleil ici ?" in all_ways(exist("the sun"))
    assert FRENCH.answer(colour("car")) == "verte" and FRENCH.answer(colour("scissors")) == "verts"
    assert [FRENCH.answer(count(x)) for x in ("hexagons", "things", "pairs of scissors")] == ["un", "une", "une"]


def test_descriptions_say_everything():
    """Each thing's phrase, or its number and plural, and the place."""
    for code in CODES:
        language, rng = get_language(code), random.Random(0)
        for scene in SCENES:
            said = language.describe(scene, rng)
            assert language.places[scene.backdrop][1] in said
            for thing in scene.things:
                alike = sum((t.name, t.colour) == (thing.name, thing.colour) for t in scene.things)
                number = list(language.numbers)[alike - 1]
                words = language.phrase(thing.name, thing.colour, thing.text)
                together = language.counted(thing.name, thing.colour, number)
                assert said.count(words) >= (1 if thing.text else alike) or (together in said and not thing.text)


def test_things_alike_are_counted_and_colours_that_differ_are_said_each():
    scene = SCENES[0]
    red, blue = (replace(scene.things[0], kind="sticker", name="car", colour=c, text=None) for c in ("red", "blue"))
    scene = replace(scene, things=(red, blue, red))
    said = [FRENCH.describe(scene, random.Random(seed)) for seed in range(20)]
    assert all("une voiture bleue" in one for one in said)
    told = [("deux voitures rouges" in one, one.count("une voiture rouge")) for one in said]
    assert set(told) == {(True, 0), (False, 2)}  # counted, or one by one


def sign_and_car():
    """A green sign that says "NO", and a red car."""
    scene = next(one for one in SCENES if len(one.things) == 2)
    sign = replace(scene.things[0], kind="sign", name="sign", colour="green", text="NO")
    return replace(scene, things=(sign, replace(scene.things[1], kind="sticker", name="car", colour="red", text=None)))


def test_key_words_are_all_that_is_there_in_no_order():
    scene = sign_and_car()
    lists = {FRENCH.keywords(scene, random.Random(seed)) for seed in range(20)}
    place = FRENCH.places[scene.backdrop][0]
    expected = sorted(f"panneau vert voiture rouge N O {place}".split())
    assert len(lists) > 10 and all(sorted(one.rstrip(".").split()) == expected for one in lists)
    assert all("N O" in one for one in lists)  # a text stays together


def test_repeated_key_words_are_the_same_words_more_often_and_rows_of_letters():
    scene = sign_and_car()
    english = get_language("en")
    once = set(english.keywords(scene, random.Random(0)).rstrip(".").split())
    lists = [english.keywords(scene, random.Random(seed), repeated=True).rstrip(".") for seed in range(50)]
    assert all(set(one.split()) == once for one in lists)
    assert max(one.split().count("car") for one in lists) == 6 and min(one.split().count("car") for one in lists) == 1
    rows = {" ".join(re.findall(r"(?:\b[NO]\b ?)+", one)).strip() for one in lists}
    assert rows == {"N O", "N N O O", "N N N O O O", "N O N O", "N N O O N N O O", "N N N O O O N N N O O O"}


def test_vocabularies_share_only_cognates():
    shared = {
        frozenset(pair): get_language(pair[0]).vocabulary() & get_language(pair[1]).vocabulary()
        for pair in combinations(CODES, 2)
    }
    assert shared.pop(frozenset(("en", "fr"))) == COGNATES
    assert not any(shared.values())
