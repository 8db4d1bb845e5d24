"""build: the notebooks from their masters in solutions/."""


def add_arguments(parser) -> None:
    """Options of `build`."""
    parser.add_argument("lessons", nargs="*", help="lesson numbers or names, such as 02 (default: all)")
    parser.add_argument("--check", action="store_true", help="only compare; exit code 1 when something is out of date")
    parser.add_argument("--execute", action="store_true", help="also run the solutions and store their outputs")


def main(options) -> int:
    """See course_lib/authoring/build.py."""
    from course_lib.authoring import build

    return build.main(options)
