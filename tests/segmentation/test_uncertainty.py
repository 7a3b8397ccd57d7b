"""Probabilities of a place: calibrated against the truth, certain where nothing moves."""

import numpy as np
import pandas as pd
import pytest

from kamlab import accounts
from kamlab.segmentation.changes import learn_changes, panel, silence
from kamlab.segmentation.key_list import Gate, Objective, key_accounts
from kamlab.segmentation.swaps import merit_matrix, weight_swaps
from kamlab.segmentation.uncertainty import rank_uncertainty
from kamlab.simulation import Config, simulate

PLACES = 20


def _steady(monthly_sales, months=12, end="2025-01-01", noise=0.0, seed=0, margin=0.3):
    """Make monthly sums and facts of accounts that sell so much a month."""
    rng = np.random.default_rng(seed)
    count = len(monthly_sales)
    days = pd.date_range(end=pd.Timestamp(end) - pd.DateOffset(months=1), periods=months, freq="MS")
    sales = np.asarray(monthly_sales, float)[:, None] * np.exp(
        noise * rng.standard_normal((count, months))
    )
    ids = [f"A{i:03d}" for i in range(count)]
    monthly = pd.DataFrame(
        {
            "account_id": np.repeat(ids, months),
            "month": np.tile(days, count),
            "net_sales": sales.ravel(),
            "sales_with_cost": sales.ravel(),
            "gross_profit": margin * sales.ravel(),
        }
    )
    total = sales[:, -12:].sum(axis=1)
    facts = pd.DataFrame(
        {
            "account_id": ids,
            "net_sales": total,
            "sales_with_cost": total,
            "gross_profit": margin * total,
            "margin_rate": margin,
            "cost_known_share": 1.0,
        }
    )
    return facts, monthly


def _asked(**said):
    return Objective(**({"key_accounts": 5, "minimum_sales_share": 0.0} | said))


def _drawn(facts, monthly, objective, **said):
    said = {"as_of": "2025-01-01", "draws": 200} | said
    return rank_uncertainty(facts, monthly, objective, **said)


def test_accounts_that_sell_the_same_every_month_are_sure_of_their_rank():
    facts, monthly = _steady(np.arange(1, 21) * 100)
    made = _drawn(facts, monthly, _asked())
    table = made.table

    assert (table["rank_low"] == table["rank_now"]).all()
    assert (table["rank_high"] == table["rank_now"]).all()
    assert table["p_listed"].tolist() == [1.0] * 5 + [0.0] * 15
    assert "too short to learn" in made.basis


def test_resampling_gives_the_spread_that_theory_gives():
    facts, monthly = _steady(np.full(300, 100.0), noise=0.5)
    table = _drawn(facts, monthly, _asked(), draws=2_000).table
    months = monthly.assign(worth=monthly["gross_profit"]).groupby("account_id")["worth"]
    # the variance of a sum over 12 months under Dirichlet(1, …, 1) weights
    spread = np.sqrt(months.var(ddof=0) * 12**2 / 13).reindex(table["account_id"]).to_numpy()
    width = (table["worth_high"] - table["worth_low"]).to_numpy()

    assert np.median(width / spread) == pytest.approx(2 * 1.645, rel=0.05)


def test_who_has_been_silent_as_leavers_were_is_not_sure():
    # in each of three years, ten accounts fall silent in the last month of the year and stay so
    facts, monthly = _steady(np.full(90, 100.0), months=48, noise=0.1)
    number = monthly["account_id"].str[1:].astype(int)
    place = (monthly["month"].dt.year - 2021) * 12 + monthly["month"].dt.month
    left = 12 * (number // 10 + 1) - 3
    gone = (number < 40) & (place > left)
    columns = ["net_sales", "sales_with_cost", "gross_profit"]
    monthly.loc[gone, columns] = 0.0
    last = monthly[place > 36].groupby("account_id")[columns].sum()
    facts[columns] = last.loc[facts["account_id"]].to_numpy()
    facts = facts[facts["net_sales"] > 0]

    made = _drawn(facts, monthly[monthly["net_sales"] > 0], _asked(key_accounts=40))
    table = made.table.set_index("account_id")
    silent = [f"A{i:03d}" for i in range(30, 40)]

    assert made.changes.set_index("silent_from").loc[2, "left_share"] == 1
    assert (table.loc[silent, "p_top_k"] == 0).all()
    assert table.drop(silent)["p_top_k"].sum() == pytest.approx(40, abs=1)


def test_an_account_behind_a_gate_is_never_listed_and_one_at_the_margin_sometimes():
    facts, monthly = _steady(np.arange(1, 31) * 100, noise=0.3)
    facts["days_beyond_terms"] = 0.0
    facts.loc[29, "days_beyond_terms"] = 90.0
    # half of this one's months earn nothing, half twice the least margin
    months = monthly.index[monthly["account_id"] == "A028"]
    monthly.loc[months, "gross_profit"] = monthly.loc[months, "net_sales"] * ([0.0, 0.4] * 6)
    facts.loc[28, "gross_profit"] = monthly.loc[months, "gross_profit"].sum()
    facts.loc[28, "margin_rate"] = facts.loc[28, "gross_profit"] / facts.loc[28, "net_sales"]
    gate = Gate("payment", "days_beyond_terms", most=30)
    said = _asked(gates=(gate,), minimum_margin=0.2)
    table = _drawn(facts, monthly, said).table.set_index("account_id")

    assert table.loc["A029", "p_top_k"] > 0.9
    assert table.loc["A029", "p_listed"] == 0
    assert 0.05 < table.loc["A028", "p_listed"] < 0.95
    assert table["p_top_k"].sum() == pytest.approx(5)


def test_weights_matter_only_where_they_have_a_say():
    facts, monthly = _steady(np.arange(1, 31) * 100)
    facts["sales_growth"] = np.random.default_rng(1).normal(0, 0.3, 30)
    weights = {"growth": 1.0}
    alone = _drawn(facts, monthly, _asked(weights=weights)).table
    mixed = _drawn(facts, monthly, _asked(weights=weights, money_weight=0.5)).table
    surer = _drawn(facts, monthly, _asked(weights=weights, money_weight=0.5), spread=1e6).table

    assert set(alone["p_top_k"]) == {0.0, 1.0}
    assert mixed["p_top_k"].between(0.01, 0.99).any()
    assert set(surer["p_top_k"]) == {0.0, 1.0}


def test_the_smallest_shift_of_weight_makes_two_accounts_even_and_less_does_not():
    facts, _ = _steady(np.arange(1, 31) * 100)
    rng = np.random.default_rng(4)
    facts["sales_growth"], facts["head_room"] = rng.normal(0, 0.3, 30), rng.gamma(2, 100, 30)
    said = _asked(weights={"growth": 2.0, "business space": 1.0}, money_weight=0.6)
    swaps = weight_swaps(key_accounts(facts, said), facts, said)
    matrix, weights = merit_matrix(facts.sort_values("account_id"), said)
    names = ["worth", "growth", "business space"]
    place = {account: i for i, account in enumerate(sorted(facts["account_id"]))}

    assert len(swaps) == 9
    for row in swaps.to_dict("records"):
        apart = matrix[place[row["inside"]]] - matrix[place[row["outside"]]]
        assert weights @ apart == pytest.approx(row["gap"])
        if np.isnan(row["shift"]):
            assert (apart >= 0).all()
            continue
        # brute force over all ways to move a little less weight from one criterion to another
        for start in range(3):
            for to in range(3):
                less = min(weights[start], 0.999 * row["shift"])
                moved = weights.copy()
                moved[start] -= less
                moved[to] += less
                assert moved @ apart > 0
        moved = weights.copy()
        if weights[names.index(row["from"])] >= row["shift"]:
            moved[names.index(row["from"])] -= row["shift"]
            moved[names.index(row["to"])] += row["shift"]
            assert moved @ apart == pytest.approx(0, abs=1e-12)


def test_grid_and_silence():
    monthly = pd.DataFrame(
        {
            "account_id": ["b", "a", "b", "x"],
            "month": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-04-01", "2024-02-01"]),
            "net_sales": [1.0, 2.0, np.nan, 9.0],
        }
    )
    grid = panel(monthly, ["a", "b"], "2024-04-15", ["net_sales"])

    assert grid.values["net_sales"].tolist() == [[0, 0, 2, 0], [1, 0, 0, 0]]
    assert grid.first.tolist() == [2, 0]
    assert silence(np.array([[0, 1.0], [1, 0], [1, 0], [0, 0]])).tolist() == [0, 1, 1, 2]
    assert panel(monthly, ["a", "b"], "2024-04-01", ["net_sales"]).values["net_sales"].shape == (
        2,
        3,
    )
    with pytest.raises(ValueError, match="no month of these accounts"):
        panel(monthly, ["a"], "2024-01-01", ["net_sales"])


def test_change_is_learned_without_the_noise_of_chance():
    rng = np.random.default_rng(5)
    level = rng.lognormal(5, 0.2, (400, 1))
    later = level * rng.lognormal(0, 0.3, (400, 1))
    values = np.c_[level * np.ones((1, 12)), later * np.ones((1, 12))]
    values *= rng.gamma(4, 1 / 4, values.shape)  # each month varies by half
    learned = learn_changes(values, np.zeros(400, int), months=12, places=100)
    raw = (values[:, 12:].sum(axis=1) / values[:, :12].sum(axis=1)).std()
    true = (later / level).std()

    assert abs(learned.table["spread"].iloc[0] - true) < 0.5 * abs(raw - true)
    assert learned.table["left_share"].iloc[0] == 0


def _of_seed(seed, places=PLACES):
    world = simulate(Config(seed=seed, paths=32))  # half the roll-outs: they take most of the time
    orders, end = world.tables["orders"], "2026-01-01"
    facts = accounts.account_facts(orders, end, start="2025-01-01")
    made = rank_uncertainty(
        facts,
        accounts.monthly_sums(orders, end),
        Objective(key_accounts=places),
        as_of=end,
        draws=300,
    )
    truth = world.truth["account"].set_index("account_id")
    table = made.table.set_index("account_id")
    for name in ("expected_contribution_12m", "value_status_quo", "realised_contribution_12m"):
        table[name] = (truth[name].rank(ascending=False) <= places).reindex(table.index)
    return table


def _calibrated(seeds):
    table = pd.concat([_of_seed(seed) for seed in seeds])
    sure = table[table["p_top_k"].between(0.8, 0.9)]
    return table, sure


def test_four_distributors_are_near_the_truth():
    table, _ = _calibrated(range(31, 35))
    unsure = table[table["p_top_k"].between(0.5, 0.95)]
    truly = unsure["expected_contribution_12m"].mean()

    assert len(unsure) > 30
    assert truly == pytest.approx(unsure["p_top_k"].mean(), abs=0.13)
    assert table.loc[table["p_top_k"] > 0.95, "expected_contribution_12m"].mean() > 0.9
    assert table.loc[table["p_top_k"] < 0.05, "expected_contribution_12m"].mean() < 0.02


@pytest.mark.slow
def test_of_accounts_given_80_to_90_percent_75_to_95_percent_are_in_the_top():
    _, sure = _calibrated(range(101, 121))
    truly = sure[["expected_contribution_12m", "value_status_quo", "realised_contribution_12m"]]

    assert len(sure) > 30
    assert truly.mean().between(0.75, 0.95).all(), truly.mean()


@pytest.mark.parametrize("wrong", [{"draws": 1}, {"level": 1.0}, {"spread": 0}, {"months": 1}])
def test_numbers_out_of_range_are_refused(wrong):
    facts, monthly = _steady([1.0, 2.0])
    with pytest.raises(ValueError, match="draws and months are at least 2"):
        _drawn(facts, monthly, _asked(), **wrong)
