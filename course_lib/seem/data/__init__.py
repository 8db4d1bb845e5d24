"""Queries, strokes, batches and test sets."""
