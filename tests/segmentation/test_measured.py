"""Measured criteria beside the facts: nothing is made up, nothing lost, nothing becomes nought."""

import numpy as np
import pandas as pd
import pytest

from kamlab.segmentation.key_list import Objective, key_accounts
from kamlab.segmentation.measured import COLUMNS, described, with_criteria
from kamlab.segmentation.objective import CRITERIA, UNITS
from kamlab.segmentation.ranking import criteria_matrix


def _facts():
    return pd.DataFrame(
        {
            "account_id": list("abcd"),
            "net_sales": [400.0, 300, 200, 100],
            "gross_profit": [80.0, 60, 40, 20],
            "margin_rate": 0.2,
            "cost_known_share": 1.0,
        }
    )


def _rows(*rows):
    return pd.DataFrame(rows, columns=["account_id", "criterion", "value"])


def test_what_was_not_measured_stays_missing_and_takes_the_middle_openly():
    measured = _rows(
        ("a", "financial_standing", 0.9), ("b", "financial_standing", 0.5),
        ("c", "financial_standing", 0.7), ("x", "financial_standing", 0.1), ("a", "margin", 0.9),
    )  # fmt: skip
    made = with_criteria(_facts(), measured)
    assert made["financial_standing"].tolist()[:3] == [0.9, 0.5, 0.7]
    assert np.isnan(made["financial_standing"].iloc[3])
    assert made["margin_rate"].tolist() == [0.2] * 4
    assert made["account_id"].tolist() == list("abcd")
    matrix, treatment = criteria_matrix(made)
    said = treatment.set_index("criterion").loc["finances"]
    assert said["missing"] == 1
    assert said["filled_with"] == matrix.loc["d", "finances"] == 0.7


def test_power_over_us_counts_against_an_account():
    measured = _rows(
        ("a", "bargaining_power", 2.0), ("b", "bargaining_power", -1.0),
        ("d", "bargaining_power", 0.1),
    )  # fmt: skip
    made = key_accounts(
        with_criteria(_facts(), measured),
        Objective(minimum_sales_share=0.0, weights={"bargaining power": 1.0}),
    ).table.set_index("account_id")
    assert made.loc["b", "score"] > made.loc["c", "score"] > made.loc["a", "score"]


def test_every_measured_column_is_a_criterion():
    assert set(COLUMNS.values()) <= {column for column, _ in CRITERIA.values()}


def test_a_criterion_given_twice_is_refused():
    twice = _rows(("a", "business_space", 1.0), ("a", "business_space", 2.0))
    with pytest.raises(ValueError, match="business_space of account 'a' stands twice"):
        with_criteria(_facts(), twice)


def test_every_criterion_is_told_with_its_direction_unit_and_error():
    measured = _rows(
        ("a", "management_philosophy", 3.0), ("b", "management_philosophy", 4.0)
    ).assign(standard_error=[0.2, 0.4])  # fmt: skip
    _, treatment = criteria_matrix(with_criteria(_facts(), measured))
    told = described(treatment, measured).set_index("criterion")

    assert set(UNITS) == set(CRITERIA) == set(told.index)
    assert told.loc["management", "usual_error"] == pytest.approx(0.3)
    assert (told.loc["payment", "direction"], told.loc["margin", "direction"]) == ("less", "more")
    assert described(treatment)["usual_error"].isna().all()
