"""check: the exercises, and which of them you have solved."""


def add_arguments(parser) -> None:
    """No options."""


def main(options) -> int:
    """Print the table."""
    from course_lib.exercise import progress_table

    print(progress_table())
    return 0
