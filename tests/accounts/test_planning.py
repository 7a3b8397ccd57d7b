"""Plans that are told in time are held against what was bought."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kamlab.accounts.planning import plan_conduct

AS_OF = date(2025, 3, 10)


def _months(rows):
    table = pd.DataFrame(rows, columns=["account_id", "month", "quantity"])
    return table.assign(month=pd.to_datetime(table["month"]))


def _forecasts(rows):
    columns = ["account_id", "period", "made_at", "quantity"]
    return pd.DataFrame(rows, columns=columns)


def test_the_last_plan_before_the_month_counts():
    months = _months([("a", "2023-01-01", 1.0), ("a", "2025-01-01", 90.0), ("b", "2025-02-01", 5)])
    told = _forecasts(
        [
            ("a", "2025-01-15", "2024-11-20", 150.0),
            ("a", "2025-01-01", "2024-12-20", 100.0),
            ("a", "2025-01-01", "2025-01-02", 90.0),  # too late
            ("a", "2025-02-01", "2025-01-20", 30.0),  # nothing was bought
            ("a", "2025-03-01", "2025-02-20", 70.0),  # the month is not over
        ]
    )

    table = plan_conduct(told, months, AS_OF).set_index("account_id")

    assert table.loc["a", "forecast_share"] == pytest.approx(2 / 12)
    assert table.loc["a", "forecast_error"] == pytest.approx((10 + 30) / 90)
    assert table.loc["a", "forecast_bias"] == pytest.approx((10 + 30) / 90)
    assert table.loc["a", "plan_change"] == pytest.approx(50 / 100)
    assert table.loc["b"].isna().tolist() == [False, True, True, True]
    assert table.loc["b", "forecast_share"] == 0


def test_groups_are_summed_and_quantities_may_lack():
    months = _months([("a", "2025-01-01", 1.0)]).drop(columns="quantity")
    told = pd.concat([_forecasts([("a", "2025-02-01", "2025-01-05", q)]) for q in (3.0, 4.0)])
    told = pd.concat([told, _forecasts([("a", "2025-02-01", "2025-01-25", 10.0)])])

    table = plan_conduct(told, months, AS_OF).iloc[0]

    assert table["forecast_share"] == 0.5
    assert table["plan_change"] == pytest.approx(3 / 10)
    assert np.isnan(table["forecast_error"])


def test_nothing_told_is_a_share_of_nought():
    months = _months([("a", "2025-01-01", 1.0)])

    table = plan_conduct(_forecasts([]), months, AS_OF)

    assert table["forecast_share"].tolist() == [0.0]
    assert table.drop(columns=["account_id", "forecast_share"]).isna().all(axis=None)


def test_before_the_first_month_is_over_nothing_is_known_of_plans():
    told = _forecasts([("a", "2025-03-01", "2025-01-05", 10.0)])

    assert plan_conduct(told, _months([]), AS_OF).empty
