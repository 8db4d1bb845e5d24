"""The commands of `python -m course_lib`, one a file: add_arguments(parser) and main(options) -> exit code."""
