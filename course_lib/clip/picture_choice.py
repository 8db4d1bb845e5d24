"""The part that all picture widgets share: choose one of some pictures, or upload one."""

import base64
import html
import io
from collections.abc import Callable

import numpy as np

from course_lib.clip.pictures import PictureError, middle_square

OWN = "your own"


class PictureChoice:
    """`bar` holds a list of `pictures` (uint8 [H, W, 3]) and an upload button (ipywidgets 7.7 or 8).

    `changed()` is called when another picture is chosen; `refused(error)` when an upload is none: the choice then stays.
    """

    def __init__(
        self, pictures: dict[str, np.ndarray], changed: Callable[[], None], refused: Callable[[Exception], None]
    ) -> None:
        import ipywidgets as widgets

        self.pictures, self.changed, self.refused = dict(pictures), changed, refused
        self.names = widgets.Dropdown(options=list(self.pictures), description="Picture")
        self.upload = widgets.FileUpload(accept="image/*", multiple=False, description="Upload")
        self.upload.tooltip = "Choose a picture of your own"  # ipywidgets 8 else says "null"; 7 knows no tooltip here
        self.bar = widgets.HBox([self.names, self.upload])
        self.names.observe(lambda change: changed(), names="value")
        self.upload.observe(lambda change: self._uploaded(change["new"]), names="value")

    def picture(self) -> np.ndarray:
        """The chosen one, uint8 [H, W, 3]."""
        return self.pictures[self.names.value]

    def html(self) -> str:
        """The chosen one, as the model sees it."""
        return picture_html(self.picture(), self.names.value)

    def _uploaded(self, value) -> None:
        """Add the upload to the choices, and choose it."""
        content = uploaded_bytes(value)
        if content is None:
            return
        try:
            self.pictures[OWN] = np.asarray(middle_square(content, 256))
        except PictureError as error:
            self.refused(error)
            return
        self.names.options = list(self.pictures)
        self.names.value = OWN
        self.changed()  # also when one upload follows another


def problem_html(error: Exception) -> str:
    """One sentence, which a screen reader says at once."""
    return f'<p role="alert">✗ {html.escape(str(error))}</p>'


def picture_html(picture, name: str) -> str:
    """The square that the model sees, twice as large, with its name as alt text."""
    stream = io.BytesIO()
    middle_square(picture, 128).save(stream, "PNG")
    data = base64.b64encode(stream.getvalue()).decode()
    return f'<img alt="The chosen picture: {html.escape(name, quote=True)}" src="data:image/png;base64,{data}">'


def uploaded_bytes(value) -> bytes | None:
    """What a FileUpload holds: ipywidgets 7 gives a dict by file name, ipywidgets 8 a tuple; None when it was cleared."""
    entries = list(value.values()) if isinstance(value, dict) else list(value)
    return bytes(entries[-1]["content"]) if entries else None
