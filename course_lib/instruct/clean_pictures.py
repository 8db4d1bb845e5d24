"""Pictures, in words, that the hand-written clean answers are about."""

from course_lib.instruct.context import Box, ImageContext

PICTURES = {
    picture.id: picture
    for picture in (
        ImageContext(
            "yard",
            "yard.png",
            (
                "a small red dog left of two orange cats in a meadow",
                "there is a dog and two cats",
                "a picture of two orange cats and a red dog in a meadow",
            ),
            (Box("dog", 0.1, 0.4, 0.3, 0.6), Box("cat", 0.5, 0.35, 0.65, 0.5), Box("cat", 0.75, 0.5, 0.9, 0.65)),
        ),
        ImageContext(
            "desk",
            "desk.png",
            (
                'a big blue book above a small green key and a sign that says "OPEN" in a room',
                "we see a book, a sign and a green key",
            ),
            (Box("book", 0.3, 0.1, 0.6, 0.4), Box("key", 0.38, 0.7, 0.5, 0.82), Box("sign", 0.75, 0.2, 0.95, 0.5)),
        ),
        ImageContext(
            "sea",
            "sea.png",
            ("the sun, a big whale and a small sailboat at sea", "an image of the sun above a sailboat and a whale"),
            (
                Box("whale", 0.1, 0.55, 0.5, 0.95),
                Box("sailboat", 0.6, 0.4, 0.8, 0.6),
                Box("sun", 0.7, 0.05, 0.85, 0.2),
            ),
        ),
        ImageContext(
            "fruit",
            "fruit.png",
            ("three lemons and a taxi on a plain background", "a small scene, a yellow taxi and three lemons"),
            (
                Box("lemon", 0.1, 0.1, 0.25, 0.25),
                Box("lemon", 0.35, 0.12, 0.5, 0.27),
                Box("lemon", 0.6, 0.1, 0.75, 0.25),
                Box("taxi", 0.3, 0.6, 0.7, 0.95),
            ),
        ),
        ImageContext(
            "street",
            "street.jpg",
            (
                "A man rides a bicycle past a parked car.",
                "A cyclist in a blue helmet on a city street.",
                "A bike and a car in front of a row of shops.",
            ),
            (
                Box("person", 0.35, 0.2, 0.55, 0.8),
                Box("bicycle", 0.3, 0.5, 0.6, 0.9),
                Box("car", 0.7, 0.5, 1.0, 0.8),
            ),
        ),
        ImageContext(
            "night",
            "night.png",
            ("a purple star above a green tent at night", "here is a big owl, a purple star and a green tent at night"),
            (Box("owl", 0.0, 0.2, 0.45, 0.7), Box("star", 0.7, 0.1, 0.85, 0.25), Box("tent", 0.65, 0.7, 0.9, 0.95)),
        ),
    )
}
