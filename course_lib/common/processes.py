"""What other processes hold."""

import psutil


def resident(process: psutil.Process) -> int:
    """Bytes of memory that a process holds; 0 if it is gone."""
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0
