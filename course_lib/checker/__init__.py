"""What stands behind `course_lib.exercise`: tasks, the checker, hints and the progress file."""
