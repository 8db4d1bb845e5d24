"""What a teacher writes: turns of a conversation, of one of LLaVA's three types."""

from dataclasses import dataclass

TYPES = ("conversation", "detail", "complex")  # LLaVA-Instruct has 58k, 23k and 77k of them


@dataclass(frozen=True)
class Turn:
    """A question and its answer."""

    question: str
    answer: str


@dataclass(frozen=True)
class Sample:
    """A finished training sample about one picture."""

    id: str  # of the context
    image: str
    type: str  # one of TYPES
    turns: tuple[Turn, ...]

    def to_llava(self) -> dict:
        """LLaVA's own json (docs/Finetune_Custom_Data.md): <image> once, at the beginning of the first human turn."""
        conversations = []
        for number, turn in enumerate(self.turns):
            mark = "" if number else "<image>\n"
            conversations.append({"from": "human", "value": mark + turn.question})
            conversations.append({"from": "gpt", "value": turn.answer})
        return {"id": f"{self.id}/{self.type}", "image": self.image, "conversations": conversations}
