"""The key-account list: money leads, gates exclude with a reason and a price, nothing is hidden."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.segmentation.classes import KEY, VOLUME
from kamlab.segmentation.key_list import DEVELOP, SERVE, Gate, Objective, key_accounts


def _facts(seed=0, count=150):
    rng = np.random.default_rng(seed)
    sales, margin = rng.lognormal(9, 1.4, count), rng.normal(0.22, 0.06, count)
    return pd.DataFrame(
        {
            "account_id": [f"A{i:03d}" for i in range(count)],
            "net_sales": sales,
            "gross_profit": sales * margin,
            "margin_rate": margin,
            "cost_known_share": 1.0,
            "sales_growth": rng.normal(0.05, 0.3, count),
        }
    )


def test_list_is_the_best_by_money_of_those_that_pass_every_gate():
    facts = _facts()
    made = key_accounts(facts, Objective(key_accounts=15))
    table = made.table
    passing = table[(table["gate_failed"] == "") & (table["worth"] > 0)]

    assert table["selected"].sum() == 15
    assert table["rank"].dropna().tolist() == list(range(1, 16))
    assert set(table.loc[table["selected"], "account_id"]) == set(
        passing.nlargest(15, "gross_profit")["account_id"]
    )
    assert (table.loc[table["selected"], "class"] == KEY).all()
    assert table["reason"].str.len().min() > 20


def test_volume_without_profit_is_kept_out_with_its_reason():
    facts = _facts()
    facts.loc[0, ["net_sales", "margin_rate"]] = [facts["net_sales"].sum(), 0.02]
    facts["gross_profit"] = facts["net_sales"] * facts["margin_rate"]

    row = key_accounts(facts).table.set_index("account_id").loc["A000"]

    assert (row["class"], row["selected"], row["gate_failed"]) == (VOLUME, False, "margin")
    assert row["reason"].startswith("Sells much (50.1% of sales) but earns too little: margin 2.0%")


def test_a_fat_margin_on_small_sales_is_developed_only_with_room():
    facts = _facts().assign(head_room=0.0, sales_growth=-0.1)
    facts.loc[[0, 1], "net_sales"] = facts["net_sales"].quantile(0.05)
    facts.loc[[0, 1], "margin_rate"] = 0.6
    facts["gross_profit"] = facts["net_sales"] * facts["margin_rate"]
    facts.loc[0, "head_room"] = 1e6

    table = key_accounts(facts).table.set_index("account_id")

    assert table.loc["A000", "lane"] == DEVELOP
    assert "room for 1,000,000 more a year" in table.loc["A000", "reason"]
    assert table.loc["A001", "lane"] not in (DEVELOP, SERVE)


def test_price_of_a_gate_is_what_the_list_would_gain_without_it():
    facts = _facts().assign(days_beyond_terms=0.0)
    rich = facts["gross_profit"].nlargest(3).index
    facts.loc[rich, "days_beyond_terms"] = 90
    gate = Gate("payment", "days_beyond_terms", most=30)

    strict = key_accounts(facts, Objective(gates=(gate,)))
    free = key_accounts(facts)
    price = strict.gate_prices.set_index("gate").loc["payment"]

    assert price["kept_out"] == 3
    assert price["kept_out_of_list"] == 3
    assert price["limit"] == "at most 30"
    assert price["would_come"].split(", ") == facts.loc[rich, "account_id"].tolist()
    assert len(price["would_go"].split(", ")) == 3
    assert price["worth_kept_out"] == pytest.approx(facts.loc[rich, "gross_profit"].sum())
    assert (price["losses_avoided"], price["not_known"]) == (0, 0)
    gained = (
        free.table.query("selected")["worth"].sum() - strict.table.query("selected")["worth"].sum()
    )
    assert price["price"] == pytest.approx(gained)


def test_a_gate_avoids_the_losses_after_cost_to_serve_of_those_it_keeps_out():
    facts = _facts().assign(cost_to_serve=0.0, days_beyond_terms=np.nan)
    first = facts["gross_profit"].idxmax()
    facts.loc[first, ["cost_to_serve", "days_beyond_terms"]] = [
        facts.loc[first, "gross_profit"] + 700,
        90,
    ]
    gate = Gate("payment", "days_beyond_terms", most=30)

    made = key_accounts(facts, Objective(gates=(gate,)))
    price = made.gate_prices.set_index("gate").loc["payment"]
    reason = made.table.set_index("account_id").loc[facts.loc[first, "account_id"], "reason"]

    assert price["losses_avoided"] == pytest.approx(700)
    assert price["not_known"] == len(facts) - 1
    assert reason.startswith("Kept out by payment (90, at most 30)")


def test_a_giant_that_costs_more_to_serve_than_it_earns_is_told_as_such():
    facts = _facts().assign(cost_to_serve=0.0)
    first = facts["net_sales"].idxmax()
    facts.loc[first, "margin_rate"] = 0.3
    facts["gross_profit"] = facts["net_sales"] * facts["margin_rate"]
    facts.loc[first, "cost_to_serve"] = facts.loc[first, "gross_profit"] + 700

    row = key_accounts(facts).table.set_index("account_id").loc[facts.loc[first, "account_id"]]

    assert (row["class"], row["selected"]) == (VOLUME, False)
    assert "but costs more to serve than it earns" in row["reason"]


def test_without_cost_sales_lead_and_the_list_says_so():
    facts = _facts().assign(gross_profit=np.nan, margin_rate=np.nan, cost_known_share=0.0)
    made = key_accounts(facts, Objective(key_accounts=5))

    assert made.worth_is == "net sales (no cost is known)"
    assert set(made.table.head(5)["account_id"]) == set(
        facts.nlargest(5, "net_sales")["account_id"]
    )
    assert made.table["reason"].head(5).str.contains("margin not known").all()
    assert "margin" in made.left_out
    assert not made.table["gate_failed"].str.contains("margin").any()


def test_cost_to_serve_and_expectation_lead_where_known():
    facts = _facts().assign(cost_to_serve=0.0)
    best = facts["gross_profit"].idxmax()
    facts.loc[best, "cost_to_serve"] = facts.loc[best, "gross_profit"] * 0.99
    expected = facts.assign(expected_gross_profit=facts["gross_profit"][::-1].to_numpy())

    now, later = key_accounts(facts), key_accounts(expected)

    assert now.worth_is == "gross profit less cost to serve"
    assert now.table.iloc[0]["account_id"] != facts.loc[best, "account_id"]
    assert later.worth_is.startswith("expected gross profit")


def test_nobody_who_earns_nothing_is_selected():
    facts = _facts(count=10).assign(gross_profit=-5.0, margin_rate=-0.1)

    assert not key_accounts(facts).table["selected"].any()


@given(st.integers(1, 40), st.integers(1, 60), st.randoms(use_true_random=False))
def test_any_portfolio_gives_every_account_once_in_an_order_of_its_own(places, count, random):
    facts = _facts(random.randint(0, 50), count)
    objective = Objective(key_accounts=places)
    made = key_accounts(facts, objective)
    mixed = key_accounts(facts.sample(frac=1, random_state=random.randint(0, 99)), objective)

    assert sorted(made.table["account_id"]) == sorted(facts["account_id"])
    assert made.table["selected"].sum() <= places
    assert made.table["sales_share"].sum() == pytest.approx(1)
    assert (made.gate_prices["price"] >= -1e-6).all()
    pd.testing.assert_frame_equal(made.table, mixed.table)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="key_accounts is at least 1"):
        Objective(key_accounts=0)
    with pytest.raises(ValueError, match="not known: \\['colour'\\]"):
        Objective(weights={"colour": 1.0})
    with pytest.raises(ValueError, match="needs the column"):
        key_accounts(_facts(), Objective(gates=(Gate("payment", "days_late"),)))
    with pytest.raises(ValueError, match="'A000' stands twice"):
        key_accounts(pd.concat([_facts(), _facts().head(1)]))


def test_an_added_gate_says_by_how_much_it_was_missed():
    facts = _facts().assign(days_beyond_terms=0.0)
    best = facts["gross_profit"].idxmax()
    facts.loc[best, "days_beyond_terms"] = 47
    gate = Gate("payment", "days_beyond_terms", most=30)

    table = key_accounts(facts, Objective(gates=(gate,))).table.set_index("account_id")

    assert table.loc[facts.loc[best, "account_id"], "reason"].startswith(
        "Kept out by payment (47, at most 30): gross profit"
    )


def test_a_gate_may_bring_its_own_sentence():
    facts = _facts()
    facts["left"] = (facts.index == 0).astype(float)
    gates = (Gate("payment", "net_sales", least=1e12), Gate("left", "left", most=0.0, said="Gone."))
    made = key_accounts(facts, Objective(key_accounts=2, gates=gates)).table
    reason = made.set_index("account_id")["reason"]
    assert reason.loc[facts["account_id"].iloc[0]] == "Gone."
    assert (reason == "Gone.").sum() == 1


def test_a_score_that_has_a_say_costs_money_and_the_cost_is_told():
    facts = _facts()
    money = key_accounts(facts, Objective(key_accounts=15))
    said = Objective(key_accounts=15, money_weight=0.2, weights={"growth": 1.0})
    mixed = key_accounts(facts, said)
    worth = [made.table.loc[made.table["selected"], "worth"].sum() for made in (money, mixed)]
    growth = [m.table.loc[m.table["selected"], "sales_growth"].mean() for m in (money, mixed)]

    assert money.price_of_score == 0
    assert mixed.price_of_score == pytest.approx(worth[0] - worth[1])
    assert mixed.price_of_score > 0
    assert growth[1] > growth[0]
    assert "Number 1 by gross profit (20%) and score" in mixed.table["reason"].iloc[0]
    assert (mixed.table.loc[mixed.table["selected"], "gate_failed"] == "").all()


def test_a_money_weight_outside_0_to_1_is_refused():
    with pytest.raises(ValueError, match="money_weight lies between 0 and 1"):
        Objective(money_weight=1.5)


def test_who_shrinks_is_not_developed_for_its_room():
    facts = _facts().assign(head_room=0.0, sales_growth=0.0)
    facts.loc[[0, 1, 2], "net_sales"] = facts["net_sales"].quantile(0.05)
    facts.loc[[0, 1, 2], "margin_rate"] = 0.6
    facts["gross_profit"] = facts["net_sales"] * facts["margin_rate"]
    facts.loc[[0, 1, 2], "head_room"] = 1e6
    facts.loc[[0, 1, 2], "sales_growth"] = [-0.4, 0.0, np.nan]

    lane = key_accounts(facts).table.set_index("account_id")["lane"]

    assert lane["A000"] != DEVELOP
    assert lane["A001"] == lane["A002"] == DEVELOP


def test_a_silence_beyond_the_own_rhythm_stands_in_the_reason():
    facts = _facts().assign(gap_mean=10.0, gap_std=2.0, days_since_last_order=17.0)
    facts.loc[facts["gross_profit"].idxmax(), "days_since_last_order"] = 214.0
    table = key_accounts(facts, Objective(key_accounts=5)).table

    reasons = table[table["selected"]].sort_values("rank")["reason"].tolist()
    assert reasons[0].endswith(", silent for 214 days where it buys every 10.")
    assert not any("silent" in reason for reason in reasons[1:])
