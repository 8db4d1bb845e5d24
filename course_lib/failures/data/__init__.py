"""Scenes on which models fail, and what they are tuned on."""
