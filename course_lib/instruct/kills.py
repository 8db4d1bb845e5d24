"""The proof that a kill costs nothing: a run against the faulty server, killed again and again at random moments."""

import multiprocessing
import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tqdm.auto import tqdm

from course_lib.instruct import dataset, journal
from course_lib.instruct.asking import Job
from course_lib.instruct.context import Box, ImageContext
from course_lib.instruct.endpoint import EndpointTeacher
from course_lib.instruct.faulty_server import FaultyServer
from course_lib.instruct.generate import generate
from course_lib.instruct.mix import mixed_types
from course_lib.instruct.prompts import type_of
from course_lib.instruct.teachers import Messages, Reply

SIZE = 200  # replies in all
TIMEOUT, SLOW = 0.3, 0.6  # seconds that the client waits, and that a slow answer takes


class FirstLine:
    """A teacher without wit: it repeats the first caption. What matters is that each picture gets its own reply."""

    name = "first line"

    def ask(self, messages: Messages) -> Reply:
        """The caption, in the form that is asked for."""
        line = messages[-1]["content"].splitlines()[0]
        form = "{}" if type_of(messages) == "detail" else "Question:\nWhat is this?\n===\nAnswer:\n{}\n==="
        return Reply(form.format(line), 100, 20)


def small_jobs(count: int) -> list[Job]:
    """Jobs about invented pictures, which need no rendering."""
    found = []
    for number, type in enumerate(mixed_types(count)):
        captions = (f"a crab number {number}", f"crab {number} on a beach")
        found.append(
            Job(ImageContext(f"p{number}", f"p{number}.png", captions, (Box("crab", 0.1, 0.2, 0.3, 0.4),)), type)
        )
    return found


def run(url: str, file: Path) -> None:
    """One process's work: everything that the journal lacks."""
    tqdm.set_lock(threading.RLock())  # its usual lock is the system's, which a kill would leave behind
    os.environ.update(OPENAI_BASE_URL=url, OPENAI_API_KEY="sk-of-the-kill-test")
    with journal.Journal(file) as opened:
        generate(small_jobs(SIZE), EndpointTeacher("m", TIMEOUT), opened, attempts=30, first_wait=0.01)


@dataclass
class Report:
    """What the kills did."""

    kills: int = 0
    asked_again: list[str] = field(default_factory=list)  # fingerprints asked for after they stood in the journal
    lost: list[str] = field(default_factory=list)  # and those that vanished from it
    same_file: bool = False  # as in the undisturbed run

    @property
    def survived(self) -> int:
        """How many kills did no harm: all or none, since the file at the end is either right or not."""
        return self.kills if self.same_file and not self.asked_again and not self.lost else 0


def kills_survived(kills: int = 20, seed: int = 0) -> int:
    """Kill a run that often; how many of the kills it survived unharmed."""
    return kill_again_and_again(kills, seed).survived


def kill_again_and_again(kills: int, seed: int = 0) -> Report:
    """Kill a run at random moments, let it finish, and compare it with one that nobody disturbed."""
    rng, report = random.Random(seed), Report()
    with TemporaryDirectory() as folder, FaultyServer(FirstLine(), slow=SLOW, seed=seed) as server:
        file, undisturbed = Path(folder) / "killed.jsonl", Path(folder) / "undisturbed.jsonl"
        _finish(server, undisturbed)
        known: set[str] = set()
        for _ in range(kills):
            since = len(server.asked)
            report.kills += _kill_one(server, file, rng)
            report.asked_again += [asked for asked in server.asked[since:] if asked in known]
            now = {entry.asked for entry in journal.read(file) if not entry.problem} if file.exists() else set()
            report.lost += sorted(known - now)
            known = now
        since = len(server.asked)
        _finish(server, file)
        report.asked_again += [asked for asked in server.asked[since:] if asked in known]
        report.same_file = _result(file) == _result(undisturbed)
    return report


def _process(server: FaultyServer, file: Path) -> multiprocessing.Process:
    """A child that runs the work, started. It is forked off a process that has imported everything already."""
    forks = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if forks else "spawn")
    if forks:
        context.set_forkserver_preload([__name__, "openai"])
    child = context.Process(target=run, args=(server.url, file))
    child.start()
    return child


def _kill_one(server: FaultyServer, file: Path, rng: random.Random) -> bool:
    """Start the work and kill it after a few requests, anywhere between two instructions."""
    child = _process(server, file)
    goal = len(server.asked) + rng.randint(0, SIZE // 14)
    while len(server.asked) < goal and child.is_alive():
        time.sleep(0.001)
    time.sleep(rng.uniform(0, 0.02))
    child.kill()
    child.join()
    return child.exitcode != 0  # 0: it was done before


def _finish(server: FaultyServer, file: Path) -> None:
    child = _process(server, file)
    child.join()
    assert child.exitcode == 0, f"the run ended with {child.exitcode}"


def _result(file: Path) -> bytes:
    """The data set that a journal leads to, byte by byte."""
    with journal.Journal(file) as opened:
        samples = [sample for sample, _ in dataset.collect(small_jobs(SIZE), opened, "endpoint:m")]
    made = file.with_suffix(".json")
    dataset.write(samples, made, {})
    return made.read_bytes()
