"""Rankings: dominance, scale, constants and missing values; agreement and reversal."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import friedmanchisquare

from kamlab.segmentation import ranking as r
from kamlab.segmentation.reversal import rank_reversal


def _cases(seed=0, count=30):
    rng = np.random.default_rng(seed)
    names = [f"A{i:02d}" for i in range(count)]
    return pd.DataFrame(rng.gamma(2, 2, (count, 4)), names, ["sales", "margin", "growth", "late"])


def _weights(*numbers):
    return pd.Series(numbers, ["sales", "margin", "growth", "late"], dtype=float)


GOOD = {"late": False}


@given(st.integers(0, 500))
def test_who_is_best_in_everything_is_first_by_every_method(seed):
    cases = _cases(seed)
    cases.loc["A07"] = cases.max() + 1
    cases.loc["A07", "late"] = 0
    made = r.rank_by(cases, _weights(1, 2, 3, 4), GOOD)

    assert (made.ranks.loc["A07"] == 1).all()


@given(st.integers(0, 500), st.sampled_from([0.01, 7.0, 1e6]))
def test_units_do_not_matter(seed, factor):
    cases = _cases(seed)
    other = cases.assign(sales=cases["sales"] * factor)
    left, right = (r.rank_by(c, _weights(1, 2, 3, 4), GOOD) for c in (cases, other))

    assert left.scores.to_numpy() == pytest.approx(right.scores.to_numpy(), abs=1e-9)


def test_promethee_is_the_mean_over_all_pairs():
    cases = _cases(3, 12).round(0)  # with ties
    values = cases.to_numpy() * [1, 1, 1, -1]
    share = np.array([1, 2, 3, 4]) / 10
    pairs = np.sign(values[:, None, :] - values[None, :, :])
    expected = (pairs @ share).sum(axis=1) / 11

    assert r.promethee(cases, _weights(1, 2, 3, 4), GOOD).to_numpy() == pytest.approx(expected)


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_a_criterion_that_is_the_same_for_all_changes_no_rank_and_is_named(value):
    cases = _cases().assign(growth=value)
    made = r.rank_by(cases, _weights(1, 2, 3, 4), GOOD)
    without = r.rank_by(cases.drop(columns="growth"), _weights(1, 2, 3, 4).drop("growth"), GOOD)

    assert made.constant == ("growth",)
    assert np.isfinite(made.scores.to_numpy()).all()
    pd.testing.assert_frame_equal(made.ranks, without.ranks)


def test_accounts_that_are_all_alike_share_one_rank():
    cases = _cases() * 0 + 1

    assert (r.rank_by(cases, _weights(1, 1, 1, 1)).ranks == 1).all(axis=None)


def test_a_missing_value_is_refused_by_name_and_filled_only_when_asked():
    facts = pd.DataFrame(
        {
            "account_id": ["A", "B", "C", "D"],
            "net_sales": [4.0, 3, 2, 1],
            "margin_rate": [0.1, np.nan, 0.3, 0.5],
            "sales_growth": [np.nan] * 4,
        }
    )
    wanted = {"sales": ("net_sales", True), "margin": ("margin_rate", True)}
    wanted |= {"growth": ("sales_growth", True), "payment": ("days_beyond_terms", False)}
    matrix, treatment = r.criteria_matrix(facts, wanted)
    told = treatment.set_index("criterion")

    assert matrix.loc["B", "margin"] == 0.3
    assert told["used"].to_dict() == {
        "sales": True,
        "margin": True,
        "growth": False,
        "payment": False,
    }
    assert told.loc["margin", "missing"] == 1
    with pytest.raises(ValueError, match="criterion 'margin' of account 1 is missing"):
        r.weighted_sum(
            facts[["net_sales", "margin_rate"]].set_axis(["s", "margin"], axis=1),
            pd.Series({"s": 1, "margin": 1}),
        )
    with pytest.raises(ValueError, match="needs a weight"):
        r.topsis(matrix, pd.Series({"sales": 1.0}))


def test_concordance_is_that_of_friedman():
    rng = np.random.default_rng(2)
    ranks = pd.DataFrame(rng.integers(1, 8, (15, 4))).rank(method="average")
    # Friedman's statistic = m (n - 1) W, where accounts are treated and methods are blocks
    statistic = friedmanchisquare(*ranks.to_numpy()).statistic
    same = pd.DataFrame({"a": [1, 2, 3], "b": [1, 2, 3]})
    opposed = pd.DataFrame({"a": [1, 2, 3], "b": [3, 2, 1]})

    assert r.agreement(ranks, 5).concordance == pytest.approx(statistic / (4 * 14))
    assert r.agreement(same, 2).concordance == 1
    assert r.agreement(same, 2).shared["shared_share"].tolist() == [1.0]
    assert r.agreement(opposed, 1).concordance == pytest.approx(0)
    assert r.agreement(opposed, 1).tau.loc["a", "b"] == pytest.approx(-1)


def test_reversal_is_found_where_it_is_known_and_nowhere_else():
    # C, worst of everything, sets both scales: without it the gap in y counts in full
    cases = pd.DataFrame({"x": [10.0, 9.0, 0.0], "y": [4.0, 5.0, -100.0]}, ["A", "B", "C"])
    weights = pd.Series({"x": 0.4, "y": 0.6})
    table = rank_reversal(cases, weights, top=2).set_index("method")

    assert r.weighted_sum(cases, weights).round(3).tolist() == [0.994, 0.96, 0]
    assert table.loc["weighted sum", ["reordered", "replaced", "largest"]].tolist() == [1, 0, "C"]
    assert table.loc["PROMETHEE II", "reordered"] == 0
    assert (table["tried"] == 1).all()


def test_a_list_as_long_as_the_accounts_is_refused():
    with pytest.raises(ValueError, match="top lies between 1 and below 30"):
        rank_reversal(_cases(), _weights(1, 1, 1, 1), top=30)
