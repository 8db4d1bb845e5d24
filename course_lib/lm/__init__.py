"""The language model's room (Lesson 04): pretrained on plain text, then taught to follow instructions. Read it in this order:

- `tokenizer`: text → token ids; `attention`: the causal mask, and what a head reads; `model`: transformers' Llama, in a small size
- `loss`: the next-token loss, and DPO's
- `chat`: the chat template, and whose words are learned; `generate`: decoding; `pretrained`: untrained or as shipped
- `data/`: `descriptions` and `documents` (plain text), `instructions` with their `wordings`, `batches`, `self_instruct`, `preferences`
- `train`: recipes, pretraining, tuning, DPO and the bakes; `evaluate`: `figures()`, the proofs
- `full`: SmolLM2; `ui`: the pictures; `exercises/`: what the lesson asks for, section by section

Imports run upward in this list only. llava tunes the shipped model from `pretrained`, with `chat`, `loss` and conversations of
`data.batches`; instruct serves it to its teachers.
"""
