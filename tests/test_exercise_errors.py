"""What torch and numpy say of an error is told in plain words, as their versions say it today."""

import numpy as np
import pytest
import torch

from course_lib.checker.diagnose.errors import in_words

x, n = torch.zeros(3, 4), np.zeros((3, 4))
ERRORS = [
    (lambda: x + torch.zeros(3, 5), "sizes 4 and 5 meet"),
    (lambda: x.expand(3, 5), "sizes 5 and 4 meet"),
    (lambda: n + np.zeros((3, 5)), "sizes (3,4) and (3,5) meet"),
    (lambda: x @ torch.zeros(5, 2), "inner sizes must be equal, and here are 4 and 5"),
    (lambda: torch.zeros(2, 3, 4) @ torch.zeros(2, 5, 4), "inner sizes must be equal"),
    (lambda: n @ np.zeros((5, 2)), "inner sizes must be equal"),
    (lambda: x.__setitem__(x == 0, torch.ones(5)), "what is put in, [5]"),
    (lambda: n.__setitem__(n == 0, np.ones(5)), "what is put in, 5"),
    (lambda: torch.zeros(3, 4).masked_scatter(x == 0, torch.ones(5)), "more places to fill"),
    (lambda: x[3], "item 3 of an axis"),
    (lambda: n[:, 4], "item 4 of an axis"),
    (lambda: x.sum(2), "axis 2 is asked for"),
    (lambda: x.reshape(5, 2), "12 numbers can't be put into the shape [5, 2]"),
    (lambda: n.reshape(5, 2), "12 numbers can't be put into the shape (5,2)"),
    (lambda: x.T.view(12), "use `reshape`"),
    (lambda: bool(x), "want one yes or no"),
    (lambda: bool(n == 0), "want one yes or no"),
    (lambda: -(x == 0), "turn them round with `~`"),
    (lambda: -(n == 0), "turn them round with `~`"),
    (lambda: torch.cat([x, torch.zeros(2, 5)]), "parts that are joined"),
    (lambda: torch.stack([x, torch.zeros(2, 5)]), "parts that are joined"),
    (lambda: np.concatenate([n, np.zeros((2, 5))]), "parts that are joined"),
    (lambda: x @ torch.zeros(4, 2, dtype=torch.float64), "two dtypes meet"),
    (lambda: x.item(), "one number is wanted"),
    (lambda: float(n), "one number is wanted"),
    (lambda: torch.zeros(2, requires_grad=True).numpy(), "can't become a numpy array"),
    (lambda: x[torch.ones(5, dtype=torch.bool)], "the mask must be yes or no"),
    (lambda: n[np.ones(5, bool)], "the mask must be yes or no"),
    (lambda: x.masked_fill(x, 0.0), "the mask must be yes or no"),
    (lambda: x[x], "an index must be"),
    (lambda: n[0.5], "an index must be"),
    (lambda: n[:0].max(), "of nothing is asked for"),
    (lambda: max([]), "of nothing is asked for"),
    (lambda: torch.einsum("ab,c->a", x, x), "the letters of `einsum`"),
    (lambda: torch.stack(3), "can't take what it got"),
]


@pytest.mark.parametrize(("fails", "said"), ERRORS, ids=[said for _, said in ERRORS])
def test_an_error_of_theirs_is_told_in_words(fails, said):
    with pytest.raises(Exception) as caught:
        fails()
    assert said in in_words(str(caught.value)), str(caught.value)


def test_what_people_raise_themselves_keeps_its_text():
    assert in_words("places and patches differ") == "" and in_words("") == ""
