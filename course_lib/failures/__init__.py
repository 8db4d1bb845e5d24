"""The failures room (Lesson 12): where models still fail, what data make it worse, and a repair. Read it in this order:

- `data/swaps`: pairs of pictures and captions of the same words; `loss`: hard negatives, mDPO; `chair`: what is named and isn't there
- `data/`: what harms (`details` too small to see, things that come together in `cooccurrence`, one task alone in `naming`), what mends
  (`corrections`, `preferences`), and what is measured (`descriptions`)
- `train/`: `negclip` for CLIP; `tune`, `preference` and `reward` for the assistant; `saved`: the repaired models
- `evaluate/`: `figures()`, the proofs: `composition` (with its `rule`), `harm`, `repair`, `judge`; `exercises/`: what the lesson asks for;
  `full`: the same with a published model and trl

Imports run upward in this list only. The room builds on clip, lm, llava and seem, and no other room imports it.
"""
