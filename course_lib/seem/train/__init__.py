"""Losses with Hungarian matching, the click simulator, recipes and the bake."""
