"""The accuracy card itself: perfect estimates score 1, coverage counts, regret of the best is 0."""

import numpy as np
import pandas as pd
import pytest

from kamlab.simulation.accuracy import against_truth, regret

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
