"""From a journal to training data: LLaVA's json."""

import json
from collections.abc import Sequence
from pathlib import Path

from course_lib.checkpoints import write_atomically
from course_lib.instruct.conversation import Sample


def write_llava(samples: Sequence[Sample], file: Path) -> None:
    """The samples as a list of records in LLaVA's format, one record a line."""
    records = ",\n".join(json.dumps(sample.to_llava(), ensure_ascii=False) for sample in samples)
    write_atomically(file, f"[\n{records}\n]\n".encode())
