"""Queries about scenes, drawn prompts, training batches and test sets."""
