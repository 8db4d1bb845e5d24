"""The experiments of Lesson 09: what each model may read, and what it may see."""

from dataclasses import dataclass, replace

from course_lib.emergence.languages import ASKED, CODES


@dataclass(frozen=True)
class Arm:
    """A model's data: texts (about no picture) in these languages, and pictures with questions in those."""

    languages: tuple[str, ...] = CODES  # that texts describe and ask in
    new_share: float = 2 / 3  # of the text-only conversations: asked in another language than English
    crossed: bool = True  # a scene described in one language may be asked about in another
    translations: float = 0.0  # share of the text-only conversations that translate a phrase, and ask nothing
    permuted: bool = False  # the new languages' words change places among each other: "chat" is said of dogs
    pictures: bool = True  # is there a stage 2?
    picture_languages: tuple[str, ...] = ("en",)
    tuned: bool = False  # do pictures train the language model as well, by adapters?
    texts_beside: float = 0.0  # share of the pictures beside which a text-only conversation is learned
    kinds: tuple[str, ...] = ASKED  # that texts ask; no picture's questions ever ask what a sign says
    counted: bool = True  # do texts in the cipher ask how many?
    repeated: bool = False  # key words come again and again, as the patches of a picture show them
    # Begins before all tuning: with the language model that has only read plain text, and the dictionary of Lesson 06 as its connector.
    base: bool = False
    letters: bool = False  # has the vision tower its letter head of Lesson 07?


ALL = Arm()
READ = replace(
    ALL, languages=("en",), new_share=0.0, kinds=("exist", "place", "read"), repeated=True, base=True, pictures=False
)
UNREAD = replace(READ, kinds=("exist", "place"))
ARMS = {
    "all": ALL,
    "none": replace(ALL, languages=("en",), new_share=0.0),
    "permuted": replace(ALL, permuted=True),
    "no_pictures": replace(ALL, pictures=False),
    "with_pictures": replace(ALL, picture_languages=CODES),
    "tuned": replace(ALL, tuned=True),
    "tuned_texts": replace(ALL, tuned=True, texts_beside=0.3),
    "share_15": replace(ALL, new_share=0.15),
    "share_5": replace(ALL, new_share=0.05),
    "share_1": replace(ALL, new_share=0.01),
    "translations": replace(ALL, crossed=False, translations=0.3),
    "alone": replace(ALL, crossed=False),
    "no_count": replace(ALL, counted=False),
    "read_text_letters": replace(READ, letters=True),
    "read_text": READ,
    "read_letters": replace(UNREAD, letters=True),
    "read_neither": UNREAD,
}
