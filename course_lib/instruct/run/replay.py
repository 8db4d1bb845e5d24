"""A teacher that repeats what another one said: a recorded run, played back without a network or a bill."""

from pathlib import Path

from course_lib.common.errors import Problem
from course_lib.instruct.run import journal
from course_lib.instruct.teachers.base import Messages, Reply, TeacherError


class ReplayTeacher:
    """Answers from a journal, by what was asked."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            raise Problem(f"There is no journal {file} to replay.")
        replies = [entry for entry in journal.read(file) if not entry.problem]
        teachers = {entry.teacher for entry in replies}
        if len(teachers) != 1:
            raise Problem(f"{file.name} can't be replayed: it holds replies of {len(teachers)} teachers, not of one.")
        self.name = f"replay:{teachers.pop()}"
        self._replies = {entry.asked: entry for entry in reversed(replies)}

    def ask(self, messages: Messages) -> Reply:
        """The recorded reply to these very messages."""
        entry = self._replies.get(journal.fingerprint(messages))
        if entry is None:
            raise TeacherError("This was not asked in the recorded run: it had other pictures, or other prompts.")
        return Reply(entry.text, entry.prompt_tokens, entry.completion_tokens)
