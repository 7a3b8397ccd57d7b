"""The list under other weights: money alone is the list itself, and moves add up."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.segmentation.key_list import Objective, key_accounts
from kamlab.segmentation.what_if import MONEY, what_if


def _facts(seed=0, count=80):
    rng = np.random.default_rng(seed)
    sales, margin = rng.lognormal(9, 1.2, count), rng.normal(0.25, 0.05, count)
    return pd.DataFrame(
        {
            "account_id": [f"A{i:03d}" for i in range(count)],
            "name": None,
            "net_sales": sales,
            "gross_profit": sales * margin,
            "margin_rate": margin,
            "cost_known_share": 1.0,
            "sales_growth": rng.normal(0.05, 0.3, count),
        }
    )


ASKED = Objective(key_accounts=10)


def test_money_alone_is_the_list_itself():
    facts = _facts()
    made = what_if(facts, ASKED, {MONEY: 1.0, "growth": 0.0})
    listed = key_accounts(facts, ASKED).table.head(10)
    assert made.table["account_id"].tolist() == listed["account_id"].tolist()
    assert set(made.table["change"]) == {"same"}
    assert (made.exposure["before"] == made.exposure["now"]).all()


@settings(max_examples=20)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_as_many_come_as_go_and_money_alone_is_worth_most(money, growth, margin):
    made = what_if(_facts(), ASKED, {MONEY: money, "growth": growth, "margin": margin})
    changes = made.table["change"]
    assert (changes == "comes").sum() == (changes == "goes").sum()
    assert made.table["rank"].notna().sum() == 10
    worth = made.exposure.set_index("figure").loc["worth of the list"]
    assert worth["now"] <= worth["before"] + 1e-6
    cost = made.exposure.set_index("figure").loc["cost of the score's say", "now"]
    assert worth["before"] - worth["now"] == pytest.approx(cost, abs=1e-6)


def test_effective_number_of_equal_accounts_is_their_number():
    facts = _facts().assign(net_sales=100.0, gross_profit=25.0, margin_rate=0.25)
    made = what_if(facts, ASKED, {MONEY: 0.5, "growth": 0.5}).exposure.set_index("figure")
    assert made.loc["effective number of accounts", "now"] == pytest.approx(10)
    assert made.loc["largest account's share of the list", "now"] == pytest.approx(0.1)


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        what_if(_facts(), ASKED, {MONEY: -1.0})


def test_what_hangs_on_the_list_is_said_by_its_kind():
    said = what_if(_facts(), ASKED, {MONEY: 0.5, "growth": 0.5}).said.set_index("figure")["now"]

    assert "," in said["worth of the list"]
    assert said["share of all worth"].endswith("%")
    assert "%" not in said["effective number of accounts"]
