"""POPE's questions and a model's answers as files that POPE's own evaluate.py reads, with the pictures that they are about.

Of each kind of negatives two files of JSON lines, in the same order: `pope_random.json` has question_id, image, text and label
(POPE's `label_file`), `pope_random_answers.json` has question_id, question and answer (its `ans_file`). The questions alone
are enough to try another model.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from course_lib.common.files import write_atomically
from course_lib.llava.data.testsets import draw
from course_lib.llava.evaluate.pope import NEGATIVES, parse_as_pope, pope_questions, scores
from course_lib.llava.evaluate.vqa import answers
from course_lib.world.coco import file_name


def write_pope(model, folder: Path, num_scenes: int = 100) -> dict[str, dict[str, float]]:
    """Write pictures, questions and answers → negatives → what evaluate.py computes of the files. OSError where it can't."""
    measured = {}
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for negatives in NEGATIVES:
        asked = pope_questions(negatives, num_scenes)
        images = draw([one.scene for one in asked])
        replies = answers(model, images, [one.text for one in asked])
        for question, image in zip(asked, images, strict=True):
            Image.fromarray(image).save(folder / "images" / file_name(question.scene))
        _write_lines(
            folder / f"pope_{negatives}.json",
            (
                {"question_id": number, "image": file_name(one.scene), "text": one.text, "label": one.answer}
                for number, one in enumerate(asked, start=1)
            ),
        )
        _write_lines(
            folder / f"pope_{negatives}_answers.json",
            (
                {"question_id": number, "question": one.text, "answer": reply}
                for number, (one, reply) in enumerate(zip(asked, replies, strict=True), start=1)
            ),
        )
        measured[negatives] = scores([one.answer for one in asked], [parse_as_pope(reply) for reply in replies])
    return measured


def _write_lines(file: Path, records: Iterable[dict]) -> None:
    """JSON lines in ASCII: evaluate.py opens them in whatever encoding the computer has."""
    write_atomically(file, "".join(f"{json.dumps(record)}\n" for record in records).encode())
