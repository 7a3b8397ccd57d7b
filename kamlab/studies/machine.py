"""What does this machine have for a run: how many cores, and how much memory?"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_GROUPS, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def cores() -> int:
    """Count the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int:
    """Count the bytes of memory that this process and its children may still take."""
    import psutil

    return min([psutil.virtual_memory().available, *_of_groups()])


def _of_groups() -> Iterator[int]:
    """Count what is free in each group that holds this process: a container, a service's unit.

    Control groups of both versions; where there are none, or without a limit, nothing is told.
    """
    with suppress(OSError):
        for line in _OWN.read_text().splitlines():
            _, kinds, own = line.split(":", 2)
            if kinds and "memory" not in kinds.split(","):
                continue
            top = _GROUPS / "memory" if kinds else _GROUPS
            names = ("limit_in_bytes", "usage_in_bytes") if kinds else ("max", "current")
            files = [f"{'total_' if kinds else ''}{one}active_file" for one in ("", "in")]
            place = top / own.lstrip("/")  # of a container often not there, but its top is
            for group in (place, *place.parents[: len(place.parents) - len(top.parents)]):
                with suppress(OSError, ValueError):
                    most, used = (int((group / f"memory.{name}").read_text()) for name in names)
                    lines = (group / "memory.stat").read_text().splitlines()
                    told = dict(line.split() for line in lines)
                    yield most - used + sum(int(told.get(one, 0)) for one in files)  # they give way
