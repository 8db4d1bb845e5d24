"""Documents, instructions and their batches."""
