"""What `python -m course_lib instruct` does with its arguments (`course_lib/cli/instruct.py`): write, or merge shards."""

import argparse
from collections.abc import Sequence

from course_lib.common.errors import Problem
from course_lib.instruct import filters, prompts
from course_lib.instruct.run import dataset, pictures, plan, shards
from course_lib.instruct.run.budget import Budget, Prices, estimate
from course_lib.instruct.run.generate import Job, Summary, generate, missing_jobs
from course_lib.instruct.run.journal import Journal
from course_lib.instruct.teachers.base import Teacher, TeacherError

RANGES = (  # what each number may be, both ends included
    ("count", 1, 100_000_000),
    ("seed", 0, 2**63 - 1),
    ("size", 8, 4_096),
    ("parallel", 1, 1_000),
    ("timeout", 0.001, 86_400),
    ("per-minute", 0.001, 1_000_000),
    ("budget", 0, 10**15),
    ("max-cost", 0, 10**12),
    ("prices", 0, 10**9),
)


def write(args: argparse.Namespace) -> int:
    """Ask for what is missing, then make the data set of all that is there. 0 if nothing is missing in the end."""
    check_numbers(args)
    budget = make_budget(args)
    teacher = make_teacher(args)
    dataset.check_out(args.out, describe(args, teacher.name))
    check_images(args)
    jobs = make_jobs(args, plan.Shard.parse(args.shard))
    with Journal(dataset.journal_of(args.out)) as journal:
        print_estimate(jobs, teacher, journal, budget)
        earlier = len(journal.entries)
        try:
            summary = generate(
                jobs,
                teacher,
                journal,
                budget,
                num_threads=args.parallel,
                per_minute=args.per_minute,
                max_attempts=6 if args.teacher == "endpoint" else 1,  # the others would only say the same again
            )
        except TeacherError as error:
            print_spent(journal, budget)
            raise Problem(f"{error} The replies so far are in {journal.file}; the same command goes on.") from None
        print_summary(summary, journal, earlier, budget)
        finish(args, jobs, journal, teacher.name)
    return 1 if summary.num_missing else 0


def merge(args: argparse.Namespace) -> int:
    """Join journals, say what is missing or double, and make the data set. 0 if nothing is missing."""
    check_numbers(args)
    dataset.check_out(args.out)
    check_images(args)
    merged = shards.merge(args.files, dataset.journal_of(args.out))
    jobs = make_jobs(args, plan.Shard())
    with Journal(dataset.journal_of(args.out)) as journal:
        gaps = [job for job in jobs if job.key(merged.teacher) not in journal.replies]
        print(
            f"{merged.replies:,} replies by {merged.teacher}; {merged.doubles:,} came twice, "
            f"{merged.conflicts:,} twice with different words (the first counts); {len(gaps):,} are missing."
        )
        if gaps:
            names = ", ".join(f"{job.context.id} ({job.type})" for job in gaps[:3])
            print(f"Missing: {names}{' …' if len(gaps) > 3 else ''}. `instruct write` with this --out asks for them.")
        finish(args, jobs, journal, merged.teacher)
    return 1 if gaps else 0


def check_numbers(args: argparse.Namespace) -> None:
    """`Problem` for a number of the command line that can't be one of its kind."""
    for option, least, most in RANGES:
        value = getattr(args, option.replace("-", "_"), None)
        for number in value if isinstance(value, (tuple, list)) else [value]:
            if number is not None and not least <= number <= most:
                raise Problem(f"--{option} is {number}, but should be a number from {least:,} to {most:,}.")


def check_images(args: argparse.Namespace) -> None:
    """`Problem` where --images can't be drawn."""
    if args.images and args.coco:
        raise Problem(
            "--images draws sticker scenes; with --coco the pictures are those of the data set. Leave it out."
        )
    if args.images:
        pictures.check_folder(args.images)


def make_budget(args: argparse.Namespace) -> Budget:
    """The limits of the command line."""
    if args.max_cost is not None and not any(args.prices):
        raise Problem("--max-cost needs --prices: what a million tokens in and out cost.")
    return Budget(args.budget, args.max_cost, Prices(*args.prices))


def make_teacher(args: argparse.Namespace) -> Teacher:
    """The teacher of the command line. Imports only what this one needs."""
    if args.teacher == "endpoint":
        from course_lib.instruct.teachers.endpoint import EndpointTeacher

        if not (args.model or "").strip():
            raise Problem("--teacher endpoint needs --model: the model's name at that endpoint.")
        return EndpointTeacher(args.model, args.timeout)
    if args.teacher == "local":
        from course_lib.instruct.teachers.local import LocalTeacher

        return LocalTeacher(args.model)
    if args.teacher == "replay":
        from course_lib.instruct.run.journal import ReplayTeacher

        if not args.journal:
            raise Problem("--teacher replay needs --journal: the file to repeat.")
        return ReplayTeacher(args.journal)
    from course_lib.instruct.teachers.grammar import GrammarTeacher

    return GrammarTeacher()


def make_jobs(args: argparse.Namespace, shard: plan.Shard) -> list[Job]:
    """The replies of the command line, about scenes or a COCO data set."""
    if args.coco:
        return plan.coco_jobs(*args.coco, args.count, shard, args.boxes)
    return plan.scene_jobs(args.count, args.seed, shard, args.boxes)


def print_estimate(jobs: Sequence[Job], teacher: Teacher, journal: Journal, budget: Budget) -> None:
    """Say what there is, and what the rest may take, before anything is spent."""
    to_ask = missing_jobs(jobs, teacher, journal)
    prompt, completion = estimate(job.messages() for job in to_ask)
    money = f", at most {budget.prices.cost(prompt, completion):,.2f}" if any(budget.prices) else ""
    print(
        f"{len(jobs):,} replies by {teacher.name}: {len(jobs) - len(to_ask):,} are in {journal.file.name}, {len(to_ask):,} "
        f"to ask for, which is about {prompt:,} tokens to read and at most {completion:,} to write{money}."
    )


def print_summary(summary: Summary, journal: Journal, earlier: int, budget: Budget) -> None:
    """Say how it went, and what it would be at LLaVA's scale."""
    if summary.failures:
        most_common = summary.failures.most_common(6)
        reasons = "; ".join(
            f"{times:,} × {reason}{summary.server_words.get(reason, '')}" for reason, times in most_common
        )
        print(f"Attempts that came to nothing: {reasons}.")
    if summary.num_missing:
        print(
            f"{summary.num_missing:,} replies are missing: {summary.stop_reason or 'all attempts failed'}. The same command goes on."
        )
    answered = summary.num_requested - summary.num_missing
    if answered:
        print(shards.at_scale(journal.entries[earlier:], answered, summary.seconds, budget.prices))
    print_spent(journal, budget)


def print_spent(journal: Journal, budget: Budget) -> None:
    """Say what it took, with all earlier runs, and how much of that is a guess."""
    guessed = sum(entry.prompt_tokens + entry.completion_tokens for entry in journal.entries if entry.estimated)
    estimate = f" ({guessed:,} of them estimated, as the server did not count them)" if guessed else ""
    money = f", cost {'about ' if guessed else ''}{budget.spent:,.4f}" if any(budget.prices) else ""
    print(f"Spent in all: {budget.prompt_tokens + budget.completion_tokens:,} tokens{estimate}{money}.")


def describe(args: argparse.Namespace, teacher: str) -> dict[str, str]:
    """What makes a data set this one and no other, as its card says it."""
    pictures = args.coco[0].name if args.coco else f"sticker scenes, stream train, seed {args.seed}"
    return {"teacher": teacher, "prompts": prompts.prompt_version(args.boxes), "pictures": pictures}


def finish(args: argparse.Namespace, jobs: Sequence[Job], journal: Journal, teacher: str) -> None:
    """Filter the replies and write data set and card."""
    samples = dataset.collect_samples(jobs, journal, teacher)
    clean, defects = dataset.filter_samples(samples, filters.defect_names)
    card = {
        **describe(args, teacher),
        "replies": len(samples),
        "filtered": len(samples) - len(clean),
        "defects": dict(defects.most_common()),
    }
    try:
        card_file = dataset.write_dataset(clean, args.out, card)
    except OSError as error:
        reason = f"{args.out} can't be written: {error.strerror}."
        raise Problem(f"{reason} Every reply is in {journal.file}; the same command goes on.") from None
    print(
        f"Wrote {len(clean):,} samples to {args.out} ({len(samples) - len(clean):,} filtered out), and {card_file.name}."
    )
    if args.images:
        drawn = pictures.draw([sample.image for sample in clean], args.images, args.size)
        there = f", {len(clean) - drawn:,} were there" if drawn < len(clean) else ""
        print(f"Drew {drawn:,} pictures of {args.size} × {args.size} pixels in {args.images}{there}.")
