"""The ImageBind room (Lesson 03): sound and depth join CLIP's space through pictures alone. Read it in this order:

- `data/`: `voices` (what every noun sounds like), `mel` (sound → spectrogram), `depth` (scene → disparity), `pairs` (what training gets),
  `augment`, `recordings` (a learner's own sounds), `speech` (text in disguise)
- `model`: two small towers beside CLIP's frozen ones; `loss`: InfoNCE against pictures; `compare`: what one does with embeddings
- `train`: the recipe, the loop and the bake, controls included
- `evaluate/`: `figures()`, the proofs: `alignment` of modalities that never met, `swaps` into SEEM and GLIGEN, `ladder`, `ablations`, `speech`
- `ui`: the sound box; `full`: ImageBind itself; `exercises/`: what the lesson asks for, section by section

Imports run upward in this list only. The room stands behind seem and gligen, since it puts sounds where these take words.
"""
