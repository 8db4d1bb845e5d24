"""Pictures with questions, as batches and test sets."""
