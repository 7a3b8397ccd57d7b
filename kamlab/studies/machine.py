"""What does this machine have for a run: how many cores, and how much memory?"""

import os
from contextlib import suppress
from pathlib import Path

_GROUP = Path("/sys/fs/cgroup")


def cores() -> int:
    """Count the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int:
    """Count the bytes of memory that this process and its children may still take."""
    import psutil

    free = psutil.virtual_memory().available
    with suppress(OSError, ValueError):  # no container, or one without a limit
        most, used = (int((_GROUP / f"memory.{name}").read_text()) for name in ("max", "current"))
        told = dict(line.split() for line in (_GROUP / "memory.stat").read_text().splitlines())
        free = min(free, most - used + int(told.get("inactive_file", 0)))  # files give way
    return free
