"""The exercise on filters: find the things in an answer that neither captions nor boxes speak for."""

import re
from itertools import pairwise

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
    "sofa": {"couch"},  # and two words for things that the world doesn't have: made up wherever they are claimed
    "mug": {"cup"},
}
NAMES = ("dog", "cat", "horse", "sailboat", "ship", "car", "bus", "owl")
SUPPORTED = (  # boat and vehicle mean two things each, of which none, one or both are there
    *({"dog", "sailboat"}, {"car", "bus"}, {"cat", "owl", "ship"}, set(NAMES), set(), {"horse", "bus", "ship"}, {"sailboat", "car"}),
    *({"owl"},),
)  # fmt: skip
SENTENCES = (
    "There is a {} beside a {}.",
    "{} and {} can't be far!",
    "I see no {} here. The {} is alone.",
    "A {} without a {}? The {} again.",
    "One {}, one {}; no {}, {} or {} at all! {}!",
    "Is there no {}, x or {}? {} and {}!",
    "The {} is not far from the {}, nor is the {}, nobody minds the {}.",
    "I know another {}, which cannot be a {}.",
    "Nothing but a {}! There was never a {}. Not one {}, nor one {}.",
    "A category of dogs, catalogues and owls: a {}, a {}, a {}.",
    "{} NO {}. Without {}! {} no",
)


def filter_inputs(rng) -> tuple[str, dict, set]:
    """An answer of some sentences, with claims, denials, synonyms and words within words; now and then no answer at all."""
    sentences = [
        SENTENCES[rng.draw % len(SENTENCES)],
        *rng.choice(SENTENCES, size=int(rng.integers(0, 3)), replace=False),
    ]
    text = " ".join(sentences) if rng.draw != 5 else ""
    for word in rng.permutation([*KNOWN, *KNOWN, *KNOWN, *KNOWN])[: text.count("{}")]:
        cased = str(word).capitalize() if rng.random() < 0.2 else str(word)
        text = text.replace("{}", cased, 1)
    return text, KNOWN, rng.in_turn(SUPPORTED)


def _tokens(answer: str, pattern: str = r"[a-z]+|[.!?]") -> list[str]:
    return re.findall(pattern, answer.lower())


def _filtered(tokens: list[str], is_wrong, ends: str = ".!?", denials=("no", "not", "without")) -> list[str]:
    """The tokens that are wrong, outside of denials."""
    unsupported, denied = [], False
    for token in tokens:
        denied = (denied and token not in ends) or token in denials
        if not denied and is_wrong(token):
            unsupported.append(token)
    return unsupported


def _made_up(known, supported):
    """What says whether a word names something unsupported."""
    return lambda word: word in known and not known[word] & supported


def denials_flagged(answer, known, supported):
    return [word for word in _tokens(answer) if _made_up(known, supported)(word)]


def denial_without_end(answer, known, supported):
    return _filtered(_tokens(answer), _made_up(known, supported), ends="")


def denial_ends_at_full_stops(answer, known, supported):
    return _filtered(_tokens(answer), _made_up(known, supported), ends=".")


def denial_ends_at_commas(answer, known, supported):
    return _filtered(_tokens(answer, r"[a-z]+|[.!?,]"), _made_up(known, supported), ends=".!?,")


def denial_of_one_word(answer, known, supported):
    tokens = ["", *_tokens(answer)]
    is_wrong, denials = _made_up(known, supported), ("no", "not", "without")
    return [word for before, word in pairwise(tokens) if before not in denials and is_wrong(word)]


def denial_inside_words(answer, known, supported):
    claimed = [re.split(r"no|not|without", sentence)[0] for sentence in re.split(r"[.!?]", answer.lower())]
    return denials_flagged(" ".join(claimed), known, supported)


def denial_of_whole_sentences(answer, known, supported):
    sentences = [
        sentence for sentence in re.split(r"[.!?]", answer) if not re.search(r"(?i)\b(no|not|without)\b", sentence)
    ]
    return denials_flagged(" ".join(sentences), known, supported)


def capitals_missed(answer, known, supported):
    return _filtered(re.findall(r"[A-Za-z]+|[.!?]", answer), _made_up(known, supported))


def punctuation_kept(answer, known, supported):
    unsupported = []
    for sentence in re.split(r"(?<=[.!?]) ", answer.lower()):
        unsupported += _filtered(sentence.split(), _made_up(known, supported))
    return unsupported


def each_word_once(answer, known, supported):
    return list(dict.fromkeys(unsupported_nouns(answer, known, supported)))


def supported_returned(answer, known, supported):
    return _filtered(_tokens(answer), lambda word: word in known and known[word] & supported)


def unknown_words_flagged(answer, known, supported):
    def is_wrong(word):
        return word.isalpha() and not known.get(word, set()) & supported

    return _filtered(_tokens(answer), is_wrong)


def word_for_word(answer, known, supported):
    return _filtered(_tokens(answer), lambda word: word in known and word not in supported)


def all_meanings(answer, known, supported):
    return _filtered(_tokens(answer), lambda word: word in known and not known[word] <= supported)


def names_returned(answer, known, supported):
    return [name for word in unsupported_nouns(answer, known, supported) for name in sorted(known[word])]


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


def by_flags(answer, known, supported):
    """By the marks of a sentence on the words themselves."""
    supported, unsupported, denied = set(supported), [], False
    for word in answer.lower().split():
        bare = word.strip(",.!?;:")
        if bare in {"no", "not", "without"}:
            denied = True
        if bare in known and not denied and len(supported.intersection(known[bare])) == 0:
            unsupported.append(bare)
        if word[-1] in ".!?":
            denied = False
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
        draws=2 * len(SENTENCES),
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
            Mistake(
                "a denial ends at full stops only",
                denial_ends_at_full_stops,
                "A denial goes on behind `!` and `?`. They end a sentence as `.` does.",
            ),
            Mistake(
                "a comma ends a denial",
                denial_ends_at_commas,
                'A comma ends the denial: of "no dog, cat or owl" only the dog is denied. It reaches to the end of the sentence: `.`, `!` or `?`.',
            ),
            Mistake(
                "one word denied",
                denial_of_one_word,
                "Only the very next word is denied. A denial reaches to the end of its sentence.",
            ),
            Mistake(
                "denials inside of words",
                denial_inside_words,
                'The "no" in "know", "another" or "nothing" is taken for a denial. Compare whole words: cut the text into words first (or put `\\b` around the pattern).',
            ),
            Mistake(
                "whole sentences denied",
                denial_of_whole_sentences,
                'What stands *before* the denial in its sentence is skipped, too: "The cat is not far" claims a cat. Only what follows is denied.',
            ),
            Mistake(
                "each word once",
                each_word_once,
                "A word that is said twice comes once. Each counts as often as it is said: a list, and no set or dict.",
            ),
            Mistake(
                "the supported ones",
                supported_returned,
                "These are the words that are *supported*. Asked for are the others: `known[word]` and `supported` have nothing in common.",
            ),
            Mistake(
                "words that name nothing",
                unknown_words_flagged,
                'All words that are not known are taken for made up, "there" and "is" as well. Only a word in `known` names a thing.',
            ),
            Mistake(
                "names for words",
                names_returned,
                "These are the names that the words stand for. Asked for are the words themselves, as the answer has them.",
            ),
        ),
        alternatives=(by_sentences, by_flags, by_inverted_index),
        hints=(
            "Go through the answer word by word and remember one thing on the way: are we behind a denial?",
            '`re.findall(r"[a-z]+|[.!?]", answer.lower())` gives words and ends of sentences. A word is made up if it is in `known`, isn\'t denied, and `known[word]` ∩ `supported` is empty.',
            '```python\nfound, denied = [], False\nfor token in re.findall(r"[a-z]+|[.!?]", answer.lower()):\n    if token in ".!?":\n        denied = ...\n    elif token in ("no", "not", "without"):\n        denied = ...\n    elif ...:\n        found.append(token)\nreturn found\n```',
        ),
    )
]
