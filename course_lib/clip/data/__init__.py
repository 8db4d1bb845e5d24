"""Scenes as CLIP's batches: images, captions, augmentation, test sets."""
