"""Lesson 14, first half: small models on good data, beside larger ones on worse data, at equal steps and tokens.

Reading order: `recipes` (three sizes of language model, four arms of data) → `data/faults` (Lesson 05's faults in answers, and its
filters) → `data/sets` (finite sets, batches of equal token budgets) → `model` (MiniLlava around a smaller language model) → `train`
(Lesson 04's recipe for it, then a short stage 2) → `quantise` (int8) → `evaluate` (the grid of 24 runs, its figures) → `exercises`.

It imports the rooms of Lessons 04 (lm), 05 (instruct) and 06/07 (llava); none imports it.
"""
