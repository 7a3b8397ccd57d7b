"""Spend, hold-out, choice and lifetime value, against drawn truth, plain sums and invariants."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.accounts.days import daily_sums
from kamlab.value import BetaGeoNBD, GammaGamma, ModifiedBetaGeoNBD, ShiftedBetaGeometric
from kamlab.value.choice import choose_model
from kamlab.value.holdout import hold_out, judge, tracking, with_log_gaps
from kamlab.value.lifetime import lifetime_value, shrunken_margin, widening
from kamlab.value.markov import markov_value


def _orders(count=900, days=700, *, regularity=1, seed=1):
    """Draw order days from the assumptions of BG/NBD with Gamma-Gamma spend, Erlang gaps."""
    rng = np.random.default_rng(seed)
    rows = []
    for account in range(count):
        rate = rng.gamma(0.8) / 20
        leave = rng.beta(0.6, 3.0)
        scale = rng.gamma(4.0) / 60
        day = float(rng.integers(0, 120))
        while day < days:
            rows.append((f"a{account:04d}", int(day), rng.gamma(6.0) / scale / 6))
            if rng.random() < leave:
                break
            day += rng.gamma(regularity) / regularity / max(rate, 1e-9)
    table = pd.DataFrame(rows, columns=["account_id", "day", "net_sales"])
    table["order_date"] = pd.Timestamp("2022-01-01") + pd.to_timedelta(table["day"], unit="D")
    table["order_id"] = np.arange(len(table)).astype(str)
    return table.drop(columns="day")


@pytest.fixture(scope="module")
def orders():
    return _orders()


@pytest.fixture(scope="module")
def held(orders):
    return hold_out(orders, "2023-12-01", days=240)


def test_hold_out_counts_what_plain_pandas_counts(orders, held):
    split = pd.Timestamp(held.split)
    end = pd.Timestamp("2023-12-01")
    days = orders.drop_duplicates(["account_id", "order_date"])
    before = days[days["order_date"] < split]
    after = orders[(orders["order_date"] >= split) & (orders["order_date"] < end)]
    table = held.table.set_index("account_id")

    assert set(table.index) == set(before["account_id"])
    known = after[after["account_id"].isin(table.index)]
    assert table["amount"].sum() == pytest.approx(known["net_sales"].sum())
    visits = known.drop_duplicates(["account_id", "order_date"]).groupby("account_id").size()
    assert table["purchases"].sum() == visits.sum()
    gaps = before.sort_values("order_date").groupby("account_id")["order_date"].diff().dt.days
    assert table["log_gaps"].sum() == pytest.approx(np.log(gaps.dropna()).sum())


def test_intervals_hold_what_comes(held):
    model = choose_model(held.table).model
    spend = GammaGamma().fit(held.table)
    value = lifetime_value(held.table, model, spend, horizon=held.length, annual_rate=0.0)
    came = held.table["amount"]

    assert 0.86 <= ((came >= value["low"]) & (came <= value["high"])).mean() <= 0.97
    assert value["value"].sum() == pytest.approx(came.sum(), rel=0.15)
    assert ((value["low"] <= value["value"]) & (value["value"] <= value["high"])).all()
    assert widening(value, came) < 0.3
    table = judge(held, {"model": value["value"], "last": held.table["last_period"]})
    rows = table.set_index("prediction")
    assert rows.loc["model", "mean_error"] < rows.loc["last", "mean_error"]
    assert rows.loc["best possible", "of_best"] == pytest.approx(1)
    assert (table["of_best"] <= 1 + 1e-12).all()


def test_value_falls_with_the_rate_and_rises_with_the_horizon(held):
    model, spend = BetaGeoNBD().fit(held.table), GammaGamma().fit(held.table)

    def total(**how):
        return lifetime_value(held.table, model, spend, draws=20, **how)["value"].sum()

    plain = total(horizon=365, annual_rate=0.0)
    expected = model.expected_purchases(held.table, 365) * spend.predict(held.table)
    assert plain == pytest.approx(expected.sum())
    assert total(horizon=365, annual_rate=0.2) < total(horizon=365, annual_rate=0.1) < plain
    assert total(horizon=730, annual_rate=0.1) > total(horizon=365, annual_rate=0.1)


def test_a_margin_turns_sales_into_profit(held):
    model, spend = BetaGeoNBD().fit(held.table), GammaGamma().fit(held.table)
    margin = pd.Series(np.where(np.arange(len(held.table)) % 2, 0.3, -0.1))
    plain = lifetime_value(held.table, model, spend, horizon=100, draws=40)
    made = lifetime_value(held.table, model, spend, horizon=100, draws=40, margin=margin)
    assert np.allclose(made["value"], plain["value"] * margin.to_numpy())
    assert (made["low"] <= made["value"]).all()
    assert (made["value"] <= made["high"]).all()
    drawn = shrunken_margin(pd.Series([0.0, 1e6]), pd.Series([0.0, 4e5]))
    assert drawn.round(3).tolist() == [0.4, 0.4]


def test_regular_buyers_get_the_regular_model():
    orders = _orders(count=400, regularity=4, seed=3)
    held = hold_out(orders, "2023-12-01", days=200)
    choice = choose_model(held.table)
    assert choice.table.iloc[0]["model"] == "ModifiedBetaGeoCNBD"
    assert choice.model.k_ in (3, 4, 5)
    assert "cadence" in choice.doubts[0]
    simple = ModifiedBetaGeoNBD().fit(held.table)
    came = held.table["purchases"]
    errors = [
        np.abs(model.expected_purchases(held.table, held.length) - came).mean()
        for model in (choice.model, simple)
    ]
    assert errors[0] < errors[1]


def test_tracking_follows_the_sum(orders):
    model = BetaGeoNBD().fit(hold_out(orders, "2023-12-01", days=240).table)
    curve = tracking(model, orders, "2023-12-01")
    bought = daily_sums(orders, "2023-12-01").query("net_sales > 0")
    for row in curve.itertuples():  # an account's first order day is no repeat
        days = bought.loc[bought["day"] <= row.day].groupby("account_id")["day"].nunique()
        assert row.actual == (days - 1).sum()
    assert curve["expected"].is_monotonic_increasing
    assert curve["expected"].iloc[-1] == pytest.approx(curve["actual"].iloc[-1], rel=0.12)


def test_log_gaps_do_not_hang_on_the_order_of_rows(orders):
    days = daily_sums(orders, "2023-06-01")
    summary = hold_out(orders, "2023-12-01", days=183).table.drop(columns="log_gaps")
    one = with_log_gaps(summary, days)
    other = with_log_gaps(summary, days.sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(one, other)


def test_spend_recovers_its_parameters_and_takes_any_unit():
    rng = np.random.default_rng(4)
    x = rng.integers(1, 30, 6000)
    scale = rng.gamma(4.0, size=6000) / 60
    mean = rng.gamma(6.0 * x) / scale / x
    table = pd.DataFrame({"frequency": x, "monetary_value": mean})
    model = GammaGamma().fit(table)
    assert abs(model.p_ - 6) < 3 * model.standard_errors_["p"] < 3
    assert abs(model.q_ - 4) < 3 * model.standard_errors_["q"] < 1
    assert model.convergence_.converged
    assert abs(model.correlation_) < 0.05
    dear = GammaGamma().fit(table.assign(monetary_value=mean * 1000))
    assert dear.v_ == pytest.approx(1000 * model.v_, rel=1e-4)
    assert dear.log_likelihood_ == pytest.approx(model.log_likelihood_ - 6000 * np.log(1000))
    # against the formula written out once more
    from scipy.special import gammaln

    p, q, v = model.p_, model.q_, model.v_
    plain = (
        gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
        + (p * x - 1) * np.log(mean) + p * x * np.log(x) - (p * x + q) * np.log(x * mean + v)
    )  # fmt: skip
    assert model.log_likelihood_ == pytest.approx(plain.sum())


def test_spend_leaves_out_what_cannot_be_and_says_so():
    rng = np.random.default_rng(2)
    means = rng.gamma(4.0 * 3) / 3 / rng.gamma(4.0, size=80)
    table = pd.DataFrame({"frequency": 3, "monetary_value": means})
    table.loc[77:] = [[5, -3.0], [0, np.nan], [2, np.nan]]
    model = GammaGamma().fit(table)
    assert model.left_out_ == 1
    expected = model.predict(table)
    assert expected[78] == expected[79] == pytest.approx(model.population_mean_)
    assert expected[77] < expected[:77].min()
    with pytest.raises(ValueError, match="monetary_value"):
        GammaGamma().fit(table.drop(columns="monetary_value"))
    with pytest.raises(ValueError, match="row 1:"):
        GammaGamma().fit(table.assign(frequency=[1, -1] + [1] * 78))
    with pytest.raises(ValueError, match="two are needed"):
        GammaGamma().fit(table.iloc[[77, 78]])


@settings(max_examples=30)
@given(st.lists(st.integers(0, 60), min_size=2, max_size=8))
def test_contracts_from_accounts_and_from_a_cohort_agree(losses):
    if sum(losses) == 0:
        return
    alive = 40 + sum(losses) - np.cumsum([0, *losses])
    rows = [(t + 1, True) for t, lost in enumerate(losses) for _ in range(lost)]
    rows += [(len(losses), False)] * 40
    import warnings

    from kamlab.value.fitting import FitWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        cohort = ShiftedBetaGeometric().fit(alive)
        single = ShiftedBetaGeometric().fit(pd.DataFrame(rows, columns=["periods", "left"]))
    assert single.log_likelihood_ == pytest.approx(cohort.log_likelihood_)
    survival = cohort.survival(np.arange(6))
    assert survival[0] == pytest.approx(1)
    assert np.allclose(survival[1:] / survival[:-1], cohort.retention_rate(np.arange(1, 6)))


def test_residual_lifetime_is_the_discounted_sum():
    model = ShiftedBetaGeometric.from_parameters(alpha=0.7, beta=1.2)
    t = np.arange(0, 2_000)
    for renewals in (0, 3):
        ahead = model.survival(renewals + 1 + t) / model.survival(renewals)
        plain = (ahead / 1.1**t).sum()
        assert model.discounted_residual_lifetime(renewals, 0.1) == pytest.approx(plain, rel=1e-6)
    with pytest.raises(ValueError, match="rise from 5 to 6"):
        ShiftedBetaGeometric().fit([9, 5, 6])


def test_chains_are_checked():
    with pytest.raises(ValueError, match=r"row 1 sums to 0\.9"):
        markov_value([[1, 0], [0.5, 0.4]], [1, 1], rate=0.1)
    assert markov_value([[1]], [1], rate=0.25)[0] == pytest.approx(5)


def test_amounts_without_a_common_mean_stay_as_they_are():
    """Amounts of very different sizes: the fitted distribution of means has no mean of its own."""
    generator = np.random.default_rng(4)
    sizes = 1 / generator.gamma(0.6, size=400)
    mean = sizes * generator.gamma(6 * 3, size=400) / (6 * 3)
    model = GammaGamma().fit(pd.DataFrame({"frequency": 3, "monetary_value": mean}))
    new = pd.DataFrame({"frequency": [3, 0], "monetary_value": [7.0, np.nan]})

    assert model.q_ < 1
    assert model.predict(new).tolist() == pytest.approx([7.0, mean.mean()])
