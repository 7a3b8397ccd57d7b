"""Large blocks that are free are used again, and go back to the system once they are many."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel of Linux")

AGAIN = """
import resource, sys
import numpy as np
from kamlab.sources.memory import use_again

if sys.argv[1] == "again":
    use_again()
column = np.ones(6_000_000)  # 48 MB
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    column * 2.0
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
BACK = """
import sys
import numpy as np
from kamlab.sources.memory import give_back, use_again

def held():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

use_again()
before = held()
blocks, pins = [], []
for _ in range(int(sys.argv[1])):
    blocks.append(np.ones(2 * 2**17))  # 2 MB
    pins.append(bytearray(200_000))  # what stays between them
del blocks
give_back(*map(int, sys.argv[2:]))
print(held() - before)
"""


def _told(code: str, *how: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", code, *how],
        capture_output=True,
        text=True,
        check=True,
        env={"NUMPY_MADVISE_HUGEPAGE": "0"},
    )
    return float(done.stdout)


def test_what_large_arrays_took_is_used_again():
    again, as_it_comes = _told(AGAIN, "again"), _told(AGAIN, "late")

    assert as_it_comes > 50 * 6_000_000 * 8 / 4096 / 2  # a fault each page, or each two
    assert again < as_it_comes / 10


def test_many_free_blocks_between_others_go_back():
    assert _told(BACK, "500") < 200  # of 1,000 MB that are free, and 100 that are not
    assert 200 < _told(BACK, "150") < 400  # of 300 that are free: kept for the next
    assert _told(BACK, "150", "0") < 100  # nothing comes next
