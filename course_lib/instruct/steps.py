"""The pipeline's steps in their smallest form, which the learner writes: what `serialise`, `prompts` and `reply` do in earnest."""

import re
from collections.abc import Collection, Mapping, Sequence

Pixels = tuple[float, float, float, float]  # COCO's box: left edge, top edge, width, height


def serialise(captions: Sequence[str], boxes: Sequence[tuple[str, Pixels]], width: int, height: int) -> str:
    """A picture in words: captions, one a line; then, if there are boxes, an empty line and one line for each box.

    COCO keeps boxes in pixels, as (x, y, width, height). Written are left, top, right and bottom, as shares of the
    picture's width and height with three decimals (LLaVA, section 3).
    """
    lines = list(captions)
    if boxes:
        lines.append("")
    for name, (x, y, w, h) in boxes:
        edges = (x / width, y / height, (x + w) / width, (y + h) / height)
        lines.append(f"{name}: [{', '.join(f'{edge:.3f}' for edge in edges)}]")
    return "\n".join(lines)


def build_messages(kind: str, system: str, examples: Sequence[tuple[str, str]], text: str) -> list[dict[str, str]]:
    """The conversation with the teacher: rules, examples as earlier turns, the new picture last.

    Texts are as `serialise` writes them. For the kind "conversation" what follows the empty line, the boxes, is left out.
    """

    def shown(words: str) -> str:
        return words.split("\n\n")[0] if kind == "conversation" else words

    said = [{"role": "system", "content": system}]
    for words, reply in examples:
        said.append({"role": "user", "content": shown(words)})
        said.append({"role": "assistant", "content": reply})
    return [*said, {"role": "user", "content": shown(text)}]


def parse_reply(text: str) -> list[tuple[str, str]] | None:
    """The questions and answers of a reply, or None if anything about its form is wrong.

    Parts end with a line that is `===`, the last one may do without; they begin with Question: and Answer: in turn, and say something.
    """
    parts = [part.strip() for part in re.split(r"^===$", text, flags=re.MULTILINE)]
    if not parts[-1]:
        parts.pop()
    if not parts or len(parts) % 2:
        return None
    pairs = []
    for question, answer in zip(parts[::2], parts[1::2], strict=True):
        if not (question.startswith("Question:") and answer.startswith("Answer:")):
            return None
        pairs.append((question.removeprefix("Question:").strip(), answer.removeprefix("Answer:").strip()))
    return pairs if all(question and answer for question, answer in pairs) else None


TOKEN = re.compile(r"[a-z]+|[.!?]")
DENIALS = ("no", "not", "without")


def unsupported_nouns(answer: str, known: Mapping[str, Collection[str]], supported: Collection[str]) -> list[str]:
    """The words of an answer that name things which nothing speaks for, in order and in lower case.

    `known`: a word → all that it may mean, as "boat" may be a sailboat or a ship. One supported meaning is enough. Whatever
    follows a denial ("no", "not", "without") is not claimed, up to the end of its sentence.
    """
    found, denied = [], False
    for token in TOKEN.findall(answer.lower()):
        if token in ".!?":
            denied = False
        elif token in DENIALS:
            denied = True
        elif token in known and not denied and not set(known[token]) & set(supported):
            found.append(token)
    return found
