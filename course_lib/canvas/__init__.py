"""The prompt canvas: point, scribble, draw boxes, type, and point at another picture, with a mouse or with keys."""

from course_lib.canvas.marks import Mark, MarkError, marks_from_json
from course_lib.canvas.prompt_canvas import PromptCanvas
from course_lib.canvas.still import Answer

__all__ = ["Answer", "Mark", "MarkError", "PromptCanvas", "marks_from_json"]
