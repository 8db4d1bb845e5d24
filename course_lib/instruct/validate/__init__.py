"""Filters for what a teacher writes. Each knows one defect, and stands in a file of its own."""

from collections.abc import Mapping, Sequence

from course_lib.instruct.context import ImageContext
from course_lib.instruct.conversation import Sample
from course_lib.instruct.validate import (
    leakage,
    near_duplicate,
    refusal,
    repetition,
    role_swap,
    unsupported_noun,
    wrong_count,
    wrong_relation,
    yes_bias,
)
from course_lib.instruct.validate.defect import Defect
from course_lib.instruct.validate.record import check_record

__all__ = ["DEFECTS", "Defect", "check", "check_record", "check_together", "names"]
FILTERS = (
    unsupported_noun.check,
    wrong_count.check,
    wrong_relation.check,
    leakage.check,
    refusal.check,
    role_swap.check,
    repetition.check,
)
NOT_ABOUT_PICTURE = (refusal.NAME, refusal.EMPTY, role_swap.NAME, leakage.NAME)
DEFECTS = (
    "unsupported_noun",
    "wrong_count",
    "wrong_relation",
    "leakage",
    "refusal",
    "empty",
    "role_swap",
    "repetition",
)
DEFECTS += ("image_token", "wrong_image_id", "near_duplicate", "yes_bias")


def check(sample: Sample, context: ImageContext) -> list[Defect]:
    """Every defect that shows in the sample itself. Of a turn that isn't about the picture, nothing else is said."""
    found = [defect for each in FILTERS for defect in each(sample, context)]
    broken = {defect.turn for defect in found if defect.name in NOT_ABOUT_PICTURE}
    return [defect for defect in found if defect.turn not in broken or defect.name in NOT_ABOUT_PICTURE]


def names(sample: Sample, context: ImageContext) -> list[str]:
    """Only the names, as `course_lib.instruct.dataset.filtered` wants them."""
    return sorted({defect.name for defect in check(sample, context)})


def check_together(
    samples: Sequence[Sample], records: Sequence[dict], contexts: Mapping[str, ImageContext]
) -> dict[int | None, list[Defect]]:
    """Number of a sample → what shows only in its record or beside others. Under None: of the data set as a whole."""
    found: dict[int | None, list[Defect]] = {number: check_record(r, contexts) for number, r in enumerate(records)}
    for number, defect in near_duplicate.check(samples).items():
        found[number] = [*found.get(number, []), defect]
    found[None] = yes_bias.check(samples)
    return {number: defects for number, defects in found.items() if defects}
