"""What is decided before a kernel starts."""

from pathlib import Path

import pytest

from kamlab.studies import machine
from kamlab.studies.machine import free_memory
from kamlab.studies.plan import Data, side_by_side

GIB = 2**30


@pytest.mark.parametrize(
    ("accounts", "account_days", "studies", "free", "jobs"),
    [
        (400, 20_000, 14, 8 * GIB, 2),
        (400, 20_000, 1, 8 * GIB, 1),
        (400, 20_000, 14, GIB // 2, 1),
        (100_000, 18_100_000, 14, 4 * GIB, 1),
        (100_000, 18_100_000, 14, 5 * GIB, 2),  # as measured in a box of 6 with what reads them
        (390_000, 18_000_000, 14, 9 * GIB, 1),
        (390_000, 18_000_000, 14, 10 * GIB, 2),  # two took 9.6
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


@pytest.mark.parametrize(
    ("own", "files", "free"),
    [
        pytest.param(
            "0::/\n",
            {
                "memory.max": 900,
                "memory.current": 700,
                "memory.stat": "active_file 20\ninactive_file 150",
            },
            370,
            id="a container",
        ),
        pytest.param(
            "0::/system.slice/kamlab.service\n",
            {
                "system.slice/memory.max": "max",
                "system.slice/kamlab.service/memory.max": 500,
                "system.slice/kamlab.service/memory.current": 100,
                "system.slice/kamlab.service/memory.stat": "inactive_file 0",
            },
            400,
            id="a unit with MemoryMax",
        ),
        pytest.param(
            "0::/system.slice/kamlab.service\n",
            {
                "system.slice/memory.max": 300,
                "system.slice/memory.current": 100,
                "system.slice/memory.stat": "inactive_file 7",
                "system.slice/kamlab.service/memory.max": "max",
            },
            207,
            id="a slice around it",
        ),
        pytest.param(
            "2:cpu:/docker/ab\n4:memory:/docker/ab\n0::/\n",
            {
                "memory/memory.limit_in_bytes": 800,
                "memory/memory.usage_in_bytes": 600,
                "memory/memory.stat": "active_file 9\ntotal_inactive_file 100\ntotal_active_file 3",
            },
            303,
            id="a container of the first version",
        ),
        pytest.param("0::/\n", {}, None, id="no limit"),
        pytest.param(None, {}, None, id="no groups"),
    ],
)
def test_a_limit_of_a_group_that_holds_the_run_is_heeded(own, files, free, tmp_path, monkeypatch):
    if own is not None:
        (tmp_path / "cgroup").write_text(own)
    for name, content in files.items():
        file = tmp_path / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{content}\n")
    monkeypatch.setattr(machine, "_OWN", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "_GROUPS", tmp_path / "groups")
    found = free_memory()
    assert found == free if free is not None else found > GIB // 4
