"""Leakage: the text gives away that its writer read captions and boxes, and saw no picture."""

import re
from collections import Counter
from collections.abc import Mapping

from course_lib.instruct.filters.defect import Defect
from course_lib.instruct.filters.words import sentences, tokens, word_set
from course_lib.instruct.formats import MARK, SPEAKERS, ImageContext, Sample, values
from course_lib.instruct.formats import turns as turns_of

LEAKAGE = "leakage"


PHRASES = {  # what leaks → how it is said
    "captions": r"\bcaption(s|ed|ing)?\b",
    "boxes": r"\b(bounding|detection)[ -]box|\bbbox|\bbox coordinates",
    "coordinates": r"\bcoordinates?\b|\b[01]\.\d\d+\b|\[\s*\d+(\.\d+)?\s*,\s*\d",
    "annotations": r"\bannotat(ed|ions?|or)\b|\bmetadata\b|\bobject detect(ion|or)\b|\bdataset\b",
    "what was given": r"\b(provided|given|supplied) (text|descriptions?|information|sentences?|context|data|details|input|list)\b"
    r"|\b(text|descriptions?|information|sentences?|context|data|details|input|list) (that )?(i was |was |were |is |are )?"
    r"(provided|given|supplied)\b",
    "according to": r"\b(according to|based on|going by|judging by|as (stated|mentioned|described) (in|by)|mentioned in|from|in) "
    r"(the|this|these|my|what the) (texts?|descriptions?|information|sentences?|context|data|input|prompt|list)\b",
    "texts that speak": r"\b(descriptions?|sentences?|texts?|input|context|prompt) (all )?"
    r"(says?|mentions?|states?|tells?|names?|lists?|notes?|describes?|indicates?|does not|doesn't|do not|don't)\b",
}
COMPILED = {what: re.compile(phrase, re.IGNORECASE) for what, phrase in PHRASES.items()}
IN_QUESTIONS = ("captions", "boxes", "coordinates", "annotations")  # the rest may well be asked by somebody who sees


def check_leakage(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn that mentions its sources."""
    found = []
    for at, turn in enumerate(sample.turns):
        what = leak(turn.answer) or leak(turn.question, IN_QUESTIONS)
        if what:
            found.append(Defect(LEAKAGE, at, f"it gives away that the picture was not seen ({what})"))
    return found


def leak(text: str, kinds: tuple[str, ...] = tuple(PHRASES)) -> str | None:
    """What kind of source the text mentions, if any."""
    return next((what for what in kinds if COMPILED[what].search(text)), None)


REFUSAL, EMPTY = "refusal", "empty"


I_CANNOT = re.compile(
    r"\b(i|we) (cannot|can not|can't|could not|couldn't|am unable|am not able|won't be able|will not be able|am not in a position"
    r"|must decline|have to decline|have no (access|way)|don't have|do not have|do not look|am not allowed|would rather not"
    r"|lack the)\b"
)


WHAT_IS_ASKED = word_set(  # what a refusal says it can't do; "I can't see the moon" is an answer
    "help assist answer comment describe provide process view access determine tell image images picture "
    "pictures photo photos photograph photographs visual decline request information ability"
)


AT_ONCE = re.compile(
    r"\bas an? (ai|artificial|language|text|large)\b|\bno (image|picture|photo) (was|has been|is) (attached|provided|given|sent)"
    r"|\b(enough|sufficient|insufficient) (information|context|detail)|\bbeyond (what i|my)\b|\bnot be appropriate\b"
    r"|\bi'm (sorry|afraid),? (but )?(i|that)\b"
)
SHORT_FORMS = {"i'm": "i am", "we're": "we are", "i've": "i have", "’": "'"}


NOTHING = frozenset(
    ("", "na", "none given", "no answer", "null", "nil", "nan", "tbd", "no response", "blank", "undefined")
)


def check_refusal(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn without an answer."""
    found = []
    for at, turn in enumerate(sample.turns):
        if is_empty(turn.answer) or is_empty(turn.question):
            found.append(Defect(EMPTY, at, "nothing is said"))
        elif refuses(turn.answer):
            found.append(Defect(REFUSAL, at, f'instead of an answer: "{turn.answer[:60]}"'))
    return found


def is_empty(text: str) -> bool:
    """No letter and no digit, or a word that stands for nothing. "no" and "none" are answers."""
    return re.sub(r"[^a-z0-9 ]", "", text.lower()).strip() in NOTHING


def refuses(text: str) -> bool:
    """Does a sentence of it say that the writer can't or won't answer?"""
    return any(_refuses(" ".join(sentence)) for sentence in sentences(tokens(text)))


def _refuses(sentence: str) -> bool:
    long = sentence
    for short, full in SHORT_FORMS.items():
        long = long.replace(short, full)
    return bool(AT_ONCE.search(sentence) or (I_CANNOT.search(long) and WHAT_IS_ASKED & set(long.split())))


REPETITION = "repetition"
ENDS = re.compile(r"[.!?\n]+")
WORD = re.compile(r"\w+(?:['-]\w+)*")
SHORT = 3  # words: "Yes, it is." may well come twice
RUN, TIMES = 5, 3  # so many words, so often: a circle without a full stop


def check_repetition(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn that asks what was asked before, or whose answer says something again."""
    found, asked = [], set()
    for at, turn in enumerate(sample.turns):
        question = words(turn.question)
        again = said_again(turn.answer)
        if question in asked:
            found.append(Defect(REPETITION, at, "this was asked before"))
        elif again:
            found.append(Defect(REPETITION, at, f'it says again: "{again}"'))
        asked.add(question)
    return found


def words(text: str) -> tuple[str, ...]:
    """The words, in lower case."""
    return tuple(WORD.findall(text.lower()))


def said_again(answer: str) -> str:
    """The first sentence that comes twice, or the first run of words that comes three times; "" if there is none."""
    sentences = [words(sentence) for sentence in ENDS.split(answer)]
    long = Counter(sentence for sentence in sentences if len(sentence) >= SHORT)
    all_words = words(answer)
    runs = Counter(all_words[at : at + RUN] for at in range(len(all_words) - RUN + 1))
    often = [run for run, times in long.items() if times > 1] + [run for run, times in runs.items() if times >= TIMES]
    return " ".join(often[0]) if often else ""


ROLE_SWAP = "role_swap"


REQUESTS = word_set(
    "describe tell name count give list explain read write walk say show look find point compare identify "
    "mention state summarise summarize please imagine guess answer what which where who whose why how is "
    "are do does did can could would will should has have was were let take"
)
ORDERS = word_set("describe tell name list explain please")  # no answer begins like this


def check_role_swap(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn whose question doesn't ask, or whose answer does."""
    found = []
    for at, turn in enumerate(sample.turns):
        if turn.question.strip() and not asks(turn.question):
            found.append(Defect(ROLE_SWAP, at, "the human doesn't ask anything"))
        elif asks_back(turn.answer):
            found.append(Defect(ROLE_SWAP, at, "the assistant asks"))
    return found


def asks(text: str) -> bool:
    """A question mark, or a part that begins like a question or a request: "of the two, name the bigger one"."""
    starts = [words[0] for part in re.split(r"[,.;:!]\s*", text.lower()) if (words := part.split())]
    return "?" in text or bool(REQUESTS & set(starts))


def asks_back(text: str) -> bool:
    """Does the answer end in a question, or begin with an order?"""
    text = text.strip()
    first = re.match(r"[a-z]*", text.lower()).group()
    return (len(text) > 1 and text.endswith("?")) or first in ORDERS


IMAGE_TOKEN, WRONG_IMAGE, ROLES = "image_token", "wrong_image_id", "role_swap"


def check_record(record: dict, contexts: Mapping[str, ImageContext]) -> list[Defect]:
    """The defects of one record; `contexts` are those of the whole data set, by their ids."""
    return [*_mark(record), *_picture(record, contexts), *_roles(record)]


def _mark(record: dict) -> list[Defect]:
    """The mark stands once, at the beginning of the first human turn, with a line to itself."""
    said = values(record)
    if not said or not said[0].startswith(MARK + "\n"):
        return [Defect(IMAGE_TOKEN, 0, f"the first human turn doesn't begin with {MARK} and a line break")]
    after = [said[0].removeprefix(MARK), *said[1:]]
    again = next((number for number, value in enumerate(after) if MARK in value), None)
    return [] if again is None else [Defect(IMAGE_TOKEN, again // 2, f"{MARK} stands there once more")]


def _picture(record: dict, contexts: Mapping[str, ImageContext]) -> list[Defect]:
    """The id is that of a picture of the data set, and the file is that picture's."""
    name = str(record.get("id", "")).rpartition("/")[0]
    context = contexts.get(name)
    if context is None:
        return [Defect(WRONG_IMAGE, None, f'no picture of the data set is called "{name}"')]
    if record.get("image") != context.image:
        return [Defect(WRONG_IMAGE, None, f"{name} is {context.image}, but the record shows {record.get('image')}")]
    return []


def _roles(record: dict) -> list[Defect]:
    """Human and gpt take turns, human first."""
    for number, turn in enumerate(turns_of(record)):
        if turn.get("from") != SPEAKERS[number % 2]:
            return [Defect(ROLES, number // 2, f"here {SPEAKERS[number % 2]} should speak, not {turn.get('from')}")]
    return []
