"""Visual instruction data, written by a text-only teacher that reads captions and boxes, never a picture (Lesson 05).

Read in this order; each imports only what stands above it:
- `formats`: the data types (context, sample, defect), the picture in words, LLaVA's JSON. `resources` loads data/instruct/.
- `prompts` makes the teacher's messages, `unwrap` takes reasoning, special tokens and fences off what it writes, `reply` parses the
  rest, `vocabulary` finds the world's nouns in text.
- `filters/`: hallucinated objects, wrong counts and relations, leakage, refusals, near-duplicates, yes-bias.
- `teachers/`: who writes, behind one protocol (`base`): `grammar/` by rule and offline, `local` a chat model, `endpoint` any
  server with OpenAI's API (`settings` of the environment → `endpoint` → `chat_completion`, or the `server_words` of an error).
- `run/`: one run of data generation: `dataset` (a job, its reply, the file) → `generate` (within a `budget`, into a `journal`, at the
  speed that `throttle` allows and `patience` bears) → `plan` → `shards`; `command` does it from the command line, `pictures` renders
  what a set is about; `instruction_set` is the set that Lessons 06 and 07 train on.
- `evaluate/`: recall and precision of the filters on planted defects, what teachers are worth, runs killed on purpose.
- `ui` leafs through samples; `exercises/` are the lesson's tasks. The command line is `course_lib.cli.instruct`.
"""
