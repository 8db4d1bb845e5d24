"""The CLIP room (Lesson 02): a pocket CLIP with open_clip's interface. Read it in this order:

- `tokenizer`: texts → token ids; `text` and `vision`: the two towers; `loss`: the contrastive loss and the temperature's limit
- `model`: PocketCLIP, which joins them; `zero_shot`: a classifier made of words; `pretrained`: untrained or as shipped
- `data/`: `images` (pixels → tensors), `batches` (scenes → pictures with captions), `augment`, `testsets`
- `train`: the recipe, the loop and the bake; `train_supervised`: the same tower with fixed labels, as a rival
- `evaluate/`: `figures()`, the proofs; `zero_shot` (with the probes beside it) is its part
- `ui`: the label box; `full`: the real CLIP and photographs; `exercises/`: what the lesson asks for, section by section

Imports run upward in this list only. llava, seem and gligen load the shipped model from `pretrained`, and take pictures through
`data.images`.
"""
