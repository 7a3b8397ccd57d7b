"""Limits of the industry's profile become minimums and gates of the list."""

import numpy as np
import pandas as pd
import pytest

from kamlab.segmentation.hindsight import hindsight
from kamlab.segmentation.industry_standard import asked_of
from kamlab.segmentation.key_list import Objective, key_accounts
from kamlab.segmentation.stated_weights import read_weights
from kamlab.sources.industry import Standard, shipped


def _facts():
    return pd.DataFrame(
        {
            "account_id": list("abcd"),
            "net_sales": [100.0, 90.0, 80.0, 1.0],
            "gross_profit": [30.0, 27.0, 24.0, 0.5],
            "margin_rate": [0.3, 0.3, 0.3, 0.5],
            "cost_known_share": [1.0] * 4,
            "days_beyond_terms": [2.0, 40.0, np.nan, 0.0],
        }
    )


def test_the_shipped_profile_asks_for_nothing_beyond_the_data():
    asked = asked_of(shipped().criteria, _facts())

    assert (asked.minimum_sales_share, asked.minimum_margin, asked.gates) == (None, None, ())
    assert set(asked.weights.values()) == {1.0}


def test_limits_keep_accounts_out_and_what_is_not_known_does_not():
    standards = {
        "sales share": Standard(least=0.05, most=0.36),
        "payment": Standard(most=30.0),
        "management": Standard(least=3.0),
    }

    asked = asked_of(standards, _facts())
    made = key_accounts(
        _facts(),
        Objective(minimum_sales_share=asked.minimum_sales_share, gates=asked.gates),
    )
    table = made.table.set_index("account_id")

    assert asked.not_known == ("management",)
    assert table.loc[table["selected"]].index.tolist() == ["c"]
    assert table.loc["a", "gate_failed"] == "sales share limit"
    assert table.loc["b", "gate_failed"] == "payment"
    assert "sales" in table.loc["d", "gate_failed"]


def test_the_profiles_weights_hold_where_none_are_stated():
    matrix = pd.DataFrame({"margin": [1.0, 2.0], "growth": [0.0, 1.0]})

    usual = {"margin": 3.0, "growth": 1.0, "payment": 9.0}
    stated = read_weights("", matrix, usual=usual)
    alike = read_weights("", matrix, usual=dict.fromkeys(usual, 2.0))

    assert stated.weights.tolist() == pytest.approx([0.75, 0.25])
    assert stated.how == "weights of the industry profile"
    assert (alike.weights.tolist(), alike.how) == ([0.5, 0.5], "equal weights")
    assert read_weights("equal", matrix, usual=usual).how == "equal weights"
    assert read_weights("", matrix, usual={"payment": 1.0, "margin": 0.0}).how == "equal weights"


def test_a_limit_that_nothing_tells_of_an_earlier_time_is_left_out_of_hindsight():
    objective = Objective(
        key_accounts=2, gates=asked_of({"payment": Standard(most=30.0)}, _facts()).gates
    )
    before = _facts().drop(columns="days_beyond_terms")

    table = hindsight(before, _facts(), objective)

    assert table.loc[table["rule"] == "this list", "picked"].tolist() == [2]
