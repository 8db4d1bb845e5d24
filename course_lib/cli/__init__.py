"""The commands of `python -m course_lib`, one a module: `add_arguments(parser)` and `main(args) -> int`.

Until the environment exists only Python's standard library may be imported, so what a command needs it imports late.
"""
