"""Filters for what a teacher writes. Each knows one defect, and stands in a file of its own."""

from collections.abc import Mapping, Sequence

from course_lib.instruct.filters import form, of_sets, unsupported_noun, wrong_count, wrong_relation
from course_lib.instruct.filters.defect import Defect
from course_lib.instruct.filters.form import check_record
from course_lib.instruct.formats import ImageContext, Sample

__all__ = ["DEFECTS", "Defect", "check", "check_record", "check_together", "names"]
FILTERS = (
    unsupported_noun.check,
    wrong_count.check,
    wrong_relation.check,
    form.check_leakage,
    form.check_refusal,
    form.check_role_swap,
    form.check_repetition,
)
NOT_ABOUT_PICTURE = (form.REFUSAL, form.EMPTY, form.ROLE_SWAP, form.LEAKAGE)
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
    """Only the names, as `course_lib.instruct.run.dataset.filtered` wants them."""
    return sorted({defect.name for defect in check(sample, context)})


def check_together(
    samples: Sequence[Sample], records: Sequence[dict], contexts: Mapping[str, ImageContext]
) -> dict[int | None, list[Defect]]:
    """Number of a sample → what shows only in its record or beside others. Under None: of the data set as a whole."""
    found: dict[int | None, list[Defect]] = {number: check_record(r, contexts) for number, r in enumerate(records)}
    for number, defect in of_sets.check_near_duplicates(samples).items():
        found[number] = [*found.get(number, []), defect]
    found[None] = of_sets.check_yes_bias(samples)
    return {number: defects for number, defects in found.items() if defects}
