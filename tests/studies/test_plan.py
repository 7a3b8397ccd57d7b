"""What is decided before a kernel starts."""

from pathlib import Path

import pytest

from kamlab.studies.machine import free_memory
from kamlab.studies.plan import Data, side_by_side

GIB = 2**30


@pytest.mark.parametrize(
    ("lines", "studies", "free", "jobs"),
    [
        (1000, 14, 8 * GIB, 2),
        (1000, 1, 8 * GIB, 1),
        (1000, 14, GIB // 2, 1),
        (60_000_000, 14, 8 * GIB, 1),
        (60_000_000, 14, 16 * GIB, 2),
    ],
)
def test_studies_run_side_by_side_as_far_as_memory_goes(lines, studies, free, jobs):
    days = {"2024-01-01": (lines - 1, 5.0), "2024-01-02": (1, 5.0)}
    assert side_by_side(studies, 2, free, Data(Path("x"), days=days)) == jobs


def test_the_memory_that_is_free_is_some_and_not_more_than_there_is():
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert 0 < free_memory() <= total
