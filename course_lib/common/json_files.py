"""JSON as people have it: with a byte order mark, in UTF-16, gzipped, or as JSON lines. What can't be read is named in a sentence."""

import gzip
import json
import re
import zlib
from pathlib import Path
from typing import Any

from course_lib.common.errors import Problem

SPACE = re.compile(r"\s*")


def read_values(file: Path) -> list[Any]:
    """All values of a file: one of JSON, or many, one after the other, of JSON lines. `Problem` names the place of a fault."""
    text = _text(file)
    values, at = [], SPACE.match(text).end()
    try:
        while at < len(text):
            value, at = json.JSONDecoder().raw_decode(text, at)
            values.append(value)
            at = SPACE.match(text, at).end()
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}, which begins {text[error.pos : error.pos + 30]!r}"
        raise Problem(f"{file} can't be read as JSON: {error.msg} at {place}.") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets in brackets without end
        raise Problem(f"{file} can't be read as JSON: {error}.") from None
    if not values:
        raise Problem(f"{file} can't be read as JSON: it is empty. Copy or export it again.")
    return values


def _text(file: Path) -> str:
    """The file's text, unpacked, whatever Unicode it is in."""
    try:
        content = file.read_bytes()
        content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
        return content.decode(json.detect_encoding(content), "surrogatepass")
    except UnicodeDecodeError as error:
        raise Problem(f"{file} can't be read as JSON: byte {error.start} is no UTF-8. Save it as UTF-8.") from None
    except (OSError, EOFError, zlib.error) as error:  # the last two: a damaged gzip
        raise Problem(f"{file} can't be read: {getattr(error, 'strerror', None) or error}.") from None
