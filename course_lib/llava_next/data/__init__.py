"""Scenes of many small things, forms of an answer, and batches of both."""
