"""The LLaVA room: a language model that sees, by a connector (Lesson 06), and that follows instructions (Lesson 07).

Read `model.py` first (`MiniLlava`, the token splice, the mask of packed rows), then its parts: `vision.py` (features of the frozen
tower), `connector.py` (linear, MLP, mixture of words), `chat_format.py` (conversations → ids and labels), `lora.py` (LoRA and its
merge), `letters.py` (the letter head). `recipes.py` holds what was trained.

- `data/`: scenes → training batches, signs to practise on, test sets.
- `train/`: the two stages (`stages.py`), an MLP in the mixture's place (`distil.py`), what learns and what is saved (`parameters.py`),
  the shipped weights (`saved.py`).
- `evaluate/`: the proofs; `figures()` yields them. `ui.py`: the chat. `full/`: published models. `exercises/`: Lessons 06 and 07.

Imports run exercises → ui, full → evaluate → train → data → the files here. The room builds on `clip` (vision tower), `lm` (language
model, chat format) and `instruct` (instruction data); no other room imports it.
"""
