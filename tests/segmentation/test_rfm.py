"""RFM: ties scored alike, every rule table checked, hostile input named."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.segmentation import rfm as r


def _accounts(values):
    return pd.DataFrame(values, columns=["days_since_last_order", "orders", "net_sales"])


def test_the_default_rules_cover_every_cell_and_reach_every_segment():
    report = r.check_rules(r.SEGMENTS)

    assert report.unreachable == ()
    assert report.uncovered == 0
    assert report.reach["cells_kept"].sum() == 125


def test_a_shadowed_segment_is_named():
    rules = pd.concat([r.SEGMENTS, r.SEGMENTS.head(1).assign(segment="never")])

    report = r.check_rules(rules)

    assert report.unreachable == ("never",)
    assert report.reach.iloc[-1]["shadowed_by"] == "champions"


def test_uncovered_cells_are_counted():
    assert r.check_rules(r.SEGMENTS.head(1)).uncovered == 125 - 8


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("recency_low", 0, "recency runs from 0 to 5"),
        ("monetary_high", 6, "monetary runs from 4 to 6"),
        ("frequency_low", 9, "frequency runs from 9 to 5"),
    ],
)
def test_bounds_out_of_range_are_named(column, value, message):
    rules = r.SEGMENTS.copy()
    rules.loc[0, column] = value

    with pytest.raises(ValueError, match=message):
        r.check_rules(rules)


@given(
    st.lists(
        st.tuples(st.integers(0, 20), st.integers(1, 5), st.integers(-5, 30)),
        min_size=1,
        max_size=60,
    ),
    st.randoms(use_true_random=False),
)
def test_ties_and_order_do_not_matter(rows, random):
    accounts = _accounts(rows)
    result = r.rfm(accounts).table
    for axis, column in zip(r.AXES, accounts.columns, strict=True):
        per_value = result.groupby(column)[f"{axis}_score"].agg(set)
        assert (per_value.map(len) == 1).all()
    mixed = accounts.sample(frac=1, random_state=random.randint(0, 99))
    pd.testing.assert_frame_equal(r.rfm(mixed).table.sort_index(), result)


@given(st.lists(st.integers(1, 1000), min_size=5, max_size=80))
def test_a_bigger_amount_never_scores_less(values):
    amounts = pd.Series(values)
    points = r.score(amounts, r.quantile_cuts(amounts))

    assert points[amounts.sort_values().index].is_monotonic_increasing
    assert points.between(1, 5).all()


def test_own_cuts_are_used_and_returned():
    accounts = _accounts([(10, 1, 100), (100, 5, 900), (400, 2, 50)])
    cuts = {"recency": [30, 90, 180, 365], "monetary": [75, 500]}

    result = r.rfm(accounts, cuts=cuts)

    assert result.table["recency_score"].tolist() == [5, 3, 1]
    assert result.table["monetary_score"].tolist() == [2, 3, 1]
    monetary = result.cuts[result.cuts["axis"] == "monetary"]
    assert monetary["value"].tolist() == [75, 500]


def test_an_account_without_a_last_order_is_not_scored():
    accounts = _accounts([(10, 1, 100), (np.nan, 0, -50)])

    table = r.rfm(accounts).table

    assert table["segment"].iloc[1] == "others"
    assert table["rfm_score"].isna().tolist() == [False, True]


def test_missing_columns_and_empty_tables_are_refused():
    with pytest.raises(ValueError, match="lack the columns"):
        r.rfm(pd.DataFrame({"orders": [1]}))
    with pytest.raises(ValueError, match="nothing can be scored"):
        r.rfm(_accounts([(np.nan, 1, 1)]))
    with pytest.raises(ValueError, match="cuts must rise"):
        r.score(pd.Series([1]), [3, 2])
