"""Training the generator, its gates and the detector that judges it."""
