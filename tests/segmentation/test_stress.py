"""Defection together: closed forms, parts that add up, and the competitor made stronger."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, norm

from kamlab.segmentation import stress as s
from kamlab.segmentation.classes import VOLUME, exposure


def _accounts(stakes, probabilities):
    stakes = np.asarray(stakes, float)
    return pd.DataFrame(
        {
            "account_id": [f"A{i:05d}" for i in range(len(stakes))],
            "at_stake": stakes,
            "probability": probabilities,
        }
    )


def test_independent_equal_accounts_lose_as_the_binomial_says():
    found = s.defection_stress(_accounts(np.ones(100), 0.1), correlation=0, draws=50_000)
    counts = np.arange(101)
    # mean of the worst 5 %: the counts above the quantile, and the rest of it from the quantile
    limit = binom.ppf(0.95, 100, 0.1)
    above = counts > limit
    beyond = binom.pmf(counts[above], 100, 0.1)
    tail = ((counts[above] * beyond).sum() + limit * (0.05 - beyond.sum())) / 0.05

    assert found.expected == pytest.approx(10)
    assert found.var == limit
    assert found.cvar == pytest.approx(tail, rel=0.01)


def test_many_small_accounts_lose_as_vasicek_says():
    count, p, rho = 40_000, 0.05, 0.2
    found = s.defection_stress(
        _accounts(np.full(count, 1 / count), p), correlation=rho, draws=40_000
    )
    inner = norm.ppf(p) + np.sqrt(rho) * norm.ppf(0.95)
    limit = norm.cdf(inner / np.sqrt(1 - rho))

    assert found.var == pytest.approx(limit, rel=0.03)
    assert found.expected == pytest.approx(p)
    assert found.effective_number == pytest.approx(count, rel=0.05)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.floats(-1e5, 1e6), st.floats(0, 1)), min_size=1, max_size=30),
    st.floats(0, 0.9),
)
def test_parts_add_up_and_order_does_not_matter(rows, correlation):
    accounts = _accounts(*zip(*rows, strict=True))
    found = s.defection_stress(accounts, correlation=correlation, draws=500)

    scale = accounts["at_stake"].abs().sum() + 1
    assert found.accounts["cvar_part"].sum() == pytest.approx(found.cvar, abs=1e-9 * scale)
    assert found.cvar >= found.var - 1e-9 * scale
    assert (np.diff(found.distribution["loss"]) >= -1e-9 * scale).all()


def test_parts_add_up_with_thousands_drawn_together():
    rng = np.random.default_rng(2)
    accounts = _accounts(rng.lognormal(5, 2, 5_000), rng.beta(1, 9, 5_000))
    found = s.defection_stress(accounts, draws=5_000)
    alone = s.defection_stress(accounts, draws=5_000, correlation=0)

    assert found.accounts["cvar_part"].sum() == pytest.approx(found.cvar)
    assert found.expected == pytest.approx(alone.expected)
    assert found.cvar > alone.cvar > found.expected


def test_a_bad_year_is_worse_together_than_if_each_left_for_itself():
    accounts = _accounts(np.full(200, 10.0), 0.1)
    together = s.defection_stress(accounts, correlation=0.3)
    alone = s.defection_stress(accounts, correlation=0)
    table = s.bad_years(together, alone).set_index("one_year_in")

    assert table.loc[20, "loss"] == pytest.approx(together.var)
    assert table.loc[100, "loss_if_independent"] == pytest.approx(
        10 * binom.ppf(0.99, 200, 0.1), abs=10
    )
    assert table.loc[100, "loss"] > 1.5 * table.loc[100, "loss_if_independent"]


def test_without_chance_nothing_is_left_to_it():
    found = s.defection_stress(_accounts([5, 7, 9], [0, 1, 0]))

    assert (found.expected, found.var, found.cvar) == (7, 7, 7)


def _facts():
    return pd.DataFrame(
        {
            "account_id": list("abcd"),
            "net_sales": [600.0, 400, 300, 100],
            "gross_profit": [60.0, 80, 90, 20],
            "cost_to_serve": [20.0, 10, 10, np.nan],
            "region": ["north", "north", "south", None],
        }
    )


def test_at_stake_is_what_exposure_says_for_volume_without_profit():
    facts = _facts().assign(margin_rate=0.2)
    stake = s.at_stake(facts, spill_over=0.1).set_index("account_id")
    exposed = exposure(facts, pd.Series(VOLUME, index=facts.index), spill_over=0.1)
    exposed = exposed.set_index("account_id").loc[stake.index]

    assert stake.loc["a", "elsewhere"] == pytest.approx(0.1 * 0.6 * 80)
    assert stake["elsewhere"].tolist() == pytest.approx(exposed["loss_elsewhere"].tolist())
    assert stake["at_stake"].tolist() == pytest.approx(exposed["loss_in_all"].tolist())


def test_taking_the_largest_away_leaves_what_the_others_earn():
    facts = _facts()
    plain = s.without_the_largest(facts, spill_over=0).set_index("largest")
    spilled = s.without_the_largest(facts, spill_over=0.1).set_index("largest")

    assert plain.index.tolist() == [1, 2, 3]
    assert plain.loc[1, "contribution_left"] == pytest.approx(70 + 80 + 20)
    assert plain.loc[2, "left_share"] == pytest.approx(100 / 210)
    assert spilled.loc[1, "lost_elsewhere"] == pytest.approx(0.1 * 0.6 * 80)
    assert spilled.loc[2, "lost_elsewhere"] == 0  # nobody is left in the north
    assert plain.loc[3, "sales_share"] == pytest.approx(1300 / 1400)


def test_without_cost_sales_are_at_stake():
    facts = _facts().assign(gross_profit=np.nan)

    assert s.at_stake(facts, spill_over=0)["at_stake"].tolist() == [600, 400, 300, 100]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probability": [0.1, 1.2]}, "between 0 and 1"),
        ({"probability": [0.1, np.nan]}, "probability of account 'A00001' is missing"),
        ({"at_stake": [np.inf, 1.0]}, "at_stake of account 'A00000' is missing"),
    ],
)
def test_what_cannot_be_drawn_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        s.defection_stress(_accounts([1, 2], 0.5).assign(**change))
    with pytest.raises(ValueError, match="no account that could leave"):
        s.defection_stress(_accounts([1, 2], 0.5).head(0))
    with pytest.raises(ValueError, match="correlation lies in 0 to below 1"):
        s.defection_stress(_accounts([1, 2], 0.5), correlation=1.0)
