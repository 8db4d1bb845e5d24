"""Planted defects to look at while the filters are improved; `defect_wordings_test` says how a wording is written."""

UNSUPPORTED_NOUN = (
    ("", "There is also {a}."),
    ("", "{A} sits next to it."),
    ("", "In the background {a} can be seen."),
    ("", "Behind it stands {a}."),
    ("", "One also sees {many}."),
    ("", "{The} looks straight at us."),
    ("Is there {a}?", "Yes."),
    ("Do you see {a}?", "Yes, there is one."),
    ("Where is {the}?", "It is near the edge."),
    ("What colour is {the}?", "It is red."),
    ("What else is there?", "There is {a}."),
    ("How many {many} are there?", "There are two."),
)
SYNONYMS = {"dog": ("doggy",), "horse": ("foal",), "cow": ("calf",), "gift": ("present",), "taxi": ("cab",)}
WRONG_COUNT = (
    ("", "There are {wrong} {things}."),
    ("", "One sees {wrong} {things}."),
    ("", "The picture shows {wrong} {things}."),
    ("How many {things} are there?", "{Wrong}."),
    ("How many {things} do you see?", "I see {wrong} {things}."),
    ("Count the {things}.", "{digit}"),
    ("What is the number of {things}?", "There are {wrong} of them."),
)
WRONG_RELATION = {
    "left": (
        ("", "{One} is to the left of {other}."),
        ("Where is {one}, seen from {other}?", "left"),
        ("Is {one} left of {other}?", "yes"),
        ("What is to the left of {other}?", "{One}."),
    ),
    "right": (
        ("", "{One} is on the right of {other}."),
        ("From {other}, where is {one}?", "It is on the right."),
        ("Is {one} right of {other}?", "Yes, it is."),
    ),
    "above": (
        ("", "{One} is above {other}."),
        ("Where is {one}, seen from {other}?", "above"),
        ("Is {one} higher than {other}?", "yes"),
    ),
    "below": (
        ("", "{One} is under {other}."),
        ("", "Below {other} there is {one}."),
        ("In which direction from {other} is {one}?", "below"),
        ("Is {one} lower than {other}?", "Yes."),
    ),
}
LEAKAGE = (
    "The caption says so.",
    "According to the description, it is big.",
    "The bounding box is small.",
    "Its coordinates are [0.1, 0.2, 0.5, 0.6].",
    "As the provided captions mention, it is there.",
    "Based on the given text, that is all.",
)
REFUSAL = (
    "I'm sorry, but I can't assist with that.",
    "I cannot see the image.",
    "As an AI language model, I can't view pictures.",
    "I am unable to answer that question.",
    "Sorry, I can't help with that.",
    "I don't have enough information to answer.",
)
EMPTY = ("", "  ", "\n", "…", "n/a", "None given.")
ROLE_SWAP = (
    ("There are a few things.", "How many things are there?"),
    ("It is red.", "What colour is it?"),
    ("The scene is small.", "Describe the scene."),
    ("It is on the left.", "Can you tell me where it is?"),
    ("What is this?", "What do you think?"),
)
SMALL_CHANGES = ((".", ""), ("is", "is indeed"), ("the", "that"), ("a ", "one "))
