"""Components of profit: by hand, adding up to the profile, and free of survivors' bias."""

import numpy as np
import pandas as pd
import pytest

from kamlab.retention.components import profit_components, profit_profile, tenure_years


def _years(count=20, serve=True):
    """Sales 100, 120, 120; margin 20 %, 20 %, 25 %; cost to serve 10 %, 10 %, 5 % of sales."""
    rows = [
        (f"A{i:02d}", year, sales, sales * margin, sales * cost if serve else np.nan)
        for i in range(count)
        for year, sales, margin, cost in ((1, 100.0, 0.2, 0.1), (2, 120.0, 0.2, 0.1),
                                          (3, 120.0, 0.25, 0.05))
    ]  # fmt: skip
    names = ["account_id", "tenure_year", "net_sales", "gross_profit", "cost_to_serve"]
    return pd.DataFrame(rows, columns=names)


def test_parts_by_hand_add_up_to_the_profit_of_each_year():
    table = profit_components(_years(), given={"acquisition cost": 51.0})
    amount = table.set_index(["tenure_year", "component"])["amount"]
    profile, acquisition = profit_profile(table)

    assert amount[1, "base profit"] == pytest.approx(10)
    assert amount[2, "growth"] == pytest.approx(2)
    assert amount[3, "price premium"] == pytest.approx(6)
    assert amount[3, "lower cost to serve"] == pytest.approx(6)
    assert profile == pytest.approx([10, 12, 24])
    assert acquisition == 51
    source = table.set_index(["tenure_year", "component"])["source"]
    assert source[0, "acquisition cost"] == "given"
    assert source[1, "referral"] == "not known"


def test_poor_accounts_that_leave_do_not_look_like_growth():
    years = _years()
    poor = years["account_id"] < "A08"
    years.loc[poor, ["net_sales", "gross_profit", "cost_to_serve"]] *= 0.1
    stayed = years[~(poor & (years["tenure_year"] > 1))]
    growth = profit_components(stayed).set_index(["tenure_year", "component"])["amount"]

    assert growth[2, "growth"] == pytest.approx(2)  # of those that stayed, as before


def test_unknown_cost_is_said_and_few_accounts_end_the_profile():
    table = profit_components(_years(serve=False))
    assert set(table.loc[table["component"] == "lower cost to serve", "source"]) == {"not known"}
    assert len(profit_profile(profit_components(_years(count=8)))[0]) == 1
    assert profit_profile(profit_components(_years().head(0))) == ([], 0.0)
    with pytest.raises(ValueError, match="none of"):
        profit_components(_years(), given={"luck": 1.0})


def test_tenure_counts_whole_years_of_accounts_won_within_the_data():
    daily = pd.DataFrame(
        {
            "account_id": ["old", "old", "new", "new", "new"],
            "day": pd.to_datetime(
                ["2020-01-01", "2023-01-01", "2021-06-01", "2022-07-01", "2023-09-01"]
            ),
            "net_sales": [1.0, 1.0, 10.0, 20.0, 30.0],
            "gross_profit": [0.5, 0.5, 1.0, 2.0, 3.0],
        }
    )
    table = tenure_years(daily, "2023-12-01")

    assert table["account_id"].unique().tolist() == ["new"]
    assert table["tenure_year"].tolist() == [1, 2]  # the third is not over
    assert table["net_sales"].tolist() == [10, 20]


def test_where_nobody_was_won_within_the_data_there_is_no_tenure():
    daily = pd.DataFrame(
        {
            "account_id": ["a"],
            "day": pd.to_datetime(["2023-01-01"]),
            "net_sales": [1.0],
            "gross_profit": [0.5],
        }
    )
    table = tenure_years(daily, "2024-01-01")

    assert table.empty
    assert profit_components(table).iloc[0]["source"] == "not known"
