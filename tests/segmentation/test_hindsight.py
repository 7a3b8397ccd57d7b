"""Hindsight: the published trap of adventureworks, and that nobody beats the best possible."""

import numpy as np
import pandas as pd
import pytest

from kamlab.segmentation.hindsight import OURS, hindsight
from kamlab.segmentation.key_list import Objective


def _facts(sales, start, end):
    part = sales[(sales["OrderDate"] >= start) & (sales["OrderDate"] < end)]
    sums = part.groupby("ResellerKey").agg(
        net_sales=("SalesAmount", "sum"), cost=("TotalProductCost", "sum")
    )
    profit = sums["net_sales"] - sums["cost"]
    return pd.DataFrame(
        {
            "account_id": sums.index.astype(str),
            "net_sales": sums["net_sales"].to_numpy(),
            "gross_profit": profit.to_numpy(),
            "margin_rate": (profit / sums["net_sales"]).to_numpy(),
            "cost_known_share": 1.0,
        }
    )


def test_adventureworks_big_is_not_profitable(shared_data):
    """Published: 21 accounts, by sales −0.393 and by gross profit 0.782 of the best possible."""
    sales = pd.read_parquet(shared_data("adventureworks") / "FactResellerSales.parquet")
    money = ["SalesAmount", "TotalProductCost"]
    sales[money] = sales[money].astype(float)
    sales["OrderDate"] = pd.to_datetime(sales["OrderDate"])
    before = _facts(sales, "2011-11-30", "2012-11-30")
    after = _facts(sales, "2012-11-30", "2013-11-30")

    table = hindsight(before, after, Objective(key_accounts=21)).set_index("rule")

    assert len(before) == 365  # of 428 that ever bought
    assert table.loc["by net sales", "captured_share"] == pytest.approx(-0.393, abs=5e-4)
    assert table.loc["by gross profit", "captured_share"] == pytest.approx(0.782, abs=5e-4)
    assert table.loc[OURS, "captured_share"] >= 0.75


def test_nobody_beats_the_best_possible_and_the_lost_earn_nothing():
    rng = np.random.default_rng(0)
    sales = rng.lognormal(8, 1, 60)
    before = pd.DataFrame(
        {
            "account_id": [f"A{i:02d}" for i in range(60)],
            "net_sales": sales,
            "gross_profit": sales * 0.2,
            "margin_rate": 0.2,
            "cost_known_share": 1.0,
        }
    )
    after = before.sample(30, random_state=1)

    table = hindsight(before, after, Objective(key_accounts=10))

    assert (table["captured_share"] <= 1 + 1e-12).all()
    assert set(table["amount"]) == {"gross profit"}
    assert table["best_possible"].iloc[0] == pytest.approx(after["gross_profit"].nlargest(10).sum())


def test_the_list_is_judged_by_its_own_measure_first():
    facts = pd.DataFrame(
        {
            "account_id": ["A", "B", "C"],
            "net_sales": [100.0, 90.0, 80.0],
            "gross_profit": [30.0, 27.0, 24.0],
            "margin_rate": 0.3,
            "cost_known_share": 1.0,
            "cost_to_serve": [29.0, 2.0, 3.0],
        }
    )
    table = hindsight(facts, facts, Objective(key_accounts=2, minimum_sales_share=0.0))
    own = table[table["amount"] == table["amount"].iloc[0]].set_index("rule")

    assert table["amount"].iloc[0] == "gross profit less cost to serve"
    assert own.loc[OURS, "captured_share"] == 1
    assert own.loc["by gross profit", "captured"] == pytest.approx(1 + 25)
