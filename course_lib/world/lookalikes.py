"""Names of which one could be used for the other, so that a question about either has no certain answer."""

from functools import cache

GROUPS = (
    ("car", "taxi", "police car"),
    ("truck", "fire truck"),
    ("motorcycle", "motor scooter", "kick scooter"),
    ("ship", "sailboat"),
    ("tree", "pine tree", "palm tree"),
    ("bear", "teddy bear", "panda", "koala"),
    ("monkey", "gorilla"),
    ("duck", "swan"),
    ("fish", "shark"),
    ("chicken", "chicken leg"),
    ("orange", "peach"),
    ("cake", "cupcake"),
    ("football", "soccer ball"),
    ("phone", "telephone"),
    ("watch", "alarm clock"),
    ("key", "piano keys"),
    ("glasses", "wine glass"),
    ("box", "gift"),
    ("circle", "ring"),
    ("square", "diamond"),
)


@cache
def could_be(name: str) -> frozenset[str]:
    """The name itself and those that could be said of the same thing: "taxi" → car, taxi, police car."""
    return frozenset({name}.union(*(group for group in GROUPS if name in group)))
