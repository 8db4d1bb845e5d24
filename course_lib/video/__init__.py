"""The video room: a clip is a row of pictures, and order is where they stand (Lesson 14).

Read `model.py` first (frames → tokens, pooled; positions, scaled), then `data/clips.py` (things that move, and the log of what happens).

- `data/`: clips and their mirrors, questions that need order and questions that don't, training batches, the test set.
- `train.py`: from Lesson 07's assistant to the shipped weights. `evaluate/`: controls that take order, frames or all away.
- `exercises/`: Lesson 14. `ui.py`: a clip as a moving picture and as a strip. `full.py`: the published LLaVA-NeXT-Video.

Imports run exercises → evaluate → train → data → model. The room builds on `llava` (model, packing, stages); `full` loads as `llava_next`'s does.
"""
