"""Work of accounts follows contacts and needs, and is even where nothing is known."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.coverage.workload import workload

IDS = pd.Series(["A", "B", "C", "D"], index=[5, 6, 7, 8])


def test_more_contacts_and_more_functions_are_more_work():
    needed = pd.DataFrame({"account_id": ["A", "A", "A", "B"], "function": ["q", "l", "q", "q"]})
    work = workload(IDS, contacts=pd.Series({"A": 10.0, "B": 10.0, "C": 20.0}), functions=needed)

    # contacts 10, 10, 20, 0 of a mean of 10; functions and a manager 3, 2, 1, 1 of a mean of 1.75
    assert work.tolist() == pytest.approx(
        [(1 + 3 / 1.75) / 2, (1 + 2 / 1.75) / 2, (2 + 1 / 1.75) / 2, (0 + 1 / 1.75) / 2]
    )
    assert work.index.tolist() == IDS.index.tolist()


@pytest.mark.parametrize("contacts", [None, pd.Series({"X": 3.0}), pd.Series(dtype=float)])
def test_what_is_not_known_makes_no_difference(contacts):
    assert workload(IDS, contacts=contacts).tolist() == [1.0] * 4


@given(st.lists(st.integers(0, 10_000), min_size=4, max_size=4))
def test_the_mean_is_one(times):
    work = workload(IDS, contacts=pd.Series(times, index=list(IDS), dtype=float))

    assert work.mean() == pytest.approx(1)
    assert (work >= 0).all()
