"""Exercise on telling texts apart: ROUGE-L."""

from course_lib.checker.task import Mistake, Task
from course_lib.lm.data.self_instruct import longest_common, rouge_l

CASES = (
    "random",
    "nothing in common",
    "equal",
    "reversed",
    "random",
    "part",
    "more",
    "one word",
    "a run apart",
    "capitals",
)


def rouge_inputs(rng) -> tuple[str, str]:
    """Two sentences of few words: random ones that share some, or, in turn, one of the other `CASES`."""
    case, words = rng.in_turn(CASES), ["the", "cat", "name", "of", "group", "which", "two", "red"]
    a = [words[int(i)] for i in rng.integers(0, len(words), int(rng.integers(4, 8)))]
    b = [words[int(i)] for i in rng.permutation(len(words))[:5]]
    if case == "nothing in common":
        b = ["sea", "and", "land"]
    elif case in ("equal", "reversed"):
        b = [*a] if case == "equal" else words[::-1]
        a = a if case == "equal" else words
    elif case == "a run apart":  # its longest run of common words is no part of the longest subsequence
        a, b = ["red", "cat", "the", "two", "of"], ["the", "name", "two", "which", "of", "red", "cat"]
    elif case == "capitals":  # two in the one text, one in the other
        a, b = ["Name", "Two", "red", "cat"], ["name", "two", "Red", "of", "the"]
    elif case in ("part", "more"):
        a, b = (b[1:3], b) if case == "part" else ([*b[:2], *a, *b[2:]], b)
    return " ".join(a), b[2] if case == "one word" else " ".join(b)


def rouge_without_order(candidate, reference):
    a, b = candidate.lower().split(), reference.lower().split()
    return 2 * sum(min(a.count(word), b.count(word)) for word in set(a)) / (len(a) + len(b))


def rouge_of_sets(candidate, reference):
    a, b = set(candidate.lower().split()), set(reference.lower().split())
    return 2 * len(a & b) / (len(a) + len(b))


def rouge_recall_only(candidate, reference):
    a, b = candidate.lower().split(), reference.lower().split()
    return longest_common(a, b) / len(b)


def rouge_precision_only(candidate, reference):
    return rouge_recall_only(reference, candidate)


def rouge_arithmetic_mean(candidate, reference):
    return (rouge_recall_only(candidate, reference) + rouge_precision_only(candidate, reference)) / 2


def rouge_product(candidate, reference):
    return rouge_recall_only(candidate, reference) * rouge_precision_only(candidate, reference)


def rouge_jaccard(candidate, reference):
    a, b = candidate.lower().split(), reference.lower().split()
    common = longest_common(a, b)
    return common / (len(a) + len(b) - common)


def rouge_of_the_longer(candidate, reference):
    return min(rouge_recall_only(candidate, reference), rouge_precision_only(candidate, reference))


def rouge_of_the_shorter(candidate, reference):
    return max(rouge_recall_only(candidate, reference), rouge_precision_only(candidate, reference))


def rouge_one_for_nothing(candidate, reference):
    return rouge_l(candidate, reference) or 1.0


def rouge_place_by_place(candidate, reference):
    a, b = candidate.lower().split(), reference.lower().split()
    return 2 * sum(map(str.__eq__, a, b)) / (len(a) + len(b))


def rouge_of_letters(candidate, reference):
    return 2 * longest_common(candidate, reference) / (len(candidate) + len(reference))


def rouge_count(candidate, reference):
    return longest_common(candidate.lower().split(), reference.lower().split())


def rouge_divided_by_zero(candidate, reference):
    recall, precision = rouge_recall_only(candidate, reference), rouge_precision_only(candidate, reference)
    return 2 * recall * precision / (recall + precision)


def rouge_without_gaps(candidate, reference):
    a, b = candidate.lower().split(), reference.lower().split()
    starts = [(i, j) for i in range(len(a)) for j in range(len(b))]
    runs = [n for i, j in starts for n in range(1, len(a) - i + 1) if a[i : i + n] == b[j : j + n]]
    return 2 * max(runs, default=0) / (len(a) + len(b))


def _f_score(candidate, reference):
    """Of the words as they stand, capitals and all."""
    a, b = candidate.split(), reference.split()
    return 2 * longest_common(a, b) / (len(a) + len(b))


def rouge_with_capitals(candidate, reference):
    return _f_score(candidate, reference)


def rouge_with_capitals_in_the_candidate(candidate, reference):
    return _f_score(candidate, reference.lower())


def rouge_with_capitals_in_the_reference(candidate, reference):
    return _f_score(candidate.lower(), reference)


def rouge_f_of_recall(candidate, reference):
    """The F score with β = 1.2, as some tools have it: recall counts for more."""
    recall, precision = rouge_recall_only(candidate, reference), rouge_precision_only(candidate, reference)
    return 2.44 * recall * precision / (recall + 1.44 * precision) if recall else 0.0


def rouge_without_two(candidate, reference):
    recall, precision = rouge_recall_only(candidate, reference), rouge_precision_only(candidate, reference)
    return recall * precision / (recall + precision) if recall else 0.0


def rouge_by_recursion(candidate, reference):
    """By the recursive definition of the longest common subsequence."""
    a, b = candidate.lower().split(), reference.lower().split()

    def common(i, j):
        if i == len(a) or j == len(b):
            return 0
        return 1 + common(i + 1, j + 1) if a[i] == b[j] else max(common(i + 1, j), common(i, j + 1))

    return 2 * common(0, 0) / (len(a) + len(b))


def rouge_by_table(candidate, reference):
    a, b = candidate.casefold().split(), reference.casefold().split()
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, word in enumerate(a):
        for j, other in enumerate(b):
            table[i + 1][j + 1] = table[i][j] + 1 if word == other else max(table[i][j + 1], table[i + 1][j])
    return 2 * table[-1][-1] / (len(a) + len(b))


def rouge_by_harmonic_mean(candidate, reference):
    a, b = candidate.lower().split(), reference.lower().split()
    precision, recall = longest_common(a, b) / len(a), longest_common(a, b) / len(b)
    return 2 / (1 / precision + 1 / recall) if precision else 0


TASKS = [
    Task(
        id="lm.rouge_l",
        title="How alike are two instructions?",
        difficulty=3,
        importance=2,
        minutes=12,
        reference=rouge_l,
        used_at=("lm.data.self_instruct:rouge_l",),
        make_inputs=rouge_inputs,
        draws=10,
        mistakes=(
            Mistake(
                "order ignored",
                rouge_without_order,
                'Words count here in any order: "the dog bites the man" would equal "the man bites the dog". Use `longest_common`, which keeps the order.',
            ),
            Mistake(
                "recall only",
                rouge_recall_only,
                "This is the recall: how much of the reference is found. A long text that contains everything would score 1. Combine it with the precision, common ÷ len(candidate).",
            ),
            Mistake(
                "letters instead of words",
                rouge_of_letters,
                "Letters are compared, not words, and nearly any two sentences share most letters. `split()` both texts first.",
            ),
            Mistake(
                "precision only",
                rouge_precision_only,
                "This is the precision: how much of the candidate is found. A candidate of one right word would score 1. Combine it with the recall, common ÷ len(reference).",
            ),
            Mistake(
                "plain mean",
                rouge_arithmetic_mean,
                "This is the plain mean of precision and recall, which forgives that one of them is bad. The F score is their *harmonic* mean: $2PR/(P+R)$.",
            ),
            Mistake(
                "half of it",
                rouge_without_two,
                "It is half of what it should be: two equal texts score 0.5. The F score is $2PR/(P+R)$, with the 2.",
            ),
            Mistake(
                "product",
                rouge_product,
                "Precision and recall are multiplied, and that is all. Their product is too low for every pair but equal texts; the F score is $2PR/(P+R)$.",
            ),
            Mistake(
                "Jaccard",
                rouge_jaccard,
                "The common words are divided by all *different places* of both texts (Jaccard's index). The F score divides twice the common ones by the sum of both lengths.",
            ),
            Mistake(
                "divided by the longer",
                rouge_of_the_longer,
                "The common words are divided by the length of the longer text. Take both shares, precision and recall, and combine them: $2PR/(P+R)$.",
            ),
            Mistake(
                "divided by the shorter",
                rouge_of_the_shorter,
                "The common words are divided by the length of the shorter text, so a single right word would score 1. Take both shares, precision and recall, and combine them: $2PR/(P+R)$.",
            ),
            Mistake(
                "1 for nothing in common",
                rouge_one_for_nothing,
                "Texts without a common word score 1, as if they were equal. They are as unlike as can be: 0.",
            ),
            Mistake(
                "place by place",
                rouge_place_by_place,
                "Words are compared place by place, so one word more at the beginning makes all others differ. Use `longest_common`, which keeps the order but allows gaps.",
            ),
            Mistake(
                "a number of words",
                rouge_count,
                "This is how many words are common, not how alike the texts are, 0 to 1. Divide by their lengths: precision and recall, then the F score.",
            ),
            Mistake(
                "no word in common",
                rouge_divided_by_zero,
                "Right, but for texts that have no word in common: precision and recall are both 0 there, and their sum divides. Such texts score 0: return it before.",
            ),
            Mistake(
                "capitals count",
                rouge_with_capitals,
                "`Two` and `two` count as different words here. Lower both texts before you split them: `candidate.lower().split()`.",
            ),
            Mistake(
                "the candidate's capitals count",
                rouge_with_capitals_in_the_candidate,
                "Only the reference is lowered, so a capital in the candidate makes another word of it. Lower both texts.",
            ),
            Mistake(
                "the reference's capitals count",
                rouge_with_capitals_in_the_reference,
                "Only the candidate is lowered, so a capital in the reference makes another word of it. Lower both texts.",
            ),
            Mistake(
                "another F",
                rouge_f_of_recall,
                "This is an F score in which recall counts for more (β above 1), as in some tools. Here both count alike, β = 1: $2PR/(P+R)$.",
            ),
            Mistake(
                "every word once",
                rouge_of_sets,
                'As sets, words have neither order nor number: "the dog bites the man" equals "man bites the dog". Keep the lists, and use `longest_common`.',
            ),
            Mistake(
                "no gaps allowed",
                rouge_without_gaps,
                "Only words that follow each other directly are counted (a common *substring*). ROUGE-L allows other words between them: a common *subsequence*.",
            ),
        ),
        alternatives=(rouge_by_recursion, rouge_by_table, rouge_by_harmonic_mean),
        hints=(
            "`longest_common(a, b)` counts common words in order. What share is that of the one text, and of the other?",
            "$P = \\ell/|a|$, $R = \\ell/|b|$, $F = \\frac{2PR}{P+R}$ with $\\ell$ = `longest_common(a, b)`; 0 where nothing is common.",
            "```python\na, b = candidate.lower().split(), reference.lower().split()\ncommon = longest_common(a, b)\nif common == 0:\n    return 0.0\nrecall, precision = ..., ...\nreturn ...\n```",
        ),
    ),
]
