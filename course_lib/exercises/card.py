"""A message to the learner: a card in a notebook, plain text elsewhere. Marks, not colours, carry the meaning."""

import html
import re
import sys
from dataclasses import dataclass

EDGES = {"✓": "#0072B2", "✗": "#D55E00", "○": "#888888"}  # Okabe and Ito's palette: safe for colour-blind readers


@dataclass(frozen=True)
class Card:
    """A headline with a mark, and lines under it. `code` in backticks, *emphasis* in asterisks."""

    mark: str  # ✓ right, ✗ wrong, ○ not started, or a note
    headline: str
    lines: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "\n".join([f"{self.mark} {self.headline}", *(f"  {line}" for line in self.lines)])

    def _repr_html_(self) -> str:
        style = f"border-left:4px solid {EDGES[self.mark]};padding:.3em .9em;margin:.3em 0;max-width:60em"
        lines = "".join(f"<br>{to_html(line)}" for line in self.lines)
        return f'<div style="{style}"><b>{self.mark} {to_html(self.headline)}</b>{lines}</div>'


@dataclass(frozen=True)
class Page:
    """Markdown: rendered in a notebook, as it stands elsewhere."""

    markdown: str

    def __repr__(self) -> str:
        return self.markdown

    def _repr_markdown_(self) -> str:
        return self.markdown


def show(message: object) -> None:
    """Display it in a notebook, print it elsewhere."""
    ipython = sys.modules.get("IPython")
    if ipython and ipython.get_ipython():
        from IPython.display import display

        display(message)
    else:
        print(message)


def to_html(text: str) -> str:
    """Escape, turn backticks into code and asterisks around words into emphasis, keep line breaks."""
    pieces = re.split(r"`([^`]+)`", html.escape(text, quote=False))  # every other one is code, where * means "times"
    pieces[::2] = [re.sub(r"\*(\w[\w ]*)\*", r"<em>\1</em>", piece) for piece in pieces[::2]]
    pieces[1::2] = [f"<code>{piece}</code>" for piece in pieces[1::2]]
    return "".join(pieces).replace("\n", "<br>")
