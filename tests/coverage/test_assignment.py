"""Assignments equal the best of all that are possible, keep every rule, and explain refusals."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from kamlab.coverage.assignment import describe, greedy
from kamlab.coverage.rules import Rules, mismatch_matrix
from kamlab.coverage.solver import InfeasibleError, assign


def _case(seed, accounts=5, managers=3, capacity=3):
    rng = np.random.default_rng(seed)
    regions = np.array(["north", "south"])
    staff = pd.DataFrame(
        {
            "manager_id": [f"M{i}" for i in range(managers)],
            "region": rng.choice(regions, managers),
            "industries": rng.choice(["food, pet", "pharma", None], managers),
            "capacity": capacity,
        }
    )
    table = pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(accounts)],
            "region": rng.choice(regions, accounts),
            "industry": rng.choice(["Food", "Pharma", "Pet"], accounts),
            "manager_id": rng.choice([*staff["manager_id"], None], accounts),
            "workload": rng.integers(1, 6, accounts).astype(float),
            "gross_profit": rng.lognormal(8, 1, accounts),
            "at_risk": rng.lognormal(5, 1, accounts),
        }
    )
    return table, staff


def _best_by_force(accounts, managers, rules):
    """Try every assignment within capacity and hand-over limit."""
    best = np.inf
    capacity = managers["capacity"].to_numpy()
    for choice in product(range(len(managers)), repeat=len(accounts)):
        counts = np.bincount(choice, minlength=len(managers))
        if (counts > capacity).any():
            continue
        made = describe(accounts, managers, np.array(choice), rules)
        moves = int(made.table["changed"].sum())
        if rules.most_hand_overs is None or moves <= rules.most_hand_overs:
            best = min(best, made.mismatch)
    return best


@pytest.mark.parametrize("seed", range(40))
def test_equals_the_best_of_all_assignments(seed):
    rng = np.random.default_rng(1000 + seed)
    accounts, managers = _case(seed, accounts=int(rng.integers(2, 6)), managers=3)
    rules = Rules(
        region_penalty=rng.random() * 2,
        industry_penalty=rng.random(),
        hand_over_penalty=rng.random(),
        load_penalty=rng.random() * 0.3,
        most_hand_overs=int(rng.integers(0, 4)) if seed % 2 else None,
    )
    best = _best_by_force(accounts, managers, rules)
    if np.isinf(best):
        with pytest.raises(InfeasibleError, match="hand-overs"):
            assign(accounts, managers, rules)
    else:
        assert assign(accounts, managers, rules).mismatch == pytest.approx(best, abs=1e-6)


def test_beats_greedy_by_a_fifth_and_keeps_hand_overs_within_the_limit():
    accounts, managers = _case(3, accounts=120, managers=14, capacity=9)
    accounts["region"] = np.random.default_rng(1).choice(["north", "south"], 120, p=[0.55, 0.45])
    rules = Rules(most_hand_overs=90)

    best, simple = assign(accounts, managers, rules), greedy(accounts, managers, rules)

    assert best.mismatch <= 0.8 * simple.mismatch
    assert best.table["changed"].sum() <= 90
    assert (best.load["accounts"] <= best.load["capacity"]).all()
    assert best.load["accounts"].sum() == 120
    assert best.load["gross_profit"].sum() == pytest.approx(accounts["gross_profit"].sum())


def test_same_region_is_kept():
    accounts, managers = _case(4, accounts=12, managers=6)
    managers["region"] = ["north"] * 3 + ["south"] * 3
    made = assign(accounts, managers, Rules(same_region=True))
    region = managers.set_index("manager_id")["region"]

    assert (made.table["manager_id"].map(region) == accounts["region"]).all()


def test_risk_is_spread():
    accounts, managers = _case(5, accounts=12, managers=4, capacity=6)
    accounts["at_risk"] = [100.0] * 4 + [1.0] * 8
    made = assign(accounts, managers, Rules(most_risk_share=0.3))

    assert (made.load["at_risk"] <= 0.3 * accounts["at_risk"].sum() + 1e-6).all()


def test_a_manager_with_any_account_has_enough():
    accounts, managers = _case(6, accounts=6, managers=5, capacity=6)
    made = assign(accounts, managers, Rules(fewest_accounts=3, load_penalty=0))

    assert set(made.load["accounts"]) <= {0, 3, 6}


def test_the_smallest_conflict_is_named():
    accounts, managers = _case(7, accounts=12, managers=3, capacity=3)

    with pytest.raises(InfeasibleError) as caught:
        assign(accounts, managers, Rules(most_risk_share=0.9))

    assert len(caught.value.conflict) == 1
    assert "9 places for 12 accounts" in caught.value.conflict[0]


def test_unknown_regions_and_industries_are_no_mismatch():
    accounts = pd.DataFrame({"account_id": ["A"], "region": [None], "industry": [None]})
    managers = pd.DataFrame({"manager_id": ["M"], "region": ["north"], "industries": ["food"]})

    assert mismatch_matrix(accounts, managers, Rules()).tolist() == [[0.0]]


def test_row_order_does_not_change_the_optimum():
    accounts, managers = _case(8, accounts=30, managers=5, capacity=8)
    mixed = accounts.sample(frac=1, random_state=1)

    assert assign(mixed, managers).mismatch == pytest.approx(assign(accounts, managers).mismatch)


@pytest.mark.parametrize(
    "wrong", [{"region_penalty": -1}, {"most_risk_share": 0}, {"fewest_accounts": -1}]
)
def test_rules_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Rules(**wrong)


def test_an_account_twice_is_named():
    accounts, managers = _case(9)

    with pytest.raises(ValueError, match="'A0' stands twice"):
        assign(pd.concat([accounts, accounts.head(1)]), managers)


@pytest.mark.slow
def test_two_hundred_random_cases_and_five_hundred_accounts():
    for seed in range(200):
        accounts, managers = _case(seed, accounts=5)
        best = _best_by_force(accounts, managers, Rules())
        assert assign(accounts, managers).mismatch == pytest.approx(best, abs=1e-6)
    accounts, managers = _case(1, accounts=500, managers=80, capacity=9)

    assert assign(accounts, managers, time_limit=60).status == "optimal"
