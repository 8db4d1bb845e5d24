"""The LLaVA-NeXT room: what data, prompts and resolution buy (Lesson 08).

Read `anyres.py` first (choice of the grid, tiles, unpad, newline, token counts), then `model.py` (`MiniLlavaNext`: MiniLlava with a
small whole view and tiles before the same frozen tower).

- `data/`: scenes of many small things and their pictures, forms of an answer (`forms.py`), training batches.
- `train.py`: from Lesson 07's assistant to the shipped weights. `evaluate/`: PocketBench and the controls; `figures()` yields them.
- `exercises/`: Lesson 08.

Imports run exercises → evaluate → train → data → the files here. The room builds on `llava` (model, packing, recipes).
"""
