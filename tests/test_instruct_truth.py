"""The grammar teacher sees captions and boxes alone. Here its every claim about 500 scenes is held against the scenes themselves."""

import re
from collections import Counter

import pytest

from course_lib.instruct import prompts, reply
from course_lib.instruct.formats import TYPES, from_scene
from course_lib.instruct.resources import complex_wordings, conversation_wordings
from course_lib.instruct.teachers.grammar import GrammarTeacher, detail
from course_lib.instruct.teachers.grammar.phrases import plural_of
from course_lib.world.geometry import relation
from course_lib.world.language import PLACES, RELATIONS
from course_lib.world.nouns import NUMBERS
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.shapes import SHAPES
from course_lib.world.stickers import COLOURS, classes

COUNT = 500
NAMES = sorted({c.name for c in classes()} | set(SHAPES) | {"sign"}, key=len, reverse=True)
WAYS = {words: how for how, wordings in RELATIONS["train"].items() for words in wordings}
HOW = sorted([*WAYS, *RELATIONS["train"]], key=len, reverse=True)
SIDES = {"left": lambda t: t.x, "right": lambda t: 1 - t.x, "top": lambda t: t.y, "bottom": lambda t: 1 - t.y}
EDGE = 0.11  # a thing that is hidden in part has its box's middle elsewhere
SLOTS = {
    "thing": "|".join(NAMES),
    "other": "|".join(NAMES),
    "colour": "|".join(COLOURS),
    "way": "|".join(HOW),
    "place": "|".join(PLACES.values()),
    "things": r"[\w -]+",
    "side": r"the (?:left|right|top|bottom)|left|right|upper|lower",
    "where": r"in the \w+ \w+ corner|at the top|at the bottom|on the left|on the right|in the middle",
}


def pattern(wording: str) -> re.Pattern:
    """A wording as a pattern, with a group for every word that it takes."""
    text = re.escape(wording).replace(r"\{", "{").replace(r"\}", "}")
    for name, words in SLOTS.items():
        text = text.replace(f"{{{name}}}", f"(?P<{name}>{words})", 1)
        text = text.replace(f"{{{name.capitalize()}}}", f"(?P<{name}>{words})", 1)
    return re.compile(re.sub(r"\{\w+\}", r"[\\w' ]+?", text), re.IGNORECASE)


QUESTIONS = {
    kind: [pattern(wording) for wording in wordings]
    for table in (conversation_wordings().questions, complex_wordings().questions)
    for kind, wordings in table.items()
    if kind not in ("exist", "list", "simplest", "advice", "use")
}
POSITIONS = [pattern(wording) for wording in detail.POSITIONS]
RELATED = [pattern(wording) for wording in detail.RELATED if "{other}" in wording.partition("{way}")[2]]
LARGEST = [pattern(wording) for wording in detail.LARGEST]


class Truth:
    """What holds of the things that can be seen, and of the place."""

    def __init__(self, index: int, stream: str) -> None:
        self.scene = make_scene(index, SceneSpec(stream=stream))
        self.context = from_scene(self.scene)
        left = [box.name for box in self.context.boxes]
        self.things = [t for t in self.scene.things if t.name in left]
        self.whole = len(left) == len(self.scene.things)

    def named(self, name: str):
        """The thing of that name."""
        (thing,) = [thing for thing in self.things if thing.name.lower() == name.lower()]
        return thing

    def holds(self, kind: str, words: dict[str, str], answer: str) -> bool:
        """Is the answer to a question of this kind right?"""
        return getattr(self, f"_{kind}")(words, answer)

    def _count(self, words, answer) -> bool:
        some = [thing for thing in self.things if words["things"] in ("things", plural_of(thing.name))]
        return re.search(rf"\b{NUMBERS[len(some)]}\b", answer.lower()) is not None

    def _colour(self, words, answer) -> bool:
        return self.named(words["thing"]).colour in answer.lower()

    def _is_colour(self, words, answer) -> bool:
        return (self.named(words["thing"]).colour == words["colour"]) == says_yes(answer)

    def _relation(self, words, answer) -> bool:
        how = relation(self.named(words["thing"]), self.named(words["other"]))
        return told(answer) == how

    def _is_related(self, words, answer) -> bool:
        how = relation(self.named(words["thing"]), self.named(words["other"]))
        asked = WAYS[words["way"].lower()]
        return (
            how is not None and (asked == how) == says_yes(answer) and (says_yes(answer) or told(answer) in (how, None))
        )

    def _place(self, words, answer) -> bool:
        return PLACES[self.scene.backdrop] in answer or answer == self.scene.backdrop

    def _is_place(self, words, answer) -> bool:
        return (PLACES[self.scene.backdrop] == words["place"]) == says_yes(answer)

    def _bigger(self, words, answer) -> bool:
        pair = self.named(words["thing"]), self.named(words["other"])
        big, small = sorted(pair, key=lambda thing: -thing.width)
        return big.width > small.width and re.match(rf"(the )?{big.name}\b", answer, re.IGNORECASE) is not None

    def _read(self, words, answer) -> bool:
        return any(thing.text and thing.text in answer for thing in self.things)

    def _sweep(self, words, answer) -> bool:
        nearest = min(self.things, key=SIDES[words["side"].removeprefix("the ")])
        return nearest.name in answer.partition("ext" if "next" in answer else ";" if ";" in answer else ".")[0]

    def _without(self, words, answer) -> bool:
        largest = max(self.things, key=lambda thing: thing.width).name
        return re.search(rf"\b{NUMBERS[len(self.things) - 1]}\b", answer.lower()) is not None and largest in answer

    def _half(self, words, answer) -> bool:
        here = {"left": lambda t: t.x < 0.5, "right": lambda t: t.x > 0.5}
        here |= {"upper": lambda t: t.y < 0.5, "lower": lambda t: t.y > 0.5}
        side = re.search(r"in the (\w+) half", answer)[1]
        return f"{NUMBERS[sum(map(here[side], self.things))]}" in re.findall(r"\w+", answer.lower())

    def _between(self, words, answer) -> bool:
        _, middle, _ = sorted(self.things, key=lambda thing: thing.x)
        return re.match(rf"(the|it is the|that would be the) {re.escape(middle.name)}\b", answer, re.I) is not None

    def _nearest(self, words, answer) -> bool:
        a, b, c = self.things
        ways = {(p.name, q.name): (p.x - q.x) ** 2 + (p.y - q.y) ** 2 for p, q in ((a, b), (b, c), (a, c))}
        first = re.split(r"[,.:] ", answer)[0]
        return all(re.search(rf"\b{re.escape(name)}\b", first) for name in min(ways, key=ways.get))

    def _room(self, words, answer) -> bool:
        (thing,) = self.things
        side = re.search(r"(on|at) the (left|right|top|bottom)", answer, re.IGNORECASE)[2]
        return SIDES[side](thing) > 0.5


def says_yes(answer: str) -> bool:
    """Yes or no; nothing else is an answer."""
    assert answer.lower().startswith(("yes", "no"))
    return answer.lower().startswith("yes")


def told(answer: str) -> str | None:
    """The relation in an answer."""
    found = next((way for way in HOW if re.search(rf"\b{way}\b", answer)), None)
    return WAYS.get(found, found)


@pytest.fixture(scope="module", params=["train", "test"])
def written(request) -> list[tuple[Truth, str, tuple]]:
    """(truth, type, turns) of many scenes, with boxes for all types."""
    teacher, found = GrammarTeacher(), []
    for index in range(COUNT):
        truth = Truth(index, request.param)
        if truth.whole:
            for type in TYPES:
                text = teacher.ask(prompts.teacher_messages(truth.context, type, boxes_for_all=True)).text
                found.append((truth, type, reply.parse_turns(text, type, truth.context.id)))
    return found


def test_answers_are_true(written):
    asked: Counter[str] = Counter()
    for truth, _, turns in written:
        for turn in turns:
            question = turn.question
            for way in conversation_wordings().briefly:
                question = question.removesuffix(f" {way}")
            for kind, wordings in QUESTIONS.items():
                match = next(filter(None, (wording.fullmatch(question) for wording in wordings)), None)
                if match:
                    asked[kind] += 1
                    assert truth.holds(kind, match.groupdict(), turn.answer), (truth.scene, turn)
                    break
    assert set(asked) == set(QUESTIONS) and min(asked.values()) >= 3, asked
    assert all(asked[kind] > 40 for kind in ("relation", "is_related", "place", "is_place", "count", "bigger")), asked


def test_descriptions_are_true(written):
    placed, related, largest = 0, 0, 0
    for truth, type, turns in written:
        for sentence in re.split(r"(?<=\.) ", turns[0].answer) if type == "detail" else ():
            if match := next(filter(None, (wording.fullmatch(sentence) for wording in POSITIONS)), None):
                placed += 1
                assert is_there(truth.named(match["thing"]), match["where"].lower()), (truth.scene, sentence)
            elif match := next(filter(None, (wording.fullmatch(sentence) for wording in RELATED)), None):
                related += 1
                a, b = truth.named(match["thing"]), truth.named(match["other"])
                assert relation(a, b) == WAYS[match["way"]], (truth.scene, sentence)
            elif match := next(filter(None, (wording.fullmatch(sentence) for wording in LARGEST)), None):
                largest += 1
                assert truth.named(match["thing"]).width == max(thing.width for thing in truth.things)
    assert placed > COUNT and related > COUNT / 5 and largest > COUNT / 20


def is_there(thing, where: str) -> bool:
    """Is the thing in that ninth of the picture, or no farther from it than a hidden part can move a box?"""
    rows, columns = ("upper", "", "lower"), ("left", "", "right")
    words = where.replace("at the top", "in the upper part").replace("at the bottom", "in the lower part").split()
    row = next((at for at, word in enumerate(rows) if word in words), 1)
    column = next((at for at, word in enumerate(columns) if word in words), 1)
    return all(at / 3 - EDGE <= place <= (at + 1) / 3 + EDGE for at, place in ((row, thing.y), (column, thing.x)))
