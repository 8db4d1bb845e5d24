"""A pocket language model: pretrained on plain text, then taught to follow instructions (Lesson 04)."""
