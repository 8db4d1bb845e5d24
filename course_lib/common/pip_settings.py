"""What the learner's pip configuration may say here: from where packages come, not where they go, nor whether.

`target`, `prefix`, `user`, `root`, `dry-run`, `no-deps`, `require-hashes` and their like serve other projects; here each would
leave an environment that looks complete and is empty. So pip gets a list of what may pass, and reads no file itself.
"""

import ast
import os
import re
import subprocess
from collections import defaultdict

from course_lib.common.errors import Problem
from course_lib.common.pip_errors import struck_out

FROM_WHERE = frozenset(
    ("index-url", "pypi-url", "extra-index-url", "find-links", "no-index", "keyring-provider")  # the index
    + ("proxy", "trusted-host", "cert", "client-cert", "use-feature", "use-deprecated")  # the way to it
    + ("timeout", "default-timeout", "retries", "resume-retries", "cache-dir", "no-cache-dir")
)
SECTIONS = ("global", "install", ":env:")  # of pip's configuration: a later one counts more
WHOLE = {  # against settings that keep `pip config list` from telling all
    **{f"PIP_{name}": "0" for name in ("QUIET", "USER", "GLOBAL", "SITE")},
    "PIP_LOG": os.devnull,
}


def pip(python: str) -> list[str]:
    """The beginning of a command: pip beside an interpreter, blind to PYTHONPATH, PYTHONHOME and the user's own packages."""
    return [python, "-I", "-X", "utf8", "-m", "pip"]


def variables(python: str) -> dict[str, str]:
    """The environment variables for pip: all but Python's and pip's own, and of pip's settings what says from where.

    The settings are those of its files and of PIP_… variables, as pip itself reads them. `Problem` where it can't.
    """
    found, listing = {}, _config(python, "list")
    for section in SECTIONS:
        for name, values in _of_section(section, listing).items():
            if name in FROM_WHERE:  # two files may differ, and which one counts is pip's to say
                value = values[0] if len(values) == 1 else _config(python, "get", f"{section}.{name}").strip()
                found[f"PIP_{name.upper().replace('-', '_')}"] = value
    return _without("PIP_", "PYTHON") | found | {"PIP_CONFIG_FILE": os.devnull}


def _without(*beginnings: str) -> dict[str, str]:
    """This process's environment variables, but for those that begin so."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(beginnings)}


def _of_section(section: str, listing: str) -> dict[str, list[str]]:
    """Of "install.proxy='http://…'" and its like, the settings of one section: name → the values of all files."""
    values = defaultdict(list)
    for name, value in re.findall(rf"^{section}\.([\w-]+)=(.+)$", listing, re.MULTILINE):
        if (value := ast.literal_eval(value)) not in values[name]:
            values[name].append(value)
    return values


def _config(python: str, *words: str) -> str:
    """What `pip config` prints. `Problem` with its last words where it fails."""
    answer = subprocess.run(
        [*pip(python), "config", *words], capture_output=True, text=True, encoding="utf-8", errors="replace",
        stdin=subprocess.DEVNULL, check=False, env=_without("PYTHON") | WHOLE | {"PIP_PYTHON": python},
    )  # fmt: skip
    if answer.returncode:
        last = " ".join((answer.stderr or answer.stdout).split("ERROR: ")[-1].split())[-300:]
        raise Problem(
            f"pip's own configuration can't be read: {struck_out(last)} Mend it in pip.conf (Windows: pip.ini) or PIP_…."
        )
    return answer.stdout
