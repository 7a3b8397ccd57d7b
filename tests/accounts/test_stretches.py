"""Sums of stretches of account-days are those that another engine gives by a query a day."""

from datetime import date, timedelta
from unittest import mock

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.accounts import stretches
from kamlab.accounts.days import condensed_days
from kamlab.accounts.origins import snapshots

END = date(2025, 1, 1)
DAYS = st.sampled_from(
    [date(2020, 2, 29), date(2022, 12, 31), date(2023, 12, 31), date(2024, 1, 1)]
    + [date(2024, 2, 29) + timedelta(days) for days in (0, 1, 30, 90, 180)]
)
LINE = st.fixed_dictionaries(
    {
        "account_id": st.sampled_from(["a", "ä"]),
        "order_id": st.sampled_from(["1", "2", "3", None]),
        "order_date": DAYS,
        "net_sales": st.integers(-1, 5).map(float),
        "cost_of_goods": st.one_of(st.none(), st.integers(-2, 4).map(float)),
        "discount": st.one_of(st.none(), st.integers(0, 2).map(float)),
    }
)


@settings(max_examples=60)
@given(
    lines=st.lists(LINE, min_size=6, max_size=30),
    origins=st.lists(DAYS, min_size=1, max_size=3, unique=True),
    label_days=st.sampled_from([1, 30, 400]),
    history=st.sampled_from([None, 730, 1100]),
    at_once=st.sampled_from([1, 3, 1000]),
)
def test_looks_are_those_of_a_query_a_day(lines, origins, label_days, history, at_once):
    frame = pd.DataFrame(lines).astype({"cost_of_goods": float, "discount": float})
    frame["order_date"] = pd.to_datetime(frame["order_date"])
    how = {"label_days": label_days, "history": history, "as_of": END}

    with mock.patch.object(stretches, "_AT_ONCE", at_once):
        found = snapshots(frame, origins, **how)

    wanted = snapshots(pl.from_pandas(frame).lazy(), origins, **how)
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-9, atol=1e-9)


def test_what_lies_before_the_history_is_not_seen():
    orders = duckdb.connect().from_arrow(
        pa.table(
            {"account_id": ["a"] * 5 + ["b"], "order_id": list("123456"),
             "order_date": [date(2020, 1, 1), date(2022, 3, 1), date(2022, 3, 11),
                            date(2022, 4, 30), date(2024, 3, 1), date(2020, 1, 1)],
             "net_sales": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]}
        )
    )  # fmt: skip
    spans = [stretches.Span("long", "net_sales", 5000, 0), stretches.Span("none", "given", 9, 0)]

    ((past, after),) = stretches.looks(
        condensed_days(orders), [date(2024, 2, 1)], spans, label_days=29, history=730
    )

    # of b, which bought before that only, nothing is known; gaps of 10 and 50 days
    assert past["account_id"].tolist() == ["a"]
    assert past[["long", "sales_of_order_days", "orders"]].to_numpy().tolist() == [[14, 14, 3]]
    assert past["gap_std"].tolist() == pytest.approx([800**0.5])
    assert after.empty  # the label window ends on the day of the last order

    ((whole, _),) = stretches.looks(condensed_days(orders), [date(2024, 2, 1)], spans, 30, None)
    assert whole["long"].tolist() == [15, 32]
    assert "none" not in whole


def test_accounts_are_whole_wherever_the_rows_are_parted():
    rng = np.random.default_rng(4)
    count, days = 9000, rng.integers(0, 1400, 9000)
    frame = pd.DataFrame(
        {"account_id": rng.choice([f"a{k:03}" for k in range(60)], count),
         "order_id": np.arange(count).astype(str),
         "order_date": pd.Timestamp("2021-01-01") + pd.to_timedelta(days, "D"),
         "net_sales": rng.integers(-9, 90, count) / 7}
    )  # fmt: skip
    orders = duckdb.connect().from_arrow(pa.Table.from_pandas(frame))
    kept = duckdb.connect().from_arrow(condensed_days(orders).to_native().to_arrow_table())
    origins, how = ["2023-01-01", "2024-06-01"], {"label_days": 60, "as_of": END, "kept": kept}
    whole = snapshots(orders, origins, **how)

    with mock.patch.object(stretches, "_AT_ONCE", 100):
        parted = snapshots(orders, origins, **how)
        some = snapshots(orders, origins, accounts=["a007", "a041"], **how)

    pd.testing.assert_frame_equal(parted, whole)
    wanted = whole[whole["account_id"].isin(["a007", "a041"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, wanted)


@pytest.mark.parametrize(
    ("order", "named"),
    [("account_id, day DESC", "a"), ("day, account_id", "a"), ("account_id DESC, day DESC", "b")],
)
def test_account_days_in_no_order_are_named(order, named):
    orders = duckdb.connect().from_arrow(
        pa.table(
            {"account_id": ["a", "b", "a", "b"], "order_id": ["1", "2", "3", "4"],
             "order_date": [date(2024, 1, k) for k in (1, 2, 3, 4)],
             "net_sales": [1.0, 2.0, 3.0, 4.0]}
        )
    )  # fmt: skip
    days = condensed_days(orders).to_native().order(order)

    with pytest.raises(ValueError, match=rf"not in order .*: those of '{named}' are not"):
        list(stretches.looks(nw.from_native(days), [date(2024, 2, 1)], [], 30, None))
