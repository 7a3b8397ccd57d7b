"""What is decided before a kernel starts."""

from pathlib import Path

import pytest

from kamlab.studies.plan import MANY_LINES, Data, side_by_side


@pytest.mark.parametrize(
    ("lines", "studies", "jobs"), [(1000, 14, 2), (1000, 1, 1), (MANY_LINES + 1, 14, 1)]
)
def test_studies_of_very_many_lines_do_not_share_the_memory(lines, studies, jobs):
    days = {"2024-01-01": (lines - 1, 5.0), "2024-01-02": (1, 5.0)}
    assert side_by_side(studies, 2, Data(Path("x"), days=days)) == jobs
