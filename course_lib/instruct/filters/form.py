"""Filters for the form of a sample: leakage, refusals, empty turns, repetition, swapped roles, separators, faults of its record.

None of them looks at captions or boxes, except for the picture's id.
"""

import re
from collections import Counter
from collections.abc import Mapping

from course_lib.instruct.filters.text import sentences, tokens, word_set
from course_lib.instruct.formats import IMAGE_TOKEN, Defect, ImageContext, Sample
from course_lib.instruct.records import ROLES, record_turns, separator, turn_values

LEAKAGE_PATTERNS = {  # what leaks → how it is said
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
LEAKAGE_REGEXES = {source: re.compile(pattern, re.IGNORECASE) for source, pattern in LEAKAGE_PATTERNS.items()}
LEAKS_IN_QUESTIONS = ("captions", "boxes", "coordinates", "annotations")  # who sees may well ask about the rest

CANNOT = re.compile(
    r"\b(i|we) (cannot|can not|can't|could not|couldn't|am unable|am not able|won't be able|will not be able|am not in a position"
    r"|must decline|have to decline|have no (access|way)|don't have|do not have|do not look|am not allowed|would rather not"
    r"|lack the)\b"
)
REFUSED_ACTIONS = word_set(  # what a refusal says it can't do; "I can't see the moon" is an answer
    "help assist answer comment describe provide process view access determine tell image images picture "
    "pictures photo photos photograph photographs visual decline request information ability"
)
REFUSAL_PHRASES = re.compile(
    r"\bas an? (ai|artificial|language|text|large)\b|\bno (image|picture|photo) (was|has been|is) (attached|provided|given|sent)"
    r"|\b(enough|sufficient|insufficient) (information|context|detail)|\bbeyond (what i|my)\b|\bnot be appropriate\b"
    r"|\bi'm (sorry|afraid),? (but )?(i|that)\b"
)
SHORT_FORMS = {"i'm": "i am", "we're": "we are", "i've": "i have", "’": "'"}
EMPTY_ANSWERS = frozenset(
    ("", "na", "none given", "no answer", "null", "nil", "nan", "tbd", "no response", "blank", "undefined")
)

SENTENCE_ENDS = re.compile(r"[.!?\n]+")
WORD = re.compile(r"\w+(?:['-]\w+)*")
MIN_WORDS = 3  # of a sentence that may not come twice; "Yes, it is." may
NGRAM, MAX_NGRAM_COUNT = 5, 2  # so many words, so often; once more is a circle without a full stop

REQUESTS = word_set(
    "describe paint go tell name count give list explain read write walk say show look find point compare identify "
    "mention state summarise summarize please imagine guess answer what which where who whose why how is "
    "are do does did can could would will should has have was were let take"
)
COMMANDS = word_set("describe tell name list explain please")  # no answer begins like this


def check_leakage(sample: Sample, context: ImageContext) -> list[Defect]:
    """Leakage: one defect for each turn that gives away that its writer read captions and boxes, and saw no picture."""
    defects = []
    for number, turn in enumerate(sample.turns):
        source = leaked_source(turn.answer) or leaked_source(turn.question, LEAKS_IN_QUESTIONS)
        if source:
            defects.append(Defect("leakage", number, f"it gives away that the picture was not seen ({source})"))
    return defects


def leaked_source(text: str, sources: tuple[str, ...] = tuple(LEAKAGE_PATTERNS)) -> str | None:
    """What kind of source the text mentions, if any."""
    return next((source for source in sources if LEAKAGE_REGEXES[source].search(text)), None)


def check_refusal(sample: Sample, context: ImageContext) -> list[Defect]:
    """Refusals and empty turns: one defect for each turn without an answer."""
    defects = []
    for number, turn in enumerate(sample.turns):
        if is_empty(turn.answer) or is_empty(turn.question):
            defects.append(Defect("empty", number, "nothing is said"))
        elif refuses(turn.answer):
            defects.append(Defect("refusal", number, f'instead of an answer: "{turn.answer[:60]}"'))
    return defects


def is_empty(text: str) -> bool:
    """No letter and no digit, or a word that stands for nothing. "no" and "none" are answers."""
    return re.sub(r"[^a-z0-9 ]", "", text.lower()).strip() in EMPTY_ANSWERS


def refuses(text: str) -> bool:
    """Does a sentence of it say that the writer can't or won't answer?"""
    for sentence in map(" ".join, sentences(tokens(text))):
        full = sentence
        for short, long in SHORT_FORMS.items():
            full = full.replace(short, long)
        if REFUSAL_PHRASES.search(sentence) or (CANNOT.search(full) and REFUSED_ACTIONS & set(full.split())):
            return True
    return False


def check_repetition(sample: Sample, context: ImageContext) -> list[Defect]:
    """Repetition: one defect for each turn that asks what was asked before, or whose answer says something again."""
    defects, earlier = [], set()
    for number, turn in enumerate(sample.turns):
        question = words(turn.question)
        repeated = repeated_words(turn.answer)
        if question in earlier:
            defects.append(Defect("repetition", number, "this was asked before"))
        elif repeated:
            defects.append(Defect("repetition", number, f'it says again: "{repeated}"'))
        earlier.add(question)
    return defects


def words(text: str) -> tuple[str, ...]:
    """The words, in lower case."""
    return tuple(WORD.findall(text.lower()))


def repeated_words(answer: str) -> str:
    """The first sentence that comes twice, or the first n-gram that comes three times; "" if there is none."""
    parts = [words(sentence) for sentence in SENTENCE_ENDS.split(answer)]
    sentence_counts = Counter(part for part in parts if len(part) >= MIN_WORDS)
    all_words = words(answer)
    ngram_counts = Counter(all_words[at : at + NGRAM] for at in range(len(all_words) - NGRAM + 1))
    repeated = [sentence for sentence, count in sentence_counts.items() if count > 1]
    repeated += [ngram for ngram, count in ngram_counts.items() if count > MAX_NGRAM_COUNT]
    return " ".join(repeated[0]) if repeated else ""


def check_role_swap(sample: Sample, context: ImageContext) -> list[Defect]:
    """Swapped roles: one defect for each turn whose question doesn't ask, or whose answer does."""
    defects = []
    for number, turn in enumerate(sample.turns):
        if turn.question.strip() and not is_request(turn.question):
            defects.append(Defect("role_swap", number, "the human doesn't ask anything"))
        elif asks_back(turn.answer):
            defects.append(Defect("role_swap", number, "the assistant asks"))
    return defects


def is_request(text: str) -> bool:
    """A question mark, or a part that begins like a question or a request: "of the two, name the bigger one"."""
    first_words = [parts[0] for part in re.split(r"[,.;:!]\s*", text.lower()) if (parts := part.split())]
    return "?" in text or bool(REQUESTS & set(first_words))


def asks_back(text: str) -> bool:
    """Does the answer end in a question, or begin with a command?"""
    text = text.strip()
    first_word = re.match(r"[a-z]*", text.lower()).group()
    return (len(text) > 1 and text.endswith("?")) or first_word in COMMANDS


def check_separator(sample: Sample, context: ImageContext) -> list[Defect]:
    """Separators: one defect for each turn that holds what tells turns apart in a chat template, such as "</s>".

    A trainer that cuts texts there learns nothing from the sample, or to speak for the other side.
    """
    marks = [separator(f"{turn.question}\n{turn.answer}") for turn in sample.turns]
    message = 'it holds "{}", which ends a turn in a chat template'
    return [Defect("separator", number, message.format(mark)) for number, mark in enumerate(marks) if mark]


def check_record(record: dict, contexts: Mapping[str, ImageContext]) -> list[Defect]:
    """The defects of one record in LLaVA's JSON; `contexts` are those of the whole data set, by their ids."""
    return [*_check_image_token(record), *_check_image_id(record, contexts), *_check_roles(record)]


def _check_image_token(record: dict) -> list[Defect]:
    """The token stands once, at the beginning of the first human turn, with a line to itself."""
    values = turn_values(record)
    if not values or not values[0].startswith(IMAGE_TOKEN + "\n"):
        return [Defect("image_token", 0, f"the first human turn doesn't begin with {IMAGE_TOKEN} and a line break")]
    rest = [values[0].removeprefix(IMAGE_TOKEN), *values[1:]]
    second = next((number for number, value in enumerate(rest) if IMAGE_TOKEN in value), None)
    return [] if second is None else [Defect("image_token", second // 2, f"{IMAGE_TOKEN} stands there once more")]


def _check_image_id(record: dict, contexts: Mapping[str, ImageContext]) -> list[Defect]:
    """The id is that of a picture of the data set, and the file is that picture's."""
    name = str(record.get("id", "")).rpartition("/")[0]
    context = contexts.get(name)
    if context is None:
        return [Defect("wrong_image_id", None, f'no picture of the data set is called "{name}"')]
    if record.get("image") != context.image:
        message = f"{name} is {context.image}, but the record shows {record.get('image')}"
        return [Defect("wrong_image_id", None, message)]
    return []


def _check_roles(record: dict) -> list[Defect]:
    """Human and gpt take turns, human first."""
    for number, turn in enumerate(record_turns(record)):
        if turn.get("from") != ROLES[number % 2]:
            message = f"here {ROLES[number % 2]} should speak, not {turn.get('from')}"
            return [Defect("role_swap", number // 2, message)]
    return []
