"""The count that an account is as likely to exceed as not, against plain sums and drawn futures."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.accounts import repeat_purchases
from kamlab.accounts.days import daily_sums
from kamlab.accounts.repeats import repeats_of_days
from kamlab.value import BetaGeoNBD, ModifiedBetaGeoCNBD, ModifiedBetaGeoNBD, ParetoNBD
from kamlab.value.holdout import HoldOut, judge_counts, log_score

MODELS = (
    BetaGeoNBD.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426),
    ModifiedBetaGeoNBD.from_parameters(r=0.525, alpha=6.183, a=0.891, b=1.614),
    ParetoNBD.from_parameters(r=0.553, alpha=10.578, s=0.606, beta=11.669),
    ModifiedBetaGeoCNBD.from_parameters(r=0.9, alpha=2.0, a=0.5, b=3.0, k=3),
)
HISTORIES = pd.DataFrame(
    {
        "frequency": [0, 2, 26, 9, 40, 3],
        "recency": [0.0, 30.4, 30.9, 36.0, 38.0, 4.0],
        "T": [38.9, 38.9, 31.0, 38.0, 38.9, 38.0],
    }
)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_the_median_is_where_the_sum_of_probabilities_passes_a_half(model):
    sums = model.purchase_probabilities(HISTORIES, 39.0, most=150).to_numpy().cumsum(axis=1)

    for level in (0.5, 0.9):
        plain = (sums < level).sum(axis=1)
        assert model.typical_purchases(HISTORIES, 39.0, level=level).tolist() == plain.tolist()
    single = model.count_probability(HISTORIES, 39.0, 0)
    assert np.allclose(single, 1 - model.probability_of_purchase(HISTORIES, 39.0))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_the_median_of_drawn_futures_is_the_same(model):
    x, tx, age = (HISTORIES[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    drawn = model.simulate(x, tx, age, 39.0, np.random.default_rng(0), 20_000)
    typical = model.typical_purchases(HISTORIES, 39.0)

    for place, count in enumerate(typical):
        assert (drawn[place] < count).mean() <= 0.51
        assert (drawn[place] > count).mean() <= 0.51


def test_the_heaviest_buyers_have_a_median_near_their_mean():
    heavy = pd.DataFrame({"frequency": [10_000], "recency": [729.0], "T": [730.0]})
    for model in MODELS:
        typical = float(model.typical_purchases(heavy, 365.0).iloc[0])
        alive = float(model.probability_alive(heavy).iloc[0])
        assert typical <= 10_000
        if alive > 0.9 and not isinstance(model, BetaGeoNBD):
            assert typical > 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        MODELS[0].typical_purchases(heavy, 365.0, level=1.0)


def test_counts_are_judged_by_what_came():
    table = HISTORIES.assign(purchases=[0, 1, 20, 9, 30, 0])
    held = HoldOut(table, pd.Timestamp("2024-01-01").date(), 39.0, "W")
    judged = judge_counts(held, MODELS[1], {"other": MODELS[2]}).set_index("prediction")

    mean = MODELS[1].predict(table, 39.0)
    row = judged.loc["this model, expected (mean)"]
    assert row["mean_error"] == pytest.approx((mean - table["purchases"]).abs().mean())
    assert row["expected"] == pytest.approx(mean.sum())
    assert len(judged) == 5
    chances = MODELS[1].purchase_probabilities(table, 39.0, most=30).to_numpy()
    plain = np.log(chances[np.arange(6), table["purchases"]]).sum()
    assert log_score(held, MODELS[1]) == pytest.approx(plain)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"), st.integers(0, 60), st.sampled_from([-5.0, 0.0, 4.0, 9.5])
        ),
        min_size=1,
        max_size=25,
    ),
    st.sampled_from(["drop", "keep"]),
    st.sampled_from(["D", "W"]),
)
def test_days_summed_before_give_the_same_histories_as_the_lines(lines, zero_price, unit):
    rows = pd.DataFrame(lines, columns=["account_id", "day", "net_sales"])
    orders = rows.assign(
        order_id=np.arange(len(rows)).astype(str),
        order_date=pd.Timestamp("2024-01-01") + pd.to_timedelta(rows.pop("day"), unit="D"),
        cost_of_goods=np.where(rows["net_sales"] > 5, 3.0, np.nan),
    )
    daily = daily_sums(orders, "2024-03-01")
    for amount in ("net_sales", "gross_profit"):
        how = {"unit": unit, "amount": amount, "zero_price": zero_price}
        plain = repeat_purchases(orders, "2024-02-01", **how)
        pd.testing.assert_frame_equal(repeats_of_days(daily, "2024-02-01", **how), plain)
