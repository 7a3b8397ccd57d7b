"""Criteria: every one measured, each with its error and how it came about, nothing made up."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from kamlab.accounts.criteria import (
    COLUMNS,
    CRITERIA,
    SOURCES,
    account_criteria,
    criteria_guide,
)
from kamlab.accounts.power import bargaining_power
from kamlab.accounts.yearly import growth, year_sums
from kamlab.simulation import simulate

AS_OF = date(2026, 1, 1)


@pytest.fixture(scope="module")
def table(world, full):
    accounts = world.tables["accounts"]
    return account_criteria(world.tables["orders"], AS_OF, profile=full, accounts=accounts)


def test_every_criterion_of_the_mission_is_measured(table, world):
    assert tuple(table.columns) == COLUMNS
    assert set(table["criterion"]) == {criterion.criterion for criterion in CRITERIA}
    assert set(table["source"]) <= set(SOURCES)
    assert set(table["direction"]) == {"max", "min"}
    assert np.isfinite(table["value"]).all()
    assert (table["standard_error"].dropna() >= 0).all()
    assert not table.duplicated(["account_id", "criterion"]).any()
    assert set(table["account_id"]) == set(world.tables["orders"]["account_id"])
    assert criteria_guide()["collect"].str.endswith(".").all()


def test_criteria_follow_the_truth(table, world):
    truth = world.truth["account"].set_index("account_id")
    wide = table.pivot_table("value", "account_id", "criterion")
    active = wide[(wide["sales_share"] > 0) & truth["active"].reindex(wide.index)]

    def rank(criterion, latent, sign=1):
        known = active[criterion].dropna()
        return spearmanr(sign * known, truth.loc[known.index, latent]).statistic

    assert rank("sales_share", "expected_net_sales_12m") > 0.85
    assert rank("contribution", "expected_contribution_12m") > 0.6
    assert rank("growth", "growth") > 0.15
    assert rank("financial_standing", "health") > 0.5
    assert rank("management_philosophy", "philosophy") > 0.8
    assert rank("margin", "cost_ratio", -1) > 0.3


def test_money_agrees_with_the_ledger(table, world):
    orders = world.tables["orders"]
    last = orders[orders["order_date"] >= pd.Timestamp("2025-01-01")]
    sums = table.groupby("criterion")["value"].sum()

    assert sums["sales_share"] == pytest.approx(1)
    earned = last["net_sales"].sum() - last["cost_of_goods"].sum()
    assert sums["gross_profit"] == pytest.approx(earned)
    assert sums["contribution"] == pytest.approx(earned - last["cost_to_serve"].sum())


def test_orders_alone_give_what_they_tell_and_no_more(world):
    columns = ["account_id", "order_id", "order_date", "net_sales"]
    bare = account_criteria(world.tables["orders"][columns], AS_OF)

    assert set(bare["criterion"]) == {"sales_share", "growth"}


def test_nothing_of_the_day_or_after_is_seen():
    earlier, world = date(2024, 7, 1), simulate("tiny", seed=4)
    tables = {name: world.tables[name] for name in ("accounts", "invoices", "interactions")}
    orders = world.tables["orders"]
    seen = orders[orders["order_date"] < pd.Timestamp(earlier)]

    pd.testing.assert_frame_equal(
        account_criteria(orders, earlier, **tables), account_criteria(seen, earlier, **tables)
    )


def test_growth_of_random_orders_is_honest():
    """Accounts of known growth whose orders fall at random and in random sizes."""
    rng = np.random.default_rng(3)
    truth = pd.Series(rng.normal(0.05, 0.25, 150), index=[f"A{i:03d}" for i in range(150)])
    rows = []
    for account, slope in truth.items():
        time = rng.uniform(0, 4, rng.poisson(rng.lognormal(4, 0.5)))
        kept = time[rng.random(len(time)) < np.exp(slope * (time - (4 if slope > 0 else 0)))]
        day = np.datetime64("2022-01-01") + np.floor(np.append(kept, 0.0) * 365).astype(int)
        rows.append(pd.DataFrame({"account_id": account, "order_date": day}))
    orders = pd.concat(rows, ignore_index=True)
    orders["order_id"] = orders.index.astype(str)
    orders["net_sales"] = rng.lognormal(4, 0.7, len(orders))
    # the first order, which only says since when the account is seen
    orders.loc[orders["order_date"] == pd.Timestamp("2022-01-01"), "net_sales"] = 0.01
    end = (np.datetime64("2022-01-01") + 4 * 365).astype(object)
    made = growth(year_sums(orders, end)).set_index("account_id").dropna()
    half = 1.645 * made["standard_error"]
    inside = (truth[made.index] - made["growth"]).abs() < half

    assert 0.84 <= inside.mean() <= 0.97
    assert made["growth"].std() < made["raw"].std()
    error = (made["growth"] - truth[made.index]).pow(2).mean()
    assert error < (made["raw"] - truth[made.index]).pow(2).mean()


def test_one_factor_scores_come_back_with_honest_intervals():
    """Signs of known loading: what is common comes back, and noise counts for little."""
    inside, ranks = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        power = rng.normal(0, 1, 400)
        loading = np.array([0.8, 0.6, 0.7, 0.0])
        noise = rng.normal(0, 1, (400, 4)) * np.sqrt(1 - loading**2)
        signs = pd.DataFrame(np.exp(power[:, None] * loading + noise), columns=list("abcd"))
        signs = signs.mask(rng.random(signs.shape) < 0.2)
        made = bargaining_power(signs)
        half = 1.645 * made["standard_error"]
        inside.append(((power - made["power"]).abs() < half)[made["power"].notna()])
        ranks.append(spearmanr(made["power"], power, nan_policy="omit").statistic)

    assert 0.86 <= pd.concat(inside).mean() <= 0.94
    assert min(ranks) > 0.75


def test_signs_without_anything_in_common_give_no_power():
    rng = np.random.default_rng(0)
    alone = pd.DataFrame({"size": rng.random(50)})
    against = pd.DataFrame({"a": np.arange(50.0), "b": -np.arange(50.0)})

    assert bargaining_power(alone)["power"].isna().all()
    assert bargaining_power(against)["power"].isna().all()
