"""What nobody types in docs/INSTRUCTORS.md, docs/SERVER.md and README: lessons with measured times, goals, exercises, known
mistakes; where in the package a concept is found."""

import ast
import re
from collections.abc import Callable
from pathlib import Path

from course_lib.authoring.master import Lesson
from course_lib.authoring.notebook import exercises_of
from course_lib.checker.task import Task, dots
from course_lib.common.errors import Problem
from course_lib.session import REPO

CLASS = 30  # students
LINK = re.compile(r"\((\d\d)_\w+\.ipynb\)")
MODELS = {
    "clip": "CLIP (02)",
    "lm": "language model (04)",
    "llava": "LLaVA (06, 07)",
    "gligen": "GLIGEN (10)",
    "seem": "SEEM (11)",
    "imagebind": "ImageBind (03)",
    "failures": "failures (12)",
    "specialists": "specialists (01)",
    "agents": "agents (13)",
}
BESIDE_THE_MODEL = {"__init__", "evaluate", "full", "pretrained", "recipes", "train", "train_supervised", "ui"}
WORKBENCH = ("exercises", "evaluate", "ui", "full")
CONCEPTS = {  # what somebody looks for who knows the papers → its place in course_lib/
    "average precision (COCO)": "specialists/boxes.py:average_precision",
    "tools with JSON schemas": "specialists/tools.py:Tool",
    "contrastive loss (CLIP)": "clip/loss.py:contrastive_loss",
    "zero-shot classifier": "clip/zero_shot.py:zero_shot_classifier",
    "mel spectrogram": "imagebind/data/mel.py:log_mel",
    "InfoNCE against pictures (ImageBind)": "imagebind/loss.py:info_nce",
    "next-token loss": "lm/loss.py:next_token_loss",
    "label mask": "lm/chat.py:mask_labels",
    "token splice (LLaVA)": "llava/model.py:splice",
    "labels of a conversation about a picture": "llava/chat_format.py:picture_labels",
    "connector": "llava/connector.py:make_connector",
    "what is frozen": "llava/train/parameters.py:freeze",
    "LoRA": "llava/lora.py:lora_forward",
    "LoRA's merge": "llava/lora.py:merged_weight",
    "the gate (GLIGEN)": "gligen/gated_attention.py:gated_self_attention",
    "DDIM step": "gligen/sampling.py:ddim_step",
    "classifier-free guidance": "gligen/sampling.py:guided_velocity",
    "visual sampler (SEEM)": "seem/prompts.py:visual_sampler",
    "click simulator": "seem/train/click_simulator.py:next_click",
    "hard negatives (NegCLIP)": "failures/loss.py:negclip_loss",
    "CHAIR and coverage": "failures/chair.py:chair",
    "mDPO": "failures/loss.py:mdpo_loss",
    "an agent's step (ReAct)": "agents/loop.py:advance",
    "training loop": "training.py:fit",
    "a scene of the sticker world": "world/scenes.py:make_scene",
}


def fill(text: str, lessons: list[Lesson], tasks: dict[str, Task], times: dict[str, dict]) -> str:
    """The guide with its generated parts made anew, each between `<!-- NAME:begin -->` and `<!-- NAME:end -->`."""
    chosen = {lesson.slug: [tasks[task_id] for task_id in exercises_of(lesson, tasks)] for lesson in lessons}
    tables: dict[str, Callable[[], list[str]]] = {
        "lessons": lambda: lesson_table(lessons, chosen, times),
        "goals": lambda: goal_lists(lessons),
        "exercises": lambda: exercise_table(chosen),
        "mistakes": lambda: mistake_lists(chosen),
        "server": lambda: server_table(lessons, times),
        "map": course_map,
    }
    for name, make in tables.items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        text = re.sub(f"(?<={begin}).*?(?={end})", lambda _, make=make: "\n".join(make()) + "\n", text, flags=re.DOTALL)
    return text


def lesson_table(lessons: list[Lesson], chosen: dict[str, list[Task]], times: dict[str, dict]) -> list[str]:
    """What each lesson builds on, takes of a person and of a machine, and gives in points."""
    lines = [
        "| lesson | builds on | a person's minutes | the machine's | memory | points |",
        "|---|---|---|---|---|---|",
    ]
    for lesson in lessons:
        needs = ", ".join(LINK.findall(" ".join(lesson.prerequisites))) or "–"
        lesson_tasks, measured = chosen[lesson.slug], times.get(lesson.slug)
        machine = (
            f"{measured['minutes']:.1f} min on {measured['cores']} core{'s' * (measured['cores'] > 1)} | {measured['peak_mb'] / 1000:.1f} GB"
            if measured
            else "not measured yet | not measured yet"
        )
        points = sum(task.difficulty for task in lesson_tasks)
        lines.append(f"| {lesson.number} {lesson.title} | {needs} | {lesson.minutes} | {machine} | {points} |")
    return lines


def goal_lists(lessons: list[Lesson]) -> list[str]:
    """What a learner can do after each lesson, and what it takes for granted."""
    lines = []
    for lesson in lessons:
        needs = "; ".join(re.sub(r"\[(.*?)\]\(.*?\)", r"\1", need) for need in lesson.prerequisites)
        goals = [f"- {goal}" for goal in lesson.objectives]
        lines += ["", f"**{lesson.number} {lesson.title}** (needs {needs})", "", *goals]
    return [*lines, ""]


def exercise_table(chosen: dict[str, list[Task]]) -> list[str]:
    """Every exercise: how hard, how important, how long, how many wrong answers it knows."""
    head = "| lesson | exercise | | difficulty = points | importance | minutes | known mistakes | other right answers |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for slug, lesson_tasks in chosen.items():
        for task in lesson_tasks:
            effort = f"{dots(task.difficulty)} | {dots(task.importance)} | {task.minutes}"
            known = f"{len(task.mistakes)} | {len(task.alternatives)}"
            lines.append(f"| {slug[:2]} | `{task.id}` | {task.title} | {effort} | {known} |")
    return lines


def mistake_lists(chosen: dict[str, list[Task]]) -> list[str]:
    """What people get wrong, and what they are told."""
    lines = []
    for slug, lesson_tasks in chosen.items():
        for task in lesson_tasks:
            lines += ["", f"**{slug[:2]}, {task.title}** (`{task.id}`)", ""]
            lines += [f"- *{mistake.name}*: {mistake.message}" for mistake in task.mistakes]
    return [*lines, ""]


def server_table(lessons: list[Lesson], times: dict[str, dict]) -> list[str]:
    """What a class needs of a server: memory for all at once, and the cores that keep up with how fast people work."""
    lines = [
        f"| lesson | memory each | memory of {CLASS} | core-minutes each | cores of {CLASS}, on average |",
        "|---|---|---|---|---|",
    ]
    for lesson in lessons:
        if measured := times.get(lesson.slug):
            memory, work = measured["peak_mb"] / 1000, measured["minutes"] * measured["cores"]
            needs = f"{memory:.1f} GB | {CLASS * memory:.0f} GB | {work:.1f} | {CLASS * work / lesson.minutes:.1f}"
        else:
            needs = " | ".join(["not measured yet"] * 4)
        lines.append(f"| {lesson.number} {lesson.title} | {needs} |")
    return lines


def course_map() -> list[str]:
    """README's map of the package: concepts, the models' files, and how much of the whole is what the course is about."""
    lines = ["| looking for | function | in |", "|---|---|---|"]
    for concept, place in CONCEPTS.items():
        file, name = place.split(":")
        if not defines(REPO / "course_lib" / file, name):
            raise Problem(f"course_lib/authoring/guide.py: course_lib/{file} has no {name}, where README's map leads.")
        lines.append(f"| {concept} | `{name}` | [{file}](course_lib/{file}) |")
    lines += ["", "| model | its files | lines |", "|---|---|---|"]
    for room, title in MODELS.items():
        folder = REPO / "course_lib" / room
        files = [file for file in sorted(folder.glob("*.py")) if file.stem not in BESIDE_THE_MODEL]
        links = ", ".join(f"[{file.name}](course_lib/{room}/{file.name})" for file in files)
        lines.append(f"| {title} | {links} | {about(files)} |")
    everything = [file for file in (REPO / "course_lib").rglob("*.py") if "__pycache__" not in file.parts]
    return [*lines, "", f"Lines to the nearest hundred. {shares(everything)}"]


def shares(everything: list[Path]) -> str:
    """A sentence: which folders are the course's subject, which its workbench, and how large each is."""
    inner = {file: file.relative_to(REPO / "course_lib").with_suffix("").parts for file in everything}
    subject = [file for file in everything if inner[file][0] in ("world", *MODELS) and inner[file][1] not in WORKBENCH]
    lesson_05 = [file for file in everything if inner[file][0] == "instruct"]
    return (
        f"Of the package's {about(everything)} lines, {about(subject)} are the course's subject: these models with their `data/` and "
        f"`train/`, and the scenes of [world/](course_lib/world/); {about(lesson_05)} more, [instruct/](course_lib/instruct/), make "
        "Lesson 05's instruction data. The rest is the workbench: `exercises/` with their known mistakes, `evaluate/`, `ui` and `full` "
        "in each room, and `checker/`, `canvas/`, `show/`, `common/`, `authoring/`, `classroom/`, `cli/`."
    )


def about(files: list[Path]) -> str:
    """Their lines, to the nearest hundred: a number that a small change leaves alone."""
    return f"{round(sum(file.read_text(encoding='utf-8').count(chr(10)) for file in files), -2):,}"


def defines(file: Path, name: str) -> bool:
    """Has this file a function or class of this name, outside of any other?"""
    body = ast.parse(file.read_text(encoding="utf-8")).body if file.exists() else []
    return any(getattr(node, "name", "") == name for node in body)
