"""Kinds of accounts: planted ones are found again, and none are found where there are none."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from kamlab.segmentation.clusters import MEASURES, find_clusters, in_words
from kamlab.segmentation.grouping import METHODS, gap_statistic, stability


@pytest.fixture(autouse=True)
def _one_thread():
    with threadpool_limits(1):
        yield


def _accounts(centres, sizes, seed=0, spread=0.35):
    """Make accounts of planted kinds: centres in (log sales, log orders, margin)."""
    rng = np.random.default_rng(seed)
    kind = np.repeat(np.arange(len(centres)), sizes)
    middle = np.asarray(centres, float)[kind]
    drawn = middle + rng.normal(0, 1, middle.shape) * [spread * 2, spread, 0.03]
    order = rng.permutation(len(kind))
    facts = pd.DataFrame(
        {
            "account_id": [f"A{i:04d}" for i in range(len(kind))],
            "net_sales": np.exp(drawn[order, 0]),
            "orders": np.exp(drawn[order, 1]),
            "margin_rate": drawn[order, 2],
        }
    )
    facts["gross_profit"] = facts["net_sales"] * facts["margin_rate"]
    return facts, kind[order]


THREE = [(13, 4.5, 0.08), (8, 1.5, 0.45), (10, 4.5, 0.30)]


@pytest.mark.parametrize("seed", [1, 2])
def test_planted_kinds_are_found_again_and_described(seed):
    from sklearn.metrics import adjusted_rand_score

    facts, planted = _accounts(THREE, [40, 120, 90], seed)
    found = find_clusters(facts, draws=10)
    assert found.count == 3
    assert adjusted_rand_score(planted, found.table["cluster"].astype(int)) > 0.95
    first = found.profiles.iloc[0]
    assert first["accounts"] == pytest.approx(40, abs=3)
    assert "large" in first["kind"]
    assert "thin margin" in first["kind"]
    assert found.profiles["net_sales"].sum() == pytest.approx(facts["net_sales"].sum())
    assert found.profiles["gross_profit"].sum() == pytest.approx(facts["gross_profit"].sum())
    assert found.profiles["sales_share"].sum() == pytest.approx(1)
    assert (found.methods["stability"] > 0.9).any()
    assert found.methods["method"].tolist() == list(METHODS)


@pytest.mark.parametrize("seed", range(4))
def test_one_cloud_is_never_cut_into_kinds(seed):
    """Lognormal sizes and correlated measures, as real accounts have, but one kind only."""
    rng = np.random.default_rng(seed)
    base = rng.normal(0, 1, 300)
    facts = pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(300)],
            "net_sales": np.exp(9 + 1.5 * base),
            "orders": np.exp(2 + 0.6 * base + rng.normal(0, 0.4, 300)),
            "margin_rate": 0.25 - 0.02 * base + rng.normal(0, 0.05, 300),
            "sales_growth": np.expm1(rng.normal(0, 0.3, 300)),
        }
    )
    found = find_clusters(facts, draws=10, seed=seed)
    assert found.count == 0
    assert found.profiles.empty
    assert found.table["cluster"].isna().all()
    assert len(found.table) == 300


def test_gap_statistic_knows_one_and_three():
    rng = np.random.default_rng(3)
    assert gap_statistic(rng.uniform(0, 1, (200, 2)), 6, references=15).k == 1
    three = np.concatenate([rng.normal(c, 0.3, (60, 2)) for c in ((0, 0), (4, 0), (0, 4))])
    assert gap_statistic(three, 6, references=15).k == 3


def test_stability_is_one_for_groups_far_apart_and_low_for_a_cloud():
    rng = np.random.default_rng(4)
    apart = np.concatenate([rng.normal(c, 0.1, (50, 2)) for c in (0, 9)])
    for method in METHODS:
        assert stability(apart, 2, method, draws=5)[0] == pytest.approx(1)
    assert stability(rng.normal(0, 1, (200, 3)), 5, METHODS[0], draws=8)[0] < 0.6


def test_order_and_currency_do_not_matter():
    facts, _ = _accounts(THREE, [40, 60, 60])
    other = facts.sample(frac=1.0, random_state=1)
    other[["net_sales", "gross_profit"]] *= 1024.0
    one, two = find_clusters(facts, draws=5), find_clusters(other, draws=5)
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.profiles["kind"].tolist() == two.profiles["kind"].tolist()


def test_more_accounts_than_are_tried_all_get_a_cluster():
    facts, planted = _accounts(THREE, [400, 900, 700])
    found = find_clusters(facts, draws=5)
    assert found.count == 3
    assert found.table["cluster"].notna().all()
    assert len(found.table) == len(planted)


@settings(max_examples=10)
@given(
    st.lists(
        st.tuples(
            st.floats(-1e6, 1e9, allow_nan=False),
            st.one_of(st.none(), st.floats(-5, 1, allow_nan=False)),
            st.integers(0, 500),
        ),
        min_size=0,
        max_size=60,
    )
)
def test_any_facts_give_an_answer(rows):
    facts = pd.DataFrame(rows, columns=["net_sales", "margin_rate", "orders"])
    facts.insert(0, "account_id", [f"A{i}" for i in range(len(facts))])
    facts = facts.astype({"net_sales": float, "margin_rate": float, "orders": float})
    found = find_clusters(facts, most=3, draws=5)
    assert len(found.table) == (facts["net_sales"] > 0).sum()
    assert found.count == found.table["cluster"].nunique()
    assert found.why


def test_missing_measures_are_said_and_not_nought():
    facts, _ = _accounts(THREE, [40, 60, 60])
    facts.loc[facts.index[:10], "margin_rate"] = np.nan
    found = find_clusters(facts, draws=5)
    said = found.treatment.set_index("measure")
    assert said.loc["margin", "missing"] == 10
    assert said.loc["margin", "used"]
    assert not said.loc["growth", "used"]
    assert set(said.index) == set(MEASURES)


def test_what_makes_no_sense_is_refused():
    facts, _ = _accounts(THREE, [20, 20, 20])
    with pytest.raises(ValueError, match="most is 2 to 20"):
        find_clusters(facts, most=1)
    with pytest.raises(ValueError, match="stands twice"):
        find_clusters(pd.concat([facts, facts]))
    assert in_words(pd.Series({"sales": 0.1})) == "near the average"
