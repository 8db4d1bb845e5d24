"""A process and all that it started: how much processor time and memory they take, and their end."""

import contextlib
import os
import signal
import subprocess

import psutil

from course_lib.common.processes import resident


class Family:
    """A process with its descendants, also those that have left it since they were first seen."""

    def __init__(self, pid: int) -> None:
        self.members: set[psutil.Process] = set()
        self.worked = 0.0
        with contextlib.suppress(psutil.Error):
            self.members.add(psutil.Process(pid))

    def living(self) -> list[psutil.Process]:
        """Those that have not ended."""
        seen: set[psutil.Process] = set()
        for member in list(self.members):
            if member not in seen:  # else it is below one whose descendants were looked up already
                with contextlib.suppress(psutil.Error):
                    seen.update(member.children(recursive=True))
        self.members = {member for member in self.members | seen if member.is_running()}
        return list(self.members)

    def processor_seconds(self) -> float:
        """Time on processors so far, of all threads. Who has ended counts with the one that waited for it."""
        total = 0.0
        for member in self.living():
            with contextlib.suppress(psutil.Error):
                total += sum(member.cpu_times()[:4])  # user, system, and both of ended children
        self.worked = max(self.worked, total)
        return self.worked

    def memory(self) -> float:
        """Bytes that those hold who were last seen; what they share may count several times."""
        return sum(map(resident, self.members))

    def own_memory(self) -> float:
        """Bytes that they hold, what is shared counted once (as well as the system tells): exact, and slower to find out."""
        return sum(map(proportional, self.members))

    def kill(self, leader: subprocess.Popen) -> None:
        """End them all."""
        members = self.living()
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(leader.pid, signal.SIGKILL)  # its own session: the group outlives its leader
        for member in members:
            with contextlib.suppress(psutil.Error):
                member.kill()
        leader.wait()


def proportional(process: psutil.Process) -> int:
    """Bytes of a process; of what it shares with others, its part."""
    try:
        memory = process.memory_full_info()
        return getattr(memory, "pss", memory.uss)
    except (psutil.Error, OSError, AttributeError):
        return resident(process)
