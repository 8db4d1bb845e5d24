"""CHAIR: how many of the things that a text names are not there (Rohrbach et al., 2018, arXiv 1809.02156).

Of all that is named, the share that is false (instance), and the share of texts with anything false (sentence). Who says nothing is
never wrong: so *coverage* stands beside, the share of a scene's things that its text names (AMBER, Wang et al., 2023, arXiv 2311.07397).
"""

from collections.abc import Sequence

from course_lib.instruct.filters.claims import claimed_mentions
from course_lib.world.nouns import could_be
from course_lib.world.scenes import Scene


def named_things(text: str, scene: Scene) -> set[str]:
    """The things that a text claims to be there: those of the scene by their names, others by the word that names them.

    The words are looked up in the world's list of names and synonyms, as CHAIR's are: "bunnies" are the rabbit that is there.
    """
    named = set()
    for mention in claimed_mentions(text):
        there = [thing.name for thing in scene.things if could_be(thing.name) & mention.names]
        named.add(there[0] if there else mention.text)
    return named


def present_things(scene: Scene) -> set[str]:
    """The names of a scene's things."""
    return {thing.name for thing in scene.things}


def chair(named: Sequence[set[str]], present: Sequence[set[str]]) -> dict[str, float]:
    """CHAIR of N texts, from what each names and what its picture holds → "instance", "sentence" and "coverage", 0–1 each.

    instance: of all that is named, the share that isn't there; sentence: the share of texts that name anything which isn't there;
    coverage: of all that is there, the share that is named. Sums go over all texts before they are divided.
    """
    num_named, num_present = sum(map(len, named)), sum(map(len, present))
    false = [names - there for names, there in zip(named, present, strict=True)]
    covered = sum(len(names & there) for names, there in zip(named, present, strict=True))
    return {
        "instance": sum(map(len, false)) / num_named if num_named else 0.0,
        "sentence": sum(map(bool, false)) / len(named),
        "coverage": covered / num_present,
    }
