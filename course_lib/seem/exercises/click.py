"""The exercise on the next click: where a person would click, who sees what is wrong."""

import numpy as np
from scipy.ndimage import distance_transform_edt, label

from course_lib.checker.task import Mistake, Task
from course_lib.seem.train.click_simulator import next_click

BIG, SMALL, FLUSH, PIXEL = (2, 11, 9, 5), (16, 1, 5, 0), (0, 0, 9, 4), (0, 0, 1, 0)  # y, x, side, length of a handle
LONG, WIDE, LEFT, INNER = (2, 11, 5, 8), (2, 13, 5, 9), (2, 2, 7, 3), (6, 9, 3, 0)
CASES = (  # squares that are missed, too much, right; those with y = 0 lie at the picture's edge
    ([BIG], [SMALL], [(14, 20, 3, 0)]),
    ([SMALL], [BIG], [(14, 20, 3, 0)]),
    ([(2, 3, 7, 0)], [(2, 15, 7, 0)], []),  # of equal size
    ([LONG], [(12, 3, 7, 0)], []),  # of equal size, the one deeper
    ([], [], [(5, 5, 7, 2)]),  # nothing is wrong
    ([], [], []),
    ([BIG], [], [(13, 4, 7, 0)]),
    ([], [BIG], [(13, 4, 7, 0)]),
    ([(2, 2, 7, 0), WIDE], [(12, 3, 9, 0)], []),  # two of a kind, together larger than the other
    ([(12, 3, 9, 0)], [(2, 2, 7, 0), WIDE], []),
    ([FLUSH], [(14, 6, 5, 0)], [(9, 14, 11, 0)]),
    ([(14, 6, 5, 0)], [FLUSH], [(9, 14, 11, 0)]),
    ([], [PIXEL], []),
    ([PIXEL], [], [(5, 5, 9, 0)]),
    ([LEFT], [(14, 2, 5, 0)], [(2, 9, 11, 0)]),  # touches what is right
    ([(14, 2, 5, 0)], [LEFT], [(2, 9, 11, 0)]),
    ([(5, 8, 11, 0)], [INNER], []),  # the one inside of the other
)


def click_inputs(rng) -> tuple[np.ndarray, np.ndarray]:
    """A mask and the truth. In each error one pixel is deeper than all others; every other draw is turned round."""
    shape, (down, across) = (int(rng.integers(24, 28)), int(rng.integers(30, 34))), rng.integers(0, 3, 2)
    mask, truth = np.zeros(shape, bool), np.zeros(shape, bool)
    in_mask_in_truth = (False, True), (True, False), (True, True)  # missed, too much, right
    for values, squares in zip(in_mask_in_truth, rng.in_turn(CASES), strict=True):
        for y, x, side, handle in squares:
            top, left = (y + down, x + across) if y else (0, 0)
            for area, value in zip((mask, truth), values, strict=True):
                area[top : top + side, left : left + side] = value
                area[top : top + 3, left + side : left + side + handle] = value  # moves the mean away from the middle
    turned = (slice(None, None, -1),) * 2 if rng.draw % 2 else ()
    return mask[turned].copy(), truth[turned].copy()


def _deepest(area: np.ndarray, include: bool, pad: int = 1) -> tuple[int, int, bool]:
    depth = distance_transform_edt(np.pad(area, pad))[pad : pad + len(area), pad : pad + area.shape[1]]
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    return int(x), int(y), include


def _errors(mask, truth) -> tuple[np.ndarray, np.ndarray, bool]:
    missed, extra = truth & ~mask, mask & ~truth
    return missed, extra, bool(missed.sum() >= extra.sum())


def _click_by(place):
    """A wrong click, `place(missed, extra, include)`; None where nothing is wrong, which is right."""

    def click(mask, truth):
        return None if (mask == truth).all() else place(*_errors(mask, truth))

    return click


def click_y_first(mask, truth):
    click = next_click(mask, truth)
    return click and (click[1], click[0], click[2])


def click_swapped(mask, truth):
    click = next_click(mask, truth)
    return click and (*click[:2], not click[2])


def click_exchanged(mask, truth):
    return next_click(truth, mask)


def click_without_none(mask, truth):
    missed, extra, include = _errors(mask, truth)
    return _deepest(missed if include else extra, include)


@_click_by
def click_always_include(missed, extra, include):
    return _deepest(missed, True)


@_click_by
def click_mean(missed, extra, include):
    ys, xs = np.nonzero(missed if include else extra)
    return round(xs.mean()), round(ys.mean()), include


@_click_by
def click_smaller_error(missed, extra, include):
    return _deepest(extra if include else missed, not include)


@_click_by
def click_first_pixel(missed, extra, include):
    y, x = np.argwhere(missed if include else extra)[0]
    return int(x), int(y), include


@_click_by
def click_equal_excludes(missed, extra, include):
    include = bool(missed.sum() > extra.sum())
    return _deepest(missed if include else extra, include)


@_click_by
def click_without_edge(missed, extra, include):
    return _deepest(missed if include else extra, include, pad=0)


@_click_by
def click_with_frame(missed, extra, include):
    x, y, _ = _deepest(missed if include else extra, include)
    return x + 1, y + 1, include


@_click_by
def click_frame_taken_off_twice(missed, extra, include):
    depth = distance_transform_edt(missed if include else extra)[1:-1, 1:-1]
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    return int(x), int(y), include


@_click_by
def click_far_from_the_error(missed, extra, include):
    return _deepest(~(missed if include else extra), include)


@_click_by
def click_deeper_error(missed, extra, include):
    depths = [distance_transform_edt(np.pad(area, 1)).max() for area in (missed, extra)]
    return _deepest(missed, True) if depths[0] >= depths[1] else _deepest(extra, False)


@_click_by
def click_in_all_errors(missed, extra, include):
    x, y, _ = _deepest(missed | extra, include)
    return x, y, bool(missed[y, x])


@_click_by
def click_largest_piece(missed, extra, include):
    labels, _ = label(missed if include else extra)
    return _deepest(labels == np.bincount(labels[labels > 0]).argmax(), include)


@_click_by
def click_only_if_both(missed, extra, include):
    return _deepest(missed if include else extra, include) if missed.any() and extra.any() else None


def click_in_whole_things(mask, truth):
    include = _errors(mask, truth)[2]
    return None if (mask == truth).all() else _deepest(truth if include else mask, include)


def click_by_xor(mask, truth):
    if (mask == truth).all():
        return None
    missed, extra = (mask != truth) & truth, (mask != truth) & mask
    include = np.count_nonzero(missed) >= np.count_nonzero(extra)
    return _deepest(missed if include else extra, bool(include))


def click_by_border(mask, truth):
    """By the distance to the nearest pixel outside."""
    missed, extra = np.logical_and(truth, ~mask), np.logical_and(mask, ~truth)
    if not (missed | extra).any():
        return None
    area = missed if missed.sum() >= extra.sum() else extra
    framed = np.zeros((area.shape[0] + 2, area.shape[1] + 2), bool)
    framed[1:-1, 1:-1] = area
    depth = distance_transform_edt(framed)
    y, x = divmod(int(depth.argmax()), depth.shape[1])
    return x - 1, y - 1, area is missed


def click_by_distances(mask, truth):
    """Without a distance transform, in whole numbers, from the last pixel to the first."""
    error = truth.astype(int) - mask.astype(int)
    if not error.any():
        return None
    sign = 1 if (error > 0).sum() >= (error < 0).sum() else -1
    framed = np.pad(error == sign, 1)
    inside, outside = np.argwhere(framed), np.argwhere(~framed)
    squared = ((inside[:, None] - outside) ** 2).sum(-1).min(1)
    y, x = max(zip(squared, inside.tolist(), strict=True))[1]
    return [x - 1, y - 1, np.bool_(truth[y - 1, x - 1])]


TASKS = [
    Task(
        id="seem.next_click",
        title="The next click",
        difficulty=3,
        importance=4,
        minutes=15,
        reference=next_click,
        used_at=("seem.train.click_simulator:next_click",),
        make_inputs=click_inputs,
        draws=len(CASES),
        mistakes=(
            Mistake(
                "y before x",
                click_y_first,
                "The place comes as (y, x), as numpy counts. A click is (x, y): column first.",
            ),
            Mistake(
                "only what was missed",
                click_always_include,
                "You only click on what was missed. If the mask has *too much*, the larger error is `mask & ~truth`, and the click excludes.",
            ),
            Mistake(
                "sign swapped",
                click_swapped,
                "The sign is the wrong way round: on what was missed one clicks to include, on what is too much to exclude.",
            ),
            Mistake(
                "the mean",
                click_mean,
                "This is the mean of the error's pixels, which may lie beside it (think of a ring). Take the pixel furthest from the edge: `distance_transform_edt`.",
            ),
            Mistake(
                "the smaller error",
                click_smaller_error,
                "This clicks on the smaller of the two errors. The larger one first.",
            ),
            Mistake(
                "any pixel of it",
                click_first_pixel,
                "This is the first pixel of the error, at its rim. A person clicks into its middle: `distance_transform_edt(...).argmax()`.",
            ),
            Mistake(
                "missed and too much exchanged",
                click_exchanged,
                "What was missed and what is too much are exchanged. Missed is what should be there and is not: `truth & ~mask`; too much is `mask & ~truth`.",
            ),
            Mistake(
                "a click though all is right",
                click_without_none,
                "Where mask and truth agree there is nothing to click on: return `None`.",
            ),
            Mistake(
                "equal errors exclude",
                click_equal_excludes,
                "Where both errors are of equal size, this clicks to exclude. Then it shall include: `>=`, and not `>`.",
            ),
            Mistake(
                "the picture's edge is no edge",
                click_without_edge,
                "An error that touches the picture's edge is clicked on too near to it. That edge counts as one: `np.pad(area, 1)` before the distance transform, `[1:-1, 1:-1]` after.",
            ),
            Mistake(
                "the frame is left on",
                click_with_frame,
                "The place is one too far right and one too far down: `np.pad` put a row and a column in front. Take them off again, `[1:-1, 1:-1]`, before the argmax.",
            ),
            Mistake(
                "a frame taken off that was never put on",
                click_frame_taken_off_twice,
                "The place is one too far left and up: `[1:-1, 1:-1]` takes a frame off, but none was put on. `np.pad(area, 1)` before the distance transform.",
            ),
            Mistake(
                "far from the error",
                click_far_from_the_error,
                "This is the deepest place *outside* the error. `distance_transform_edt` measures where its input is True: give it the error itself.",
            ),
            Mistake(
                "the deeper error",
                click_deeper_error,
                "You take the error that is *deeper*. The larger one, by its number of pixels, comes first: `missed.sum() >= extra.sum()`.",
            ),
            Mistake(
                "both errors as one",
                click_in_all_errors,
                "Both errors are taken for one area. First choose the larger of the two, then look for the middle of that one.",
            ),
            Mistake(
                "the largest piece",
                click_largest_piece,
                "You take the largest connected piece of the error. Asked for is the pixel furthest from the edge in *all* of the error, whichever piece it is in.",
            ),
            Mistake(
                "None unless both are there",
                click_only_if_both,
                "Where there is one error alone, this returns `None`. Only where there is neither: `if not (missed.any() or extra.any())`.",
            ),
            Mistake(
                "what was right counts, too",
                click_in_whole_things,
                "The middle is that of the whole thing (or the whole mask). Only the *error* counts: leave out what is right already, `truth & ~mask` or `mask & ~truth`.",
            ),
        ),
        alternatives=(click_by_xor, click_by_border, click_by_distances),
        hints=(
            "Two errors: what was missed, and what is too much. Which is larger? And which of its pixels is furthest from its edge?",
            "`missed = truth & ~mask`, `extra = mask & ~truth`, [H, W]. `distance_transform_edt(np.pad(area, 1))[1:-1, 1:-1]` is the distance to the edge, the picture's edge included; its argmax is the place. Equal sizes: include. No error: None.",
            "```python\nmissed, extra = ...\nif not (missed.any() or extra.any()):\n    return None\ninclude = bool(...)\ndepth = distance_transform_edt(np.pad(..., 1))[1:-1, 1:-1]\ny, x = np.unravel_index(depth.argmax(), depth.shape)\nreturn int(x), int(y), include\n```",
        ),
    ),
]
