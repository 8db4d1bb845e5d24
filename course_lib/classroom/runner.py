"""Run one submission, in a process of its own: `python -m course_lib.classroom.runner CELLS RESULT CELL_SECONDS LESSON`.

CELLS is a json list of sources. After every cell, RESULT (json) says what is known so far, so that a process that must be
killed has not worked in vain.
"""

import _thread
import json
import math
import os
import signal
import sys
import threading
from pathlib import Path
from time import monotonic, thread_time  # saved here: a cell may put its own into the module

from course_lib.classroom.family import Family
from course_lib.classroom.network import cut_network

DESK = "desk"  # the folder beside RESULT in which the cells run, with what else the student handed in
AGAIN_AFTER = 1.0  # seconds between two interruptions
IDLE = 0.02  # of one processor: who takes less is waiting for something
BEGINNING = """\
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin
session = begin(lesson={lesson!r})"""


def main(arguments: list[str]) -> int:
    """Run all code cells in order; one that fails or lasts too long does not stop the next."""
    cells, result, cell_seconds = Path(arguments[0]), Path(arguments[1]), float(arguments[2])
    report = {"network": cut_network(), "failed": [], "waited": False, "verdicts": {}, "ended": False}
    sources = json.loads(cells.read_text(encoding="utf-8"))
    os.chdir(result.parent / DESK)
    from course_lib.checker.guard import limit as guard
    from course_lib.classroom.kernel import new_kernel  # once there is no network

    kernel = new_kernel()
    guard.PATIENCE = math.inf  # a busy computer costs no answer its check; what waits for ever, `Limit` interrupts
    kernel.run_cell(BEGINNING.format(lesson=arguments[3]))  # also where the student deleted that cell
    if kernel.problems:
        sys.exit(f"the course itself can't begin the lesson: {', '.join(kernel.problems)}")
    sys.path.insert(0, "")  # as in a notebook: modules are found in the folder in which it runs
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # so far the grader spoke; what comes now are the student's words
    write(result, report)
    for number, source in enumerate(sources, start=1):
        limit = Limit(cell_seconds)
        if problem := run(kernel, source, limit):
            report["failed"].append(f"code cell {number}: {problem}")
        os.environ.pop("COURSE_TIER", None)  # which is not the student's to choose here
        report["waited"] |= limit.waited
        report["verdicts"] = verdicts_so_far()
        write(result, report)
    write(result, report | {"ended": True})
    return 0


class Limit:
    """Interrupts a cell that has worked for so many seconds (on processors), or has waited as long without working.

    A cell that works gets its time, however long it takes beside other programs. One that waits may wait for a busy machine: `waited`.
    """

    def __init__(self, seconds: float, waiting: float | None = None) -> None:
        self.seconds, self.waiting = seconds, waiting or seconds
        self.tick = min(self.seconds / 20, self.waiting / 20, 5.0)
        self.reason, self.waited = "", False
        self.inside = False

    def run(self, function, *arguments) -> None:
        """Call the function; returns also where it had to be interrupted."""
        before = signal.signal(signal.SIGINT, self.on_interrupt)  # for every cell: the one before may have set its own
        over = threading.Event()
        watcher = threading.Thread(target=self.watch, args=(over,), daemon=True)
        try:
            self.inside = True
            watcher.start()
            function(*arguments)
            self.inside = False
        except KeyboardInterrupt:
            self.inside = False
        over.set()
        watcher.join()
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)

    def on_interrupt(self, *_: object) -> None:
        """Only what the cell does is interrupted, and nothing of ours."""
        if self.inside:
            raise KeyboardInterrupt

    def watch(self, over: threading.Event) -> None:
        """Look at the clocks until the cell is over; interrupt it again and again once its time is up."""
        family, grader = Family(os.getpid()), os.getppid()
        begun = worked = family.processor_seconds() - thread_time()  # without what looking costs
        since = monotonic()
        while not over.wait(self.tick):
            if os.getppid() != grader:
                os._exit(1)  # it was killed: nobody waits for the result
            now = family.processor_seconds() - thread_time()
            if now - worked > IDLE * (monotonic() - since):
                worked, since = now, monotonic()
            if not self.reason and now - begun > self.seconds:
                self.reason = f"stopped after {self.seconds:g} seconds of work"
            elif not self.reason and monotonic() - since > self.waiting:
                self.reason, self.waited = f"stopped after {self.waiting:g} seconds of waiting", True
            if self.reason and self.inside:
                interrupt_main_thread()
                over.wait(AGAIN_AFTER)  # a cell that cleans up needs a moment


def interrupt_main_thread() -> None:
    """As the notebook's ■ button does: a signal, which ends a long sleep, too."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
    else:
        _thread.interrupt_main()


def run(kernel, source: str, limit: Limit) -> str:
    """Run one cell; returns what failed in it, "" if nothing did."""
    kernel.problems = ()
    try:
        limit.run(kernel.run_cell, source, True)
    except BaseException as problem:  # IPython itself failed: the next cells still count
        kernel.problems += (type(problem).__name__,)
    problems = [*kernel.problems, limit.reason]
    if limit.reason:
        problems = [problem for problem in problems if problem != "KeyboardInterrupt"]
    return ", ".join(filter(None, dict.fromkeys(problems)))


def verdicts_so_far() -> dict[str, dict]:
    """Exercise → state, points and the known mistake, of the last check of each."""
    from course_lib.exercise import points, verdicts

    return {
        name: {"state": verdict.state, "points": points(name), "mistake": verdict.mistake}
        for name, verdict in verdicts().items()
    }


def write(file: Path, report: dict) -> None:
    """Replace the file in one step."""
    beside = file.with_name(f"{file.name}.part")
    beside.write_text(json.dumps(report), encoding="utf-8")
    os.replace(beside, file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
