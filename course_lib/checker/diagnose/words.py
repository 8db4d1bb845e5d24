"""What a learner reads about a pattern, by its name."""

from dataclasses import dataclass

from course_lib.common.text import say


@dataclass(frozen=True)
class Diagnosis:
    """A pattern that explains every wrong draw."""

    name: str
    text: str


def diagnosis(name: str, **values: object) -> Diagnosis:
    """The pattern of this name, in words."""
    return Diagnosis(name, {**of_numbers(**values), **of_factors(**values), **of_places(**values)}[name])


def of_numbers(**_: object) -> dict[str, str]:
    """Patterns that one calculation undoes."""
    return {
        "transposed": say("Yours is the right result, transposed: the last two axes are exchanged."),
        "axis of size 1": say(
            "The values are right, but an axis of size 1 is missing or too many: `keepdim`, `squeeze`."
        ),
        "axes": say("The values are right, but the axes stand in another order (`permute`, `transpose`)."),
        "not averaged": say("Yours is what comes before the last step: take the mean of it."),
        "not summed": say("Yours is what comes before the last step: sum it up."),
        "another shape": say("The values are right, but they stand in another shape."),
        "repeated": say("The values are right, but repeated along an axis that does not belong there (broadcasting)."),
        "sign": say("Yours is the right result with the other sign."),
        "inverted": say("Yours is 1 minus the right result: what shall be 0 or false is 1 or true."),
        "reciprocal": say("Yours is 1 divided by the right result: divide the other way round."),
        "not of length 1": say("It is right once every vector is divided by its length: normalise it (`F.normalize`)."),
        "not of sum 1": say("It is right once it is divided by its sum along an axis: normalise it."),
        "softmax forgotten": say("It is right after a softmax along an axis."),
        "softmax twice": say("A softmax has been applied once too often."),
        "log": say("Yours is the logarithm of the right result."),
        "log forgotten": say("The logarithm of yours would be right."),
        "sigmoid forgotten": say("It is right after a sigmoid."),
        "squared": say("Yours is the square of the right result: a root is missing, or a square too many."),
        "square forgotten": say("The square of yours would be right."),
        "absolute value": say("The absolute value of yours would be right."),
        "rounding": say("It differs by rounding alone (`round`, `floor`, `ceil`, `int`, `//`)."),
        "reversed": say("Yours is the right result back to front along an axis."),
        "one place late": say("Everything stands one place too late along an axis."),
        "one place early": say("Everything stands one place too early along an axis."),
        "order of parts": say("The parts are joined in another order: compare the concatenation with the docstring."),
        "interleaved": say(
            "The right values, but parts stand in turn that belong one after the other, or the other way round."
        ),
    }


def of_factors(size: str = "", factor: str = "", by: str = "", limit: str = "", **_: object) -> dict[str, str]:
    """Patterns with a number in them."""
    return {
        "sum for mean": say(
            "Yours is too large by a factor, the number {size}: a sum where a mean belongs?", size=size
        ),
        "mean for sum": say(
            "Yours is too small by a factor, the number {size}: a mean where a sum belongs?", size=size
        ),
        "root of a size": say(
            "Yours is off by a factor, the root of {size}: is a scale forgotten, or used twice?", size=size
        ),
        "square of a size": say(
            "Yours is off by a factor, the square of {size}: divided twice, or not at all?", size=size
        ),
        "factor": say(
            "All of yours are {factor} times what they should be: a constant is forgotten or too many.", factor=factor
        ),
        "too much": say("All of yours are too large by {by}.", by=by),
        "too little": say("All of yours are too small by {by}.", by=by),
        "not limited": say(
            "Where it is wrong, {limit} belongs: a limit (`clamp`), a mask or a fill value.", limit=limit
        ),
    }


def of_places(right: int = 0, draws: int = 0, case: str = "", **_: object) -> dict[str, str]:
    """Patterns of where something stands."""
    return {
        "special case": say(
            "It is right for {right} of {draws} inputs: what is special about one for which it isn't?",
            right=right,
            draws=draws,
        ),
        "named case": say(
            "It is right for {right} of {draws} inputs. In those for which it isn't, {case}.",
            right=right,
            draws=draws,
            case=case,
        ),
        "places": say("Yours has all the right values, but at other places."),
        "diagonal": say("Only the diagonal is wrong: does an entry belong to itself or not?"),
        "first entry": say("Only the first entry of the last axis is wrong."),
        "last entry": say("Only the last entry of the last axis is wrong: where does it end?"),
        "first row": say("Only the first row is wrong."),
        "last row": say("Only the last row is wrong: does the loop or the slice reach the end?"),
        "first half": say("Only the first half of the last axis is wrong."),
        "second half": say("Only the second half of the last axis is wrong."),
        "all the same": say("Yours is always the same, whatever the input."),
        "letters": say("Only upper and lower case differ."),
        "white space": say("Only spaces and line breaks differ."),
        "punctuation": say("Letters and digits are right; punctuation or white space differs."),
        "end missing": say("It is right as far as it goes, but the end is missing."),
        "beginning missing": say("The end is right, but the beginning is missing."),
        "too much at the end": say("It begins with the right result, but goes on."),
        "too much at the beginning": say("It ends with the right result, but something stands before it."),
        "order": say("The right items, but in another order."),
        "repeated items": say("The right items, but not each as often as it should be there."),
        "items missing": say("What is there is right, but items are missing that belong there."),
        "items too many": say(
            "All that belongs there is there, and more: something is let through that doesn't belong there."
        ),
    }
