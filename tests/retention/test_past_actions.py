"""Past actions: sums by hand, and the truth of simulated distributors."""

import numpy as np
import pandas as pd
import pytest

from kamlab.accounts.days import daily_sums
from kamlab.retention.effects import NoCounterpartError, cluster_folds
from kamlab.retention.past_actions import (
    action_effects,
    around_actions,
    covariates,
    yearly_sales,
)
from kamlab.retention.rates import effect_rates, mostly_near, rates_by_account, shrink
from kamlab.retention.recent import account_standing
from kamlab.simulation import simulate

pytestmark = pytest.mark.xdist_group("past_actions")  # worlds are made once

SEEDS = (1, 2, 3, 4)
END = "2026-01-01"


@pytest.fixture(scope="module")
def distributors():
    """Give the rows around actions of several simulated distributors, with the true effects."""
    made = {}
    for seed in SEEDS:
        world = simulate("small", seed=seed)
        around = around_actions(
            daily_sums(world.tables["orders"], END), world.tables["actions"], END
        )
        truth = world.truth["action"].set_index("action_id")["effect"]
        around = around.assign(true_effect=around["action_id"].map(truth))
        made[seed] = around, action_effects(around)[0]
    return made


def _orders():
    days = ["2023-01-10", "2023-06-01", "2024-01-15", "2024-03-01", "2024-08-01", "2025-03-01"]
    return pd.DataFrame(
        {
            "account_id": ["a"] * 6,
            "order_id": [str(i) for i in range(6)],
            "order_date": pd.to_datetime(days),
            "net_sales": [10.0, 20.0, 40.0, 80.0, 160.0, 320.0],
            "cost_of_goods": [5.0, 10.0, 20.0, 40.0, 80.0, 80.0],
        }
    )


def test_windows_hold_the_days_they_say():
    actions = pd.DataFrame(
        {
            "action_id": ["1", "2", "3"],
            "account_id": ["a", "b", "a"],
            "date": pd.to_datetime(["2024-03-01", "2024-03-01", "2025-03-01"]),
            "kind": "visit",
            "treated": [True, False, True],
        }
    )
    row = around_actions(daily_sums(_orders(), "2025-03-02"), actions, "2025-03-02").set_index(
        "action_id"
    )

    # "b" never bought and the year after the third is not over: both drop out
    assert row.index.tolist() == ["1"]
    assert row.loc["1", "net_sales_before"] == 60  # the day of the action belongs to the after
    assert row.loc["1", "net_sales_prior"] == 10
    assert row.loc["1", "net_sales_quarter"] == 40
    assert row.loc["1", "net_sales_after"] == 80 + 160  # 365 days later is out
    assert row.loc["1", "profit_after"] == 40 + 80
    assert row.loc["1", "days_since_last_order"] == 46
    assert row.loc["1", "tenure_days"] == 416
    assert row.loc["1", "sales_change"] == 3
    assert row.loc["1", "margin_change"] == pytest.approx(0)
    assert row.attrs["amount"] == "gross profit"


def test_actions_without_a_column_are_named():
    with pytest.raises(ValueError, match="treated"):
        around_actions(pd.DataFrame(), pd.DataFrame({"action_id": []}), "2025-03-01")


def test_money_effects_of_simulated_actions_lie_in_their_intervals(distributors):
    inside, wrong_plain = [], []
    for around, table in distributors.values():
        truth = around.groupby(["kind", "part"])["true_effect"].mean()
        money = table[table["measure"] == "profit"]
        true = np.array([truth[key] for key in zip(money["kind"], money["part"], strict=True)])
        inside.extend((money["low"] <= true) & (true <= money["high"]))
        judged = (money["part"] == "by judgement").to_numpy()
        wrong_plain.append(np.abs(money["plain"] - true)[judged].mean())

    assert len(inside) == len(SEEDS) * 8
    assert np.mean(inside) >= 0.9
    assert np.mean(wrong_plain) > 4_000  # EUR an action: what judgement makes of a plain difference


def test_a_concession_is_seen_to_cost_margin_in_every_world(distributors):
    for around, table in distributors.values():
        rates = effect_rates(around).set_index("kind")
        margin = table[(table["measure"] == "margin") & (table["kind"] == "price concession")]

        # five points of list price on a gross margin of about a tenth to a third
        assert rates.loc["price concession", "margin"] == pytest.approx(-0.045, abs=0.012)
        assert rates["margin"].drop("price concession").abs().max() < 0.008
        others = rates.drop("price concession")
        assert (others["margin"].abs() < 1.645 * others["margin_error"]).all()  # truly none
        assert (margin["high"] < 0).all()


def test_shared_controls_know_more_than_each_campaign_alone(distributors):
    for around, alone in distributors.values():
        rates = effect_rates(around)
        own = alone[alone["measure"] == "sales"]

        assert rates["sales_error"].max() < ((own["high"] - own["low"]) / 4).min()


def test_effects_on_sales_are_expected_with_little_bias(distributors):
    """Development support moves sales most; its expectation is drawn in, and so below the plain."""
    support = pd.DataFrame(
        [
            effect_rates(a).set_index("kind").loc["development support"]
            for a, _ in distributors.values()
        ]
    )

    assert support["sales_seen"].mean() == pytest.approx(0.13, abs=0.06)
    assert support["sales"].mean() < support["sales_seen"].mean()
    assert (support["sales"] > 0).all()


def test_shrinking_beats_taking_estimates_as_they_are():
    rng = np.random.default_rng(4)
    raw, drawn, inside = [], [], []
    for _ in range(300):
        true = rng.normal(0.03, 0.05, 4)
        seen = true + rng.normal(0, 0.08, 4)
        expected, error = shrink(seen, np.eye(4) * 0.0064)
        raw.append(((seen - true) ** 2).sum())
        drawn.append(((expected - true) ** 2).sum())
        inside.extend(np.abs(expected - true) < 1.645 * error)

    assert np.mean(drawn) < 0.75 * np.mean(raw)
    assert 0.87 < np.mean(inside) < 0.97


def test_margins_drawn_in_keep_their_doubt_and_hold_the_truth():
    """A kind in five touches prices; nine in ten of the true changes lie in 90 % intervals."""
    rng = np.random.default_rng(5)
    far = rng.random(4_000) < 0.2
    true = np.where(far, rng.normal(0, 0.05, 4_000), rng.normal(0, 0.001, 4_000))
    noise = rng.uniform(0.003, 0.02, 4_000)
    seen = true + rng.normal(0, noise)
    expected, error = mostly_near(seen, noise)
    inside = np.abs(expected - true) < 1.645 * error

    assert 0.88 < inside.mean() < 0.97
    assert inside[far].mean() > 0.6  # where it seemed chance and was not
    assert ((expected - true) ** 2).mean() < 0.6 * ((seen - true) ** 2).mean()
    assert (error > 0).all()


def test_one_kind_alone_and_chance_are_drawn_to_nothing():
    expected, error = mostly_near(np.array([0.0, 0.005]), np.array([0.1, 0.01]))
    assert expected == pytest.approx([0.0, 0.0], abs=5e-4)
    assert error.min() > 0.001  # drawn to nothing is not known to be nothing
    assert shrink(np.array([0.2]), np.array([[100.0]]))[0] == pytest.approx([0.0], abs=1e-4)


def test_too_few_trials_give_no_rates(distributors):
    few = distributors[1][0].groupby(["kind", "treated"]).head(4)

    assert effect_rates(few).empty
    assert action_effects(few)[0].empty
    assert "log of sales" in covariates(few)


def test_many_actions_on_few_accounts_tell_nothing(distributors):
    around = distributors[1][0]
    ids = around["account_id"].drop_duplicates()
    four = around[around["account_id"].isin(ids.head(4))]
    many = pd.concat([four] * 20, ignore_index=True).assign(kind="visit", part="by judgement")
    many["treated"] = many["account_id"].isin(ids.head(2))

    assert many["treated"].value_counts().min() >= 20
    assert action_effects(many)[0].empty
    assert effect_rates(many).empty
    with pytest.raises(NoCounterpartError, match="two accounts at least"):
        cluster_folds(np.arange(40) < 20, np.repeat([1, 2, 3, 4], [20, 8, 6, 6]), 5, 0)


def test_whom_managers_chose_unlike_all_others_no_effect_is_told(distributors):
    around = distributors[1][0]
    size = yearly_sales(around).rank(pct=True)
    chosen = around.assign(treated=size > 0.8, kind="visit", part="by judgement")
    chosen = chosen[(size > 0.8) | (size < 0.2)]
    drawn = around.assign(kind="trial", part="by lot")
    found, kept = action_effects(pd.concat([chosen, drawn], ignore_index=True))

    assert found.attrs["unlike"] == ["visit by judgement"]
    assert set(found["kind"]) == {kind for kind, _ in kept} == {"trial"}


def test_standing_is_what_an_action_on_that_day_would_see():
    actions = pd.DataFrame({"action_id": ["1"], "account_id": ["a"], "kind": "visit",
                            "date": pd.to_datetime(["2024-03-01"]), "treated": [True]})  # fmt: skip
    seen = around_actions(daily_sums(_orders(), "2025-03-02"), actions, "2025-03-02").iloc[0]
    standing = account_standing(_orders(), "2024-03-01").iloc[0]

    names = [name for name in standing.index if name != "account_id"]
    assert standing[names].tolist() == seen[names].tolist()


def test_of_too_many_actions_all_those_of_some_accounts_are_looked_at(distributors):
    world = simulate("small", seed=1)
    daily, actions = daily_sums(world.tables["orders"], END), world.tables["actions"]
    whole, some = (around_actions(daily, actions, END, most=most) for most in (10**6, 300))
    kept = whole[whole["account_id"].isin(some["account_id"])]

    assert 150 < len(some) <= 300
    pd.testing.assert_frame_equal(some, kept.reset_index(drop=True))
    mixed = around_actions(daily, actions.sample(frac=1, random_state=0), END, most=300)
    assert set(mixed["account_id"]) == set(some["account_id"])


@pytest.mark.parametrize("clusters", [200, 3000])
def test_folds_keep_clusters_whole_and_arms_alike(clusters):
    rng = np.random.default_rng(0)
    group = rng.integers(0, clusters, 3 * clusters)
    treated = rng.random(len(group)) < 0.3
    folds = cluster_folds(treated, group, 5, 0)

    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(group)))
    for train, test in folds:
        assert not set(group[train]) & set(group[test])
        assert abs(treated[test].mean() - treated.mean()) < 0.06


def test_accounts_are_told_apart_where_the_effect_differs_and_not_where_it_does_not():
    rng = np.random.default_rng(0)
    n = 1200
    sales = rng.lognormal(9, 1, n)
    treated = rng.random(n) < 0.5
    around = pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(n)],
            "kind": "visit",
            "treated": treated,
            "cost": 100.0,
            "net_sales_before": sales,
            "net_sales_prior": sales,
            "net_sales_half": sales / 2,
            "net_sales_quarter": sales / 4,
            "profit_before": sales * 0.2,
            "order_days": 12,
            "days_since_last_order": 20.0,
            "tenure_days": 900.0,
            "precision": 1.0,
            "margin_change": rng.normal(0, 0.01, n),
        }
    )
    own = np.where(np.log(sales) > 9, 0.4, -0.2)
    change = 1 + rng.normal(0, 0.3, n)
    for effect, told in ((own, True), (0.1, False)):
        rows = around.assign(sales_change=change + treated * effect)
        found, rankings = rates_by_account(rows, effect_rates(rows), around)
        correlation = np.corrcoef(found["sales"], own)[0, 1] if told else np.ptp(found["sales"])

        assert rankings["told_apart"].tolist() == [told]
        assert len(found) == n
        assert correlation > 0.7 if told else correlation == 0
