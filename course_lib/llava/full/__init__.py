"""LLaVA of full size, around published models.

Read `published.py` first (somebody else's LLaVA, loaded and asked: Lesson 06), then `recipe.py` and `model.py` (our `MiniLlava`
around a CLIP or SigLIP and a chat model), `data.py` (LLaVA's JSON → batches), `distributed.py` (several processes), `scale.py` (the
training). The command line is `course_lib/cli/llava.py`; only Lessons 06 and 07 and the tests import from here.
"""
