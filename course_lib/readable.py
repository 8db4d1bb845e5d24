"""Text that every file and every tokenizer takes."""


def readable(text: str) -> str:
    """The text, with a question mark in place of each half of a surrogate pair.

    JSON may hold such a half (a reply that was cut off within an emoji does), UTF-8 may not, and tokenizers refuse it.
    """
    return text.encode("utf-8", "replace").decode()
