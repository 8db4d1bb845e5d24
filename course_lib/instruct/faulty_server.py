"""An OpenAI-compatible server that fails on purpose, to prove that no reply is lost to a bad connection.

Its good answers come from a teacher of yours, so they can be compared with what should have arrived. Loopback only.
"""

import contextlib
import json
import random
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from course_lib.instruct.journal import fingerprint
from course_lib.instruct.teachers import Messages, Reply, Teacher

FAULTS = ("429", "500", "timeout", "cut-off body", "invalid json", "wrong content")


class FaultyServer:
    """Serves `teacher` on a free port while in a `with` block. Each fault befalls `share` of the requests."""

    def __init__(self, teacher: Teacher, share: float = 0.05, slow: float = 1.0, seed: int = 0) -> None:
        self.teacher, self.share, self.slow = teacher, share, slow
        self.asked: list[str] = []  # fingerprints of the messages, in the order of the requests
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
            self.asked.append(fingerprint(messages))
            place = self._chance.random() / self.share if self.share else len(FAULTS)
            fault = FAULTS[int(place)] if place < len(FAULTS) else ""
            self.faults[fault] += 1
            return fault


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


def completion(reply: Reply, model: str) -> dict:
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
