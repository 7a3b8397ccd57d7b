"""Let several do the same work in turns, each in a process of its own, and give the ratios."""

import contextlib
import json
import resource
import statistics
import subprocess
import threading
import time
from pathlib import Path


def most_memory():
    """Give the most memory of this process so far, in GiB.

    By the kernel's high-water mark of the program that runs where there is one: `ru_maxrss` also
    holds what the process that started this one had taken until then.
    """
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.is_file() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


class Watched:
    """Follow all processes of a name: seconds of processor, and the most memory of all together.

    Memory that they share counts once, which the kernel tells only root and their own user.
    """

    def __init__(self, name):
        self._name, self._first, self._last = name, {}, {}
        self._most, self._done = 0.0, threading.Event()
        self._look()
        self._first = dict(self._last)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _look(self):
        import psutil  # which the interpreters of peers need not have

        memory = 0
        for one in psutil.process_iter(["name"]):
            with contextlib.suppress(psutil.NoSuchProcess):
                if one.info["name"] == self._name:
                    self._last[one.pid] = sum(one.cpu_times()[:2])
                    memory += one.memory_full_info().pss
        self._most = max(self._most, memory / 2**30)

    def _follow(self):
        while not self._done.wait(0.3):
            self._look()

    def end(self):
        """Stop; give the seconds of processor and the most memory in GiB since the beginning."""
        self._done.set()
        self._thread.join()
        self._look()
        worked = sum(self._last.values()) - sum(self._first.values())
        return worked, self._most


def tell(work, *given):
    """Work; print seconds and the most memory, as `in_turns` reads them, and give what was made."""
    before = most_memory()
    worked, begun = time.process_time(), time.perf_counter()
    made = work(*given)
    seconds, worked = time.perf_counter() - begun, time.process_time() - worked
    told = {"seconds": seconds, "processor_seconds": worked, "gigabytes": most_memory()}
    print("RESULT" + json.dumps(told | {"before": before}))
    return made


def in_turns(commands, runs):
    """Run the command of each in turns; who cannot work is named and left out."""
    told = {who: [] for who in commands}
    for _ in range(runs):
        for who in list(told):
            python, *rest = commands[who]
            done = subprocess.run(
                [python, "-W", "ignore", *rest], capture_output=True, text=True, check=False
            )
            if done.returncode:
                why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
                print(f"{who} is not measured: {why}")
                del told[who]
            else:
                told[who].append(json.loads(done.stdout.rpartition("RESULT")[2]))
    return told


def cost(rows):
    """Write the median seconds and gigabytes of several runs."""
    seconds, memory = (
        statistics.median(one[of] for one in rows) for of in ("seconds", "gigabytes")
    )
    return f"{seconds:.2f} s, {memory:.2f} GB"


def ratio(what, above, below, more="", of="seconds"):
    """Print the ratios of two in paired runs: least, median, most."""
    found = [one[of] / other[of] for one, other in zip(above, below, strict=True)]
    least, middle, most = min(found), statistics.median(found), max(found)
    print(f"{what}: {least:.2f} – {middle:.2f} – {most:.2f} {more}".rstrip())
