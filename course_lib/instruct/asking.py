"""One question, asked until there is a good reply, or a reason to give up."""

import threading
import time
from collections import Counter
from dataclasses import dataclass

from course_lib.instruct import prompts, reply
from course_lib.instruct.budget import Budget, estimate_tokens
from course_lib.instruct.context import ImageContext
from course_lib.instruct.journal import Entry, Journal, Key, fingerprint
from course_lib.instruct.pace import Pace, backoff
from course_lib.instruct.teachers import MAX_REPLY_TOKENS, Messages, Reply, Teacher, TeacherError, TryAgain

IN_VAIN = 5  # questions without any answer, until the teacher counts as gone


@dataclass(frozen=True)
class Job:
    """A reply to be had: this type, about this picture."""

    context: ImageContext
    type: str
    boxes_for_all: bool = False

    def key(self, teacher: str) -> Key:
        """Where the reply stands in a journal."""
        return Key(self.context.id, self.type, prompts.version(self.boxes_for_all), teacher)

    def messages(self) -> Messages:
        """What the teacher is asked."""
        return prompts.messages(self.context, self.type, self.boxes_for_all)


@dataclass
class Asking:
    """What all threads of a run share."""

    teacher: Teacher
    journal: Journal
    budget: Budget
    pace: Pace
    stop: threading.Event
    attempts: int = 6  # for one reply
    first_wait: float = 1.0  # seconds before the second attempt

    def __post_init__(self) -> None:
        self.failures: Counter[str] = Counter()  # what went wrong, and how often
        self.ended = ""  # why the run stopped before its end
        self.error: TeacherError | None = None
        self._in_vain = 0  # questions given up since the last reply of any kind

    def answer(self, job: Job) -> bool:
        """Get the job's reply into the journal. False, without one, if the attempts, or the run, come to an end."""
        messages, why = job.messages(), ""
        for attempt in range(self.attempts):
            if self.stop.is_set():
                return False
            try:
                if self._attempt(job, messages):
                    return True
                why = ""
            except TryAgain as failure:
                why = str(failure)
                self._wait(attempt, failure)
            except TeacherError as error:
                self._give_up(error)
        if why:
            self._in_vain += 1
        if self._in_vain >= IN_VAIN:
            self._give_up(TeacherError(f"{IN_VAIN} questions in a row found no answer. The last time: {why}."))
        return False

    def _attempt(self, job: Job, messages: Messages) -> bool:
        """Ask once and write down what came. True for a good reply."""
        reserved = (estimate_tokens(messages), MAX_REPLY_TOKENS)
        if not self.budget.reserve(*reserved):
            self._end("the next question could pass the budget")
            return False
        spent, began = (0, 0), time.perf_counter()
        try:
            if not self.pace.wait(self.stop):
                return False
            began = time.perf_counter()
            answer = self.teacher.ask(messages)
            self._in_vain = 0
            spent = (answer.prompt_tokens, answer.completion_tokens)
            problem = find_problem(answer, job)
        except TryAgain as failure:
            if failure.paid:  # nobody tells us the bill, so the highest possible one is counted
                spent = reserved
                self._write(job, messages, Reply("", *reserved), began, str(failure))
            raise
        finally:
            self.budget.settle(reserved, *spent)
        self._write(job, messages, answer, began, problem)
        self.failures.update([problem] if problem else [])
        return not problem

    def _write(self, job: Job, messages: Messages, answer: Reply, began: float, problem: str) -> None:
        tokens = (answer.prompt_tokens, answer.completion_tokens)
        seconds = round(time.perf_counter() - began, 3)
        key = job.key(self.teacher.name)
        self.journal.append(Entry(*key, fingerprint(messages), answer.text, *tokens, seconds, problem))

    def _wait(self, attempt: int, failure: TryAgain) -> None:
        """Leave the teacher in peace for a while."""
        self.failures[str(failure)] += 1
        if failure.after:
            self.pace.pause(failure.after)
        self.stop.wait(backoff(attempt, self.first_wait, failure.after))

    def _give_up(self, error: TeacherError) -> None:
        self.error = error
        self._end("the teacher can't go on")

    def _end(self, why: str) -> None:
        self.ended = self.ended or why
        self.stop.set()


def find_problem(answer: Reply, job: Job) -> str:
    """What is malformed about a reply; "" if nothing is."""
    if answer.cut_off:
        return f"the reply was cut off at {MAX_REPLY_TOKENS} tokens"
    try:
        reply.parse(answer.text, job.type, job.context.id)
    except reply.ReplyError as error:
        return str(error)
    return ""
