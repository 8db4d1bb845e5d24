"""Voices, spectrograms and disparities of scenes, and the pairs that training gets."""
