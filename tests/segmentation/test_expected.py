"""The forecast leads the list where it is of the same accounts and a period of the same length."""

import numpy as np
import pandas as pd
import pytest

from kamlab.segmentation.expected import EXPECTED, with_expected
from kamlab.segmentation.key_list import Objective, key_accounts
from kamlab.segmentation.uncertainty import rank_uncertainty


def _facts():
    return pd.DataFrame(
        {
            "account_id": list("abcd"),
            "net_sales": [400.0, 300, 200, 100],
            "gross_profit": [80.0, 60, 40, 20],
            "margin_rate": 0.2,
            "cost_known_share": 1.0,
            "cost_to_serve": [70.0, 10, 10, 10],
        }
    )


def _ahead(facts, column="gross_profit"):
    return pd.DataFrame(
        {
            "account_id": [*facts["account_id"], "gone"],
            "expected_gross_profit": [75.0, 30, 50, 20, 0],
            "last_period": [*facts[column], 0.0],
        }
    )


def test_expected_contribution_ranks_first():
    facts = with_expected(_facts(), _ahead(_facts()))
    made = key_accounts(facts, Objective(key_accounts=2, minimum_sales_share=0.0))

    assert made.worth_is == "expected gross profit less cost to serve"
    assert made.table.loc[made.table["selected"], "account_id"].tolist() == ["c", "b"]
    assert made.table["worth"].head(2).tolist() == [40, 20]


def test_who_is_listed_for_what_is_expected_is_not_called_volume_without_profit():
    facts = _facts().assign(cost_to_serve=[85.0, 65, 10, 10])
    ahead = _ahead(facts).assign(expected_gross_profit=[90.0, 40, 30, 20, 0])
    made = key_accounts(with_expected(facts, ahead), Objective(minimum_sales_share=0.0))
    table = made.table.set_index("account_id")

    assert table.loc["a", ["selected", "class"]].tolist() == [True, "key account"]
    assert table.loc["b", ["selected", "class"]].tolist() == [False, "volume without profit"]


def test_without_cost_expected_sales_lead_and_are_called_so():
    facts = _facts().assign(gross_profit=np.nan, margin_rate=np.nan, cost_known_share=0.0)
    facts = with_expected(facts, _ahead(facts, "net_sales"))
    made = key_accounts(facts, Objective(key_accounts=2, minimum_sales_share=0.0))
    months = pd.date_range("2023-01-01", periods=24, freq="MS")
    monthly = pd.DataFrame(
        [(a, m, (1.0 + i) * m.month) for i, a in enumerate("dcba") for m in months],
        columns=["account_id", "month", "net_sales"],
    ).assign(gross_profit=0.0, cost_to_serve=0.0)
    drawn = rank_uncertainty(
        facts, monthly, Objective(key_accounts=2), as_of="2025-01-01", draws=20
    )

    assert made.worth_is == "expected net sales (no cost is known)"
    assert made.table["account_id"].head(2).tolist() == ["a", "c"]
    assert (drawn.table["worth_high"] > drawn.table["worth_low"]).all()


@pytest.mark.parametrize(
    "other",
    [
        lambda ahead: ahead.assign(last_period=ahead["last_period"] / 2),
        lambda ahead: ahead.tail(3),
    ],
)
def test_a_forecast_of_another_period_or_of_other_accounts_is_not_taken(other):
    assert EXPECTED not in with_expected(_facts(), other(_ahead(_facts())))
