"""Exercises of Lesson 08: the line that asks for a letter, several questions in one conversation, circular evaluation."""

from course_lib.checker.task import Mistake, Task
from course_lib.llava_next.data.forms import LETTER_PROMPT, LETTERS, Pair, letter_form, merge_pairs
from course_lib.llava_next.evaluate.pocketbench import circular_accuracy

COLOURS = ("red", "blue", "green", "white", "black", "orange")
QUESTIONS = ("what colour is the cat?", "where is this?", "how many things are there?", "what does the sign say?")


def letter_inputs(rng) -> tuple[str, str, list[str]]:
    """A question, its answer and two to four options; in one draw of five the answer is none of them."""
    options = [str(one) for one in rng.permutation(COLOURS)[: rng.in_turn((4, 3, 2, 4))]]
    place = rng.in_turn((1, 0, 2, 3, 1, None, 0))
    answer = "yellow" if place is None else options[min(place, len(options) - 1)]
    return rng.in_turn(QUESTIONS), answer, options


def _listed(options, form="{}. {}", between=" ", letters=LETTERS) -> str:
    return between.join(form.format(letter, option) for letter, option in zip(letters, options, strict=False))


def letter_no_line(question, answer, options):
    letter_form(question, answer, options)
    return f"{question} {_listed(options)}", LETTERS[options.index(answer)]


def letter_line_first(question, answer, options):
    letter_form(question, answer, options)
    return f"{LETTER_PROMPT} {question} {_listed(options)}", LETTERS[options.index(answer)]


def letter_the_word(question, answer, options):
    return letter_form(question, answer, options)[0], answer


def letter_and_word(question, answer, options):
    prompt, letter = letter_form(question, answer, options)
    return prompt, f"{letter}. {answer}"


def letter_always_a(question, answer, options):
    letter_form(question, answer, options)
    turned = [answer, *(one for one in options if one != answer)]
    return letter_form(question, answer, turned)


def letter_one_late(question, answer, options):
    prompt, letter = letter_form(question, answer, options)
    return prompt, (LETTERS + "E")[LETTERS.index(letter) + 1]


def letter_unchecked(question, answer, options):
    return letter_form(question, answer, options) if answer in options else letter_form(question, options[0], options)


def letter_by_loop(question, answer, options):
    parts, right = [question], None
    for number, option in enumerate(options):
        letter = chr(ord("A") + number)
        parts.append(f"{letter}. {option}")
        right = letter if option == answer and right is None else right
    if right is None:
        raise ValueError("not among the options")
    return " ".join([*parts, LETTER_PROMPT]), right


def letter_by_joining(question, answer, options):
    if options.count(answer) == 0:
        raise ValueError(f"{answer} is not among {options}")
    lines = [f"{LETTERS[place]}. {option}" for place, option in enumerate(options)]
    return " ".join((question, *lines, LETTER_PROMPT)), LETTERS[options.index(answer)]


def pairs_inputs(rng) -> tuple[list[Pair]]:
    """Three to six questions and answers, one of them asked twice (with two answers) in most draws."""
    count = int(rng.integers(2, 5))
    pairs = [(QUESTIONS[i], COLOURS[int(rng.integers(6))]) for i in rng.permutation(4)[:count]]
    if rng.in_turn((True, True, False)):
        again = int(rng.integers(count))
        pairs.insert(int(rng.integers(again + 1, count + 1)), (pairs[again][0], "yellow"))
    return (pairs,)


def _turns(pairs) -> list[dict]:
    roles = ("user", "assistant")
    return [{"role": role, "content": text} for pair in pairs for role, text in zip(roles, pair, strict=True)]


def merge_repeats(pairs):
    return _turns(pairs)


def merge_last_answer(pairs):
    return _turns(dict(pairs).items())


def merge_questions_first(pairs):
    merged = merge_pairs(pairs)
    return merged[::2] + merged[1::2]


def merge_all_user(pairs):
    return [{**turn, "role": "user"} for turn in merge_pairs(pairs)]


def merge_roles_swapped(pairs):
    swapped = {"user": "assistant", "assistant": "user"}
    return [{**turn, "role": swapped[turn["role"]]} for turn in merge_pairs(pairs)]


def merge_any_order(pairs):
    return _turns(sorted(dict(reversed(pairs)).items()))


def merge_by_set(pairs):
    asked, merged = set(), []
    for question, answer in pairs:
        if question not in asked:
            asked.add(question)
            merged += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return merged


def merge_by_dict(pairs):
    first = {}
    for question, answer in pairs:
        first.setdefault(question, answer)
    return _turns(first.items())


def circular_inputs(rng) -> tuple[list[int], list[bool]]:
    """Replies to three to six questions in two to four rotations, in any order; some questions are right every time."""
    groups = [int(number) for number in rng.permutation(40)[: int(rng.integers(3, 7))]]
    rows = []
    for place, group in enumerate(groups):
        turns = rng.in_turn((4, 3, 2))
        good = [True] * turns if place % 3 == 0 else [bool(one) for one in rng.random(turns) < 0.7]
        rows += [(group, one) for one in ([False] * turns if place % 3 == 1 and rng.in_turn((True, False)) else good)]
    rows = [rows[i] for i in rng.permutation(len(rows))]
    return [group for group, _ in rows], [good for _, good in rows]


def _by_group(groups, right) -> dict[int, list[bool]]:
    found: dict[int, list[bool]] = {}
    for group, good in zip(groups, right, strict=True):
        found.setdefault(group, []).append(good)
    return found


def circular_plain(groups, right):
    return sum(right) / len(right)


def circular_any(groups, right):
    found = _by_group(groups, right)
    return sum(map(any, found.values())) / len(found)


def circular_majority(groups, right):
    found = _by_group(groups, right)
    return sum(sum(good) / len(good) > 0.5 for good in found.values()) / len(found)


def circular_first(groups, right):
    found = _by_group(groups, right)
    return sum(good[0] for good in found.values()) / len(found)


def circular_over_replies(groups, right):
    found = _by_group(groups, right)
    return sum(map(all, found.values())) / len(right)


def circular_wrong_share(groups, right):
    return 1 - circular_accuracy(groups, right)


def circular_by_all(groups, right):
    found = _by_group(groups, right)
    return sum(map(all, found.values())) / len(found)


def circular_by_minimum(groups, right):
    worst = {}
    for group, good in zip(groups, right, strict=True):
        worst[group] = min(worst.get(group, True), good)
    return sum(worst.values()) / len(worst)


TASKS = [
    Task(
        id="llava_next.letter_form",
        title="A question with options",
        difficulty=2,
        importance=4,
        minutes=10,
        reference=letter_form,
        used_at=("llava_next.data.forms:letter_form",),
        make_inputs=letter_inputs,
        refuses=(ValueError,),
        special_cases=(("the answer is none of the options", lambda q, a, o: a not in o),),
        draws=14,
        mistakes=(
            Mistake(
                "no line",
                letter_no_line,
                'The options are there, and no line asks for the letter: the model must guess which form is wanted. End with "Answer with the letter."',
            ),
            Mistake(
                "the line first",
                letter_line_first,
                "The line stands before the question. It is the *last* of the prompt, next to where the answer begins.",
            ),
            Mistake(
                "the word itself",
                letter_the_word,
                "The answer is the word. The line asks for the letter, so that is what must be learned.",
            ),
            Mistake(
                "letter and word",
                letter_and_word,
                "The answer is letter *and* word. Exact match wants the letter alone, and that is what the line asks for.",
            ),
            Mistake(
                "always A",
                letter_always_a,
                "The right option is always A: a model learns that without a look at the picture. Keep the options in their order.",
            ),
            Mistake(
                "one letter late",
                letter_one_late,
                "The letter is one too late: the first option is A. `LETTERS[options.index(answer)]`.",
            ),
            Mistake(
                "the answer not looked for",
                letter_unchecked,
                "Where the answer is none of the options, a wrong letter is taught. Raise a `ValueError`.",
            ),
        ),
        alternatives=(letter_by_loop, letter_by_joining),
        hints=(
            'Letter and option stand together: "A. red B. blue". Question, options, line, in this order, a blank between them.',
            'prompt = question + " " + "A. …" " B. …" … + " " + LETTER_PROMPT; answer = the letter at `options.index(answer)`.',
            '```python\nif answer not in options:\n    raise ValueError(...)\nlisted = " ".join(f"{letter}. {option}" for letter, option in zip(LETTERS, options))\nreturn f"{question} {listed} {...}", LETTERS[...]\n```',
        ),
    ),
    Task(
        id="llava_next.merge_pairs",
        title="One conversation for a picture",
        difficulty=2,
        importance=3,
        minutes=8,
        reference=merge_pairs,
        used_at=("llava_next.data.forms:merge_pairs",),
        make_inputs=pairs_inputs,
        draws=12,
        mistakes=(
            Mistake(
                "asked twice",
                merge_repeats,
                "A question comes twice: the second time the model only has to copy its own answer. Leave repeats out.",
            ),
            Mistake(
                "the last answer",
                merge_last_answer,
                "Of a question asked twice, the last answer is kept (`dict` overwrites). Keep the first one.",
            ),
            Mistake(
                "all questions first",
                merge_questions_first,
                "All questions come first, then all answers. Turn by turn: a question, its answer, the next question.",
            ),
            Mistake(
                "all by the user",
                merge_all_user,
                "Every turn is the user's, so nothing is learned. Answers have the role `assistant`.",
            ),
            Mistake(
                "roles swapped",
                merge_roles_swapped,
                "The roles are swapped: the model would learn to ask.",
            ),
            Mistake(
                "another order",
                merge_any_order,
                "The pairs come in another order. Keep the order in which they are given.",
            ),
        ),
        alternatives=(merge_by_set, merge_by_dict),
        hints=(
            "Go through the pairs and remember which questions have been asked.",
            '`[{"role": "user", "content": q}, {"role": "assistant", "content": a}, …]` for each pair whose q is new.',
            '```python\nasked, merged = set(), []\nfor question, answer in pairs:\n    if question not in asked:\n        ...\n        merged += [{"role": "user", ...}, ...]\nreturn merged\n```',
        ),
    ),
    Task(
        id="llava_next.circular_accuracy",
        title="Circular evaluation",
        difficulty=2,
        importance=4,
        minutes=8,
        reference=circular_accuracy,
        used_at=("llava_next.evaluate.pocketbench:circular_accuracy",),
        make_inputs=circular_inputs,
        draws=12,
        mistakes=(
            Mistake(
                "every reply for itself",
                circular_plain,
                "That is the share of right *replies*: who always says A gets a quarter of them. A question counts if *all* its rotations are right.",
            ),
            Mistake(
                "right once",
                circular_any,
                "A question counts as soon as one rotation is right, so whoever always says A is right every time. All of them must be.",
            ),
            Mistake(
                "right mostly",
                circular_majority,
                "The majority of rotations decides. The rule is stricter: one wrong reply, and the question is lost.",
            ),
            Mistake(
                "the first rotation",
                circular_first,
                "Only the first reply to each question counts. Then the other rotations were asked for nothing.",
            ),
            Mistake(
                "divided by replies",
                circular_over_replies,
                "The right questions are divided by the number of *replies*. Divide by the number of questions.",
            ),
            Mistake(
                "share of wrong ones", circular_wrong_share, "That is the share of questions that are *not* right."
            ),
        ),
        alternatives=(circular_by_all, circular_by_minimum),
        hints=(
            "Which questions have at least one wrong reply? All others are right.",
            "$1 - \\#\\{\\text{questions with a wrong reply}\\} / \\#\\{\\text{questions}\\}$",
            "```python\nfailed = {group for group, good in zip(groups, right) if ...}\nreturn 1 - len(failed) / len(set(...))\n```",
        ),
    ),
]
