"""`build`: the notebooks from their masters; the course in one zip, as a website, or in another language."""

import argparse

from course_lib.common.errors import Problem
from course_lib.session import REPO, quick


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """LESSON…, --check, --execute, --bundle, --site, --strings, --language."""
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help='such as 02 or "02_clip" (default: all)')
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a notebook is not what its master says"
    )
    parser.add_argument("--bundle", action="store_true", help="also put the course into dist/course_bundle.zip")
    parser.add_argument("--site", action="store_true", help="also make the solved lessons into a website, dist/site")
    parser.add_argument("--strings", action="store_true", help="only collect what can be translated: dist/course.pot")
    parser.add_argument("--language", metavar="de", help="only write notebooks_de/, from translations/de.po")
    parser.add_argument(
        "--execute", action="store_true", help="run the solutions, store their outputs, record what they took"
    )


def main(args: argparse.Namespace) -> int:
    """See `course_lib.authoring.build` and, for the other options, `bundle`, `site` and `language` beside it."""
    from course_lib.authoring import build, bundle, site, strings

    if args.execute and quick():
        raise Problem("--execute is for solutions in full length: without COURSE_QUICK=1.")
    if args.strings:
        strings.make_template(REPO / "dist" / "course.pot")
        return 0
    if args.language:
        return told(strings.make_notebooks(args.language, REPO / f"notebooks_{args.language}"))
    if failed := build.main(args):
        return failed
    problems = bundle.make(REPO / "dist" / bundle.NAME) if args.bundle else []
    problems += site.make(REPO / "dist" / "site") if args.site else []
    return told(problems)


def told(problems: list[str]) -> int:
    """Print what is wrong; the exit code."""
    for problem in problems:
        print(f"✗ {problem}")
    return 1 if problems else 0
