"""Profit and loss of accounts: to the cent, by hand, and on real data with known loss makers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.accounts.losses import CAUSES, loss_makers
from kamlab.accounts.profit import account_profit, price_waterfall
from kamlab.charts import profit as charts

ORDERS = pd.DataFrame(
    {
        "account_id": ["a", "a", "a", "b", "c"],
        "order_id": ["1", "1", "2", "3", "4"],
        "order_date": pd.to_datetime(["2024-01-05"] * 4 + ["2024-06-01"]),
        "net_sales": [90.0, 45.0, -10.0, 200.0, 50.0],
        "discount": [10.0, 5.0, None, 0.0, 0.0],
        "cost_of_goods": [60.0, None, -6.0, 210.0, 20.0],
        "cost_to_serve": [5.0, 5.0, None, None, None],
    }
)


def test_profit_by_hand():
    made = account_profit(ORDERS, "2024-06-01").set_index("account_id")
    assert list(made.index) == ["a", "b"]
    a = made.loc["a"]
    assert (a["net_sales"], a["list_sales"], a["discount"], a["returns"]) == (125, 140, 15, 10)
    assert (a["cost_of_goods"], a["gross_profit"]) == (54, 26)  # the line without cost is left out
    assert a["cost_known_share"] == pytest.approx(100 / 145)
    assert (a["cost_to_serve"], a["serve_source"], a["contribution"]) == (10, "given", 16)
    b = made.loc["b"]
    assert (b["gross_profit"], b["serve_source"], b["contribution"]) == (-10, "unknown", -10)


def test_rates_serve_where_lines_do_not():
    contacts = pd.DataFrame(
        {"account_id": ["b", "b", "a"], "occurred_at": pd.to_datetime(["2024-01-01", "2024-05-01",
         "2024-07-01"]), "concern": ["late", None, None]}
    )  # fmt: skip
    invoices = pd.DataFrame(
        {"account_id": ["b"], "invoice_date": pd.to_datetime(["2024-05-22"]), "amount": [200.0],
         "paid_date": pd.to_datetime([None])}
    )  # fmt: skip
    rates = {"order": 4.0, "contact": 1.0, "complaint": 10.0, "credit_day": 0.001}
    made = account_profit(
        ORDERS, "2024-06-01", rates=rates, interactions=contacts, invoices=invoices
    ).set_index("account_id")
    assert made.loc["a", "cost_to_serve"] == 10  # given goes first
    assert made.loc["b", "cost_to_serve"] == pytest.approx(4 + 2 + 10 + 0.001 * 200 * 10)
    assert made.loc["b", "serve_source"] == "rates"
    with pytest.raises(ValueError, match="rates are of"):
        account_profit(ORDERS, "2024-06-01", rates={"visits": 1.0})


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.integers(-500, 2000),
            st.one_of(st.none(), st.integers(0, 900)),
        ),
        min_size=1,
        max_size=25,
    )
)  # fmt: skip
def test_waterfall_adds_up_and_money_reconciles(lines):
    orders = pd.DataFrame(lines, columns=["account_id", "net_sales", "cost_of_goods"])
    orders = orders.assign(
        order_id=np.arange(len(orders)).astype(str),
        order_date=pd.Timestamp("2024-01-01"),
        cost_of_goods=orders["cost_of_goods"].astype(float),
    )
    made = account_profit(orders, "2024-02-01")
    assert made["net_sales"].sum() == pytest.approx(orders["net_sales"].sum(), abs=1e-6)
    known = orders.dropna(subset="cost_of_goods")
    earned = (known["net_sales"] - known["cost_of_goods"]).sum()
    assert made["gross_profit"].sum() == pytest.approx(earned, abs=1e-6)
    steps = price_waterfall(made)
    level = 0.0
    for row in steps.itertuples():
        level = row.amount if row.Index == 0 else (level if row.is_total else level + row.amount)
        if row.is_total:
            assert row.amount == pytest.approx(level, abs=0.01)


def test_parts_of_a_loss_add_up_to_the_gap():
    made = account_profit(ORDERS, "2024-07-01")
    lost = loss_makers(made)
    assert lost["account_id"].tolist() == ["b"]
    assert lost[list(CAUSES)].sum(axis=1).to_numpy() == pytest.approx(lost["gap"].to_numpy())
    assert lost["main_cause"].iloc[0] == "cost of what it buys"
    assert lost["to_break_even"].iloc[0] == pytest.approx(10 / 200)
    none = loss_makers(made[made["contribution"] > 0])
    assert none.empty


def test_small_orders_and_long_terms_are_causes_of_their_own():
    rows = [("peer", f"p{i}", 100.0) for i in range(20)] + [
        ("tiny", f"t{i}", 5.0) for i in range(20)
    ]
    rows += [("slow", f"s{i}", 100.0) for i in range(5)]
    orders = pd.DataFrame(rows, columns=["account_id", "order_id", "net_sales"]).assign(
        order_date=pd.Timestamp("2024-01-01")
    )
    orders["cost_of_goods"] = orders["net_sales"] * 0.7
    owed = pd.DataFrame(
        {
            "account_id": ["slow"],
            "invoice_date": ["2024-01-01"],
            "paid_date": [None],
            "amount": [500.0],
        }
    )

    made = account_profit(
        orders, "2024-07-01", rates={"order": 8.0, "credit_day": 0.01}, invoices=owed
    )
    lost = loss_makers(made).set_index("account_id")

    assert made.set_index("account_id").loc["slow", "credit_cost"] == pytest.approx(
        500 * 182 * 0.01
    )
    assert lost["main_cause"].to_dict() == {"slow": "terms", "tiny": "small orders"}
    assert lost.loc["tiny", "service"] == pytest.approx(0, abs=1e-9)
    assert lost[list(CAUSES)].sum(axis=1).to_numpy() == pytest.approx(lost["gap"].to_numpy())


def test_the_resellers_that_lose_money(shared_data):
    from kamlab.sources import open_data

    mapping = Path(__file__).parents[2] / "data" / "examples" / "adventureworks.toml"
    known = open_data(shared_data("adventureworks"), mapping=mapping)
    made = account_profit(known.table("orders"), known.end)
    assert (len(made), (made["gross_profit"] < 0).sum()) == (635, 335)
    assert made["net_sales"].sum() == pytest.approx(80_450_596.98, abs=0.005)
    steps = price_waterfall(made).set_index("step")["amount"]
    assert steps["discounts"] == pytest.approx(-527_507.93, abs=0.01)
    assert (made["serve_source"] == "given").all()
    lost = loss_makers(made)
    assert (made["contribution"] < 0).sum() == len(lost)
    assert set(lost["main_cause"]) <= set(CAUSES)
    # list price, less discounts, less goods, less freight: what the lines themselves say
    lines = known.table("orders").aggregate(
        "sum(list_price) listed, sum(discount) taken, sum(cost_of_goods) goods, "
        "sum(cost_to_serve) freight"
    ).df().iloc[0]  # fmt: skip
    assert steps["list sales"] == pytest.approx(made["net_sales"].sum() + lines["taken"], abs=0.01)
    assert steps["cost of goods"] == pytest.approx(-lines["goods"], abs=0.01)
    assert steps["cost to serve"] == pytest.approx(-lines["freight"], abs=0.01)
    # each of the 335 is explained: its causes add up to its gap, and one of them is the worst
    dear = made.loc[made["gross_profit"] < 0, "account_id"]
    explained = lost.set_index("account_id").loc[dear]
    assert len(explained) == 335
    assert explained[list(CAUSES)].sum(axis=1).to_numpy() == pytest.approx(
        explained["gap"].to_numpy(), abs=0.01
    )
    worst = explained[list(CAUSES)].idxmin(axis=1)
    assert worst.tolist() == explained["main_cause"].tolist()
    assert (explained[list(CAUSES)].min(axis=1) < 0).all()
    _, alt = charts.waterfall(price_waterfall(made), currency="USD", message="Thin")
    assert "discounts" in alt
    _, alt = charts.sales_by_contribution(
        made, pd.Series(dtype=str), currency="USD", message="Many lose"
    )
    assert f"{len(lost)} below nought" in alt
