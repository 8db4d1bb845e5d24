"""requirements.txt against what Colab has preinstalled: nothing there may have to change."""

from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course_lib.session import REPO

COLAB_PYTHON = {"python_version": "3.13", "python_full_version": "3.13.0", "extra": ""}


def read(name: str) -> list[Requirement]:
    """The requirements of a file."""
    lines = (line.split("#")[0].strip() for line in (REPO / name).read_text(encoding="utf-8").splitlines())
    return [Requirement(line) for line in lines if line]


COLAB = {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in read("tests/colab_constraints.txt")}


def clashes(requirements: list[Requirement], seen: set[str]) -> list[str]:
    """What Colab has in another version than asked, following what it lacks (as pip would, which adds only that)."""
    found = []
    for requirement in requirements:
        name = canonicalize_name(requirement.name)
        if requirement.marker and not requirement.marker.evaluate(COLAB_PYTHON):
            continue
        if name in COLAB:
            if not requirement.specifier.contains(COLAB[name], prereleases=True):
                found.append(f"{requirement} but Colab has {COLAB[name]}")
        elif name not in seen:
            seen.add(name)
            needs = [Requirement(text) for text in distribution(name).requires or ()]
            found += [f"{name} needs {clash}" for clash in clashes(needs, seen)]
    return found


def test_requirements_accept_colab_as_it_is():
    added = set()
    assert clashes(read("requirements.txt"), added) == []
    assert not added & {"torch", "torchvision", "transformers", "numpy"}
    assert len(added) < 10, f"too much to install on Colab: {added}"


@pytest.mark.parametrize("wish", ["numpy>=2.4", "torch>=2.13", "transformers>=5.23", "torch<2.11"])
def test_a_requirement_that_would_change_colab_is_noticed(wish):
    assert clashes([Requirement(wish)], set())


def test_colab_needs_nothing_of_the_local_list():
    local = {canonicalize_name(requirement.name) for requirement in read("requirements-local.txt")}
    assert "jupyterlab" in local
    assert not local & {canonicalize_name(requirement.name) for requirement in read("requirements.txt")}


def test_constraints_pin_every_requirement_to_an_accepted_version():
    pins = {canonicalize_name(pin.name): next(iter(pin.specifier)) for pin in read("constraints.txt")}
    for requirement in read("requirements.txt") + read("requirements-local.txt"):
        pin = pins[canonicalize_name(requirement.name)]
        assert pin.operator == "==" and requirement.specifier.contains(pin.version), requirement
