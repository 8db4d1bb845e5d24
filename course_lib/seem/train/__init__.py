"""The recipe, the losses and the click simulator."""
