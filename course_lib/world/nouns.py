"""English nouns: articles, plurals and counting for every name of the world."""

from functools import cache

UNIQUE = frozenset(("sun", "moon"))


PLURAL = frozenset(
    ["cherries", "grapes", "pancakes", "socks", "glasses", "jeans", "scissors", "dice"]
    + ["french fries", "piano keys"],
)
MASS = frozenset(["coffee", "beer", "bread", "cheese", "corn", "broccoli", "popcorn", "fire"] + ["ice cream"])


COUNTED = {  # how to count what has no plural of its own
    "coffee": "cups of coffee",
    "beer": "glasses of beer",
    "bread": "loaves of bread",
    "cheese": "pieces of cheese",
    "corn": "ears of corn",
    "broccoli": "heads of broccoli",
    "popcorn": "boxes of popcorn",
    "fire": "fires",
    "ice cream": "ice creams",
    "cherries": "pairs of cherries",
    "grapes": "bunches of grapes",
    "pancakes": "stacks of pancakes",
    "socks": "pairs of socks",
    "glasses": "pairs of glasses",
    "jeans": "pairs of jeans",
    "scissors": "pairs of scissors",
    "french fries": "portions of french fries",
    "piano keys": "sets of piano keys",
    "fork and knife": "forks and knives",
}


IRREGULAR = {
    "mouse": "mice",
    "snowman": "snowmen",
    "tomato": "tomatoes",
    "volcano": "volcanoes",
    "sheep": "sheep",
    "deer": "deer",
    "fish": "fish",
    "dice": "dice",
    "maple leaf": "maple leaves",
}
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@cache
def article(words: str, noun: str) -> str:
    """The article for `words` ("big orange cat"), whose noun is `noun`: "a", "an", "the" or "some"."""
    if noun in UNIQUE:
        return "the"
    if noun in PLURAL or noun in MASS:
        return "some"
    vowel = words[0] in "aeiouAEIO" and not words.startswith(("unicorn", "UFO"))
    return "an" if vowel else "a"


@cache
def plural(noun: str) -> str:
    """The noun as it follows a number above one: "cats", "pairs of scissors", "loaves of bread"."""
    if noun in COUNTED or noun in IRREGULAR:
        return COUNTED.get(noun) or IRREGULAR[noun]
    if noun.endswith(("s", "x", "ch", "sh", "z")):
        return noun + "es"
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


@cache
def is_plural(noun: str) -> bool:
    """True where the verb is "are": "the scissors are red"."""
    return noun in PLURAL or noun == "fork and knife"


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
