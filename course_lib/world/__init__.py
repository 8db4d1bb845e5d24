"""The sticker world: scenes of open emoji artwork with exact captions, questions, boxes and masks (numpy and Pillow only)."""
