"""Load against outcome tells what is true of simulated managers, and is silent where it cannot."""

import numpy as np
import pandas as pd
import pytest

from kamlab.coverage.load_effect import load_effect, outcomes_by_manager


def _accounts(seed, *, slope, managers=14, level=0.95):
    """Draw accounts of managers who keep `level + slope × (load − 9)` of them."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(managers):
        load = int(rng.integers(4, 22))
        kept = rng.random(load) < np.clip(level + slope * (load - 9), 0.01, 0.99)
        rows += [(f"M{number:02d}", 100.0, 90.0 * bool(one)) for one in kept]
    table = pd.DataFrame(rows, columns=["manager_id", "net_sales_prior_12m", "net_sales_12m"])
    return table.assign(account_id=[f"A{i}" for i in range(len(table))])


def test_a_planted_slope_lies_in_its_interval_nineteen_times_in_twenty():
    hits = [
        effect.low <= -0.02 <= effect.high
        for effect in (
            load_effect(outcomes_by_manager(_accounts(seed, slope=-0.02, level=0.8)))
            for seed in range(150)
        )
    ]
    assert 0.88 <= np.mean(hits) <= 1.0


def test_no_effect_is_rarely_told():
    told = [
        load_effect(outcomes_by_manager(_accounts(seed, slope=0, level=0.8))).told
        for seed in range(150)
    ]
    assert np.mean(told) <= 0.1


def test_a_strong_effect_is_told_with_the_load_that_keeps_most():
    effect = load_effect(outcomes_by_manager(_accounts(1, slope=-0.04, managers=60, level=0.7)))
    # keeping n × (1.06 − 0.04 n) is most at n = 13.25
    assert effect.told
    assert effect.best_load == pytest.approx(13.25, rel=0.2)
    assert "points" in effect.said


def test_few_managers_or_equal_loads_tell_nothing():
    few = load_effect(outcomes_by_manager(_accounts(1, slope=-0.02, managers=3)))
    table = outcomes_by_manager(_accounts(1, slope=-0.02)).assign(load=9)

    assert "only 3 managers" in few.said
    assert np.isnan(few.slope)
    assert "same load" in load_effect(table).said
    assert "cannot tell" in load_effect(outcomes_by_manager(_accounts(1, slope=0).head(0))).said


def _managers_with_known_shares(seed):
    rng = np.random.default_rng(seed)
    truth = rng.beta(18, 4, 12)
    rows = [
        (f"M{i:02d}", 10.0, 10.0 * bool(rng.random() < share))
        for i, share in enumerate(truth)
        for _ in range(9)
    ]
    columns = ["manager_id", "net_sales_prior_12m", "net_sales_12m"]
    return truth, outcomes_by_manager(pd.DataFrame(rows, columns=columns))


def test_shares_are_drawn_together_and_hold_the_truth():
    worlds = [_managers_with_known_shares(seed) for seed in range(20)]
    raw = np.mean([((made["kept_share"] - truth) ** 2).mean() for truth, made in worlds])
    drawn = np.mean([((made["shrunken"] - truth) ** 2).mean() for truth, made in worlds])
    held = [((made["low"] <= truth) & (truth <= made["high"])).mean() for truth, made in worlds]

    assert drawn < 0.6 * raw
    assert 0.9 <= np.mean(held) <= 0.99


def test_accounts_without_manager_or_history_do_not_count():
    accounts = _accounts(3, slope=0, managers=2)
    others = accounts.assign(manager_id=None)
    new = accounts.assign(net_sales_prior_12m=0.0, manager_id="NEW")
    made = outcomes_by_manager(pd.concat([accounts, others, new]))

    assert made["manager_id"].tolist() == ["M00", "M01"]
    assert made["load"].sum() == len(accounts)
    assert made["growth"].between(-1, 0).all()
