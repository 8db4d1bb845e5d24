"""The code cells of a notebook, in whatever form editors and platforms have written it."""

import ast
import json
import re

from course_lib.common.text import readable

OTHER_KINDS = {  # how a file begins → what it is, whatever its name says
    b"%pdf": "a PDF",
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"<?xml": "an XML file",
    b"version https://git-lfs": "a pointer of Git LFS, which did not fetch the file",
    b"{\\rtf": "a text document",
    b"rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7z archive",
}


class NotANotebook(Exception):
    """Its text says why."""


def code_cells(content: bytes) -> list[str]:
    """The sources of all code cells, in order. `NotANotebook` where there is no list of cells."""
    document = parse(content)
    cells = document.get("cells") if isinstance(document, dict) else None
    if isinstance(document, dict) and isinstance(document.get("worksheets"), list):  # nbformat 2 and 3
        sheets = [sheet.get("cells") for sheet in document["worksheets"] if isinstance(sheet, dict)]
        cells = [cell for sheet in sheets if isinstance(sheet, list) for cell in sheet]
    if not isinstance(cells, list):
        raise NotANotebook("not a notebook")
    return [source_of(cell) for cell in cells if isinstance(cell, dict) and is_code(cell)]


def parse(content: bytes) -> object:
    """The JSON document, in any of Unicode's encodings, with or without a byte order mark, or else in Windows' own."""
    head = content.strip(b"\0 \r\n\t\xef\xbb\xbf")[:40].lower()
    if not head:
        raise NotANotebook("not a notebook (an empty file)")
    for start, kind in OTHER_KINDS.items():
        if head.startswith(start):
            raise NotANotebook(f"not a notebook ({kind})")
    try:
        try:
            return json.loads(content)
        except UnicodeDecodeError:
            return json.loads(content.decode("cp1252", "replace"))
    except (ValueError, RecursionError):
        pass
    conflict = b"\n<<<<<<< " in content and b"\n>>>>>>> " in content
    raise NotANotebook("not a notebook (it holds the marks of a merge conflict)" if conflict else "not a notebook")


def is_code(cell: dict) -> bool:
    """A cell that does not say what it is holds code if it has outputs, or if Python can read it."""
    kind = cell.get("cell_type")
    if isinstance(kind, str):
        return kind.strip().lower() == "code"
    return "outputs" in cell or "execution_count" in cell or is_python(source_of(cell))


def is_python(source: str) -> bool:
    """Does it parse, magics and shell commands left out?"""
    try:
        return bool(ast.parse(re.sub(r"^[%!].*", "", source, flags=re.MULTILINE)).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def source_of(cell: dict) -> str:
    """The text of a cell: a string, a list of lines, or nothing."""
    source = next((cell[key] for key in ("source", "input", "code") if cell.get(key) is not None), "")
    lines = [line for line in source if isinstance(line, str)] if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        return ""
    ends = any(line.endswith(("\n", "\r")) for line in lines[:-1])
    text = ("" if ends else "\n").join(lines)
    return readable(text.replace("\r\n", "\n").replace("\r", "\n"))
