"""The proof that a kill costs nothing: a run against the faulty server, killed again and again at random moments."""

import contextlib
import itertools
import json
import multiprocessing
import os
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from tqdm.auto import tqdm

from course_lib.instruct.formats import Box, ImageContext
from course_lib.instruct.prompts import reply_type
from course_lib.instruct.run import dataset, journal, plan
from course_lib.instruct.run.generate import Job, generate
from course_lib.instruct.run.journal import fingerprint
from course_lib.instruct.teachers.base import Completion, Messages, Teacher
from course_lib.instruct.teachers.endpoint import EndpointTeacher

NUM_REPLIES = 200
FAULTS = ("429", "500", "timeout", "cut-off body", "invalid json", "wrong content")
TIMEOUT, SLOW = 2.0, 4.0  # seconds that the client waits, and that a slow answer takes


class FirstLine:
    """A teacher without wit: it repeats the first caption. What matters is that each picture gets its own reply."""

    name = "first line"

    def ask(self, messages: Messages) -> Completion:
        """The caption, in the form that is asked for."""
        line = messages[-1]["content"].splitlines()[0]
        form = "{}" if reply_type(messages) == "detail" else "Question:\nWhat is this?\n===\nAnswer:\n{}\n==="
        return Completion(form.format(line), 100, 20)


def small_jobs(count: int) -> list[Job]:
    """Jobs about invented pictures, which need no rendering."""
    jobs = []
    for number, type in enumerate(plan.mixed_types(count)):
        captions = (f"a crab number {number}", f"crab {number} on a beach")
        jobs.append(
            Job(ImageContext(f"p{number}", f"p{number}.png", captions, (Box("crab", 0.1, 0.2, 0.3, 0.4),)), type)
        )
    return jobs


def run(url: str, file: Path) -> None:
    """One process's work: everything that the journal lacks."""
    tqdm.set_lock(threading.RLock())  # its usual lock is the system's, which a kill would leave behind
    os.environ.update(OPENAI_BASE_URL=url, OPENAI_API_KEY="sk-of-the-kill-test")
    # what a run says is no figure, and goes where figures don't
    with journal.Journal(file) as opened, contextlib.redirect_stdout(sys.stderr):
        generate(small_jobs(NUM_REPLIES), EndpointTeacher("m", TIMEOUT), opened, max_attempts=30, first_wait=0.01)


@dataclass
class Report:
    """What the kills did."""

    kills: int = 0
    repeated: list[str] = field(default_factory=list)  # fingerprints asked for after they stood in the journal
    lost: list[str] = field(default_factory=list)  # and those that vanished from it
    same_file: bool = True  # as in the undisturbed run

    @property
    def survived(self) -> int:
        """How many kills did no harm: all or none, since the file at the end is either right or not."""
        return self.kills if self.same_file and not self.repeated and not self.lost else 0


def kills_survived(kills: int = 20, seed: int = 0) -> int:
    """Kill a run that often; how many of the kills it survived unharmed."""
    return kill_again_and_again(kills, seed).survived


def kill_again_and_again(kills: int, seed: int = 0) -> Report:
    """Kill a run at random moments, let it finish, and compare it with one that nobody disturbed.

    Where it comes to its end before it was killed that often, the next one begins: how far it gets between two kills depends on the computer.
    """
    rng, report = random.Random(seed), Report()
    with TemporaryDirectory() as folder, FaultyServer(FirstLine(), slow=SLOW, seed=seed) as server:
        undisturbed = Path(folder) / "undisturbed.jsonl"
        _finish(server, undisturbed)
        for number in itertools.count():
            if report.kills == kills:
                break
            file = Path(folder) / f"killed_{number}.jsonl"
            _kill_one_run(server, file, kills - report.kills, rng, report)
            report.same_file &= _result(file) == _result(undisturbed)
    return report


def _kill_one_run(server: "FaultyServer", file: Path, max_kills: int, rng: random.Random, report: Report) -> None:
    """Kill one run up to `max_kills` times, and let it finish; notes what the kills did."""
    in_journal: set[str] = set()
    for _ in range(max_kills):
        start = len(server.requests)
        killed = _kill_one(server, file, rng)
        report.kills += killed
        report.repeated += [request for request in server.requests[start:] if request in in_journal]
        in_journal_now = (
            {entry.fingerprint for entry in journal.read(file) if not entry.problem} if file.exists() else set()
        )
        report.lost += sorted(in_journal - in_journal_now)
        in_journal = in_journal_now
        if not killed:
            break
    start = len(server.requests)
    _finish(server, file)
    report.repeated += [request for request in server.requests[start:] if request in in_journal]


def _result(file: Path) -> bytes:
    """The data set that a journal leads to, byte by byte."""
    with journal.Journal(file) as opened:
        samples = [sample for sample, _ in dataset.collect_samples(small_jobs(NUM_REPLIES), opened, "endpoint:m")]
    out = file.with_suffix(".json")
    dataset.write_dataset(samples, out, {})
    return out.read_bytes()


class FaultyServer:
    """Serves `teacher` on a free port while in a `with` block. Each fault befalls `share` of the requests."""

    def __init__(self, teacher: Teacher, share: float = 0.05, slow: float = 1.0, seed: int = 0) -> None:
        self.teacher, self.share, self.slow = teacher, share, slow
        self.requests: list[str] = []  # fingerprints of the messages, in the order of the requests
        self.faults: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"owner": self}))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """What belongs into OPENAI_BASE_URL."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> "FaultyServer":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def note(self, messages: Messages) -> str:
        """Count a request and draw its fault; "" for none."""
        with self._lock:
            self.requests.append(fingerprint(messages))
            place = self._chance.random() / self.share if self.share else len(FAULTS)
            fault = FAULTS[int(place)] if place < len(FAULTS) else ""
            self.faults[fault] += 1
            return fault


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
    goal = len(server.requests) + rng.randint(0, NUM_REPLIES // 14)
    while len(server.requests) < goal and child.is_alive():
        time.sleep(0.001)
    time.sleep(rng.uniform(0, 0.02))
    child.kill()
    child.join()
    return child.exitcode != 0  # 0: it was done before


def _finish(server: FaultyServer, file: Path) -> None:
    child = _process(server, file)
    child.join()
    assert child.exitcode == 0, f"the run ended with {child.exitcode}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # head and body leave in one packet
    owner: FaultyServer

    def do_POST(self) -> None:
        """POST /v1/chat/completions."""
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        if len(sent) < int(self.headers["Content-Length"]):  # the client was killed while it was sending
            self.close_connection = True
            return
        request = json.loads(sent)
        fault = self.owner.note(request["messages"])
        if fault == "429":
            self._send(429, error("slow down"), {"Retry-After": "0.05"})
        elif fault == "500":
            self._send(500, error("something broke"))
        else:
            self._answer(request, fault)

    def _answer(self, request: dict, fault: str) -> None:
        """Status 200, and what the fault makes of the teacher's reply."""
        if fault == "timeout":
            time.sleep(self.owner.slow)
        body = completion(self.owner.teacher.ask(request["messages"]), request["model"])
        if fault == "wrong content":
            body["choices"][0]["message"]["content"] = "Question:\nWhat is\n===\n"
        content = json.dumps(body).encode()
        if fault == "invalid json":
            content = content[: len(content) // 2]
        self._send(200, content, cut=fault == "cut-off body")

    def _send(self, status: int, content: bytes, headers: dict[str, str] | None = None, cut: bool = False) -> None:
        """Send a response; with `cut`, promise it whole and hang up after the first half."""
        about = {"Content-Type": "application/json", "Content-Length": str(len(content)), **(headers or {})}
        self.send_response(status)
        for name, value in about.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        self.close_connection = self.close_connection or cut

    def log_message(self, *ignored: object) -> None:
        """Nothing on the terminal."""

    def handle(self) -> None:
        """Serve one connection. Clients that are killed, or wait no longer, are what this server is for."""
        with contextlib.suppress(ConnectionError):
            super().handle()


def completion(reply: Completion, model: str) -> dict:
    """A chat completion as OpenAI's API returns it."""
    return {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": reply.text}, "finish_reason": "stop"},
        ],
        "usage": {
            "prompt_tokens": reply.prompt_tokens,
            "completion_tokens": reply.completion_tokens,
            "total_tokens": reply.prompt_tokens + reply.completion_tokens,
        },
    }


def error(message: str) -> bytes:
    """An error as OpenAI's API returns it."""
    return json.dumps({"error": {"message": message, "type": "server_error", "param": None, "code": None}}).encode()
