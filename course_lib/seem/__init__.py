"""Lesson 11: one decoder that segments everything, with any prompt, or with none."""
