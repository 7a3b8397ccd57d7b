"""Limits stated in words: criteria go before the industry's, other columns become gates."""

import numpy as np
import pandas as pd
import pytest

from kamlab.segmentation.industry_standard import asked_of
from kamlab.segmentation.key_list import Objective, key_accounts
from kamlab.segmentation.stated_gates import read_gates
from kamlab.sources.industry import Standard


def _facts():
    return pd.DataFrame(
        {
            "account_id": list("abcd"),
            "name": ["A", "B", "C", "D"],
            "net_sales": [100.0, 90.0, 80.0, 70.0],
            "gross_profit": [30.0, 27.0, 24.0, 21.0],
            "margin_rate": 0.3,
            "cost_known_share": 1.0,
            "days_beyond_terms": [40.0, 20.0, np.nan, 0.0],
            "days_since_last_order": [1.0, 2.0, 3.0, 200.0],
        }
    )


def test_stated_limits_keep_out_whom_they_should():
    facts = _facts()
    standards, gates = read_gates("payment <= 30, days_since_last_order<=180", {}, facts)
    asked = asked_of(standards, facts)
    objective = Objective(minimum_sales_share=0.0, gates=asked.gates + gates)

    made = key_accounts(facts, objective)
    failed = made.table.set_index("account_id")["gate_failed"]

    assert failed.to_dict() == {"a": "payment", "b": "", "c": "", "d": "days_since_last_order"}
    assert made.gate_prices["gate"].tolist() == [
        "sales", "margin", "payment", "days_since_last_order",
    ]  # fmt: skip


def test_what_is_stated_goes_before_the_industry_and_leaves_the_rest():
    usual = {"payment": Standard(2.0, most=90.0), "margin": Standard(1.0, least=0.1)}
    made, gates = read_gates("payment <= 30; payment >= -60", usual, _facts())

    assert made["payment"] == Standard(2.0, least=-60.0, most=30.0)
    assert made["margin"] == usual["margin"]
    assert gates == ()
    assert read_gates("", usual, _facts()) == (usual, ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("payment", "is no gate"),
        ("payment = 3", "is no gate"),
        ("colour <= 3", "there is no 'colour'"),
        ("name <= 3", "there is no 'name'"),
        ("payment <= 1.2.3", "no number that can be read"),
    ],
)
def test_what_cannot_be_read_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        read_gates(text, {}, _facts())
