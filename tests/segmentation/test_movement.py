"""Movement between classes, shifts of level, and candidates: against hand-made truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.segmentation.lessons import look_back
from kamlab.segmentation.movement import (
    after_periods,
    chances,
    movement,
    moves,
    moves_summed,
    square,
)
from kamlab.segmentation.rising import candidates
from kamlab.segmentation.shifts import level_shifts


def _orders(amounts: dict[str, list[float]]) -> pd.DataFrame:
    """Give one order line a year and account, 0 for none; years end on the first of January."""
    rows = [
        (account, f"{account}{year}", f"{2020 + year}-06-01", amount)
        for account, series in amounts.items()
        for year, amount in enumerate(series)
        if amount
    ]
    table = pd.DataFrame(rows, columns=["account_id", "order_id", "order_date", "net_sales"])
    return table.assign(order_date=pd.to_datetime(table["order_date"]))


AMOUNTS = {
    "a": [90, 90, 90], "b": [80, 10, 95], "c": [70, 85, 0], "d": [0, 20, 20],
    "e": [5, 6, 7], "f": [4, 5, 4], "g": [3, 3, 3], "h": [1, 1, 99],
}  # fmt: skip


def _moved():
    start = pd.DataFrame(
        {"account_id": ["z"], "order_id": ["z"], "order_date": [pd.Timestamp("2020-01-02")],
         "net_sales": [0.5]}
    )  # fmt: skip
    orders = pd.concat([_orders(AMOUNTS), start])
    return movement(orders, "2023-01-01", horizon_days=365, places=2)


def test_classes_and_moves_by_hand():
    moved = _moved()
    wide = moved.standing.pivot_table(
        index="account_id", columns="period_end", values="class", aggfunc="first"
    )
    assert list(wide.loc["a"]) == ["key", "key", "near"]
    assert list(wide.loc["b"]) == ["key", "near", "key"]
    assert list(wide.loc["c"]) == ["near", "key", "silent"]
    assert list(wide.loc["d"]) == ["not yet", "near", "near"]
    assert list(wide.loc["z"]) == ["other", "silent", "silent"]
    assert square(moved.transitions, "accounts").loc["key"].to_dict() == {
        "key": 1, "near": 2, "other": 0, "silent": 1,
    }  # fmt: skip
    changed = moves(moved.standing, 365).set_index("account_id")["move"]
    assert changed["h"] == "became key"
    assert changed["b"] == "became key"
    assert changed["c"] == "lost"
    assert changed["a"] == "ceased to be key"  # 95 and 99 are more than 90
    measures = moved.measures.set_index("measure")["value"]
    assert measures["key accounts that stay key"] == pytest.approx(1 / 4)


def test_chain_is_a_matrix_power():
    moved = _moved()
    matrix = square(moved.transitions)
    twice = after_periods(moved.transitions, 2)
    assert np.allclose(matrix.sum(axis=1), 1)
    assert np.allclose(twice, matrix.to_numpy() @ matrix.to_numpy())
    assert ((moved.transitions["low"] <= moved.transitions["share"]).dropna()).all()


def test_what_was_looked_back_on_before_gives_the_same():
    amounts = {"a": [9, 8, 7, 6], "b": [1, 9, 2, 8], "c": [3, 0, 3, 0], "d": [0, 2, 2, 2]}
    orders, day = _orders(amounts), "2024-01-01"
    alone = movement(orders, day, places=1)
    again = movement(orders, day, places=1, past=look_back(orders, day))

    assert len(alone.transitions)
    pd.testing.assert_frame_equal(again.standing, alone.standing)
    pd.testing.assert_frame_equal(again.transitions, alone.transitions)


def test_too_little_history_is_refused():
    with pytest.raises(ValueError, match="fewer than one period"):
        movement(_orders({"a": [5]}), "2020-08-01", horizon_days=365)
    one = movement(_orders({"a": [5, 5]}), "2021-07-01", horizon_days=365)
    assert one.transitions.empty


@settings(max_examples=25)
@given(st.lists(st.lists(st.sampled_from([0, 1, 5, 80]), min_size=3, max_size=3), min_size=2,
                max_size=12))  # fmt: skip
def test_every_account_has_one_class_a_period(series):
    amounts = {f"a{number}": values for number, values in enumerate(series)} | {"always": [2, 2, 2]}
    moved = movement(_orders(amounts), "2022-12-30", horizon_days=300, places=2)
    counts = moved.standing.groupby("period_end")["account_id"].agg(["size", "nunique"])
    assert (counts["size"] == counts["nunique"]).all()
    key = moved.standing[moved.standing["class"] == "key"].groupby("period_end").size()
    assert (key <= 2).all()
    shares = moved.transitions.groupby("from")["share"].sum(min_count=1).dropna()
    assert np.allclose(shares, 1)


def test_shifts_are_found_where_they_are_and_rarely_elsewhere():
    generator = np.random.default_rng(3)
    months = pd.date_range("2020-01-01", periods=36, freq="MS")
    rows = []
    for number in range(200):
        level = np.full(36, 100.0)
        if number < 40:
            level[20:] = 30.0
        sales = level * generator.lognormal(0, 0.4, 36)
        rows.append(
            pd.DataFrame({"account_id": f"a{number:03d}", "month": months, "net_sales": sales})
        )
    found = level_shifts(pd.concat(rows), "2023-01-01")
    true = found["account_id"] < "a040"
    assert true.sum() >= 36
    assert (~true).sum() <= 0.15 * len(found)
    assert (found.loc[true, "month"] - pd.Timestamp("2021-09-01")).abs().median().days <= 31
    assert (found.loc[true, "change"] < 0).all()


def test_candidates_have_a_reason_and_a_price():
    following = pd.DataFrame(
        {
            "account_id": list("abcde"),
            "expected_gross_profit": [100.0, 90.0, 40.0, 5.0, 1.0],
            "probability_key": [0.9, 0.8, 0.3, 0.0, 0.0],
        }
    )
    facts = pd.DataFrame(
        {
            "account_id": list("abcde"),
            "margin_rate": [0.2, 0.2, 0.2, 0.25, 0.3],
            "sales_growth": [0.0, 0.0, -0.5, 0.0, 0.0],
            "net_sales_12m": [500.0, 450.0, 200.0, 20.0, 0.0],
        }
    )
    space = pd.DataFrame({"account_id": list("abcde"), "head_room": [0, 0, 50, 1000, 9999.0]})
    named = candidates(facts, following, space, places=2).set_index("account_id")
    assert list(named.index) == ["d", "c"]  # e bought nothing for a year
    assert named.loc["d", "support_worth"] == pytest.approx(0.2 * 1000 * 0.25)
    assert "all of its business" in named.loc["d", "reason"]
    assert "likely" in named.loc["c", "reason"]
    assert candidates(facts, following, None, places=2)["support_worth"].isna().all()
    with pytest.raises(ValueError, match="won_share"):
        candidates(facts, following, space, won_share=2)


def test_candidates_are_judged_after_what_they_cost_to_serve():
    following = pd.DataFrame(
        {
            "account_id": list("abc"),
            "expected_gross_profit": [100.0, 40.0, 30.0],
            "probability_key": [0.9, 0.3, 0.3],
        }
    )
    facts = pd.DataFrame(
        {
            "account_id": list("abc"),
            "margin_rate": 0.2,
            "sales_growth": 0.0,
            "net_sales": [500.0, 400.0, 300.0],
            "net_sales_12m": [500.0, 200.0, 150.0],
            "cost_to_serve": [0.0, 40.0, 90.0],
        }
    )
    space = pd.DataFrame({"account_id": list("abc"), "head_room": 1000.0})
    named = candidates(facts, following, space, places=1).set_index("account_id")
    assert list(named.index) == ["b"]  # c costs more to serve than its margin brings
    assert named.loc["b", "support_worth"] == pytest.approx(0.2 * 1000 * (0.2 - 0.1))


def test_chances_by_class_are_those_of_the_chain_beside_those_of_the_forecast():
    moved = _moved()
    ids = moved.standing["account_id"].unique()
    following = pd.DataFrame({"account_id": ids, "probability_key": np.linspace(0, 1, len(ids))})
    table = chances(moved, following, (1, 2)).set_index("class")
    last = moved.standing[moved.standing["period_end"] == moved.standing["period_end"].max()]
    mean = last.merge(following, on="account_id").groupby("class")["probability_key"].mean()
    shares = square(moved.transitions)
    assert table["accounts"].to_dict() == last["class"].value_counts().loc[table.index].to_dict()
    both = [name for name in table.index if name in shares.index]
    assert table.loc[both, "key_in_1"].tolist() == pytest.approx(shares.loc[both, "key"].tolist())
    assert table["forecast_mean"].tolist() == pytest.approx(mean.loc[table.index].tolist())
    assert (table["forecast_low"] <= table["forecast_high"]).all()


def test_moves_sum_up_to_all_that_changed():
    moving = moves(_moved().standing, 300)
    table = moves_summed(moving)
    assert table["accounts"].sum() == len(moving)
    assert table["change"].sum() == pytest.approx(moving["change"].sum())
    assert set(table["move"]) == set(moving["move"])
