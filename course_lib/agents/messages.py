"""What agents write down and tell each other: a memory of failed tries (Reflexion), and the painter's message to the critic."""

from collections.abc import Sequence

REMEMBERED = 3  # tries, as in Reflexion


def said_missing(names: Sequence[str]) -> str:
    """What a critic says, and a memory holds: "no bus, no frog", or "all there"."""
    return ", ".join(f"no {name}" for name in names) or "all there"


def remember(failures: Sequence[Sequence[str]]) -> str:
    """Memory of failed tries, of each what was missing; the last three are kept: "try 1: no bus. try 2: no bus."."""
    lines = [f"try {n}: {said_missing(missing)}." for n, missing in enumerate(failures, 1)]
    return " ".join(lines[-REMEMBERED:])


def with_memory(text: str, memory: str) -> str:
    """A request, and what is remembered."""
    return f"{text} {memory}".strip()


def critic_request(names: Sequence[str]) -> str:
    """The painter's message to the critic."""
    return f"this should be a picture of {', '.join(names)}. what is missing?"
