"""What is decided before a kernel starts."""

from pathlib import Path

import pytest

from kamlab.studies.machine import free_memory
from kamlab.studies.plan import Data, side_by_side

GIB = 2**30


@pytest.mark.parametrize(
    ("accounts", "account_days", "studies", "free", "jobs"),
    [
        (400, 20_000, 14, 8 * GIB, 2),
        (400, 20_000, 1, 8 * GIB, 1),
        (400, 20_000, 14, GIB // 2, 1),
        (100_000, 18_100_000, 14, 5 * GIB, 1),
        (100_000, 18_100_000, 14, 6 * GIB, 2),  # as measured in a box of so much
        (2_400_000, 18_100_000, 14, 10 * GIB, 1),
    ],
)
def test_studies_run_side_by_side_as_far_as_memory_goes(
    accounts, account_days, studies, free, jobs
):
    data = Data(Path("x"), accounts=accounts, account_days=account_days)
    assert side_by_side(studies, 2, free, data) == jobs


def test_the_memory_that_is_free_is_some_and_not_more_than_there_is():
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    assert 0 < free_memory() <= total
