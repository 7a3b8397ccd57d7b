"""Targets: equal to trying every choice on small cases, and rules that always hold."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.retention.targets import choose_targets


def _case(seed, accounts=5, actions=3):
    rng = np.random.default_rng(seed)
    names = [f"A{i}" for i in range(accounts)]
    kinds = [f"k{j}" for j in range(actions)]
    gains = pd.DataFrame(rng.normal(30, 30, (accounts, actions)).round(1), names, kinds)
    costs = pd.DataFrame(rng.uniform(2, 25, (accounts, actions)).round(1), names, kinds)
    owners = pd.Series(rng.choice(["M1", "M2"], accounts), names)
    owners.iloc[0] = None
    return gains, costs, owners


def _best_by_trying(gains, costs, budget, owners, capacity, key, asked):
    """Try every choice of one action or none an account."""
    best = -np.inf
    g, c = gains.to_numpy(), costs.to_numpy()
    for choice in product(range(-1, gains.shape[1]), repeat=len(gains)):
        taken = [(i, k) for i, k in enumerate(choice) if k >= 0]
        cost = sum(c[i, k] for i, k in taken)
        load = {m: sum(owners.iloc[i] == m for i, _ in taken) for m in ("M1", "M2")}
        served = sum(gains.index[i] in key for i, _ in taken)
        if cost > budget + 1e-9 or served < asked or any(load[m] > capacity for m in load):
            continue
        best = max(best, sum(g[i, k] - c[i, k] for i, k in taken))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_equal_to_trying_every_choice(seed):
    gains, costs, owners = _case(seed)
    budget, capacity, key = 30.0 + 4 * seed, 1 + seed % 2, ["A1", "A3"]
    found = choose_targets(
        gains, costs, budget, owners=owners, capacity=capacity, key_accounts=key, serve_key=0.5
    )
    best = _best_by_trying(gains, costs, budget, owners, capacity, key, 1)

    assert found.net_gain == pytest.approx(best, abs=1e-6)
    assert found.status == "optimal"
    assert found.difference >= -1e-6


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10_000),
    budget=st.floats(0, 200),
    capacity=st.integers(0, 4),
)
def test_rules_hold_whatever_the_case(seed, budget, capacity):
    gains, costs, owners = _case(seed, accounts=12)
    found = choose_targets(gains, costs, budget, owners=owners, capacity=capacity)

    for table in (found.table, found.threshold):
        assert table["account_id"].is_unique
        assert table["cost"].sum() <= budget + 1e-6
        assert (
            table.loc[table["owner"] != "", "owner"].value_counts().max() <= capacity
            or (table["owner"] == "").all()
        )
        assert (table["net_gain"] > 0).all()
    assert found.net_gain >= found.threshold_net_gain - 1e-6


def test_where_the_simple_rule_fails():
    """One account that eats the budget and two that together gain more."""
    gains = pd.DataFrame({"visit": [26.0, 20.0, 20.0]}, index=["a", "b", "c"])
    found = choose_targets(gains, pd.DataFrame({"visit": [6.0, 5.0, 5.0]}, ["a", "b", "c"]), 10.0)

    assert set(found.table["account_id"]) == {"b", "c"}
    assert set(found.threshold["account_id"]) == {"a"}
    assert found.difference == pytest.approx(30 - 20)


def test_without_limits_every_gain_is_taken():
    gains, costs, _ = _case(3, accounts=30)
    found = choose_targets(gains, costs)

    best = (gains - costs).max(axis=1)
    assert found.net_gain == pytest.approx(best[best > 0].sum())
    assert found.difference == pytest.approx(0)
    assert np.isnan(found.next_euro)


def test_a_tight_budget_has_a_price_and_an_ample_one_none():
    gains, costs, _ = _case(5, accounts=40)

    price = choose_targets(gains, costs, 60.0).next_euro
    more = choose_targets(gains, costs, 90.0).net_gain - choose_targets(gains, costs, 60.0).net_gain

    # gains of budget diminish: thirty more gain less than thirty times the price of the first
    assert 0.3 < more / 30 < price * 1.1
    assert choose_targets(gains, costs, 1e6).next_euro == pytest.approx(0, abs=1e-9)


def test_minimum_service_is_kept_at_a_loss_and_marked():
    gains = pd.DataFrame({"visit": [1.0, 20.0]}, index=["key", "other"])
    found = choose_targets(gains, 5.0, 10.0, key_accounts=["key"], serve_key=1.0)

    assert found.table.set_index("account_id").loc["key", "chosen_for"] == "minimum service"
    assert found.net_gain == pytest.approx(15 - 4)
    with pytest.raises(ValueError, match="cannot be had"):
        choose_targets(gains, 5.0, 4.0, key_accounts=["key"], serve_key=1.0)


def test_impossible_actions_are_left_out():
    gains = pd.DataFrame({"visit": [np.nan, 9.0], "call": [7.0, np.nan]}, index=["a", "b"])
    found = choose_targets(gains, pd.Series({"visit": 1.0, "call": 1.0}))

    assert dict(zip(found.table["account_id"], found.table["action"], strict=True)) == {
        "b": "visit",
        "a": "call",
    }
    assert choose_targets(gains * np.nan, 1.0, 5.0).table.empty


@pytest.mark.parametrize(("cost", "budget"), [(-1.0, 5.0), (1.0, -5.0), (1.0, float("nan"))])
def test_wrong_money_is_refused(cost, budget):
    with pytest.raises(ValueError, match="negative"):
        choose_targets(pd.DataFrame({"visit": [1.0]}, index=["a"]), cost, budget)


def test_five_thousand_accounts_in_seconds():
    gains, costs, owners = _case(9, accounts=5000, actions=4)
    found = choose_targets(gains, costs, 8_000.0, owners=owners, capacity=1200)

    assert found.status == "optimal"
    assert found.cost <= 8_000


def test_of_many_options_the_plan_in_parts_made_whole_is_as_good(monkeypatch):
    """Against the whole programme, which is solved to a millionth."""
    gains, costs, owners = _case(4, accounts=2000, actions=3)
    asked = {"budget": 3_000.0, "owners": owners, "capacity": 500}
    with monkeypatch.context() as without:
        without.setattr("scipy.optimize.milp", None)  # so that it cannot be asked
        quick = choose_targets(gains, costs, **asked)
    monkeypatch.setattr("kamlab.retention.targets._MANY", 10**9)
    whole = choose_targets(gains, costs, **asked)

    assert quick.cost <= 3_000
    assert quick.table["account_id"].is_unique
    assert quick.table["owner"].value_counts().drop("", errors="ignore").max() <= 500
    assert whole.net_gain * (1 - 1e-4) <= quick.net_gain <= whole.net_gain * (1 + 1e-9)
    assert quick.next_euro == pytest.approx(whole.next_euro)


def test_where_time_runs_out_before_any_plan_the_simple_rule_stands_and_says_so(monkeypatch):
    monkeypatch.setattr("scipy.optimize.milp", lambda *_, **__: _OutOfTime)
    gains, costs, owners = _case(3, accounts=8)
    found = choose_targets(gains, costs, budget=40.0, owners=owners, capacity=3)

    assert found.status.startswith("the simple rule's")
    assert found.net_gain == found.threshold_net_gain > 0
    assert found.cost <= 40.0
    assert found.table["owner"].value_counts().drop("", errors="ignore").max() <= 3


class _OutOfTime:
    x, status, mip_gap = None, 1, None
