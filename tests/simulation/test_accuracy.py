"""The accuracy card itself: perfect estimates score 1, coverage counts, regret of the best is 0."""

import numpy as np
import pandas as pd
import pytest

from kamlab.simulation.accuracy import against_truth, criteria_against_truth, regret

TRUTH = pd.Series(np.arange(10.0), index=[f"A{i}" for i in range(10)])


def test_a_monotone_estimate_has_rank_correlation_one():
    card = against_truth("x", TRUTH**3, TRUTH)

    assert card["rank_correlation"] == pytest.approx(1)
    assert np.isnan(card["coverage"])


def test_coverage_counts_truths_inside():
    card = against_truth("x", TRUTH, TRUTH, low=TRUTH - 1, high=TRUTH.where(TRUTH < 5, -9))

    assert card["coverage"] == 0.5
    assert card["stated"] == 0.9


def test_accounts_without_both_are_left_out():
    assert against_truth("x", TRUTH.drop("A0"), TRUTH.drop("A1"))["accounts"] == 8


def test_regret_of_the_best_pick_is_zero_and_of_nobody_one():
    table = regret(
        {"best": TRUTH.index[-3:], "worst": TRUTH.index[:3], "none": TRUTH.index[:0]}, TRUTH, 3
    ).set_index("rule")

    assert table.loc["best", "regret"] == 0
    assert table.loc["none", "regret"] == 1
    assert table["right"].tolist() == [3, 0, 0]


def test_criteria_with_right_errors_reach_what_is_possible():
    rng = np.random.default_rng(0)
    ids = [f"A{i}" for i in range(3000)]
    truth = pd.Series(rng.normal(0, 1, 3000), index=ids)
    # a posterior mean whose error is 0.6: the truth is the estimate and what is not known
    estimate = 0.64 * (truth + rng.normal(0, 0.75, 3000))
    measured = pd.DataFrame(
        {"account_id": ids, "criterion": "x", "value": estimate, "standard_error": 0.6,
         "source": "estimated"}
    )  # fmt: skip
    row = criteria_against_truth(measured, {"x": truth}).iloc[0]
    other = criteria_against_truth(measured, {"x": truth}, on_other_scale=("x",)).iloc[0]

    assert row["coverage"] == pytest.approx(0.9, abs=0.02)
    assert row["best_possible"] == pytest.approx(0.8, abs=0.02)
    assert row["rank_correlation"] == pytest.approx(row["best_possible"], abs=0.03)
    assert np.isnan(other["coverage"])
    assert np.isnan(other["best_possible"])
    wide = measured.assign(standard_error=1.5)  # wider than the truth: no bound is told
    assert np.isnan(criteria_against_truth(wide, {"x": truth})["best_possible"].item())
