"""What a careful reader would do to a wrong description: correct its false names, or leave them out."""

import re

from course_lib.failures.chair import named_things, present_things
from course_lib.instruct.filters.claims import claimed_mentions
from course_lib.world.nouns import could_be
from course_lib.world.scenes import Scene


def false_names(scene: Scene, text: str) -> list[str]:
    """The words by which a text names what is not there, each once."""
    mentions = claimed_mentions(text)
    return list(dict.fromkeys(m.text for m in mentions if not any(could_be(t.name) & m.names for t in scene.things)))


def corrected(scene: Scene, text: str) -> str | None:
    """The text with every false name replaced by that of a thing which it leaves out.

    None where nothing is false, or where that can't be done: more false names than things left out, or a name that is part of another.
    """
    named, false = named_things(text, scene), false_names(scene, text)
    missing = list(dict.fromkeys(thing.name for thing in scene.things if thing.name not in named))
    if not false or len(missing) < len(false):
        return None
    for wrong, right in zip(false, missing, strict=False):
        text = re.sub(rf"\b{re.escape(wrong)}\b", right, text)
    text = re.sub(r"\b([Aa])n? (?=(\w))", lambda m: m[1] + ("n " if m[2] in "aeiou" else " "), text)
    now, present = named_things(text, scene), present_things(scene)
    return text if now <= present and now > named & present else None


def shortened(scene: Scene, text: str) -> str | None:
    """The text without its false names; None where nothing is false, or nothing else is named."""
    kept = text
    for name in false_names(scene, text):
        kept = kept and without(kept, name)
    if not kept or kept == text:
        return None
    now = named_things(kept, scene)
    return kept if now and now == named_things(text, scene) & present_things(scene) else None


def without(text: str, name: str) -> str | None:
    """The text with that name taken out of the list of what is there, and without all other sentences about it.

    None where the list names nothing else.
    """
    sentences = []
    for sentence in re.split(r"(?<=\.) ", text):
        listed = re.search(r"\b(?:an?|some) ", sentence)
        if not _names(sentence, name):
            sentences.append(sentence)
        elif listed and sentence.endswith("."):
            items = re.split(r", | and ", sentence[listed.start() : -1])
            kept = [item for item in items if not _names(item, name)]
            if not kept:
                return None
            joined = f"{', '.join(kept[:-1])} and {kept[-1]}" if len(kept) > 1 else kept[0]
            sentences.append(f"{sentence[: listed.start()]}{joined}.")
    return " ".join(sentences)


def _names(text: str, name: str) -> bool:
    return bool(re.search(rf"\b{re.escape(name)}\b", text))
