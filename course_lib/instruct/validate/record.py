"""What is wrong with a record of LLaVA's json: the mark <image>, and whose picture it is."""

from collections.abc import Mapping

from course_lib.instruct.context import ImageContext
from course_lib.instruct.llava_format import MARK, SPEAKERS, values
from course_lib.instruct.llava_format import turns as turns_of
from course_lib.instruct.validate.defect import Defect

IMAGE_TOKEN, WRONG_IMAGE, ROLES = "image_token", "wrong_image_id", "role_swap"


def check_record(record: dict, contexts: Mapping[str, ImageContext]) -> list[Defect]:
    """The defects of one record; `contexts` are those of the whole data set, by their ids."""
    return [*_mark(record), *_picture(record, contexts), *_roles(record)]


def _mark(record: dict) -> list[Defect]:
    """The mark stands once, at the beginning of the first human turn, with a line to itself."""
    said = values(record)
    if not said or not said[0].startswith(MARK + "\n"):
        return [Defect(IMAGE_TOKEN, 0, f"the first human turn doesn't begin with {MARK} and a line break")]
    after = [said[0].removeprefix(MARK), *said[1:]]
    again = next((number for number, value in enumerate(after) if MARK in value), None)
    return [] if again is None else [Defect(IMAGE_TOKEN, again // 2, f"{MARK} stands there once more")]


def _picture(record: dict, contexts: Mapping[str, ImageContext]) -> list[Defect]:
    """The id is that of a picture of the data set, and the file is that picture's."""
    name = str(record.get("id", "")).rpartition("/")[0]
    context = contexts.get(name)
    if context is None:
        return [Defect(WRONG_IMAGE, None, f'no picture of the data set is called "{name}"')]
    if record.get("image") != context.image:
        return [Defect(WRONG_IMAGE, None, f"{name} is {context.image}, but the record shows {record.get('image')}")]
    return []


def _roles(record: dict) -> list[Defect]:
    """Human and gpt take turns, human first."""
    for number, turn in enumerate(turns_of(record)):
        if turn.get("from") != SPEAKERS[number % 2]:
            return [Defect(ROLES, number // 2, f"here {SPEAKERS[number % 2]} should speak, not {turn.get('from')}")]
    return []
