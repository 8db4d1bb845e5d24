"""Exercise of Lesson 07: POPE's scores, where yes comes easily and some replies are neither yes nor no."""

import numpy as np

from course_lib.checker.task import Mistake, Task
from course_lib.llava.evaluate.pope import scores

HABITS = (  # how a model answers: the share of replies that are yes, no, and neither
    (0.5, 0.3, 0.2),
    (0.3, 0.6, 0.1),
    (1.0, 0.0, 0.0),  # always yes
    (0.0, 1.0, 0.0),  # never yes
    (0.0, 0.0, 1.0),  # garbage
    (0.6, 0.4, 0.0),
    (0.4, 0.0, 0.6),
    (0.0, 0.5, 0.5),
)


def poll_inputs(rng) -> tuple[list[str], list[str | None]]:
    """10 to 30 answers, at least one of them yes and one no, not equally often, and what a model of one of `HABITS` said."""
    count, habit = int(rng.integers(10, 30)), rng.in_turn(HABITS)
    targets = ["yes", "no", *rng.choice(["yes", "no"], count, p=rng.in_turn(([0.7, 0.3], [0.4, 0.6])))]
    said = rng.choice(3, len(targets), p=habit)
    return [str(target) for target in targets], [("yes", "no", None)[i] for i in said]


def _counts(targets, predictions) -> tuple[int, int, int, int]:
    pairs = list(zip(targets, predictions, strict=True))
    true_yes = sum(target == prediction == "yes" for target, prediction in pairs)
    right = sum(target == prediction for target, prediction in pairs)
    return true_yes, predictions.count("yes"), targets.count("yes"), right


def _with(**changed):
    """The right scores but for one, computed by a function of (true yes, predicted yes, yes in truth, right, number)."""

    def wrong(targets, predictions):
        counts = (*_counts(targets, predictions), len(targets))
        return scores(targets, predictions) | {name: value(*counts) for name, value in changed.items()}

    return wrong


def pope_none_is_yes(targets, predictions):
    return scores(targets, [said or "yes" for said in predictions])


def pope_none_is_no(targets, predictions):
    return scores(targets, [said or "no" for said in predictions]) | {
        "unparsed": predictions.count(None) / len(targets)
    }


def pope_none_left_out(targets, predictions):
    kept = [(target, said) for target, said in zip(targets, predictions, strict=True) if said]
    left = scores(*map(list, zip(*kept, strict=True)))
    return left | {"unparsed": 1 - len(kept) / len(targets)}


def pope_never_yes(targets, predictions):
    true_yes, said_yes, is_yes, _ = _counts(targets, predictions)
    precision, recall = true_yes / said_yes, true_yes / is_yes
    return scores(targets, predictions) | {"f1": 2 * precision * recall / (precision + recall)}


def pope_f1_of_no(targets, predictions):
    pairs = list(zip(targets, predictions, strict=True))
    true_no = sum(target == said == "no" for target, said in pairs)
    return scores(targets, predictions) | {"f1": 2 * true_no / max(1, predictions.count("no") + targets.count("no"))}


def pope_in_percent(targets, predictions):
    return {name: 100 * value for name, value in scores(targets, predictions).items()}


def pope_by_precision_and_recall(targets, predictions):
    true_yes, said_yes, is_yes, right = _counts(targets, predictions)
    f1 = 0.0
    if true_yes:
        precision, recall = true_yes / said_yes, true_yes / is_yes
        f1 = 2 / (1 / precision + 1 / recall)
    n = len(targets)
    return {"f1": f1, "accuracy": right / n, "yes_ratio": said_yes / n, "unparsed": predictions.count(None) / n}


def pope_by_numpy(targets, predictions):
    """The scores by arrays of bools."""
    is_yes, said = np.array(targets) == "yes", np.array(predictions, dtype=object)
    both = (is_yes & (said == "yes")).sum()
    return {
        "accuracy": float((np.array(targets, dtype=object) == said).mean()),
        "f1": 2 * both / (2 * both + (is_yes & (said != "yes")).sum() + (~is_yes & (said == "yes")).sum()),
        "yes_ratio": (said == "yes").mean(),
        "unparsed": np.mean([one is None for one in predictions]),
    }


TASKS = [
    Task(
        id="llava.pope_scores",
        title="POPE's scores",
        difficulty=2,
        importance=4,
        minutes=10,
        reference=scores,
        used_at=("llava.evaluate.pope:scores", "llava.evaluate.pope_files:scores"),
        make_inputs=poll_inputs,
        draws=len(HABITS),
        mistakes=(
            Mistake(
                "garbage counts as yes",
                pope_none_is_yes,
                "What is neither yes nor no counts as yes here, as POPE's own parser has it: then garbage raises the F1. `None` is wrong, and no yes.",
            ),
            Mistake(
                "garbage counts as no",
                pope_none_is_no,
                "What is neither yes nor no counts as no here, so that garbage denies whatever is absent. `None` is wrong, whatever would be right.",
            ),
            Mistake(
                "garbage left out",
                pope_none_left_out,
                "Replies that can't be read are left out, so a model that babbles when in doubt looks better than it is. They count as wrong: divide by *all* questions.",
            ),
            Mistake(
                "never yes",
                pope_never_yes,
                "A model that never says yes has a precision of 0/0, and this raises an error. Its F1 is 0: `2 * true_yes / (said_yes + is_yes)` needs no special case.",
            ),
            Mistake(
                "F1 of no",
                pope_f1_of_no,
                'That is the F1 of "no". POPE asks how well a *yes* can be trusted: true positives are those where both say yes.',
            ),
            Mistake(
                "right noes among the true positives",
                _with(f1=lambda both, said, is_yes, right, n: 2 * right / (said + is_yes)),
                'The F1 counts every right answer above the line, each right "no" as well. A true positive is a *yes* that is right.',
            ),
            Mistake(
                "F1 without the 2",
                _with(f1=lambda both, said, is_yes, right, n: both / (said + is_yes)),
                "A perfect model has an F1 of one half here: *twice* the true positives over the sum of both counts of yes.",
            ),
            Mistake(
                "the union below the line",
                _with(f1=lambda both, said, is_yes, right, n: both / (said + is_yes - both)),
                "That divides by the union, which is IoU. F1 divides twice the overlap by the *sum* of both counts of yes, as dice does.",
            ),
            Mistake(
                "precision for F1",
                _with(f1=lambda both, said, is_yes, right, n: both / max(1, said)),
                "That is the precision: which share of its yeses is right. F1 also asks which share of what is there was found (recall).",
            ),
            Mistake(
                "recall for F1",
                _with(f1=lambda both, said, is_yes, right, n: both / is_yes),
                "That is the recall, which is 1 for whoever always says yes. F1 also asks which share of the yeses is right (precision).",
            ),
            Mistake(
                "plain mean of precision and recall",
                _with(f1=lambda both, said, is_yes, right, n: (both / max(1, said) + both / is_yes) / 2),
                "That is the plain mean of precision and recall. F1 is the *harmonic* mean, which is near the smaller of the two: $2PR/(P+R)$.",
            ),
            Mistake(
                "yes-ratio of the truth",
                _with(yes_ratio=lambda both, said, is_yes, right, n: is_yes / n),
                "That is the share of yes in the *truth*, the same for every model. The yes-ratio is the share of yes among what the model *says*.",
            ),
            Mistake(
                "yes-ratio of right yeses",
                _with(yes_ratio=lambda both, said, is_yes, right, n: both / n),
                "Only right yeses are counted. The yes-ratio asks how often the model says yes, right or wrong: that is how it finds a yes-sayer.",
            ),
            Mistake(
                "yes-ratio against no",
                _with(yes_ratio=lambda both, said, is_yes, right, n: said / max(1, n - said)),
                "That is the number of yeses divided by all others, which can be above 1. Divide by *all* replies.",
            ),
            Mistake(
                "unparsed as a count",
                lambda targets, predictions: scores(targets, predictions) | {"unparsed": predictions.count(None)},
                "`unparsed` is a number of replies here. All four are shares from 0 to 1: divide by the number of questions.",
            ),
            Mistake(
                "per cent",
                pope_in_percent,
                "These are per cent. Return shares from 0 to 1; whoever prints them multiplies by 100.",
            ),
        ),
        alternatives=(pope_by_precision_and_recall, pope_by_numpy),
        hints=(
            "Count four things: pairs that agree, pairs that are both yes, yeses in the predictions, yeses in the truth.",
            "accuracy $= \\#\\{t_i = p_i\\}/n$, $F_1 = \\dfrac{2\\,TP}{\\#\\{p_i = \\text{yes}\\} + \\#\\{t_i = \\text{yes}\\}}$ with $TP$ the pairs that are both yes, yes-ratio $= \\#\\{p_i = \\text{yes}\\}/n$, unparsed $= \\#\\{p_i = \\text{None}\\}/n$.",
            '```python\nn, said_yes = len(targets), predictions.count("yes")\ntrue_yes = sum(...)\nright = sum(...)\nreturn {"accuracy": right / n, "f1": ... / (... + targets.count("yes")), "yes_ratio": ..., "unparsed": ...}\n```',
        ),
    ),
]
