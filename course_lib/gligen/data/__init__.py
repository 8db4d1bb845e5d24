"""Scenes of Lesson 10, batches of base, gates and detector, test sets, and the toy of points."""
