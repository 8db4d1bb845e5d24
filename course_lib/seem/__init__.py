"""Lesson 11, SEEM: one decoder that segments what clicks, boxes, words or another picture ask for, or everything.

Read in this order; each imports only from above it:

    attention, encoder    masked attention and who attends to whom; pixels → features at three scales
    prompts               words and drawings → padded tensors; the visual sampler
    decoder               a decoder layer, the mask and class heads, the memory's attention mask
    point_refiner         pixels attend to the prompt's points
    model                 MiniSeem: all of it together
    data/                 scenes → queries, drawn prompts, training batches and test sets
    train/                losses with Hungarian matching, the click simulator, recipes and the bake
    evaluate/             `figures()`: IoU by prompt type, clicks needed (NoC), PQ, AP
    ui, full/             MiniSeem behind the prompt canvas; CLIPSeg, SAM 2.1 and GroundingDINO behind the same one
    exercises/            what the learner writes, with the mistakes that people make

It builds on the rooms `world` and `clip`, and on `canvas`; no other room imports it.
"""
