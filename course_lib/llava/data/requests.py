"""How people ask for a caption, and for a description: hundreds of wordings, put together from parts.

Five wordings for captions and twenty for descriptions were not enough: asked in words of its own, one in three requests for a caption
got a description, and a request for a description at times got advice, which stands in other instruction data.
"""

from itertools import product

PLEASE = ("", "please ", "could you ", "I want you to ", "your task: ")
CAPTIONS = tuple(
    f"{please}{verb} {what}{where}{'?' if please.startswith('could') else '.'}"
    for please, verb, what, where in product(
        PLEASE,
        ("write", "make", "give me", "suggest", "think of", "find"),
        ("a caption", "a short caption", "a caption in one line", "the caption"),
        ("", " for this picture", " for it", " to go with the picture", " for this scene"),
    )
) + (
    "caption:",
    "caption this picture.",
    "caption, please.",
    "a caption for this one, please.",
    "this picture needs a caption.",
    "which caption fits?",
    "what would you write below this picture as a caption?",
    "what caption would you choose for this scene?",
    "how would you caption this?",
    "what is the best caption here?",
    "what should the caption be?",
    "is there a caption that fits this picture?",
)
DESCRIPTIONS = tuple(
    f"{please}{verb} {what}{how}{'?' if please.startswith('could') else '.'}"
    for please, verb, what, how in product(
        PLEASE,
        ("describe", "tell me about", "write about", "report on", "explain", "put into words"),
        ("this picture", "the whole picture", "the scene", "everything here", "all that you see", "what is shown"),
        ("", " in detail", " at length", ", leaving nothing out", " thing by thing", " as fully as you can"),
    )
) + tuple(
    f"{question} {demand}"
    for question, demand in product(
        (
            "What do you see here?",
            "What does the picture show?",
            "What is in this picture?",
            "What can one see in the scene?",
            "What is going on here?",
        ),
        ("Tell me everything.", "Say it all.", "Be thorough.", "Leave nothing out.", "I want every detail.", "In full, please."),
    )
)  # fmt: skip
