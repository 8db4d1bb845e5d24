"""The exercises on what a model is given: pieces of words, shares of languages, and what may stand beside a picture."""

import math
import re

from course_lib.checker.task import Mistake, Task
from course_lib.emergence.languages import CODES, KINDS
from course_lib.emergence.mixing import Record, picture_questions, sampling_probabilities
from course_lib.emergence.tokenizer import merge

WORDS = (  # pieces and a pair: twice, overlapping, overlapping four times, within longer pieces, not there, reversed, one piece
    ("c h a t c h a t", "c h"),
    ("a a a b", "a a"),
    ("b a a a a", "a a"),
    ("xa b a b a bc", "a b"),
    ("ch i e n", "c h"),
    ("b a b a n a", "a b"),
    ("a", "a b"),
)


def merge_inputs(rng) -> tuple[list[str], tuple[str, str]]:
    """`WORDS` in turn, their letters exchanged for others at random."""
    parts, pair = rng.in_turn(WORDS)
    other = dict(zip("abchientx", rng.permutation(list("abcdefghi")), strict=True))
    parts, pair = ("".join(str(other.get(letter, " ")) for letter in text).split() for text in (parts, pair))
    return parts, (pair[0], pair[1])


def merge_first_only(parts, pair):
    for i in range(len(parts) - 1):
        if (parts[i], parts[i + 1]) == pair:
            return [*parts[:i], "".join(pair), *parts[i + 2 :]]
    return list(parts)


def merge_overlapping(parts, pair):
    merged, last = [], None
    for part in parts:
        if (last, part) == pair:
            merged[-1] = "".join(pair)
        else:
            merged.append(part)
        last = part
    return merged


def merge_within_pieces(parts, pair):
    return " ".join(parts).replace(" ".join(pair), "".join(pair)).split()


def merge_loses_last(parts, pair):
    merged, i = [], 0
    while i < len(parts) - 1:
        found = (parts[i], parts[i + 1]) == pair
        merged.append("".join(pair) if found else parts[i])
        i += 1 + found
    return merged


def merge_by_index(parts, pair):
    merged, i = [], 0
    while i < len(parts):
        found = tuple(parts[i : i + 2]) == pair
        merged.append("".join(parts[i : i + 1 + found]))
        i += 1 + found
    return merged


def merge_by_pattern(parts, pair):
    found = re.compile(rf"(?<!\S){re.escape(pair[0])} {re.escape(pair[1])}(?!\S)")
    return found.sub(lambda _: "".join(pair), " ".join(parts)).split()


def sampling_inputs(rng) -> tuple[dict[str, int], float]:
    """Counts of three to five languages, far apart; temperatures 1 to ∞; in some draws a language without any text."""
    temperature = rng.in_turn((2.0, 5.0, 1.0, math.inf, 1 / 0.3, 3.0))
    codes = ("en", "fr", "ci", "ko", "sw")[: int(rng.integers(3, 6))]
    counts = {code: int(10 ** rng.uniform(1, 5)) for code in codes}
    return counts | ({"ci": 0} if rng.draw % 3 == 0 else {}), temperature


def _shares(weights: dict[str, float]) -> dict[str, float]:
    return {code: weight / sum(weights.values()) for code, weight in weights.items()}


def sampling_power_t(counts, temperature):
    return _shares({code: (n / max(counts.values())) ** temperature for code, n in counts.items()})


def sampling_softmax_of_counts(counts, temperature):
    return _shares({code: math.exp((n - max(counts.values())) / temperature) for code, n in counts.items()})


def sampling_not_normalised(counts, temperature):
    return {code: p ** (1 / temperature) if p else 0.0 for code, p in _shares(counts).items()}


def sampling_zero_to_the_zero(counts, temperature):
    return _shares({code: n ** (1 / temperature) + (n == 0) * (temperature < math.inf) for code, n in counts.items()})


def sampling_by_softmax(counts, temperature):
    logits = {code: math.log(n) / temperature for code, n in counts.items() if n}
    return dict.fromkeys(counts, 0.0) | _shares({code: math.exp(logit) for code, logit in logits.items()})


def sampling_by_shares(counts, temperature):
    alpha, total = 1 / temperature, sum(counts.values())
    weights = [(n / total) ** alpha * (n > 0) for n in counts.values()]
    return dict(zip(counts, (weight / sum(weights) for weight in weights), strict=True))


ENGLISH = {
    "exist": ("is there a red car here?", 'is there a sign that says "TAXI"?'),
    "count": ("how many cats are there?", 'how many signs that say "STOP" are there?'),
    "colour": ("what colour is the bus?",),
    "place": ("where is this?",),
    "read": ("what does the sign say?",),
    "size": ("which is bigger, the cat or the bus?",),
}


def record_inputs(rng) -> tuple[list[Record], tuple[str, ...]]:
    """Records of all kinds and tags in any order, and picture languages: English, all, English and the cipher."""
    records = [Record(tag, kind, text) for kind, texts in ENGLISH.items() for text in texts for tag in (*CODES, None)]
    chosen = [records[i] for i in rng.permutation(len(records))[: int(rng.integers(24, 33))]]
    return chosen, rng.in_turn((("en",), CODES, ("en", "ci"), ("en",)))


def _allowed(records, languages, kinds=KINDS, quotes=False) -> list[Record]:
    return [
        r for r in records if r.language in languages and r.kind in kinds and (quotes or '"' not in r.english)
    ]  # fmt: skip


def records_untagged(records, picture_languages):
    return _allowed(records, (*picture_languages, None))


def records_by_language(records, picture_languages):
    return [one for one in records if one.language in picture_languages]


def records_quotes(records, picture_languages):
    return _allowed(records, picture_languages, quotes=True)


def records_no_read(records, picture_languages):
    return _allowed(records, picture_languages, kinds=[kind for kind in ENGLISH if kind != "read"])


def records_english_only(records, picture_languages):
    return _allowed(records, ("en",))


def records_by_filter(records, picture_languages):
    signs = [one for one in records if one.kind not in KINDS or one.english.count('"')]
    return list(filter(lambda one: {one.language} <= set(picture_languages) and one not in signs, records))


def records_by_loop(records, picture_languages):
    kept = []
    for language, kind, text in records:
        if language is None or language not in picture_languages or kind not in KINDS:
            continue
        if len(text.split('"')) == 1:
            kept.append(Record(language, kind, text))
    return kept


TASKS = [
    Task(
        id="emergence.merge",
        title="One merge of byte pair encoding",
        difficulty=2,
        importance=4,
        minutes=8,
        reference=merge,
        used_at=("emergence.tokenizer:merge",),
        make_inputs=merge_inputs,
        draws=7,
        mistakes=(
            Mistake(
                "only the first",
                merge_first_only,
                "The pair is joined where it stands first, and nowhere else. Go on to the end of the word.",
            ),
            Mistake(
                "a piece used twice",
                merge_overlapping,
                'Of "a a a" the middle a is used twice here. Once it is joined to the first, it is gone: "aa a".',
            ),
            Mistake(
                "text for pieces",
                merge_within_pieces,
                'This looks for the pair in the joined text, and finds "a b" in "xa b" as well. Compare whole pieces.',
            ),
            Mistake(
                "the last is lost", merge_loses_last, "The last piece of a word is lost where no pair ends with it."
            ),
        ),
        alternatives=(merge_by_index, merge_by_pattern),
        hints=(
            "Build a new list from left to right. What do you compare each piece with: the old list's last one, or the new list's?",
            "$(x_i, x_{i+1}) = (a, b)$: write $ab$ and go on at $i + 2$; otherwise write $x_i$ and go on at $i + 1$.",
            "```python\nmerged = []\nfor part in parts:\n    if merged and ... == pair:\n        merged[-1] += part\n    else:\n        ...\n"
            "return merged\n```",
        ),
    ),
    Task(
        id="emergence.sampling",
        title="How often each language is drawn",
        difficulty=2,
        importance=4,
        minutes=8,
        reference=sampling_probabilities,
        lesson_only="an arm of this room fixes the share of the new languages itself; the lesson's chart is made with it",
        make_inputs=sampling_inputs,
        draws=6,
        mistakes=(
            Mistake(
                "T for 1/T",
                sampling_power_t,
                "The power here is T: rare languages get rarer as the temperature rises. Take the counts to the power 1/T.",
            ),
            Mistake(
                "softmax of counts",
                sampling_softmax_of_counts,
                "This is the softmax of the counts; the largest language gets everything. The softmax needs their *logarithms*.",
            ),
            Mistake(
                "not normalised",
                sampling_not_normalised,
                "The shares were normalised before the power, and not after it: they don't add up to 1.",
            ),
            Mistake(
                "something from nothing",
                sampling_zero_to_the_zero,
                "A language that has no conversation is drawn here. Its share is 0 at every temperature, also at ∞, where `0 ** 0` is 1.",
            ),
        ),
        alternatives=(sampling_by_softmax, sampling_by_shares),
        hints=(
            "A power below 1 brings numbers closer together: 100,000 and 500 are 200 times apart, their square roots 14 times.",
            "$p_l = n_l^{1/T} / \\sum_k n_k^{1/T}$, and $p_l = 0$ where $n_l = 0$.",
            "```python\nweights = {code: ... if count else 0.0 for code, count in counts.items()}\ntotal = ...\n"
            "return {code: ... for code, weight in weights.items()}\n```",
        ),
    ),
    Task(
        id="emergence.tag",
        title="What may stand beside a picture",
        difficulty=2,
        importance=5,
        minutes=8,
        reference=picture_questions,
        used_at=("emergence.train:picture_questions",),
        make_inputs=record_inputs,
        draws=6,
        mistakes=(
            Mistake(
                "no tag, no check",
                records_untagged,
                "Records without a tag come through. Nobody knows their language, so they could be French: keep them out.",
            ),
            Mistake(
                "the language alone",
                records_by_language,
                "Only the tag is looked at. Kinds that are not in `KINDS`, and questions that quote a sign, must stay out as well.",
            ),
            Mistake(
                "signs quoted",
                records_quotes,
                'A question that quotes a sign, such as "is there a sign that says …", teaches to read, whatever its kind. Look for `"`.',
            ),
            Mistake(
                "all but read",
                records_no_read,
                'This forbids "read" and allows every other kind. Allow what is in `KINDS`: a list of what is allowed forgets nothing.',
            ),
            Mistake(
                "always English",
                records_english_only,
                'English is fixed here. Use `picture_languages`: the ceiling ("with_pictures") asks in all three languages.',
            ),
        ),
        alternatives=(records_by_filter, records_by_loop),
        hints=(
            "Three conditions, and a record needs all of them. Which one does a record without a tag fail?",
            'Keep $r$ if its language is in `picture_languages`, its kind in `KINDS`, and no `"` in its English text; order kept.',
            "```python\nreturn [one for one in records if one.language in ... and ... and ...]\n```",
        ),
    ),
]
