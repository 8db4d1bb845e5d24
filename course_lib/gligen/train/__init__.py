"""Training and loading: the base, the attention warm-up and the gates, the detector, the map for reference pictures."""
