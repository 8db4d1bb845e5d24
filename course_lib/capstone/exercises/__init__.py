"""The exercises of Lesson 15: an interval, a card's gaps, and the rule for its control."""

from course_lib.capstone.exercises import cards, interval

TASKS = [*interval.TASKS, *cards.TASKS]
