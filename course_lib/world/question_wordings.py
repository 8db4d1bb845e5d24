"""The wordings of questions, some for training and others for tests only."""

from .splits import training_may_use_template

WORDINGS = {  # kind → (id, wording); the ids of test wordings begin with "test."
    "exist": (
        ("train.is_there", "{is_there} in the picture?"),
        ("train.do_you_see", "do you see {any}?"),
        ("train.shows", "does the picture show {any}?"),
        ("test.can_you_find", "can you find {any} here?"),
        ("test.contains", "would you say that the scene contains {any}?"),
    ),
    "count": (
        ("train.how_many", "how many {things} are there?"),
        ("train.count", "count the {things}."),
        ("test.number", "what is the number of {things}?"),
    ),
    "colour": (
        ("train.what_colour", "what colour {is} the {thing}?"),
        ("train.which_colour", "which colour {does} the {thing} have?"),
        ("test.tell_colour", "tell me the colour of the {thing}."),
    ),
    "relation": (
        ("train.where", "where {is} the {thing}, seen from the {other}?"),
        ("train.side", "on which side of the {other} {is} the {thing}?"),
        ("test.direction", "in which direction from the {other} {does} the {thing} lie?"),
    ),
    "related": (
        ("train.is_it", "{is} the {thing} {way} the {other}?"),
        ("train.would", "would you say the {thing} {is} {way} the {other}?"),
        ("test.right", "am I right that the {thing} {is} {way} the {other}?"),
    ),
    "place": (
        ("train.place", "where is this?"),
        ("train.what_place", "what place is this?"),
        ("test.setting", "what is the setting?"),
    ),
    "size": (
        ("train.bigger", "which is bigger, the {thing} or the {other}?"),
        ("train.larger", "what is larger, the {thing} or the {other}?"),
        ("test.size", "of the {thing} and the {other}, which one is bigger?"),
    ),
    "read": (
        ("train.says", "what does the sign say?"),
        ("train.written", "what is written on the sign?"),
        ("test.read", "read the sign."),
    ),
}


def wordings(kind: str, templates: str) -> list[str]:
    """The wordings of a kind for "train" or for "test"."""
    return [text for id, text in WORDINGS[kind] if training_may_use_template(id) == (templates == "train")]
