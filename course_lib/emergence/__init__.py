"""Emergence: languages and tasks that were never trained together (Lesson 09).

A language model learns English, French and an invented language from text alone; its pictures are asked about in English only. Then it
is asked about a picture in French (Liu et al., 2024, "Improved Baselines with Visual Instruction Tuning", section 4.3).

Read `grammar.py` first (what a language can do), then `french.py` and `cipher.py` (two dictionaries with their grammars), `languages.py`
(`get_language`, and `permuted`, the causal control), `texts.py` and `arms.py` (who reads what), `mixing.py`
(what may stand beside a picture), `tokenizer.py`, `train.py`, and `evaluate/`.
"""
