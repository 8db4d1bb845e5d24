"""Every word that can name a thing of the world: "bunnies" → rabbit, "boat" → sailboat or ship, "bird" → any bird."""

from functools import cache

from course_lib.instruct.validate.words import word_set
from course_lib.world.lookalikes import could_be
from course_lib.world.nouns import IRREGULAR
from course_lib.world.shapes import SHAPES
from course_lib.world.stickers import classes

SYNONYMS = {  # chosen by hand from Unicode's keywords, many of which ("hot", "love") name no thing, and from usage
    "dog": "puppy hound doggy",
    "cat": "kitten kitty",
    "horse": "pony foal stallion mare",
    "cow": "calf bull",
    "pig": "piglet hog sow",
    "mouse": "rat",
    "rabbit": "bunny hare",
    "lion": "lioness",
    "bear": "grizzly",
    "rhinoceros": "rhino",
    "deer": "stag fawn",
    "sheep": "lamb ewe",
    "camel": "dromedary",
    "monkey": "ape chimpanzee",
    "gorilla": "ape",
    "chicken": "hen rooster cock",
    "duck": "duckling",
    "swan": "cygnet",
    "frog": "toad",
    "crocodile": "alligator",
    "turtle": "tortoise terrapin",
    "snake": "serpent",
    "dinosaur": "t-rex tyrannosaurus",
    "snail": "slug",
    "bee": "bumblebee honeybee wasp",
    "ladybug": "ladybird beetle",
    "mushroom": "toadstool",
    "orange": "tangerine nectarine",
    "eggplant": "aubergine",
    "corn": "maize",
    "chili pepper": "chili",
    "bread": "loaf",
    "pancakes": "pancake",
    "chicken leg": "drumstick",
    "hamburger": "burger",
    "french fries": "fries",
    "hot dog": "hotdog sausage",
    "fried egg": "egg",
    "doughnut": "donut",
    "wine glass": "wineglass",
    "train": "locomotive",
    "taxi": "cab",
    "car": "automobile",
    "motorcycle": "motorbike",
    "bicycle": "bike",
    "sailboat": "boat yacht",
    "ship": "boat",
    "airplane": "plane aeroplane jet aircraft",
    "helicopter": "chopper",
    "UFO": "spaceship",
    "house": "cottage",
    "church": "chapel",
    "gift": "present",
    "dice": "die",
    "teddy bear": "teddy",
    "puzzle piece": "puzzle",
    "t-shirt": "shirt tee-shirt",
    "jeans": "trousers",
    "socks": "sock stocking",
    "shoe": "sneaker",
    "high heel": "stiletto",
    "top hat": "hat",
    "backpack": "rucksack satchel",
    "glasses": "spectacles eyeglasses",
    "piano keys": "piano keyboard",
    "violin": "fiddle",
    "phone": "smartphone cellphone",
    "television": "tv",
    "laptop": "computer notebook",
    "light bulb": "bulb lightbulb",
    "padlock": "lock",
    "axe": "ax hatchet",
    "wrench": "spanner",
    "bucket": "pail",
    "toilet": "loo",
    "bathtub": "tub bath",
    "shopping cart": "trolley",
    "alarm clock": "clock",
    "watch": "wristwatch clock",
    "box": "parcel package carton",
    "diamond": "gem jewel gemstone",
    "fire": "flame campfire",
    "water drop": "droplet raindrop",
    "football": "ball",
    "soccer ball": "ball",
    "basketball": "ball",
    "cherries": "cherry",
    "grapes": "grape",
    "cherry blossom": "blossom",
    "maple leaf": "leaf",
    "sign": "signpost",
}
PLURAL_ONLY = word_set("cherries grapes pancakes socks glasses jeans scissors fries") | {
    "french fries",
    "piano keys",
}
GROUPS = {"bird": "bird", "fruit": "fruit", "vehicle": "vehicle"}  # word → supercategory of all that it may mean
FLOWERS = ("rose", "sunflower", "tulip", "cherry blossom")
INSECTS = ("butterfly", "bee", "ladybug", "spider")
NOT_THINGS = (  # fixed expressions in which a noun names nothing that could be seen
    *("piece of cake", "pieces of cake", "raining cats and dogs", "rain cats and dogs", "same boat", "ring a bell"),
    *("rings a bell", "star of the show", "cherry on top", "cherry on the cake", "fish out of water", "bear in mind"),
    *("bears in mind", "elephant in the room", "over the moon", "blue moon", "apple of", "black sheep", "icing on the cake"),
    *("cat out of the bag", "hold your horses", "heart of", "heart and soul", "by heart", "at heart", "key to", "sign of"),
    *("signs of", "place in the sun", "under the sun", "bed of", "book by its cover", "top of", "light of", "train of thought"),
    *("bounding box", "bounding boxes", "bus stop", "bus station", "train station", "fire station", "dog house", "bird house", "car park", "fish tank"),
    *("fire brigade", "police station", "hot air", "bee line", "catch fire", "on fire", "circle of", "ring of", "star sign"),
)  # fmt: skip


def plurals(word: str) -> set[str]:
    """The word with an ending for "many", spelt as usual, and forms of its own ("mice", "leaves")."""
    if word in IRREGULAR:
        return {IRREGULAR[word]}
    if word.endswith(("s", "x", "ch", "sh", "z")):
        return {word + "es"}
    if word.endswith("y") and word[-2] not in "aeiou":
        return {word[:-1] + "ies"}
    return {word[:-1] + "ves", word + "s"} if word.endswith(("leaf", "loaf", "calf")) else {word + "s"}


@cache
def singulars() -> dict[str, frozenset[str]]:
    """Word → the names of the world that it may stand for."""
    found: dict[str, set[str]] = {}
    for name in [c.name for c in classes()] + list(SHAPES) + ["sign"]:
        for word in (name, *SYNONYMS.get(name, "").split()):
            found.setdefault(word.lower(), set()).update(could_be(name))
    for c in classes():
        if c.supercategory in GROUPS.values():
            found.setdefault(c.supercategory, set()).add(c.name)
    found["flower"], found["insect"] = set(FLOWERS), set(INSECTS)
    found["animal"] = {c.name for c in classes() if c.supercategory in ("mammal", "bird", "creature")} | {"teddy bear"}
    return {word: frozenset(names) for word, names in found.items()}


@cache
def words() -> dict[tuple[str, ...], tuple[frozenset[str], bool]]:
    """Tokens → (names, is it a plural). Fixed expressions are in it with no names."""
    found: dict[tuple[str, ...], tuple[frozenset[str], bool]] = {}
    for word, names in singulars().items():
        for many in plurals(word):
            found[tuple(many.split())] = (names, True)
    for word, names in singulars().items():
        found[tuple(word.split())] = (names, word in PLURAL_ONLY)
    return found | {tuple(text.split()): (frozenset(), False) for text in NOT_THINGS}
