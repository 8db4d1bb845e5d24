"""`@exercise` judges what learners really write, and says so in words they can use."""

import dataclasses
import re
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from course_lib import exercise as public
from course_lib.checker import checking
from course_lib.checker.checking import check
from course_lib.checker.guard.limit import time_limit
from course_lib.checker.task import Mistake, Task


def normalise(x, scale):
    """x [B, D], scale scalar → [B, D] rows of length `scale`."""
    return scale * x / x.norm(dim=-1, keepdim=True)


def inputs(rng):
    rows, columns = rng.integers(2, 6), rng.integers(6, 9)
    return torch.from_numpy(rng.standard_normal((rows, columns)).astype("float32")), torch.tensor(2.0)


TASK = Task(
    id="toy.normalise",
    title="Unit length",
    difficulty=2,
    importance=3,
    minutes=5,
    reference=normalise,
    make_inputs=inputs,
    mistakes=(
        Mistake("wrong axis", lambda x, scale: scale * x / x.norm(dim=0, keepdim=True), "You normalise the columns."),
        Mistake("no scale", lambda x, scale: x / x.norm(dim=-1, keepdim=True), "`scale` is not used."),
        Mistake("no keepdim", lambda x, scale: scale * x / x.norm(dim=-1), "The norm lost an axis: `keepdim=True`."),
    ),
    alternatives=(lambda x, scale: torch.nn.functional.normalize(x, dim=-1) * scale,),
    hints=("Think of rows.", "$x / |x|$", "```python\nreturn ...\n```"),
    check_gradient=True,
)


def judge(written, task=TASK, **changes):
    return check(dataclasses.replace(task, **changes), written)


def test_right_in_the_words_of_the_reference_and_in_others():
    assert judge(normalise).state == "solved"
    assert judge(TASK.alternatives[0]).state == "solved"


@pytest.mark.parametrize("mistake", TASK.mistakes, ids=lambda mistake: mistake.name)
def test_known_mistakes_are_recognised_by_what_they_do(mistake):
    verdict = judge(mistake.code)
    assert (verdict.state, verdict.mistake, verdict.what) == ("wrong", mistake.name, mistake.message)


def test_differently_written_mistake_is_recognised():
    def mine(x, scale):
        lengths = (x * x).sum(0) ** 0.5
        return x * (scale / lengths)

    assert judge(mine).mistake == "wrong axis"


def blank(x, scale):
    """Only a docstring."""
    ...  # noqa: PIE790


def given_line_after_blank(x, scale):
    ...  # noqa: PIE790
    return lengths  # noqa: F821


def raises_not_implemented(x, scale):
    raise NotImplementedError


@pytest.mark.parametrize("written", [blank, given_line_after_blank, raises_not_implemented])
def test_untouched_is_not_started(written):
    assert judge(written).state == "not started"


def no_return(x, scale):
    x = scale * x / x.norm(dim=-1, keepdim=True)


def as_array(x, scale):
    return normalise(x, scale).detach().numpy()


def through_numpy(x, scale):
    return torch.from_numpy(normalise(x, scale).numpy())


def one_row_short(x, scale):
    return normalise(x, scale)[1:]


def double(x, scale):
    return normalise(x.double(), scale)


def divides_by_zero(x, scale):
    return normalise(x, scale) * 0 / 0


def tripled(x, scale):
    return 3 * normalise(x, scale)


def in_place(x, scale):
    x /= x.norm(dim=-1, keepdim=True)
    return scale * x


def detached(x, scale):
    return normalise(x, scale).detach()


def half_detached(x, scale):
    return normalise(x, scale.item())


def wrong_gradient(x, scale):
    return scale * x / x.norm(dim=-1, keepdim=True).detach()


def unfinished(x, scale):
    ...  # noqa: PIE790
    return x


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (no_return, ["is None", "`return`"]),
        (as_array, ["an array", "a tensor"]),
        (one_row_short, ["shape"]),
        (double, ["torch.float64", "torch.float32"]),
        (divides_by_zero, ["nan"]),
        (tripled, ["3 times"]),
        (in_place, ["`x`", "in place"]),
        (through_numpy, ["no gradient reaches `x`"]),
        (detached, ["no gradient reaches `x`"]),
        (half_detached, ["no gradient reaches `scale`"]),
        (wrong_gradient, ["gradient for `x`"]),
        (unfinished, ["still a `...`"]),
        (5, ["right above a function"]),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_wrong_is_said(written, words):
    verdict = judge(written)
    assert verdict.state == "wrong" and not verdict.mistake
    for word in words:
        assert word in verdict.what + verdict.raw


def test_an_exception_is_one_line_with_the_learners_own_line():
    def mine(x, scale):
        y = x.norm(dim=-1)
        return scale * y.undefined_thing

    raw = judge(mine).raw
    assert raw.startswith("AttributeError:") and "`return scale * y.undefined_thing`" in raw
    assert "Traceback" not in raw and "\n" not in raw
    assert re.search(r"\(Called with x of shape \[\d, \d\], scale tensor\(2\.\)\.\)", raw)


def test_signature_is_named():
    verdict = judge(lambda a, b, c: a)
    assert "(a, b, c)" in verdict.what and "(x, scale)" in verdict.what
    assert judge(lambda *args: normalise(*args)).state == "solved"
    assert judge(lambda x, scale, eps=0.0: normalise(x, scale)).state == "solved"


def test_an_endless_loop_is_stopped():
    def endless(x, scale):
        while True:
            time.sleep(0.001)

    assert "never ends" in check(TASK, endless, time_limit(0.3)).what


def test_numbers_texts_and_nests():
    def describe(n):
        return {"squares": [i * i for i in range(n)], "name": f"n={n}", "half": (n / 2, np.arange(n))}

    task = dataclasses.replace(TASK, reference=describe, make_inputs=lambda rng: (int(rng.integers(2, 5)),))
    task = dataclasses.replace(task, mistakes=(), check_gradient=False)
    assert check(task, lambda n: describe(n)).state == "solved"
    assert "['half'][0]" in check(task, lambda n: describe(n) | {"half": (n, np.arange(n))}).raw
    assert "['name']" in check(task, lambda n: describe(n) | {"name": "n"}).raw
    assert "keys" in check(task, lambda n: {"squares": []}).what
    assert "items" in check(task, lambda n: describe(n) | {"squares": [0]}).what
    assert check(task, lambda n: describe(n) | {"name": np.str_(f"n={n}")}).state == "solved", "numpy's texts are texts"


def test_classes_are_built_first():
    class Right(torch.nn.Linear):
        pass

    class Wrong(torch.nn.Linear):
        def forward(self, x):
            return torch.zeros(1) @ x

    task = dataclasses.replace(
        TASK,
        reference=torch.nn.Linear,
        mistakes=(),
        build=lambda layer: lambda x, scale: layer(x.shape[1], 3)(x),
    )
    assert check(task, Right).state == "solved"
    verdict = check(task, Wrong)
    assert "RuntimeError" in verdict.raw and "`return torch.zeros(1) @ x`" in verdict.raw


def test_custom_check_has_a_say():
    assert judge(normalise, custom=lambda fn: "No loops, please.").what == "No loops, please."
    assert judge(normalise, custom=lambda fn: None).state == "solved"


def test_checking_leaves_the_random_state_alone():
    torch.manual_seed(3)
    np.random.seed(3)
    expected = torch.rand(1), np.random.rand()
    torch.manual_seed(3)
    np.random.seed(3)
    judge(lambda x, scale: normalise(x, scale) + torch.rand(1))
    assert (torch.rand(1), np.random.rand()) == expected


def test_random_functions_get_the_same_numbers():
    def noisy(x, scale):
        return x + torch.randn_like(x)

    assert judge(noisy, reference=noisy).state == "solved"


def test_a_broken_task_is_its_authors_error_not_the_learners():
    with pytest.raises(RuntimeError, match="size"):
        judge(normalise, reference=TASK.mistakes[2].code)


@pytest.fixture
def toy(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    monkeypatch.setattr(public, "find_task", lambda task_id: TASK)
    return TASK


def test_the_lesson_goes_on_with_yours_or_the_reference_and_says_which(toy, capsys):
    assert public.exercise("toy.normalise")(blank) is normalise
    said = capsys.readouterr().out
    assert said.startswith("○ toy.normalise: not started") and "with the reference" in said
    assert public.points("toy.normalise") == 0

    assert public.exercise("toy.normalise")(in_place) is normalise
    said = capsys.readouterr().out
    assert said.startswith("✗") and said.index("It changes its input") < said.index("x = x / 2")

    mine = TASK.alternatives[0]
    assert public.exercise("toy.normalise")(mine) is mine
    assert "goes on with your code" in capsys.readouterr().out
    assert public.points("toy.normalise") == TASK.difficulty


def test_hints_come_one_by_one(toy, capsys):
    for part in (*TASK.hints, TASK.hints[0]):
        public.hint("toy.normalise")
        assert f"\n\n{part}\n\n" in capsys.readouterr().out  # Markdown takes ``` for code only in a line of its own


def test_unknown_exercise_is_said_without_a_traceback(capsys):
    assert public.exercise("nowhere.thing")(blank) is blank
    public.hint("nowhere.thing")
    assert capsys.readouterr().out.count('no exercise called "nowhere.thing"') == 2


def test_html_escapes_and_marks():
    card = public.verdict_card("a.b", checking.Verdict("wrong", "`x < y` & more", "raw"))
    assert "<code>x &lt; y</code> &amp; more" in card._repr_html_() and "✗" in card._repr_html_()
    assert "`x < y` & more" in repr(card)


def test_html_emphasises_words_and_leaves_products_alone():
    card = public.verdict_card("a.b", checking.Verdict("wrong", "the *last* row, `a * b * c`, 2 * 3 * 4", ""))
    assert "the <em>last</em> row, <code>a * b * c</code>, 2 * 3 * 4" in card._repr_html_()


def test_importing_is_light():
    code = "import sys, course_lib.exercise; assert 'torch' not in sys.modules and 'IPython' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_second_fault_at_an_edge_case_does_not_hide_a_known_mistake():
    mistake = TASK.mistakes[0]

    def written(x, scale):
        if len(x) > 3:
            raise IndexError("another fault")
        return mistake.code(x, scale)

    verdict = judge(written)
    assert verdict.mistake == mistake.name
