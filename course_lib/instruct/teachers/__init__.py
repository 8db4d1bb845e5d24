"""Who writes: a grammar, a local model, an endpoint."""
