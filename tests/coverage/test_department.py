"""A department pays from K* = F / (v − c) accounts on."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.coverage.department import break_even, department
from kamlab.coverage.reporting import LINE, headcount, reporting_line


@pytest.mark.parametrize(
    ("fixed", "gain", "cost", "accounts"),
    [(300, 40, 10, 10), (301, 40, 10, 11), (0, 40, 10, 0), (300, 10, 10, math.inf)],
)
def test_break_even_in_closed_form(fixed, gain, cost, accounts):
    assert break_even(fixed, gain, cost) == accounts


@given(st.integers(1, 60), st.integers(1, 10**5), st.integers(0, 10**6), st.integers(0, 10**5))
def test_equal_accounts_break_even_where_the_formula_says(count, gain, fixed, cost):
    made = department(pd.Series([gain] * count), fixed=fixed, cost=cost)
    star = break_even(fixed, gain, cost)

    if star <= count:
        assert made.from_accounts == max(star, 1)
    elif gain != cost or fixed:
        assert math.isinf(made.from_accounts)
    assert np.allclose(made.curve["net"], made.curve["mean"], rtol=1e-6, atol=1e-6 * (fixed + 1))


def test_the_best_first_pay_earlier_than_the_mean_says():
    gains = pd.Series([100.0, 10.0, 80.0, 5.0, 5.0])
    made = department(gains, fixed=100, cost=8, currency="EUR")

    assert made.from_accounts == 2
    assert made.break_even == 4
    assert made.best == 3
    assert made.said == (
        "A department pays from 2 accounts on; with 3 it leaves most, 66 EUR a year."
    )
    assert "does not pay" in department(gains, fixed=1e4, cost=8).said


@pytest.mark.parametrize(("gains", "cost"), [([], 1.0), ([float("nan")], 1.0), ([1.0], -1.0)])
def test_what_means_nothing_is_refused(gains, cost):
    with pytest.raises(ValueError, match=r"gain|cost"):
        department(pd.Series(gains, dtype=float), fixed=1, cost=cost)


def test_250_accounts_need_28_managers_who_all_reach_the_top_in_three_steps():
    levels = headcount(250)["people"].tolist()
    assert levels == [28, 4, 1]
    rows = [("C", LINE[3], None), ("V", LINE[2], "C")]
    rows += [(f"N{i}", LINE[1], "V") for i in range(levels[1])]
    rows += [(f"M{i}", LINE[0], f"N{i % levels[1]}") for i in range(levels[0])]
    made = reporting_line(pd.DataFrame(rows, columns=["manager_id", "role", "reports_to"]))

    steps = made.people.loc[made.people["role"] == LINE[0], "steps"]
    assert len(steps) == 28
    assert (steps == 3).all()
    assert made.problems.empty
