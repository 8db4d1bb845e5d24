"""All tests run in a folder of their own, with tiny budgets and quiet libraries."""

import os
import tempfile

os.environ.setdefault("COURSE_HOME", tempfile.mkdtemp(prefix="course-tests-"))
os.environ["COURSE_QUICK"] = "1"
os.environ["CI"] = "1"
os.environ.pop("COURSE_TIER", None)
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
