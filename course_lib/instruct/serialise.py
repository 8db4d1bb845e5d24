"""A picture in words: the text that stands in its place when the teacher reads."""

from course_lib.instruct.context import Box, ImageContext


def serialise(context: ImageContext, boxes: bool) -> str:
    """The captions, one a line; with `boxes`, then an empty line and one line for each box (LLaVA, section 3)."""
    lines = [" ".join(caption.split()) for caption in context.captions]
    if boxes and context.boxes:
        lines += ["", *(box_line(box) for box in context.boxes)]
    return "\n".join(lines)


def box_line(box: Box) -> str:
    """`taxi: [0.469, 0.297, 0.812, 0.516]`: left, top, right and bottom edge as shares of width and height."""
    edges = ", ".join(f"{edge:.3f}" for edge in (box.x0, box.y0, box.x1, box.y1))
    return f"{box.name}: [{edges}]"
