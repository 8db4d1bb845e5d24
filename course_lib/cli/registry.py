"""Functions named as "module:function", imported when they are called for."""

import importlib
from collections.abc import Callable

from course_lib.common.errors import Problem


def find(table: dict[str, str], name: str, kind: str) -> Callable:
    """The function that the table names. `Problem` for a name that it does not have."""
    if name not in table:
        raise Problem(f'There is no {kind} "{name}". There are: {", ".join(table)}.')
    module, function = table[name].split(":")
    return getattr(importlib.import_module(module), function)
