"""Pictures with alt text: Jupyter gives one to HTML images only, so every figure of the course is shown as one."""

import base64
import html
import io
import sys


def in_notebook() -> bool:
    """Does this code run in a Jupyter kernel?"""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


def show_figure(figure, alt: str) -> None:
    """Show a matplotlib figure with its description, and close it."""
    _show(html_picture(figure, alt))


def show_png(png: bytes, alt: str) -> None:
    """Show a PNG with its description."""
    _show(_bundle(png, alt))


def html_picture(figure, alt: str) -> dict[str, str]:
    """A matplotlib figure, closed by this, as what Jupyter displays: an HTML image, and its description as text."""
    from matplotlib import pyplot

    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=100, metadata={"Software": None})
    pyplot.close(figure)
    return _bundle(stream.getvalue(), alt)


def _bundle(png: bytes, alt: str) -> dict[str, str]:
    data = base64.b64encode(png).decode()
    tag = f'<img alt="{html.escape(alt, quote=True)}" src="data:image/png;base64,{data}">'
    return {"text/html": tag, "text/plain": alt}


def _show(bundle: dict[str, str]) -> None:
    """Display in a notebook; elsewhere, print the description."""
    if not in_notebook():
        print(f"[picture: {bundle['text/plain']}]")
        return
    from IPython.display import display

    display(bundle, raw=True)
