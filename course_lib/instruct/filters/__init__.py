"""Filters for what a teacher writes, each for one kind of defect.

`unsupported_noun` (hallucinated objects), `wrong_count` and `wrong_relation` compare claims with captions and boxes; `form`
looks at wording and records; `across_samples` at near-duplicates and yes-bias in a whole data set. Below them: `claims` (what
a clause asserts) ← `mentions` (which things it names) ← `text` (tokens and clauses).
"""

from collections.abc import Mapping, Sequence

from course_lib.instruct.filters import across_samples
from course_lib.instruct.filters.form import (
    check_leakage,
    check_record,
    check_refusal,
    check_repetition,
    check_role_swap,
    check_separator,
)
from course_lib.instruct.filters.unsupported_noun import check_unsupported_noun
from course_lib.instruct.filters.wrong_count import check_wrong_count
from course_lib.instruct.filters.wrong_relation import check_wrong_relation
from course_lib.instruct.formats import Defect, ImageContext, Sample

__all__ = ["DEFECTS", "FILTERS", "check_dataset", "check_record", "check_sample", "defect_names"]
FILTERS = (
    check_unsupported_noun,
    check_wrong_count,
    check_wrong_relation,
    check_leakage,
    check_refusal,
    check_role_swap,
    check_repetition,
    check_separator,
)
NOT_ABOUT_PICTURE = ("refusal", "empty", "role_swap", "leakage", "separator")
DEFECTS = (
    *("unsupported_noun", "wrong_count", "wrong_relation"),
    *("leakage", "refusal", "empty", "role_swap", "repetition"),
    *("image_token", "wrong_image_id", "separator", "near_duplicate", "yes_bias"),
)


def check_sample(sample: Sample, context: ImageContext) -> list[Defect]:
    """Every defect that shows in the sample itself. Of a turn that isn't about the picture, or is no single turn, nothing else is said."""
    defects = [defect for check in FILTERS for defect in check(sample, context)]
    for names in (("separator",), NOT_ABOUT_PICTURE):
        turns = {defect.turn for defect in defects if defect.name in names}
        defects = [defect for defect in defects if defect.turn not in turns or defect.name in names]
    return defects


def defect_names(sample: Sample, context: ImageContext) -> list[str]:
    """Only the names, as `course_lib.instruct.run.dataset.filter_samples` wants them."""
    return sorted({defect.name for defect in check_sample(sample, context)})


def check_dataset(
    samples: Sequence[Sample], records: Sequence[dict], contexts: Mapping[str, ImageContext]
) -> dict[int | None, list[Defect]]:
    """Number of a sample → what shows only in its record or beside others. Under None: of the data set as a whole."""
    defects: dict[int | None, list[Defect]] = {number: check_record(r, contexts) for number, r in enumerate(records)}
    for number, defect in across_samples.check_near_duplicates(samples).items():
        defects[number] = [*defects.get(number, []), defect]
    defects[None] = across_samples.check_yes_bias(samples)
    return {number: own_defects for number, own_defects in defects.items() if own_defects}
