"""Joint gains equal published figures, and the split keeps every cent."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from kamlab.accounts import monthly_sums
from kamlab.coverage.joint_gain import LotTerms, bullwhip_bound, nash_split, shared_demand_saving
from kamlab.coverage.joint_sheet import joint_gains, order_costs
from kamlab.simulation import simulate

BANERJEE = LotTerms(1000, 3200, 100, 400, 0.2, 20, 25)
DAY = date(2024, 7, 10)


def test_banerjees_own_example():
    assert (BANERJEE.their_lot, BANERJEE.our_lot, BANERJEE.joint_lot) == (200, 800, 400)
    assert BANERJEE.costs(200) == (1000, 2125)
    assert sum(BANERJEE.costs(200)) == 3125
    assert sum(BANERJEE.costs(400)) == 2500


@pytest.mark.parametrize(("lead", "periods", "bound"), [(1, 5, 1.48), (3, 5, 2.92), (0, 5, 1.0)])
def test_bullwhip_bound_of_chen_and_others(lead, periods, bound):
    assert bullwhip_bound(lead, periods) == pytest.approx(bound)


@pytest.mark.parametrize(("lead", "periods"), [(1, 5), (3, 5), (2, 10)])
def test_a_simulated_order_up_to_policy_never_swings_less(lead, periods):
    demand = np.random.default_rng(3).normal(100, 10, 100_000)
    mean = np.convolve(demand, np.ones(periods) / periods, mode="valid")
    # order-up-to level lead × moving average: order = demand + change of the level
    orders = demand[periods:] + lead * np.diff(mean)

    assert orders.var() / demand.var() >= bullwhip_bound(lead, periods) * 0.98


@given(
    st.builds(
        LotTerms,
        demand=st.floats(1, 1e6),
        production_rate=st.floats(1e6, 1e9),
        order_cost=st.floats(0.1, 1e4),
        set_up_cost=st.floats(0.1, 1e4),
        holding_rate=st.floats(0.01, 1),
        unit_cost=st.floats(0.01, 1e3),
        price=st.floats(0.01, 1e3),
    )
)
def test_no_lot_is_cheaper_for_both_than_the_joint_one(terms):
    found = minimize_scalar(
        lambda log: sum(terms.costs(np.exp(log))), bounds=(-10, 30), method="bounded"
    )
    assert sum(terms.costs(terms.joint_lot)) <= found.fun * (1 + 1e-6)


@given(st.floats(0, 1e9), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_split_keeps_the_gain_and_nobody_has_less_than_alone(gain, one, other, power):
    ours_alone, theirs_alone = gain * one / 2, gain * other / 2
    ours, theirs = nash_split(
        gain, ours_alone=ours_alone, theirs_alone=theirs_alone, our_power=power
    )
    assert ours + theirs == pytest.approx(gain)
    assert ours >= ours_alone * (1 - 1e-9)
    assert theirs >= theirs_alone * (1 - 1e-9) - 1e-9 * gain


def test_the_symmetric_split_is_a_half_and_maximises_nashs_product():
    assert nash_split(100) == (50, 50)
    ours, theirs = nash_split(100, ours_alone=30, theirs_alone=10)
    tries = np.linspace(30, 90, 601)
    assert ours == pytest.approx(tries[((tries - 30) * (100 - tries - 10)).argmax()])
    assert ours + theirs == 100


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: nash_split(1, ours_alone=2), "more than 1 together"),
        (lambda: nash_split(1, our_power=2), "our_power"),
        (lambda: bullwhip_bound(-1, 5), "lead_time"),
        (lambda: LotTerms(0, 1, 1, 1, 1, 1, 1), "demand is above 0"),
        (lambda: LotTerms(10, 9, 1, 1, 1, 1, 1), "production_rate"),
        (lambda: LotTerms(10, 20, 1, float("nan"), 1, 1, 1), "set_up_cost"),
    ],
)
def test_what_means_nothing_is_refused(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def _case(accounts=3, **more):
    facts = pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(accounts)],
            "net_sales_12m": 120_000.0,
            "orders_12m": 60,
        }
        | more
    )
    months = pd.DataFrame(
        {
            "account_id": np.repeat(facts["account_id"], 30),
            "month": list(pd.date_range("2022-01-01", periods=30, freq="MS")) * accounts,
            "net_sales": np.random.default_rng(1).normal(10_000, 2_000, 30 * accounts),
        }
    )
    return facts, months


def test_the_sheet_says_where_each_input_comes_from_and_adds_up():
    facts, months = _case(gross_profit_12m=30_000.0)
    months["orders"] = np.random.default_rng(2).integers(1, 9, len(months))
    months["gross_sales"] = months["net_sales"]
    months["cost_to_serve"] = 20.0 * months["orders"] + 0.03 * months["gross_sales"]
    made = joint_gains(facts, months, DAY, given={"holding_rate": 0.25}, our_power=0.5)
    origin = made.inputs[made.inputs["account_id"] == "A0"].set_index("input")

    assert origin.loc["margin", ["value", "origin"]].tolist() == [0.25, "estimated"]
    assert origin.loc["our_order_cost", "value"] == pytest.approx(20)
    assert origin.loc["our_order_cost", "origin"] == "estimated"
    assert origin.loc["holding_rate", ["value", "origin"]].tolist() == [0.25, "given"]
    assert origin.loc["their_order_cost", "origin"] == "assumed"
    assert made.gains["gain"].to_numpy() == pytest.approx(
        (made.gains["theirs"] + made.gains["ours"]).to_numpy()
    )
    whole = made.gains.groupby("account_id")[["gain", "theirs"]].sum()
    split = made.split.set_index("account_id")
    assert split["gain"].to_dict() == pytest.approx(whole["gain"].to_dict())
    assert (split["ours"] + split["theirs"]).to_dict() == pytest.approx(whole["gain"].to_dict())
    # what each side has after paying is its share
    paid = (whole["theirs"] + split["paid_to_account"]).to_dict()
    assert paid == pytest.approx(split["theirs"].to_dict())
    assert set(split["rests_on"]) == {"both"}


def test_orders_alone_are_enough_and_say_that_they_are():
    facts, months = _case()
    made = joint_gains(facts, months, DAY)

    assert set(made.split["rests_on"]) == {"assumptions"}
    assert made.split["share_of_gross_profit"].isna().all()
    assert (made.gains["gain"] > 0).all()


def test_the_swing_is_of_whole_months_before_the_day():
    facts, months = _case(accounts=1)
    part = pd.DataFrame(
        {"account_id": ["A0"], "month": [pd.Timestamp("2024-07-01")], "net_sales": [9e9]}
    )
    whole = months.tail(24)["net_sales"].std()
    made = joint_gains(facts, pd.concat([months, part]), DAY).inputs.set_index("input")

    assert made.loc["order_swing", "value"] == pytest.approx(whole)


def test_an_account_without_sales_or_with_a_loss_breaks_nothing():
    facts, months = _case(gross_profit_12m=[-5.0, 2e5, np.nan])
    facts.loc[0, "net_sales_12m"] = -10.0
    made = joint_gains(facts, months.head(0), DAY)

    assert sorted(made.split["account_id"]) == ["A1", "A2"]
    assert set(made.gains["lever"]) <= {"order in joint lots"}
    with pytest.raises(ValueError, match="'lead' is no input"):
        joint_gains(facts, months, DAY, given={"lead": 1})
    assert joint_gains(facts.head(0), months, DAY).split.empty


def test_more_swing_saves_more():
    saved = [
        shared_demand_saving(d, lead_time=1, periods=5, unit_cost=1, holding_rate=0.2)
        for d in (0, 1, 2)
    ]
    assert saved[0] == 0
    assert saved[2] == pytest.approx(2 * saved[1])


def test_the_cost_of_an_order_is_that_of_the_simulation():
    made = simulate("tiny", seed=3)
    end = made.tables["orders"]["order_date"].max() + pd.Timedelta(days=1)
    months = monthly_sums(made.tables["orders"], end.date())
    found = pd.Series(order_costs(months))
    whole = months.groupby("account_id")[["cost_to_serve", "orders"]].sum()
    naive = (whole["cost_to_serve"] / whole["orders"])[found.index]
    # an order costs 80 EUR times the account's complexity there, and a share of its sales more
    truth = 80 * made.truth["account"].set_index("account_id")["complexity"][found.index]

    assert len(found) > 20
    assert ((found - truth).abs() / truth).median() < 0.25
    assert (found - truth).abs().median() < 0.5 * (naive - truth).abs().median()
