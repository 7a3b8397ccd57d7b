"""The whole valuation, on histories that hold much, little and nothing."""

import numpy as np
import pandas as pd
import pytest

from kamlab.accounts.days import daily_sums
from kamlab.value.valuation import NAIVE, OURS, value_accounts


def _daily(rows):
    orders = pd.DataFrame(rows, columns=["account_id", "order_date", "net_sales"])
    orders["order_id"] = np.arange(len(orders)).astype(str)
    orders["cost_of_goods"] = orders["net_sales"] * 0.7
    orders["order_date"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(
        orders["order_date"], unit="D"
    )
    return daily_sums(orders, "2024-06-01")


def _drawn(seed=5, accounts=250):
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(accounts):
        day, pace = float(generator.integers(0, 100)), generator.gamma(1.5) / 60
        size = float(np.exp(generator.normal(5, 0.5)))
        while day < 510:
            rows.append((f"a{number:03d}", int(day), size * generator.gamma(5.0) / 5))
            if generator.random() < 0.04:
                break
            day += max(generator.exponential() / pace, 1.0)
    return _daily(rows)


@pytest.fixture(scope="module")
def valued():
    return value_accounts(_drawn(), "2024-06-01")


def test_accounts_are_ranked_by_what_they_will_bring(valued):
    table = valued.table

    assert valued.lacking == ""
    assert table["value"].is_monotonic_decreasing
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    assert (table["typical_orders"] == np.floor(table["typical_orders"])).all()
    assert set(valued.trial.amounts["prediction"]) == {OURS, NAIVE, "best possible"}
    assert valued.trial.reached == pytest.approx(1, abs=0.2)
    assert valued.trial.warnings == ()


def test_nothing_after_the_day_matters(valued):
    daily = _drawn()
    early = daily[daily["day"] < "2024-03-01"]
    later = daily.assign(net_sales=daily["net_sales"].where(daily["day"] < "2024-03-01", 1e6))
    one = value_accounts(early, "2024-03-01", horizon_days=90).table
    other = value_accounts(later, "2024-03-01", horizon_days=90).table
    pd.testing.assert_frame_equal(one, other)


def test_too_little_is_said_and_not_valued():
    once = _daily([(f"a{n}", n, 10.0) for n in range(30)])
    nothing = value_accounts(once, "2024-06-01")
    assert nothing.table.empty
    assert nothing.choice is None
    assert nothing.lacking.startswith("0 of 30 accounts came back")

    # two that came back, but only lately: a value, and no trial
    late = [("a", 5, 9.0), ("a", 500, 11.0), ("b", 9, 30.0), ("b", 505, 20.0)]
    some = value_accounts(_daily([*late, ("c", 7, 5.0)]), "2024-06-01")
    assert some.trial is None
    assert "earlier day" in some.lacking
    assert len(some.table) == 3
    assert np.isfinite(some.table["expected_orders"]).all()


def test_who_is_known_to_have_left_is_worth_nothing_and_moves_nobody_else(valued):
    best = valued.table["account_id"].iloc[0]
    told = value_accounts(_drawn(), "2024-06-01", gone=[best, "nobody"]).table

    row = told.set_index("account_id").loc[best]
    assert (row[["expected_orders", "p_alive", "value", "low", "high"]] == 0).all()
    pd.testing.assert_frame_equal(
        told[told["account_id"] != best].reset_index(drop=True),
        valued.table.iloc[1:].reset_index(drop=True),
    )
