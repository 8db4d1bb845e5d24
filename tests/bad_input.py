"""What the tests of bad input share: odd values, damaged files, and the rule that whoever gets them must keep."""

import json
import linecache
import os
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from course_lib.session import REPO

LONG = os.environ.get("COURSE_LONG") == "1"
EACH = 900 if LONG else 25  # cases a test
CALM = settings(
    max_examples=EACH,
    deadline=None,
    database=None,
    derandomize=not LONG,  # the short run is the same everywhere
    suppress_health_check=list(HealthCheck),
)
cases: Counter[str] = Counter()  # what is read → how often a reader was called with it

letters = st.text(st.characters(), max_size=30) | st.text(st.characters(categories=("Cs", "Cc", "L")), max_size=8)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(("\ud83d", "a\udc00b"))
)
anything = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
deep = st.just("[" * 100_000)


def one_sentence(function: Callable, *arguments, errors: type[Exception] | tuple[type[Exception], ...] = ValueError):
    """What the function returns; or the error, which must be of these kinds, raised by the course itself, with words.

    An error that a library, or Python itself, has raised on the way fails the test: a learner could not read it.
    """
    cases[os.environ["PYTEST_CURRENT_TEST"].split("::test_")[1].split(" ")[0]] += 1
    try:
        return function(*arguments)
    except errors as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        assert frame.filename.startswith(str(REPO / "course_lib")), f"raised in {frame.filename}: {error!r}"
        line = linecache.getline(frame.filename, frame.lineno).strip()
        assert line.startswith("raise "), f"{line!r} raised {error!r}"
        assert str(error).strip() and "Traceback" not in str(error)
        return error


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """A file after an accident: cut off, some bytes changed, some lost, some added, or something else altogether."""
    how = draw(st.sampled_from(("cut", "flip", "lose", "add", "other")))
    place = draw(st.integers(0, len(content)))
    if how == "cut":
        return content[:place]
    if how == "flip":
        changed = bytearray(content)
        for _ in range(draw(st.integers(1, 4))):
            changed[draw(st.integers(0, len(content) - 1))] ^= 1 << draw(st.integers(0, 7))
        return bytes(changed)
    if how == "lose":
        return content[:place] + content[place + draw(st.integers(1, 40)) :]
    if how == "add":
        return content[:place] + draw(st.binary(max_size=20)) + content[place:]
    return draw(st.binary(max_size=60) | anything.map(lambda value: json.dumps(value).encode()) | deep.map(str.encode))


@st.composite
def changed(draw, value):
    """JSON of the right form, in which one part, anywhere, is something else, or missing."""
    if isinstance(value, dict | list) and value and draw(st.integers(0, 5)):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = draw(st.sampled_from(keys))
        copy = value.copy()
        if isinstance(value, dict) and not draw(st.integers(0, 5)):
            del copy[key]
        else:
            copy[key] = draw(changed(value[key]))
        return copy
    return draw(anything)


def written(file: Path, value: object) -> Path:
    """The file with this JSON, or these bytes, in it."""
    file.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
    return file
