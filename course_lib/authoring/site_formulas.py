"""A small Sphinx extension: formulas as MathML, which browsers draw and screen readers read, without any script."""

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

REAL_NUMBERS = r"\mathbb R"  # would become an R with a `mathvariant` that Chromium does not draw


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls when it loads the extension."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def inline(writer, node: nodes.math) -> None:
    """A formula within a sentence."""
    writer.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def block(writer, node: nodes.math_block) -> None:
    """A formula on a line of its own."""
    writer.body.append(f'<div class="math">{mathml(node.astext(), "block")}</div>')
    raise nodes.SkipNode


def mathml(latex: str, display: str) -> str:
    """The formula as MathML. `ExtensionError` if a command in it is unknown, for that would stand there as it is."""
    made = convert(latex.replace(REAL_NUMBERS, "ℝ"), display=display)
    if "\\" in made:
        raise ExtensionError(f"The formula {latex} holds a command that latex2mathml does not know.")
    return made
