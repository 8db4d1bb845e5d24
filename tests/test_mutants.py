"""A check refuses small changes of the right answer: its inputs hit every case that the statement names."""

import importlib

import pytest
from mutants import mutants, survivors

from course_lib.checker.registry import rooms, tasks_of


@pytest.mark.parametrize("room", rooms())
def test_at_least_97_percent_of_the_mutants_are_refused(room):
    alive, total = {}, 0
    for task in tasks_of(room).values():
        accepted, number = survivors(task)
        alive.update({task.id: accepted} if accepted else {})
        total += number
    assert sum(map(len, alive.values())) <= 0.03 * total, alive


@pytest.mark.parametrize("room", rooms())
def test_every_mutant_called_equivalent_is_one_of_a_reference(room):
    listed = getattr(importlib.import_module(f"product_{room}"), "EQUIVALENT", {})
    for task_id, reasons in listed.items():
        made = {mutant.change for mutant in mutants(tasks_of(room)[task_id].reference)}
        assert not set(reasons) - made, task_id
        assert all(len(reason) > 15 for reason in reasons.values())
