"""The few-shot examples: three pictures in words, and for each type of reply what a good teacher writes about them.

Pictures and replies are invented for this course. LLaVA shows two examples for conversations and three for the other types.
"""

from course_lib.instruct.context import Box, ImageContext

BEACH = ImageContext(
    "example_beach",
    "example_beach.png",
    (
        "a red umbrella stands on a beach above a small crab",
        "a picture of a crab under a red umbrella",
        "a little crab and an umbrella by the sea",
        "we see a crab below a red umbrella on the sand",
        "the beach with an umbrella and one small crab",
    ),
    (Box("umbrella", 0.297, 0.125, 0.719, 0.547), Box("crab", 0.422, 0.688, 0.625, 0.859)),
)
KITCHEN = ImageContext(
    "example_kitchen",
    "example_kitchen.png",
    (
        "two lemons lie beside a knife on a wooden board",
        "A kitchen table with a board, a knife and lemons.",
        "a blue kettle stands behind a board with two lemons",
        "lemons and a knife, ready to be cut, next to a kettle",
        "a board, a knife, two yellow lemons and a blue kettle in a kitchen",
    ),
    (
        Box("kettle", 0.602, 0.110, 0.884, 0.521),
        Box("knife", 0.118, 0.640, 0.455, 0.733),
        Box("lemon", 0.476, 0.602, 0.597, 0.741),
        Box("lemon", 0.611, 0.655, 0.729, 0.790),
    ),
)
NIGHT = ImageContext(
    "example_night",
    "example_night.png",
    (
        "a big owl on the left of a moon at night",
        "the emoji for an owl, a moon and a small green tent in the dark",
        "an owl, a moon and a tent at night",
        "I spot a big owl beside a moon, with a small tent below",
        "a scene with a green tent, a moon and an owl",
    ),
    (
        Box("owl", 0.063, 0.203, 0.531, 0.672),
        Box("moon", 0.688, 0.141, 0.953, 0.406),
        Box("tent", 0.641, 0.703, 0.906, 0.938),
    ),
)

CONVERSATION = (
    (
        BEACH,
        """Question:
What stands above the crab?
===
Answer:
A red umbrella stands above the crab.
===
Question:
Is the crab big?
===
Answer:
No, the crab is small.
===
Question:
Where is this?
===
Answer:
On a beach, by the sea.
===""",
    ),
    (
        KITCHEN,
        """Question:
How many lemons are there?
===
Answer:
There are two lemons.
===
Question:
Is the kettle red?
===
Answer:
No, the kettle is blue.
===
Question:
What lies beside the lemons on the board?
===
Answer:
A knife lies beside the lemons.
===
Question:
What is the board made of?
===
Answer:
The board is made of wood.
===""",
    ),
)
DETAIL = (
    (
        BEACH,
        "A red umbrella stands on a sandy beach, in the upper half of the picture. Below it, a little to the right of the "
        "middle, sits one small crab. The sea is close by.",
    ),
    (
        KITCHEN,
        "This is a kitchen table with a wooden board on it. On the left lies a knife, and to its right are two yellow "
        "lemons, the second a little lower than the first. A blue kettle stands behind the board and reaches up to the top "
        "of the picture on the right. The lemons have not been cut yet.",
    ),
    (
        NIGHT,
        "It is night. A big owl fills the left half of the picture. A moon stands in the upper right corner, and under it, "
        "in the lower right corner, is a small green tent.",
    ),
)
COMPLEX = (
    (
        BEACH,
        """Question:
Why might an animal choose to rest at this very spot?
===
Answer:
The small crab sits on the sand right below a red umbrella. On an open beach there is little shade, and sun dries a crab out. \
Under the umbrella it stays cool and damp, with the sea close by.
===""",
    ),
    (
        KITCHEN,
        """Question:
What is likely to happen here next, and what speaks for it?
===
Answer:
Somebody will probably cut the fruit and make a hot drink with it. Two whole lemons lie on a wooden board with a knife \
beside them, so the cutting has been prepared but not begun. The kettle behind the board suggests hot water, for which \
slices of lemon are often used.
===""",
    ),
    (
        NIGHT,
        """Question:
What should a visitor here be prepared for?
===
Answer:
Noises in the dark. A tent is the only shelter in sight, so whoever stays hears everything outside. It is night, and \
a big owl sits close by: owls hunt at night and call loudly. The moon at least gives some light.
===""",
    ),
)
EXAMPLES = {"conversation": CONVERSATION, "detail": DETAIL, "complex": COMPLEX}
