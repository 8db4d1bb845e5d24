"""Grading a class without nbgrader: `python -m course_lib check --submissions FOLDER`. See docs/INSTRUCTORS.md."""
