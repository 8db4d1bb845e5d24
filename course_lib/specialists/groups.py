"""Which names belong together: the lists that somebody had to write, for questions about groups of things."""

ANIMALS = ("mammal", "bird", "creature")  # supercategories
WATER, LAND = ("sea", "beach"), ("road", "snow", "desert", "room", "forest", "meadow")  # places
DANGERS = ("shark", "crocodile", "octopus")  # to somebody who swims
HARMLESS = ("fish", "ship", "anchor", "sailboat", "turtle", "whale", "umbrella", "palm tree", "crab")
