"""The room of Lesson 13: agents that see, segment, draw and check themselves. Read it in this order:

- `turns`: thoughts, actions, value: what the planner writes, and the parser of it
- `manual`: the tools of Lesson 01 as the planner knows them: schemas, the check of arguments, results in words
- `loop`: a workspace with its pictures, one step, and episodes in step
- `data/`: `plans` and `imagined` tools make demonstrations for `requests` in many wordings
- `train`: tuning the pocket language model on them; `planners`: it, and real ones; `router`: the baseline without a planner
- `reflect`: retries with a budget, memory of failures, painter and critic
- `evaluate/`: `figures()`, the proofs: `answering` and `drawing`; `exercises/`: what the lesson asks for

The room stands behind all others: it uses the tools of `specialists`, and the language model of `lm`.
"""
