"""Rhythm and season: planted ones come back, random ones are not claimed."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gamma

from kamlab.accounts import habits

AS_OF = date(2026, 1, 1)


def _days(seed, shape, accounts=200, mean_gap=20.0):
    rng = np.random.default_rng(seed)
    gaps = np.ceil(rng.gamma(shape, mean_gap / shape, (accounts, 60))).clip(1)
    day = pd.Timestamp("2022-01-01") + pd.to_timedelta(gaps.cumsum(axis=1).ravel(), unit="D")
    frame = pd.DataFrame(
        {"account_id": np.repeat([f"A{i:03d}" for i in range(accounts)], 60), "day": day}
    )
    return frame.assign(net_sales=100.0, orders=1)


@pytest.mark.parametrize("shape", [1.0, 2.0, 4.0])
def test_planted_regularity_comes_back(shape):
    table = habits.cadence(_days(1, shape), AS_OF)

    # gaps are whole days of at least one, which looks a little more regular than the law drawn
    assert table["regularity"].median() == pytest.approx(shape, rel=0.15)
    assert 0.05 < (table["regularity_se"] / table["regularity"]).median() < 0.25


def test_regularity_agrees_with_maximum_likelihood():
    days = _days(2, 2.5, accounts=5)
    table = habits.cadence(days, AS_OF).set_index("account_id")
    for account, group in days[days["day"] < pd.Timestamp(AS_OF)].groupby("account_id"):
        gaps = group["day"].sort_values().diff().dt.days.dropna()
        shape = gamma.fit(gaps, floc=0)[0]

        assert table.at[account, "regularity"] == pytest.approx(shape, rel=0.12)


def test_overdue_is_the_share_of_own_gaps_that_were_shorter():
    day = pd.to_datetime(["2025-01-01", "2025-02-01", "2025-03-01", "2025-04-01", "2025-08-01"])
    days = pd.DataFrame({"account_id": "A", "day": day, "net_sales": 5.0, "orders": 1})

    early = habits.cadence(days, date(2025, 8, 2)).iloc[0]
    late = habits.cadence(days, date(2025, 10, 1)).iloc[0]

    assert early["overdue"] == 0
    assert late["overdue"] == 0.75
    assert late["median_gap"] == 31


def test_equal_gaps_are_as_regular_as_can_be():
    day = pd.date_range("2024-01-01", periods=10, freq="30D")
    days = pd.DataFrame({"account_id": "A", "day": day, "net_sales": 1.0, "orders": 1})

    assert habits.cadence(days, AS_OF).loc[0, "regularity"] == 100


def test_nothing_after_the_day_and_no_return_counts():
    days = _days(3, 2.0, accounts=4)
    odd = pd.DataFrame(
        {
            "account_id": ["A000", "A001"],
            "day": pd.to_datetime(["2026-01-01", "2025-12-31"]),
            "net_sales": [50.0, -50.0],
            "orders": 1,
        }
    )
    both = pd.concat([days, odd], ignore_index=True).sample(frac=1, random_state=2)

    pd.testing.assert_frame_equal(habits.cadence(both, AS_OF), habits.cadence(days, AS_OF))
    pd.testing.assert_frame_equal(habits.weekdays(both, AS_OF), habits.weekdays(days, AS_OF))


def _months(rng, peak, strength, accounts):
    month = pd.date_range("2022-01-01", periods=48, freq="MS")
    rate = 1 + strength * np.cos(2 * np.pi * (month.month.to_numpy() - peak) / 12)
    return pd.DataFrame(
        {
            "account_id": np.repeat([f"A{i:03d}" for i in range(accounts)], 48),
            "month": np.tile(month, accounts),
            "order_days": rng.poisson(np.tile(rate, accounts)),
        }
    )


def test_season_is_found_where_planted_and_seldom_elsewhere():
    rng = np.random.default_rng(4)
    planted = habits.season(_months(rng, 7, 0.8, 200))
    even = habits.season(_months(rng, 7, 0.0, 400))

    assert (planted["season_p"] < 0.05).mean() > 0.95
    assert planted["peak_month"].between(6, 8).mean() > 0.9
    assert planted["season_strength"].mean() == pytest.approx(0.4, abs=0.03)
    assert 0.02 <= (even["season_p"] < 0.05).mean() <= 0.08


def test_half_a_year_shows_no_season():
    rng = np.random.default_rng(5)
    table = habits.season(_months(rng, 7, 0.8, 20).query("month < '2022-07-01'"))

    assert table[["season_strength", "peak_month", "season_p"]].isna().all(axis=None)


def test_weekday_and_month_end_are_counted():
    day = pd.to_datetime(["2025-03-31", "2025-06-30", "2025-09-29", "2025-10-01"])
    days = pd.DataFrame({"account_id": "A", "day": day, "net_sales": [100, 300, 200, 50.0]})

    row = habits.weekdays(days.assign(orders=[1, 3, 1, 1]), AS_OF).iloc[0]

    assert (row["usual_weekday"], row["weekday_share"]) == ("Monday", 0.75)
    assert row["month_end_share"] == 0.75
    assert (row["usual_order"], row["largest_order"]) == (100, 300)


def test_usual_amounts_are_those_of_a_loop_in_whatever_order_days_come():
    """Days without a purchase, after the end or of nobody do not count, nor accounts of none."""
    rng = np.random.default_rng(3)
    days = pd.DataFrame(
        {"account_id": rng.choice(np.array(["b", "a", "c", None], dtype=object), 200),
         "day": rng.choice(pd.date_range("2025-06-01", "2026-02-01"), 200),
         "net_sales": rng.normal(50, 60, 200), "orders": rng.integers(0, 4, 200),
         "lines": rng.integers(1, 9, 200),
         "quantity": np.where(rng.random(200) < 0.2, np.nan, rng.normal(40, 30, 200))}
    )  # fmt: skip
    days.loc[days["account_id"] == "c", "net_sales"] = -1.0

    found = habits.weekdays(days, AS_OF).set_index("account_id")

    assert found.index.tolist() == ["a", "b"]
    for name, row in found.iterrows():
        own = days[(days["account_id"] == name) & (days["day"] < pd.Timestamp(AS_OF))]
        own = own[own["net_sales"] > 0]
        batch = (own["quantity"] / own["lines"])[own["quantity"] > 0]
        assert row["largest_order"] == own["net_sales"].max()
        assert row["usual_order"] == (own["net_sales"] / own["orders"].clip(lower=1)).median()
        assert row["usual_batch"] == pytest.approx(batch.median())
        assert row["weekday_share"] == (own["day"].dt.day_name() == row["usual_weekday"]).mean()
