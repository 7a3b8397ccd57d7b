"""Neither high sales at a thin margin nor a fat margin on small sales makes a key account."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.segmentation import classes as c


def _facts(sales, margins, known=1.0):
    sales, margins = np.asarray(sales, float), np.asarray(margins, float)
    return pd.DataFrame(
        {
            "account_id": [f"A{i:03d}" for i in range(len(sales))],
            "net_sales": sales,
            "gross_profit": sales * margins,
            "margin_rate": margins,
            "cost_known_share": known,
        }
    )


def _portfolio(seed=0, count=200):
    rng = np.random.default_rng(seed)
    return _facts(rng.lognormal(9, 1.3, count), rng.normal(0.22, 0.04, count))


@pytest.mark.parametrize("seed", range(10))
def test_the_two_counter_examples_of_the_mission_are_refused(seed):
    facts = _portfolio(seed)
    facts.loc[0, "net_sales"] = facts["net_sales"].quantile(0.95)
    facts.loc[0, "margin_rate"] = facts["margin_rate"].quantile(0.05)
    facts.loc[1, "net_sales"] = facts["net_sales"].quantile(0.05)
    facts.loc[1, "margin_rate"] = facts["margin_rate"].quantile(0.95)
    facts["gross_profit"] = facts["net_sales"] * facts["margin_rate"]

    found = c.classify(facts, c.find_standing(facts))

    assert found[0] == c.VOLUME
    assert found[1] == c.RICH


def test_given_limits_are_used_and_said():
    facts = _facts([100, 60, 40], [0.3, 0.05, 0.4])
    standing = c.find_standing(facts, minimum_sales_share=0.25, minimum_margin=0.1)

    assert standing.sales == 50
    assert standing.how_margin == "given: 10.0%"
    assert c.classify(facts, standing).tolist() == [c.KEY, c.VOLUME, c.RICH]


def test_who_loses_money_is_never_key_even_in_a_portfolio_that_does():
    facts = _facts([100, 90, 80], [-0.2, -0.1, 0.05])
    found = c.classify(facts, c.find_standing(facts))

    assert found.tolist() == [c.VOLUME, c.VOLUME, c.KEY]


def test_without_cost_no_margin_is_claimed():
    facts = _facts([100, 50, 1], [np.nan] * 3, known=0.0)
    standing = c.find_standing(facts)

    assert np.isnan(standing.margin)
    assert c.classify(facts, standing).tolist() == [c.UNKNOWN, c.UNKNOWN, c.STANDARD]


def test_a_margin_known_for_a_tenth_of_the_sales_is_no_margin():
    facts = _facts([100, 50, 40], [0.3, 0.3, 0.3])
    facts.loc[0, "cost_known_share"] = 0.1

    assert c.classify(facts, c.find_standing(facts))[0] == c.UNKNOWN


def test_adventureworks_loss_makers_are_volume_without_profit(shared_data):
    sales = pd.read_parquet(shared_data("adventureworks") / "FactResellerSales.parquet")
    sums = sales.groupby("ResellerKey").agg(
        net_sales=("SalesAmount", "sum"), cost=("TotalProductCost", "sum")
    )
    facts = _facts(sums["net_sales"], 1 - sums["cost"] / sums["net_sales"])
    found = c.classify(facts, c.find_standing(facts))
    losing = facts["gross_profit"] < 0

    assert facts["net_sales"].sum() == pytest.approx(80_450_596.98, abs=0.01)
    assert losing.sum() == 335
    assert not (found[losing] == c.KEY).any()
    assert (found[losing] == c.VOLUME).sum() > 100
    assert (found == c.KEY).sum() > 50


@given(
    st.lists(
        st.tuples(st.integers(-(10**5), 10**6), st.one_of(st.none(), st.floats(-2, 0.9))),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([0.25, 4.0, 64.0]),  # exact in binary: no account changes sides by rounding
)
def test_every_account_gets_one_class_whatever_the_currency(rows, rate):
    facts = _facts([s for s, _ in rows], [np.nan if m is None else m for _, m in rows])
    if facts["net_sales"].clip(lower=0).sum() <= 0:
        with pytest.raises(ValueError, match="no account has positive net sales"):
            c.find_standing(facts)
        return
    found = c.classify(facts, c.find_standing(facts))
    other = facts.assign(
        net_sales=facts["net_sales"] * rate, gross_profit=facts["gross_profit"] * rate
    )

    assert found.isin([c.KEY, c.VOLUME, c.RICH, c.STANDARD, c.UNKNOWN]).all()
    assert (facts.loc[found == c.KEY, "gross_profit"] > 0).all()
    assert (c.classify(other, c.find_standing(other)) == found).all()


def test_exposure_adds_up_and_names_the_price_rise():
    facts = _facts([1000, 500, 500, 400], [0.02, 0.3, 0.3, 0.3]).assign(
        region=["north", "north", "south", "south"], cost_to_serve=[50.0, 10, 10, 10]
    )
    classes = c.classify(facts, c.find_standing(facts, minimum_sales_share=0.2))

    table = c.exposure(facts, classes, spill_over=0.1, fixed_cost=100)
    row = table.iloc[0]

    assert table["account_id"].tolist() == ["A000"]
    assert row["contribution"] == pytest.approx(20 - 50)
    assert row["loss_elsewhere"] == pytest.approx(0.1 * (1000 / 1500) * 150)
    assert row["loss_in_all"] == pytest.approx(-30 + 10)
    assert row["fixed_cost_covered"] == 0
    overall = (facts["gross_profit"].sum() - 80) / facts["net_sales"].sum()
    new_sales = 1000 * (1 + row["price_rise_needed"])
    assert (new_sales - 980 - 50) / new_sales == pytest.approx(overall)


def test_what_costs_more_to_serve_than_it_earns_is_volume_without_profit_at_any_margin():
    facts = _facts([1000, 900, 800], [0.3, 0.3, 0.3]).assign(cost_to_serve=[400.0, 10, np.nan])

    assert c.classify(facts, c.find_standing(facts)).tolist() == [c.VOLUME, c.KEY, c.KEY]


@pytest.mark.parametrize("wrong", [{"minimum_sales_share": 1.5}, {"minimum_margin": 1.0}])
def test_limits_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        c.find_standing(_portfolio(), **wrong)
