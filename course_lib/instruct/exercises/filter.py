"""The exercise on filters: find the things in an answer that neither captions nor boxes speak for."""

import re

from course_lib.checker.task import Mistake, Task
from course_lib.instruct.filters.unsupported_noun import unsupported_nouns

KNOWN = {
    "dog": {"dog"},
    "puppy": {"dog"},
    "cat": {"cat"},
    "kitten": {"cat"},
    "horse": {"horse"},
    "boat": {"sailboat", "ship"},
    "vehicle": {"car", "bus"},
    "owl": {"owl"},
}
NAMES = ("dog", "cat", "horse", "sailboat", "ship", "car", "bus", "owl")


def filter_inputs(rng) -> tuple[str, dict, set]:
    """An answer of sentences in random order, with claims, denials and synonyms, and a random half of the names supported."""
    picked = [str(word) for word in rng.permutation(list(KNOWN))]
    dog, boat = str(rng.choice(["dog", "puppy"])), str(rng.choice(["boat", "vehicle"]))
    sentences = [
        f"There is a {picked[0]} beside a {picked[1]}.",
        f"{picked[2].capitalize()} and {picked[3]} can't be far!",
        f"I see no {picked[4]} here. The {picked[5]} is alone.",
        f"A {picked[6]} without a {picked[7]}?",
        f"One {dog}, one {boat}.",
        "Is there no horse? Horse and owl!",
    ]
    answer = " ".join(sentences[i] for i in rng.permutation(len(sentences)))
    supported = {"dog", "sailboat", "car", str(rng.choice(["ship", "bus"]))} - {str(rng.choice(NAMES[1:3]))}
    return answer, KNOWN, supported


def _tokens(answer: str) -> list[str]:
    return re.findall(r"[a-z]+|[.!?]", answer.lower())


def _filtered(tokens: list[str], is_wrong, ends: str = ".!?") -> list[str]:
    """The tokens that are wrong, outside of denials."""
    unsupported, denied = [], False
    for token in tokens:
        denied = (denied and token not in ends) or token in ("no", "not", "without")
        if not denied and is_wrong(token):
            unsupported.append(token)
    return unsupported


def denials_flagged(answer, known, supported):
    return [word for word in _tokens(answer) if word in known and not known[word] & supported]


def denial_without_end(answer, known, supported):
    return _filtered(_tokens(answer), lambda word: word in known and not known[word] & supported, ends="")


def capitals_missed(answer, known, supported):
    tokens = re.findall(r"[A-Za-z]+|[.!?]", answer)
    return _filtered(tokens, lambda word: word in known and not known[word] & supported)


def punctuation_kept(answer, known, supported):
    unsupported = []
    for sentence in re.split(r"(?<=[.!?]) ", answer.lower()):
        unsupported += _filtered(sentence.split(), lambda word: word in known and not known[word] & supported)
    return unsupported


def word_for_word(answer, known, supported):
    return _filtered(_tokens(answer), lambda word: word in known and word not in supported)


def all_meanings(answer, known, supported):
    return _filtered(_tokens(answer), lambda word: word in known and not known[word] <= supported)


def by_sentences(answer, known, supported):
    unsupported = []
    for sentence in re.split(r"[.!?]", answer.lower()):
        claimed = re.split(r"\b(?:no|not|without)\b", sentence)[0]
        words = re.findall(r"[a-z]+", claimed)
        unsupported += [word for word in words if word in known and known[word].isdisjoint(supported)]
    return unsupported


def by_inverted_index(answer, known, supported):
    supported_words = {word for word, meanings in known.items() if any(name in supported for name in meanings)}
    unsupported_words, unsupported, claiming = known.keys() - supported_words, [], True
    for match in re.finditer(r"([A-Za-z]+)|[.!?]", answer):
        word = (match[1] or "").lower()
        claiming = word not in ("no", "not", "without") and (claiming or not word)
        unsupported += [word] if claiming and word in unsupported_words else []
    return unsupported


TASKS = [
    Task(
        id="instruct.unsupported_nouns",
        title="Filter what the teacher made up",
        difficulty=3,
        importance=5,
        minutes=15,
        reference=unsupported_nouns,
        used_at=("instruct.filters.unsupported_noun:unsupported_nouns",),
        make_inputs=filter_inputs,
        mistakes=(
            Mistake(
                "denials count as claims",
                denials_flagged,
                'A denial is taken for a claim: in "I see no cat here." nobody says that there is a cat. Skip what follows "no", "not" or "without" in its sentence.',
            ),
            Mistake(
                "a denial never ends",
                denial_without_end,
                "After the first denial nothing is found any more, in no later sentence. A denial reaches to the end of its sentence: forget it at `.`, `!` and `?`.",
            ),
            Mistake(
                "capital letters",
                capitals_missed,
                'Words with a capital letter slip through ("Horse and owl!"), as `known` holds lower case only. Look at `answer.lower()`.',
            ),
            Mistake(
                "punctuation sticks to words",
                punctuation_kept,
                'A word before a comma or full stop slips through: `split()` leaves "owl!" whole, which `known` does not hold. Cut the text with `re.findall` and a pattern of letters.',
            ),
            Mistake(
                "only the same word supports",
                word_for_word,
                'The word itself is looked up in `supported`, but that holds names: a "puppy" is fine where a dog is. Compare `known[word]`, all that the word may mean.',
            ),
            Mistake(
                "all meanings must be there",
                all_meanings,
                'Every meaning of a word must be supported here. A "boat" is a sailboat or a ship, and one of them is enough: ask whether `known[word]` and `supported` have anything in common.',
            ),
        ),
        alternatives=(by_sentences, by_inverted_index),
        hints=(
            "Go through the answer word by word and remember one thing on the way: are we behind a denial?",
            '`re.findall(r"[a-z]+|[.!?]", answer.lower())` gives words and ends of sentences. A word is made up if it is in `known`, isn\'t denied, and `known[word]` ∩ `supported` is empty.',
            '```python\nfound, denied = [], False\nfor token in re.findall(r"[a-z]+|[.!?]", answer.lower()):\n    if token in ".!?":\n        denied = ...\n    elif token in ("no", "not", "without"):\n        denied = ...\n    elif ...:\n        found.append(token)\nreturn found\n```',
        ),
    )
]
