"""The wordings of questions, some for training and others for tests only."""

from .splits import training_may_use_template

WORDINGS = {  # kind → (id, wording); the ids of test wordings begin with "test."
    "exist": (
        ("train.is_there", "{is_there} in the picture?"),
        ("train.do_you_see", "do you see {any}?"),
        ("train.shows", "does the picture show {any}?"),
        ("train.can_see", "can you see {any} in the picture?"),
        ("train.is_there_here", "{is_there} here?"),
        ("train.scene_shows", "does the scene show {any}?"),
        ("train.can_i_find", "can I find {any} in the picture?"),
        ("train.do_you_find", "do you find {any} here?"),
        ("train.true_contains", "is it true that the picture contains {any}?"),
        ("train.tell_there", "tell me, {is_there} here?"),
        ("test.can_you_find", "can you find {any} here?"),
        ("test.contains", "would you say that the scene contains {any}?"),
    ),
    "count": (
        ("train.how_many", "how many {things} are there?"),
        ("train.count", "count the {things}."),
        ("train.how_many_see", "how many {things} do you see?"),
        ("train.what_number", "what number of {things} is there?"),
        ("train.tell_number", "tell me the number of {things}."),
        ("train.how_many_in", "how many {things} are in the picture?"),
        ("train.give_number", "give the number of {things}."),
        ("test.number", "what is the number of {things}?"),
    ),
    "colour": (
        ("train.what_colour", "what colour {is} the {thing}?"),
        ("train.which_colour", "which colour {does} the {thing} have?"),
        ("train.colour_of", "what is the colour of the {thing}?"),
        ("train.name_colour", "name the colour of the {thing}."),
        ("train.tell_which", "tell me which colour the {thing} {is}."),
        ("train.in_which_colour", "in which colour {is} the {thing}?"),
        ("test.tell_colour", "tell me the colour of the {thing}."),
    ),
    "relation": (
        ("train.where", "where {is} the {thing}, seen from the {other}?"),
        ("train.side", "on which side of the {other} {is} the {thing}?"),
        ("train.from", "from the {other}, where {is} the {thing}?"),
        ("train.direction_is", "in which direction from the {other} {is} the {thing}?"),
        ("train.where_lie", "seen from the {other}, where {does} the {thing} lie?"),
        ("train.tell_where", "tell me where the {thing} {is}, seen from the {other}."),
        ("test.direction", "in which direction from the {other} {does} the {thing} lie?"),
    ),
    "related": (
        ("train.is_it", "{is} the {thing} {way} the {other}?"),
        ("train.would", "would you say the {thing} {is} {way} the {other}?"),
        ("train.tell", "tell me, {is} the {thing} {way} the {other}?"),
        ("train.true", "is it true that the {thing} {is} {way} the {other}?"),
        ("train.agree", "do you agree that the {thing} {is} {way} the {other}?"),
        ("train.would_right", "would I be right that the {thing} {is} {way} the {other}?"),
        ("test.right", "am I right that the {thing} {is} {way} the {other}?"),
    ),
    "place": (
        ("train.place", "where is this?"),
        ("train.what_place", "what place is this?"),
        ("train.what_is_place", "what is this place?"),
        ("train.name_place", "name the place."),
        ("train.what_setting", "what setting is this?"),
        ("train.which_place", "which place do you see?"),
        ("train.tell_setting", "tell me the setting."),
        ("test.setting", "what is the setting?"),
    ),
    "size": (
        ("train.bigger", "which is bigger, the {thing} or the {other}?"),
        ("train.larger", "what is larger, the {thing} or the {other}?"),
        ("train.which_one", "which one is bigger, the {thing} or the {other}?"),
        ("train.of", "of the {thing} and the {other}, which is larger?"),
        ("train.of_two", "of the two, the {thing} and the {other}, name the bigger one."),
        ("test.size", "of the {thing} and the {other}, which one is bigger?"),
    ),
    "read": (
        ("train.says", "what does the sign say?"),
        ("train.written", "what is written on the sign?"),
        ("train.can_read", "what can you read on the sign?"),
        ("train.text", "what text is on the sign?"),
        ("train.read_what", "read what the sign says."),
        ("test.read", "read the sign."),
    ),
}


def wordings(kind: str, templates: str) -> list[str]:
    """The wordings of a kind for "train" or for "test"."""
    return [text for id, text in WORDINGS[kind] if training_may_use_template(id) == (templates == "train")]
