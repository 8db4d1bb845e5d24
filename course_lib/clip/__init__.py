"""The CLIP room: a pocket CLIP with open_clip's interface, its tokenizer, its loss, its zero-shot classifier and its proofs."""
