"""Blocks that are free go back to the system, also those the C library would keep."""

import subprocess
import sys

import pytest

CODE = """
import sys
import numpy as np
from kamlab.sources.memory import let_go_early

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

if sys.argv[1] == "early":
    let_go_early()
np.ones(30 * 2**17)  # freed at once: from here on the C library keeps blocks of this size
before = held()
blocks, pins = [], []
for _ in range(100):
    blocks.append(np.ones(2 * 2**17))  # 2 MB
    pins.append(bytearray(200_000))  # what stays between them
del blocks
print(held() - before)
"""


def _kept(how: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", CODE, how], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")
def test_large_blocks_do_not_stay_between_small_ones():
    early, as_it_comes = _kept("early"), _kept("late")

    assert early < 60  # of 200 MB that are free, and 20 that are not
    assert as_it_comes > early + 100
