"""Histories from sorted numbers are those that another engine sums up, whatever shares a hash."""

from contextlib import ExitStack
from datetime import date, timedelta
from unittest import mock

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.accounts import repeat_purchases, sorting
from kamlab.accounts.engine import as_lines

END = date(2024, 3, 2)
# the first day that fits, the last that is seen, and leap days between
EDGES = [END - timedelta(days) for days in (1, 2, 3, 366, 1 << 14)] + [date(2020, 2, 29)]
LINE = st.tuples(
    st.sampled_from(["", "a", "b", "ä", "a b", "A", *(f"N{k:03d}" for k in range(12))]),
    st.sampled_from(EDGES),
    st.sampled_from([-3.0, -0.5, 0.0, 0.5, 3.0, 10.25]),
)


def _frame(lines) -> pd.DataFrame:
    frame = pd.DataFrame(lines, columns=["account_id", "order_date", "net_sales"])
    frame["order_date"] = pd.to_datetime(frame["order_date"])
    return frame.assign(order_id="1").astype({"account_id": "str", "net_sales": float})


def _with_short_hashes(bits: int) -> ExitStack:
    """Leave so few bits for the account."""
    rows = 64 - bits - sorting._DAY_BITS
    stack = ExitStack()
    told = {"_ROW_BITS": rows, "_ROWS": 1 << rows, "_BEHIND": 64 - bits}
    for name, value in told.items():
        stack.enter_context(mock.patch.object(sorting, name, value))
    return stack


@settings(max_examples=120)
@given(
    lines=st.lists(LINE, max_size=60),
    bits=st.sampled_from([5, 6, 25]),
    at_once=st.sampled_from([1, 4, 1000]),
    keep=st.booleans(),
)
def test_sorted_histories_are_those_of_sums_by_account_and_day(lines, bits, at_once, keep):
    frame, zero_price = _frame(lines), "keep" if keep else "drop"

    with _with_short_hashes(bits), mock.patch.object(sorting, "_AT_ONCE", at_once):
        assert sorting.sorted_histories(as_lines(frame), END, zero_price) is not None
        found = repeat_purchases(frame, END, unit="W", zero_price=zero_price)

    wanted = repeat_purchases(pl.from_pandas(frame).lazy(), END, unit="W", zero_price=zero_price)
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-9, atol=1e-9)


def test_hundreds_of_accounts_under_shared_hashes_are_told_apart(made_lines):
    lines = made_lines(36_000, 5)
    names = [f"K{k:04d}" for k in range(900)]
    wanted = repeat_purchases(pl.from_pandas(lines).lazy(), END)
    codes = duckdb.sql("SELECT unnest($1) AS a, hash(a) >> 54 AS code", params=[names]).df()
    assert codes["code"].nunique() < 900  # of 1,024 codes

    with _with_short_hashes(10):
        found = repeat_purchases(lines, END)

    pd.testing.assert_frame_equal(found, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("limit", ["lines", "days", "names"])
def test_what_fits_in_no_such_number_is_summed_by_queries(made_lines, limit):
    lines = made_lines(500, 7)
    if limit == "days":
        lines.loc[3, "order_date"] = pd.Timestamp(END) - pd.Timedelta(days=(1 << 14) + 1)
    few = {"lines": ("_ROWS", len(lines) // 2), "names": ("_BYTES", 100)}
    name, value = few.get(limit, ("_AT_ONCE", sorting._AT_ONCE))

    with mock.patch.object(sorting, name, value):
        assert sorting.sorted_histories(as_lines(lines), END, "drop") is None
        found = repeat_purchases(lines, END)

    wanted = repeat_purchases(pl.from_pandas(lines).lazy(), END)
    pd.testing.assert_frame_equal(found, wanted, rtol=1e-9, atol=1e-9)


def test_money_and_days_are_all_there():
    rng = np.random.default_rng(3)
    count = 300_000
    frame = pd.DataFrame(
        {
            "account_id": rng.integers(0, 20_000, count).astype(str),
            "order_id": "1",
            "order_date": pd.Timestamp(END) - pd.to_timedelta(rng.integers(1, 900, count), "D"),
            "net_sales": rng.integers(1, 9000, count) / 100,
        }
    )
    found = repeat_purchases(frame, END)

    spent = (found["monetary_value"].fillna(0.0) * found["frequency"]).sum()
    first = frame["order_date"].groupby(frame["account_id"]).transform("min")
    later = frame[frame["order_date"] > first]
    assert spent == pytest.approx(later["net_sales"].sum(), rel=1e-9)
    days = frame.drop_duplicates(["account_id", "order_date"])
    assert found["frequency"].sum() + len(found) == len(days)
    assert found["account_id"].is_monotonic_increasing
    assert found["account_id"].is_unique
