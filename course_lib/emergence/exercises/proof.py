"""The exercises on proof: what was said and in which language, does it follow the permuted dictionary, do two factors interact?"""

import numpy as np

from course_lib.checker.task import Mistake, Task
from course_lib.emergence.evaluate.asking import judge
from course_lib.emergence.evaluate.controls import count_following, interaction
from course_lib.lm.data.instructions import clean

VOCABULARIES = {
    "en": {"orange", "red", "one", "six", "sun", "no", "beach", "yes", "hot", "air", "balloon"},
    "fr": {"orange", "rouge", "un", "une", "six", "oui", "non", "plage"},
    "ci": {"μοφε", "ζασα", "κοτυ", "νυβα"},
}
QUESTIONS = (
    ["orange", "orange", "μοφε"],
    ["red", "rouge", "ζασα"],
    ["one", "une", "κοτυ"],
    ["no", "non", "νυβα"],
    ["hot air balloon", "oui", "νυβα"],
    ["STOP", "STOP", "STOP"],
)
REPLIES = (
    (0, "orange"), (1, "Rouge."), (3, "non"), (2, ""), (1, "rouge ζασα"), (2, "un"), (1, "ζασα"), (1, "plage"),
    (3, "maybe no"), (2, "une"), (0, " Six. "), (4, "hot air balloon"), (1, "blurple"), (3, "no no"), (2, "."), (1, "RED"),
    (1, "κοτυ."), (5, "stop."),
)  # fmt: skip


def judge_inputs(rng) -> tuple[str, list[str], dict[str, list[str]]]:
    """`REPLIES` in turn; answers and words in another order at every draw."""
    number, reply = rng.in_turn(REPLIES)
    answers = [QUESTIONS[number][i] for i in rng.permutation(3)]
    return reply, answers, {code: [str(w) for w in rng.permutation(sorted(v))] for code, v in VOCABULARIES.items()}


def _in(reply, vocabularies, how=all) -> list[str]:
    words = clean(reply).split()
    return [code for code, known in vocabularies.items() if words and how(word in known for word in words)]


def judge_part(reply, answers, vocabularies):
    return any(clean(answer) in clean(reply) for answer in answers), _in(reply, vocabularies)


def judge_one_language(reply, answers, vocabularies):
    return judge(reply, answers, vocabularies)[0], _in(reply, vocabularies)[:1]


def judge_as_typed(reply, answers, vocabularies):
    words = reply.split()
    return reply in answers, [code for code, known in vocabularies.items() if words and set(words) <= set(known)]


def judge_empty(reply, answers, vocabularies):
    said = clean(reply)
    return said in answers, [code for code, known in vocabularies.items() if set(said.split()) <= set(known)]


def judge_only_right(reply, answers, vocabularies):
    right, languages = judge(reply, answers, vocabularies)
    return right, languages if right else []


def judge_by_sets(reply, answers, vocabularies):
    words = set(clean(reply).split())
    languages = [code for code in vocabularies if words and not words.difference(vocabularies[code])]
    return any(clean(reply) == clean(answer) for answer in answers), languages


def judge_by_loop(reply, answers, vocabularies):
    said = reply.strip().lower().rstrip(".").strip()
    languages = []
    for code, known in vocabularies.items():
        strange = [word for word in said.split() if word not in known]
        if said and not strange:
            languages.append(code)
    return any(said == answer.lower() for answer in answers), languages


SAID = (  # what the two dictionaries accept: apart, with two forms, with one form in common, the same
    (["rouge"], ["bleu", "bleue"]),
    (["un", "une"], ["deux"]),
    (["plage"], ["rue"]),
    (["vert", "verte"], ["rose"]),
    (["orange", "marron"], ["marron", "noir"]),
    (["oui"], ["oui"]),
    (["non"], ["non"]),
)


def follows_inputs(rng) -> tuple[list[str], list[list[str]], list[list[str]]]:
    """Replies that are true, turned, or neither; capitals and full stops; in one draw in four none can tell."""
    shares = rng.in_turn(((0.3, 0.5, 0.2), (0.1, 0.7, 0.2), (0.0, 0.0, 1.0), (0.6, 0.2, 0.2)))
    rows = [SAID[i] for i in rng.integers(len(SAID), size=int(rng.integers(14, 24)))]
    says = [str(rng.choice((true, turned, ["μοφε"])[int(rng.choice(3, p=shares))])) for true, turned in rows]
    replies = [f"{said.capitalize()}." if rng.random() < 0.3 else said for said in says]
    return replies, [true for true, _ in rows], [turned for _, turned in rows]


def _judged(replies, true, turned) -> list[tuple[bool, bool]]:
    """(right by the true dictionary, right by the permuted one) of each reply."""
    return [(clean(reply) in a, clean(reply) in b) for reply, a, b in zip(replies, true, turned, strict=True)]


def follows_agreeing(replies, true, turned):
    judged = _judged(replies, true, turned)
    return sum(b for _, b in judged), sum(a or b for a, b in judged)


def follows_of_all(replies, true, turned):
    return count_following(replies, true, turned)[0], len(replies)


def follows_nonsense(replies, true, turned):
    differing = [i for i in range(len(replies)) if set(true[i]) != set(turned[i])]
    return count_following(replies, true, turned)[0], len(differing)


def follows_swapped(replies, true, turned):
    return count_following(replies, turned, true)


def follows_by_two_counts(replies, true, turned):
    judged = _judged(replies, true, turned)
    return judged.count((False, True)), judged.count((False, True)) + judged.count((True, False))


def follows_by_arrays(replies, true, turned):
    by_true, by_turned = np.array(_judged(replies, true, turned)).T
    return int((by_turned & ~by_true).sum()), int((by_turned ^ by_true).sum())


def interaction_inputs(rng) -> tuple[np.ndarray, np.ndarray]:
    """Counts [2, 2] of right and asked; one draw has shares of 0 and 1."""
    asked = rng.integers(40, 300, (2, 2))
    shares = rng.in_turn(([[0.1, 0.2], [0.15, 0.8]], [[0.0, 0.0], [0.05, 1.0]], [[0.4, 0.6], [0.7, 0.5]]))
    return np.round(np.array(shares) * asked + rng.uniform(-3, 3, (2, 2))).clip(0, asked).astype(int), asked


def _around(difference, variance, z=1.96) -> tuple[float, float, float]:
    half = z * np.sqrt(np.abs(variance))
    return float(difference), float(difference - half), float(difference + half)


def _parts(right, asked) -> tuple[float, np.ndarray, np.ndarray]:
    """The interaction, the shares [2, 2], and their variances [2, 2]."""
    shares = right / asked
    return shares[1, 1] - shares[1, 0] - shares[0, 1] + shares[0, 0], shares, shares * (1 - shares) / asked


def interaction_main_effect(right, asked):
    _, shares, variances = _parts(right, asked)
    return _around((shares[1] - shares[0]).mean(), variances.sum() / 4)


def interaction_two_variances(right, asked):
    difference, _, variances = _parts(right, asked)
    return _around(difference, variances[1].sum())


def interaction_minus_variances(right, asked):
    difference, _, variances = _parts(right, asked)
    return _around(difference, variances[1].sum() - variances[0].sum())


def interaction_one_n(right, asked):
    difference, shares, _ = _parts(right, asked)
    return _around(difference, (shares * (1 - shares)).sum() / asked.sum())


def interaction_by_signs(right, asked):
    """A contrast with the signs + − − +, whose squares are all 1."""
    signs, shares = np.array([[1, -1], [-1, 1]]), right / asked
    error = np.sqrt((signs**2 * shares * (1 - shares) / asked).sum())
    return tuple(float((signs * shares).sum() + z * error) for z in (0, -1.96, 1.96))


def interaction_cell_by_cell(right, asked):
    cells = [(r / n, n) for r, n in zip(np.ravel(right).tolist(), np.ravel(asked).tolist(), strict=True)]
    (p00, _), (p01, _), (p10, _), (p11, _) = cells
    half = 1.96 * sum(p * (1 - p) / n for p, n in cells) ** 0.5
    middle = (p11 - p01) - (p10 - p00)
    return middle, middle - half, middle + half


TASKS = [
    Task(
        id="emergence.judge",
        title="Is it right, and in which language is it said?",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=judge,
        used_at=("emergence.evaluate.asking:judge",),
        make_inputs=judge_inputs,
        draws=len(REPLIES),
        mistakes=(
            Mistake(
                "a part is enough",
                judge_part,
                'An answer that is only a part of the reply counts here: "maybe no" holds "no". Compare the whole reply.',
            ),
            Mistake(
                "one language only",
                judge_one_language,
                'The first language that fits is the only one here. "orange" and "six" are English and French: list both.',
            ),
            Mistake(
                "as it was typed",
                judge_as_typed,
                'Capitals and the full stop count here: "Rouge." is "rouge". Put the reply and the answers through `clean`.',
            ),
            Mistake(
                "silence in all languages",
                judge_empty,
                "An empty reply is said in every language here, because `all` of nothing is true. It is said in none.",
            ),
            Mistake(
                "wrong, so without a language",
                judge_only_right,
                "A wrong answer has a language, too: whoever says “bleu” of a red car speaks French. Judge the two apart.",
            ),
        ),
        alternatives=(judge_by_sets, judge_by_loop),
        hints=(
            "Two questions that have nothing to do with each other. For the second one only the vocabularies are needed.",
            "right: $c(\\text{reply}) \\in \\{c(a)\\}$ with $c$ = `clean`. Languages: every $l$ with $W \\subseteq V_l$, $W \\ne \\emptyset$ the words.",
            "```python\nsaid = clean(reply)\nwords = said.split()\nlanguages = [code for code, known in vocabularies.items() if words and ...]\n"
            "return said in {...}, languages\n```",
        ),
    ),
    Task(
        id="emergence.follows",
        title="Whose dictionary do the answers follow?",
        difficulty=3,
        importance=5,
        minutes=10,
        reference=count_following,
        used_at=("emergence.evaluate.arms:count_following",),
        make_inputs=follows_inputs,
        draws=8,
        mistakes=(
            Mistake(
                "where both agree",
                follows_agreeing,
                '"oui" is "oui" in both dictionaries: such a reply tells nothing, and it counts as following here. Leave it out.',
            ),
            Mistake(
                "of all replies",
                follows_of_all,
                "The second result counts all replies here. Count those that can tell: right by exactly one of the two dictionaries.",
            ),
            Mistake(
                "nonsense counts",
                follows_nonsense,
                "A reply that neither dictionary accepts is counted among those that can tell. It follows none of the two: leave it out.",
            ),
            Mistake(
                "the other dictionary",
                follows_swapped,
                "These are the replies that follow the *true* dictionary. The control asks for the permuted one.",
            ),
        ),
        alternatives=(follows_by_two_counts, follows_by_arrays),
        hints=(
            "First say which replies can tell the dictionaries apart. Which cannot, though they are right?",
            "$M = \\{i : [r_i \\in T_i] \\ne [r_i \\in P_i]\\}$; return $|\\{i \\in M : r_i \\in P_i\\}|$ and $|M|$.",
            "```python\njudged = [(clean(reply) in a, clean(reply) in b) for reply, a, b in zip(replies, true, turned)]\n"
            "follows = [... for by_true, by_turned in judged if ...]\nreturn sum(follows), len(follows)\n```",
        ),
    ),
    Task(
        id="emergence.interaction",
        title="Do two factors need each other?",
        difficulty=3,
        importance=4,
        minutes=10,
        reference=interaction,
        used_at=("emergence.evaluate.controls:interaction",),
        make_inputs=interaction_inputs,
        draws=6,
        mistakes=(
            Mistake(
                "a main effect",
                interaction_main_effect,
                "This is what the first factor adds on average. The interaction is a difference of two differences.",
            ),
            Mistake(
                "two shares are certain",
                interaction_two_variances,
                "The interval knows the variances of two shares only. All four were measured, so all four variances add up.",
            ),
            Mistake(
                "variances subtracted",
                interaction_minus_variances,
                "Shares are subtracted, but their variances always *add*: noise does not cancel noise.",
            ),
            Mistake(
                "one n for all",
                interaction_one_n,
                "This divides by the number of all questions. Each share has its own n: the interval comes out too narrow.",
            ),
        ),
        alternatives=(interaction_by_signs, interaction_cell_by_cell),
        hints=(
            "What does the letter head add with the texts? What does it add without? The interaction is the first less the second.",
            "$d = (p_{11} - p_{10}) - (p_{01} - p_{00})$, $\\ d \\pm 1.96 \\sqrt{\\sum p_{ij} (1 - p_{ij}) / n_{ij}}$.",
            "```python\nshares = right / asked\ndifference = ...\nhalf = 1.96 * np.sqrt((...).sum())\n"
            "return float(difference), float(difference - half), float(difference + half)\n```",
        ),
    ),
]
