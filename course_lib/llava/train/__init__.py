"""The two stages, the letters, the loss, and what is saved."""
