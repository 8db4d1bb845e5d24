"""Text that every file and every tokenizer takes."""

import os
from functools import cache
from pathlib import Path

from course_lib.session import REPO


def readable(text: str) -> str:
    """The text, with a question mark in place of each half of a surrogate pair.

    JSON may hold such a half (a reply that was cut off within an emoji does), UTF-8 may not, and tokenizers refuse it.
    """
    return text.encode("utf-8", "replace").decode()


VARIABLE, FOLDER = "COURSE_LANGUAGE", REPO / "translations"
ENGLISH = "en"


def language() -> str:
    """Such as "de"; "en" unless COURSE_LANGUAGE says otherwise."""
    return os.environ.get(VARIABLE, "").strip() or ENGLISH


def say(text: str, **values: object) -> str:
    """`text` in the chosen language, with {names} replaced by `values`. English where there is no translation, or a wrong one."""
    translation = catalogue(language(), FOLDER).get(text, text)
    try:
        return translation.format(**values) if values else translation
    except (KeyError, IndexError, ValueError):  # a translator's {name} that is none of ours
        return text.format(**values)


@cache
def catalogue(language: str, folder: Path) -> dict[str, str]:
    """English → translated. Empty for English, and, once it was said what is wrong, for what can't be read."""
    if language == ENGLISH:
        return {}
    try:
        return read(folder / f"{language}.po")
    except (OSError, ValueError, ImportError) as error:
        known = ", ".join([ENGLISH, *sorted(file.stem for file in folder.glob("*.po"))])
        print(f"✗ {VARIABLE} is {language}, but translations/{language}.po can't be read: {error}. There are: {known}.")
        return {}


def read(file: Path) -> dict[str, str]:
    """English → translated, of all entries that are translated and not marked as fuzzy. OSError, ValueError."""
    from babel.messages.pofile import PoFileError, read_po

    try:
        with file.open("rb") as stream:
            messages = read_po(stream, abort_invalid=True)
    except PoFileError as error:
        raise ValueError(f"it is no gettext file ({error})") from None
    return {one.id: one.string for one in messages if one.id and one.string and not one.fuzzy}
